//! `procession-dashboards`: pages and charts for a browser, over a query API.

use std::process::ExitCode;

use clap::Parser;
use procession_dashboards::{DashboardFlags, Options};
use procession_web::{LogFlags, WebFlags};
use tokio_util::sync::CancellationToken;

const DEFAULT_PORT: u16 = 9958;

/// SVG trend charts and pages over any Prometheus-compatible query API.
#[derive(Debug, Parser)]
#[command(name = "procession-dashboards", version)]
struct Flags {
    #[command(flatten)]
    dashboards: DashboardFlags,
    #[command(flatten)]
    web: WebFlags,
    #[command(flatten)]
    log: LogFlags,
}

#[tokio::main]
async fn main() -> ExitCode {
    let flags = Flags::parse();
    flags.log.init();
    match serve(flags).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("procession-dashboards: error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(flags: Flags) -> anyhow::Result<()> {
    let bound = flags.web.bind(DEFAULT_PORT).await?;
    let shutdown = CancellationToken::new();
    let stop = shutdown.clone();
    tokio::spawn(async move {
        procession_web::shutdown_signal().await;
        stop.cancel();
    });
    procession_dashboards::run(Options::from(flags.dashboards), bound, shutdown).await?;
    Ok(())
}
