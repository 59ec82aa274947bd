//! `procession-exporter`: the command line of the library of the same name.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use procession_exporter::config::parse_duration;
use procession_exporter::metric::Scheme;
use procession_exporter::preview::Preview;
use procession_exporter::source::{Choice, Recheck, Source};
use procession_exporter::{Config, DEFAULT_PORT, Options, Overrides};
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
struct SourceFlags {
    /// Where readings come from: on Linux BPF where the kernel and the rights allow it (docs/sources.md), else /proc; the library
    /// sysinfo elsewhere (or on Linux too, for comparison).
    #[arg(long, value_name = "SOURCE", value_enum, default_value = "auto")]
    source: SourceName,
    /// Where the proc filesystem is mounted.
    #[arg(long = "path.procfs", value_name = "DIR", default_value = "/proc")]
    procfs: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum SourceName {
    Auto,
    Bpf,
    Procfs,
    Sysinfo,
}

impl From<SourceName> for Choice {
    fn from(name: SourceName) -> Choice {
        match name {
            SourceName::Auto => Choice::Auto,
            SourceName::Bpf => Choice::Bpf,
            SourceName::Procfs => Choice::Procfs,
            SourceName::Sysinfo => Choice::Sysinfo,
        }
    }
}

#[derive(Args)]
struct ExporterFlags {
    #[command(flatten)]
    source: SourceFlags,
    /// Configuration file (YAML). Without one: groups by process name, and series for every process.
    #[arg(long = "config.file", value_name = "FILE")]
    config_file: Option<PathBuf>,
    /// Whether a process that no rule takes goes to the group of its nearest ancestor that has one [in the file: children].
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    children: Option<bool>,
    /// Name each process anew in every scan [in the file: recheck].
    #[arg(long)]
    recheck: bool,
    /// Name processes anew until they are so old, such as 10s; 0 for never [in the file: recheck_with_time_limit].
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    recheck_with_time_limit: Option<Duration>,
    /// Names of the families of groups: ours, or namedprocess_namegroup_* for dashboards and alerts made for process-exporter.
    #[arg(long = "metrics.naming", value_name = "NAMES", value_enum, default_value = "procession")]
    names: Names,
    /// Read all files of all processes in every scan. Without it, processes that have not run since the last scan are read in
    /// every eighth one only: the values that could change all the same are in docs/scan.md.
    #[arg(long = "scan.full")]
    full_scans: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Names {
    Procession,
    ProcessExporter,
}

fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).ok_or_else(|| "expected a duration such as 10s or 1m30s".to_owned())
}

impl ExporterFlags {
    fn options(self) -> Options {
        let recheck = match (self.recheck_with_time_limit, self.recheck) {
            (Some(limit), _) => Some(Recheck::Young(limit)),
            (None, true) => Some(Recheck::Always),
            (None, false) => None,
        };
        let scheme = match self.names {
            Names::Procession => Scheme::Procession,
            Names::ProcessExporter => Scheme::ProcessExporter,
        };
        let overrides = Overrides { children: self.children, recheck, scheme, full_scans: self.full_scans };
        let SourceFlags { source, procfs } = self.source;
        Options { source: source.into(), procfs, config_file: self.config_file, overrides }
    }
}

#[derive(Subcommand)]
enum Command {
    /// Checks files without running anything.
    #[command(subcommand)]
    Check(Check),
}

#[derive(Subcommand)]
enum Check {
    /// Whether a configuration file is valid: exit code 0, or 1 with the reason. Then shows which rule takes which of the
    /// processes that are running now, and how many series that makes.
    Config {
        /// The file.
        file: PathBuf,
        #[command(flatten)]
        source: SourceFlags,
    },
}

fn main() -> ExitCode {
    procession_web::heap::keep_one();
    let cli = Cli::parse();
    let outcome = match cli.command {
        Some(Command::Check(Check::Config { file, source })) => check(&file, &source),
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

fn check(file: &Path, SourceFlags { source, procfs }: &SourceFlags) -> anyhow::Result<()> {
    let config = Config::load(file, Scheme::Procession)?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}: valid", file.display())?;
    // The file is what was asked about: where the processes cannot be seen, it is valid all the same.
    match Source::open((*source).into(), procfs).and_then(|source| Preview::of(&config, source)) {
        Ok(preview) => write!(out, "\n{preview}")?,
        Err(error) => eprintln!("procession-exporter: cannot show what it makes of this host: {error}"),
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
        procession_exporter::run(cli.exporter.options(), bound, shutdown).await
    })
}
