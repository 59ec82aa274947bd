//! The three services in one process.

use procession_dashboards as dashboards;
use procession_exporter as exporter;
use procession_scraper as scraper;
use procession_web::{Bound, shutdown_signal};
use scraper::ConfigSource;
use scraper::config::{Config, ConfigError, format_duration};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

/// What is to run, bound to its addresses already.
pub(crate) struct Plan {
    pub(crate) exporter: Bound,
    pub(crate) scraper: Bound,
    pub(crate) dashboards: Bound,
    pub(crate) storage_path: PathBuf,
    pub(crate) interval: Duration,
    pub(crate) config_file: Option<PathBuf>,
}

/// Runs until a signal asks for the end, or until one of the three fails; the others are stopped in order then.
pub(crate) async fn run(plan: Plan) -> anyhow::Result<()> {
    let own = own_job(&plan)?;
    let source = match &plan.config_file {
        None => ConfigSource::Fixed(own),
        Some(file) => ConfigSource::FileAndFixed(file.clone(), own),
    };
    let scraping = scraper::Options::new(source, &plan.storage_path);
    let drawing = dashboards::Options { query_url: plan.scraper.url(), ..dashboards::Options::default() };
    let (greeting, scraper_at) = (greeting(&plan), plan.scraper.local_addrs().first().copied());

    let shutdown = CancellationToken::new();
    let mut services = JoinSet::new();
    services.spawn(exporter::run(exporter::Options::default(), plan.exporter, shutdown.clone()));
    services.spawn(scraper::run(scraping, plan.scraper, shutdown.clone()));
    let (bound, until) = (plan.dashboards, shutdown.clone());
    services.spawn(async move { Ok(dashboards::run(move || Ok(drawing.clone()), bound, until).await?) });

    let mut outcome = Ok(());
    let mut started = std::pin::pin!(answering(scraper_at));
    let mut greeting = Some(greeting);
    loop {
        tokio::select! {
            () = shutdown_signal() => break,
            Some(ended) = services.join_next() => {
                outcome = said(ended);
                break;
            }
            // Nobody is sent to an address where the store could not be opened.
            () = &mut started, if greeting.is_some() => tell(&greeting.take().unwrap_or_default()),
        }
    }
    shutdown.cancel();
    while let Some(ended) = services.join_next().await {
        outcome = outcome.and(said(ended));
    }
    outcome
}

/// How a service ended; one that broke off is an error as well.
fn said(ended: Result<anyhow::Result<()>, JoinError>) -> anyhow::Result<()> {
    ended.unwrap_or_else(|error| Err(error.into()))
}

/// Returns when the scraper answers; the connection waits in the kernel's queue until it does.
async fn answering(at: Option<SocketAddr>) {
    let ask = async {
        let mut stream = TcpStream::connect(at?).await.ok()?;
        stream.write_all(b"GET /-/ready HTTP/1.0\r\n\r\n").await.ok()?;
        stream.read_u8().await.ok()
    };
    if ask.await.is_none() {
        // It is ending: that is told elsewhere.
        std::future::pending::<()>().await;
    }
}

/// This host as the scraper sees it: under its own name, not under an address of loopback.
fn own_job(plan: &Plan) -> Result<Config, ConfigError> {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let target = plan.exporter.local_addrs().first().map(ToString::to_string).unwrap_or_default();
    let interval = format_duration(plan.interval);
    // JSON's strings are YAML's.
    let (host, target) = (serde_json::Value::from(host), serde_json::Value::from(target));
    let yaml = format!(
        "global: {{scrape_interval: {interval}, scrape_timeout: {interval}}}\nscrape_configs:\n- job_name: procession\n  \
         static_configs:\n  - targets: [{target}]\n    labels: {{instance: {host}}}\n"
    );
    Config::parse(&yaml, "this host")
}

fn greeting(plan: &Plan) -> String {
    let data = std::path::absolute(&plan.storage_path).unwrap_or_else(|_| plan.storage_path.clone());
    format!(
        "Procession {} records the processes of this host.\n\n  \
         Open       {}\n  \
         Query API  {}   Prometheus's; Grafana can be pointed at it\n  \
         Exporter   {}   /metrics, for a Prometheus\n  \
         Data       {}\n\nCtrl-C stops it; the data stays.\n",
        env!("CARGO_PKG_VERSION"),
        plan.dashboards.url(),
        plan.scraper.url(),
        plan.exporter.url(),
        data.display(),
    )
}

#[expect(clippy::print_stdout, reason = "the answer to the person who started it")]
fn tell(greeting: &str) {
    println!("{greeting}");
}
