//! The command line.

use crate::together::{self, Plan};
use anyhow::Context;
use clap::{Parser, Subcommand};
use procession_scraper::config::{Config, parse_duration};
use procession_web::{LogFlags, WebFlags};
use std::path::PathBuf;
use std::time::Duration;

/// Records what every process on this host does, keeps it, and shows it: exporter, scraper and dashboards in one.
#[derive(Debug, Parser)]
#[command(name = "procession", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Option<Command>,

    /// The folder where samples are kept.
    #[arg(long = "storage.path", value_name = "DIR", default_value = "data/")]
    storage_path: PathBuf,

    /// How often this host is scraped.
    #[arg(long = "scrape.interval", value_name = "DURATION", default_value = "5s", value_parser = interval)]
    interval: Duration,

    /// Where the exporter listens.
    #[arg(long = "exporter.listen-address", value_name = "ADDRESS", default_value = "127.0.0.1:9956")]
    exporter: String,

    /// Where the scraper's query API listens.
    #[arg(long = "scraper.listen-address", value_name = "ADDRESS", default_value = "127.0.0.1:9957")]
    scraper: String,

    /// More to scrape beside this host, in Prometheus's format. SIGHUP reads it again.
    #[arg(long = "config.file", value_name = "FILE")]
    config_file: Option<PathBuf>,

    /// The dashboards: these flags are theirs.
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
}

#[derive(Debug, Subcommand)]
enum Check {
    /// Whether a configuration file is valid.
    Config {
        /// As for --config.file.
        file: PathBuf,
    },
}

fn interval(text: &str) -> Result<Duration, String> {
    match parse_duration(text)? {
        Duration::ZERO => Err("expected more than nothing".to_owned()),
        interval => Ok(interval),
    }
}

/// The port of the dashboards.
const DEFAULT_PORT: u16 = 9958;

impl Cli {
    /// Does what the command line says.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        self.log.init();
        if let Some(Command::Check(Check::Config { file })) = &self.command {
            let config = Config::read(file)?;
            eprintln!("{}: valid, {} jobs", file.display(), config.jobs.len());
            return Ok(());
        }
        let runtime = tokio::runtime::Runtime::new().context("the runtime could not be started")?;
        runtime.block_on(async {
            for (flag, address) in [("exporter", &self.exporter), ("scraper", &self.scraper)] {
                // The three talk over TCP.
                anyhow::ensure!(
                    !address.starts_with("unix:"),
                    "--{flag}.listen-address: expected host:port, found {address:?}"
                );
            }
            let bind = |address: &str| {
                let flags = WebFlags { listen_addresses: vec![address.to_owned()], ..WebFlags::default() };
                async move { flags.bind(0).await }
            };
            let plan = Plan {
                exporter: bind(&self.exporter).await.context("--exporter.listen-address")?,
                scraper: bind(&self.scraper).await.context("--scraper.listen-address")?,
                dashboards: self.web.bind(DEFAULT_PORT).await.context("--web.listen-address")?,
                storage_path: self.storage_path,
                interval: self.interval,
                config_file: self.config_file,
            };
            together::run(plan).await
        })
    }
}
