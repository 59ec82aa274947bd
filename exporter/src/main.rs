//! `procession-exporter`: the command line of the library of the same name.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use procession_exporter::{Config, DEFAULT_PORT, Options};
use procession_web::{LogFlags, WebFlags};
use tokio_util::sync::CancellationToken;

/// Exports what every process on this host does, for Prometheus and whatever else reads OpenMetrics.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    exporter: ExporterFlags,
    #[command(flatten)]
    web: WebFlags,
    #[command(flatten)]
    log: LogFlags,
}

#[derive(Args)]
struct ExporterFlags {
    /// Where the proc filesystem is mounted.
    #[arg(long = "path.procfs", value_name = "DIR", default_value = "/proc")]
    procfs: PathBuf,
    /// Configuration file (YAML). Without one: groups by process name, and series for every process.
    #[arg(long = "config.file", value_name = "FILE")]
    config_file: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Checks files without running anything.
    #[command(subcommand)]
    Check(Check),
}

#[derive(Subcommand)]
enum Check {
    /// Whether a configuration file is valid: exit code 0, or 1 with the reason.
    Config {
        /// The file.
        file: PathBuf,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match cli.command {
        Some(Command::Check(Check::Config { file })) => check(&file),
        None => serve(cli),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("procession-exporter: error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn check(file: &std::path::Path) -> anyhow::Result<()> {
    Config::load(file)?;
    #[expect(clippy::print_stdout, reason = "the answer to the person who asked")]
    {
        println!("{}: valid", file.display());
    }
    Ok(())
}

fn serve(cli: Cli) -> anyhow::Result<()> {
    cli.log.init();
    // A scrape every few seconds needs no more, and each thread costs memory.
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).max_blocking_threads(4).enable_all().build()?;
    runtime.block_on(async {
        let bound = cli.web.bind(DEFAULT_PORT).await?;
        let shutdown = CancellationToken::new();
        let signalled = shutdown.clone();
        tokio::spawn(async move {
            procession_web::shutdown_signal().await;
            signalled.cancel();
        });
        let options = Options { procfs: cli.exporter.procfs, config_file: cli.exporter.config_file };
        procession_exporter::run(options, bound, shutdown).await
    })
}
