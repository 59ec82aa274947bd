//! The log: one line an event on standard error.

use clap::ValueEnum;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::prelude::*;

/// Flags of the Prometheus family for the log.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Log")]
pub struct LogFlags {
    /// Only log what is at least this severe.
    #[arg(long = "log.level", value_enum, default_value = "info", value_name = "LEVEL")]
    pub level: Level,

    /// How a log line is written.
    #[arg(long = "log.format", value_enum, default_value = "logfmt", value_name = "FORMAT")]
    pub format: Format,
}

/// Severities that `--log.level` knows.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Level {
    /// Everything.
    Debug,
    /// What an operator may want to know.
    Info,
    /// What went wrong but was survived.
    Warn,
    /// What failed.
    Error,
}

/// Formats that `--log.format` knows.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Format {
    /// `key=value` pairs, as the Prometheus family writes.
    Logfmt,
    /// One JSON object a line.
    Json,
}

impl LogFlags {
    /// Starts the log of this process; a second call changes nothing.
    pub fn init(&self) {
        let level = match self.level {
            Level::Debug => LevelFilter::DEBUG,
            Level::Info => LevelFilter::INFO,
            Level::Warn => LevelFilter::WARN,
            Level::Error => LevelFilter::ERROR,
        };
        // Libraries are quiet unless something is wrong; `procession` is the prefix of all our crates.
        let filter = Targets::new().with_default(level.min(LevelFilter::WARN)).with_target("procession", level);
        let lines: Box<dyn tracing_subscriber::Layer<_> + Send + Sync> = match self.format {
            Format::Logfmt => Box::new(tracing_logfmt::builder().layer().with_writer(std::io::stderr)),
            Format::Json => Box::new(tracing_subscriber::fmt::layer().json().with_writer(std::io::stderr)),
        };
        // Fails only where a subscriber is set already: tests start several services in one process.
        let _ = tracing_subscriber::registry().with(lines.with_filter(filter)).try_init();
    }
}
