//! The command line.

use clap::{Args, Parser, Subcommand};
use procession_scraper::api::Origins;
use procession_scraper::commands::{Backup, CheckMetrics, Export, Import, Restore, Sql, Verify};
use procession_scraper::config::{Config, parse_duration, parse_size};
use procession_scraper::{Backups, ConfigSource, Options};
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
    #[arg(long = "storage.path", alias = "storage.tsdb.path", value_name = "DIR", default_value = "data/")]
    storage_path: PathBuf,

    /// How long samples are kept, counted back from the newest one; 0 keeps everything. Series that the configuration names
    /// under `storage: retention:` have a time of their own.
    #[arg(long = "storage.retention.time", visible_alias = "storage.retention", alias = "storage.tsdb.retention.time", value_name = "DURATION", default_value = "1y", value_parser = parse_duration)]
    retention: Duration,

    /// The oldest blocks are removed when all of them take more than this, as 50GB; 0 lets them grow.
    #[arg(long = "storage.retention.size", alias = "storage.tsdb.retention.size", value_name = "SIZE", default_value = "0", value_parser = parse_size)]
    retention_size: u64,

    /// Disk that stays free: below it no samples are stored, and what is there is still served.
    #[arg(long = "storage.min-free", value_name = "SIZE", default_value = "64MB", value_parser = parse_size)]
    min_free: u64,

    /// A folder for backups on a schedule.
    #[arg(long = "storage.backup.to", value_name = "DIR")]
    backup_to: Option<PathBuf>,

    /// How old the newest backup may become.
    #[arg(long = "storage.backup.every", value_name = "DURATION", default_value = "1d", value_parser = parse_every)]
    backup_every: Duration,

    /// How many backups stay, the newest ones.
    #[arg(long = "storage.backup.keep", value_name = "N", default_value = "7", value_parser = clap::value_parser!(u32).range(1..))]
    backup_keep: u32,

    /// Let clients take backups (POST /api/v1/admin/backup), to wherever the scraper may write.
    #[arg(long = "web.enable-admin-api")]
    admin_api: bool,

    /// Of Prometheus, where it lets clients reload; here that needs no leave.
    #[arg(long = "web.enable-lifecycle", hide = true)]
    lifecycle: bool,

    /// How long rollups are kept, a row for 5 minutes and one for an hour of every series; 0 keeps all.
    #[arg(long = "storage.rollup-retention", value_name = "DURATION", default_value = "5y", value_parser = parse_duration)]
    rollup_retention: Duration,

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

    /// Queries that run at once, PromQL and SQL together; 0 is twice as many as there are cores, four at least.
    #[arg(long = "query.max-concurrency", value_name = "N", default_value_t = 0)]
    max_concurrency: usize,

    /// Rows that one SQL query may return.
    #[arg(long = "sql.max-rows", value_name = "N", default_value_t = 1_000_000)]
    sql_max_rows: usize,

    /// Memory that one SQL query may take.
    #[arg(long = "sql.memory", value_name = "SIZE", default_value = "512MB", value_parser = parse_size)]
    sql_memory: u64,
}

fn parse_every(text: &str) -> Result<Duration, String> {
    match parse_duration(text)? {
        Duration::ZERO => Err("expected more than 0, as in 6h or 1d".to_owned()),
        every => Ok(every),
    }
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
    /// Copy all samples into a folder of backups, of a running scraper or of a folder.
    Backup(Backup),
    /// Make a storage folder of a backup.
    Restore(Restore),
    /// Read every checksum of a storage folder or a folder of backups, and say what is wrong.
    Verify(Verify),
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
            Some(Command::Backup(backup)) => backup.run().map(|()| ExitCode::SUCCESS),
            Some(Command::Restore(restore)) => restore.run().map(|()| ExitCode::SUCCESS),
            Some(Command::Verify(verify)) => {
                verify.run().map(|whole| if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
            }
            Some(Command::Sql(sql)) => sql.run().map(|()| ExitCode::SUCCESS),
            Some(Command::Export(export)) => export.run(&mut std::io::stdout().lock()).map(|_| ExitCode::SUCCESS),
        }
    }
}

impl Flags {
    fn options(&self) -> Options {
        let mut options = Options::new(ConfigSource::File(self.config_file.clone()), &self.storage_path);
        options.storage.retention = Some(self.retention).filter(|r| !r.is_zero());
        options.storage.retention_bytes = Some(self.retention_size).filter(|size| *size > 0);
        options.storage.min_free_bytes = self.min_free;
        let (every, keep) = (self.backup_every, self.backup_keep as usize);
        options.backups = self.backup_to.clone().map(|to| Backups { to, every, keep });
        options.admin_api = self.admin_api;
        if self.max_concurrency > 0 {
            options.queries.concurrent_queries = self.max_concurrency;
        }
        options.queries.sql.max_rows = self.sql_max_rows;
        options.queries.sql.memory_bytes = self.sql_memory;
        options.storage.rollup_retention = Some(self.rollup_retention).filter(|r| !r.is_zero());
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
            ("storage.retention.time".to_owned(), duration(self.retention)),
            ("storage.retention.size".to_owned(), format!("{}B", self.retention_size)),
            ("storage.min-free".to_owned(), format!("{}B", self.min_free)),
            ("storage.backup.to".to_owned(), self.backup_to.as_deref().unwrap_or("".as_ref()).display().to_string()),
            ("storage.backup.every".to_owned(), duration(self.backup_every)),
            ("storage.backup.keep".to_owned(), self.backup_keep.to_string()),
            ("web.enable-admin-api".to_owned(), self.admin_api.to_string()),
            ("query.max-concurrency".to_owned(), options.queries.concurrent_queries.to_string()),
            ("sql.max-rows".to_owned(), self.sql_max_rows.to_string()),
            ("sql.memory".to_owned(), format!("{}B", self.sql_memory)),
            ("storage.rollup-retention".to_owned(), duration(self.rollup_retention)),
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
    let shutdown = CancellationToken::new();
    let ending = shutdown.clone();
    tokio::spawn(async move {
        shutdown_signal().await;
        ending.cancel();
    });
    procession_scraper::run(flags.options(), bound, shutdown).await?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_have_prometheus_s_names_too() {
        let arguments = "x --storage.tsdb.path=d --storage.tsdb.retention.time=3d --storage.tsdb.retention.size=5GB --web.enable-lifecycle";
        let flags = Cli::try_parse_from(arguments.split(' ')).unwrap().flags;
        assert_eq!(flags.storage_path, PathBuf::from("d"));
        assert_eq!((flags.retention, flags.retention_size), (Duration::from_secs(3 * 24 * 3600), 5 << 30));
        assert!(flags.lifecycle);
    }
}
