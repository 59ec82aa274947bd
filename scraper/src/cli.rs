//! The command line.

use clap::{Args, Parser, Subcommand};
use procession_scraper::api::Origins;
use procession_scraper::commands::{CheckMetrics, Export, Import, Sql};
use procession_scraper::config::{Config, parse_duration};
use procession_scraper::{ConfigSource, Options};
use procession_web::{LogFlags, WebFlags, shutdown_signal};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const DEFAULT_PORT: u16 = 9957;

/// Scrapes targets as Prometheus does, keeps the samples in DuckDB, answers PromQL.
#[derive(Debug, Parser)]
#[command(name = "procession-scraper", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    flags: Flags,
    #[command(flatten)]
    web: WebFlags,
    #[command(flatten)]
    log: LogFlags,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Clone, Debug, Args)]
struct Flags {
    /// What to scrape, in Prometheus's format. SIGHUP and POST /-/reload read it again.
    #[arg(long = "config.file", value_name = "FILE", default_value = "scraper.yml")]
    config_file: PathBuf,

    /// The folder where samples are kept.
    #[arg(long = "storage.path", value_name = "DIR", default_value = "data/")]
    storage_path: PathBuf,

    /// How long samples are kept, counted back from the newest one; 0 keeps everything.
    #[arg(long = "storage.retention", value_name = "DURATION", default_value = "1y", value_parser = parse_duration)]
    retention: Duration,

    /// Series that all targets together may have at a time; past it new ones are left out and counted. 0 for any number.
    #[arg(long = "scrape.series-limit", value_name = "N", default_value_t = 0)]
    series_limit: usize,

    /// How old a sample may be and still count as current in a query.
    #[arg(long = "query.lookback-delta", value_name = "DURATION", default_value = "5m", value_parser = parse_duration)]
    lookback: Duration,

    /// The longest that a query may wait and run.
    #[arg(long = "query.timeout", value_name = "DURATION", default_value = "2m", value_parser = parse_duration)]
    query_timeout: Duration,

    /// A label by which two scrapers of one fleet differ: to queries, series that differ in it alone are one. May stand
    /// several times.
    #[arg(long = "query.replica-label", value_name = "NAME")]
    replica_labels: Vec<String>,

    /// Samples that one query may hold in memory.
    #[arg(long = "query.max-samples", value_name = "N", default_value_t = 50_000_000)]
    max_samples: usize,

    /// Series that one query may hold in memory.
    #[arg(long = "query.max-series", value_name = "N", default_value_t = 1_000_000)]
    max_series: usize,

    /// Queries that take longer are logged and listed; 0 for none.
    #[arg(long = "query.slow-threshold", value_name = "DURATION", default_value = "10s", value_parser = parse_duration)]
    slow: Duration,

    /// Pages of these origins may read answers of the API: an expression that matches all of an origin, such as
    /// https?://(a|b)[.]example. By default none may.
    #[arg(long = "web.cors.origin", value_name = "REGEX", value_parser = Origins::parse)]
    cors: Option<Origins>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check a file without running anything.
    #[command(subcommand)]
    Check(Check),
    /// Load samples with timestamps from OpenMetrics text into a folder.
    Import(Import),
    /// Write the samples of a folder as OpenMetrics text.
    Export(Export),
    /// Ask a running scraper, or a folder, in SQL (docs/sql.md tells of the views).
    Sql(Sql),
}

#[derive(Debug, Subcommand)]
enum Check {
    /// Whether a configuration file is valid.
    Config {
        /// As for --config.file. The files of secrets and certificates that it names are opened, too.
        file: PathBuf,
    },
    /// Whether standard input is a valid exposition.
    Metrics(CheckMetrics),
}

impl Cli {
    /// Does what the command line says.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        self.log.init();
        match self.command {
            None => serve(&self.flags, &self.web),
            Some(Command::Check(Check::Config { file })) => {
                let config = Config::check(&file)?;
                eprintln!("{}: valid, {} jobs", file.display(), config.jobs.len());
                Ok(ExitCode::SUCCESS)
            }
            Some(Command::Check(Check::Metrics(check))) => {
                let valid = check.run(std::io::stdin().lock(), &mut std::io::stderr().lock())?;
                Ok(if valid { ExitCode::SUCCESS } else { ExitCode::FAILURE })
            }
            Some(Command::Import(import)) => import.run().map(|_| ExitCode::SUCCESS),
            Some(Command::Sql(sql)) => sql.run().map(|()| ExitCode::SUCCESS),
            Some(Command::Export(export)) => export.run(&mut std::io::stdout().lock()).map(|_| ExitCode::SUCCESS),
        }
    }
}

impl Flags {
    fn options(&self) -> Options {
        let mut options = Options::new(ConfigSource::File(self.config_file.clone()), &self.storage_path);
        options.storage.retention = Some(self.retention).filter(|r| !r.is_zero());
        options.series_limit = self.series_limit;
        options.queries.lookback_ms = i64::try_from(self.lookback.as_millis()).unwrap_or(i64::MAX);
        options.queries.timeout = self.query_timeout;
        options.queries.max_samples = self.max_samples;
        options.queries.replica_labels = self.replica_labels.clone();
        options.queries.max_series = self.max_series;
        options.queries.slow = self.slow;
        options.cors = self.cors.clone();
        options.storage.max_selected_samples = self.max_samples;
        let duration = procession_scraper::config::format_duration;
        options.flags = BTreeMap::from([
            ("config.file".to_owned(), self.config_file.display().to_string()),
            ("storage.path".to_owned(), self.storage_path.display().to_string()),
            ("storage.retention".to_owned(), duration(self.retention)),
            ("scrape.series-limit".to_owned(), self.series_limit.to_string()),
            ("query.lookback-delta".to_owned(), duration(self.lookback)),
            ("query.timeout".to_owned(), duration(self.query_timeout)),
            ("query.replica-label".to_owned(), self.replica_labels.join(", ")),
            ("query.max-samples".to_owned(), self.max_samples.to_string()),
            ("query.max-series".to_owned(), self.max_series.to_string()),
            ("query.slow-threshold".to_owned(), duration(self.slow)),
        ]);
        options
    }
}

#[tokio::main]
async fn serve(flags: &Flags, web: &WebFlags) -> anyhow::Result<ExitCode> {
    let bound = web.bind(DEFAULT_PORT).await?;
    tracing::info!(url = bound.url(), "listening");
    let shutdown = CancellationToken::new();
    let ending = shutdown.clone();
    tokio::spawn(async move {
        shutdown_signal().await;
        ending.cancel();
    });
    procession_scraper::run(flags.options(), bound, shutdown).await?;
    Ok(ExitCode::SUCCESS)
}
