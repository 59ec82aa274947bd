//! `procession-dashboards`: pages and charts for a browser, over a query API.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use procession_dashboards::{DashboardFlags, Options};
use procession_web::{LogFlags, WebFlags};
use tokio_util::sync::CancellationToken;

const DEFAULT_PORT: u16 = 9958;

/// SVG trend charts and pages over any Prometheus-compatible query API.
#[derive(Debug, Parser)]
#[command(name = "procession-dashboards", version, args_conflicts_with_subcommands = true)]
struct Flags {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    dashboards: DashboardFlags,
    #[command(flatten)]
    web: WebFlags,
    #[command(flatten)]
    log: LogFlags,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check a file without running anything.
    #[command(subcommand)]
    Check(Check),
    /// Draw a chart into a file.
    Render {
        /// Where to; the ending chooses the format: .svg, .png, .csv or .json.
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        /// What to draw: the part of a chart's URL after the question mark, or the whole URL, for example
        /// 'query=up&from=-6h&w=800'. docs/charts.md lists the parameters.
        parameters: String,
        #[command(flatten)]
        dashboards: DashboardFlags,
    },
}

#[derive(Debug, Subcommand)]
enum Check {
    /// Whether a configuration file is valid.
    Config {
        /// As for --config.file.
        file: PathBuf,
    },
}

fn main() -> ExitCode {
    procession_web::heap::keep_small();
    run()
}

#[tokio::main]
async fn run() -> ExitCode {
    let flags = Flags::parse();
    flags.log.init();
    let outcome = match &flags.command {
        Some(Command::Check(Check::Config { file })) => check(file),
        Some(Command::Render { output, parameters, dashboards }) => render(dashboards, parameters, output).await,
        None => serve(flags).await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("procession-dashboards: error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn check(file: &Path) -> anyhow::Result<()> {
    Options::load(&DashboardFlags { config_file: Some(file.to_owned()), ..DashboardFlags::default() })?;
    eprintln!("{}: valid", file.display());
    Ok(())
}

async fn render(flags: &DashboardFlags, parameters: &str, output: &Path) -> anyhow::Result<()> {
    Ok(procession_dashboards::render(&Options::load(flags)?, parameters, output).await?)
}

async fn serve(flags: Flags) -> anyhow::Result<()> {
    let bound = flags.web.bind(DEFAULT_PORT).await?;
    let shutdown = CancellationToken::new();
    let stop = shutdown.clone();
    tokio::spawn(async move {
        procession_web::shutdown_signal().await;
        stop.cancel();
    });
    procession_dashboards::run(move || Options::load(&flags.dashboards), bound, shutdown).await?;
    Ok(())
}
