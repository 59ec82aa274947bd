//! SVG trend charts and pages over any Prometheus-compatible query API.
//!
//! [`run`] is the service; [`chart`] draws, and knows nothing of HTTP; [`query`] asks; [`image`] and [`pages`] put the
//! two together for a URL.

pub mod assets;
pub mod chart;
mod compress;
mod config;
mod error;
pub mod image;
pub mod metrics;
mod options;
pub mod pages;
pub mod parameters;
pub mod query;
mod render;
pub mod server;
mod stream;
pub mod threads;
pub mod time;

use std::sync::Arc;

use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;

pub use config::DashboardFlags;
pub use error::Error;
pub use options::{EventQuery, Options};
pub use render::{RenderError, render};

use crate::metrics::Metrics;

/// Serves the dashboards on `bound` until `shutdown` is cancelled. `load` gives the options, now and at each reload.
pub async fn run(
    load: impl Fn() -> Result<Options, Error> + Send + 'static,
    bound: procession_web::Bound,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let mut registry = Registry::default();
    let metrics = Metrics::default();
    metrics.register(&mut registry);
    procession_web::exposition::register_process(&mut registry, "procession_dashboards");
    let app = server::App::new(&load()?, metrics.clone(), server::system_clock)?;
    tracing::info!(query_server = app.client.server(), "charts and pages are ready");
    let live = server::Live::new(app);
    let (reload, mut requests) = procession_web::reload::channel();
    reload.on_hangup(shutdown.clone());
    let (reloaded, counted) = (live.clone(), metrics.clone());
    tokio::spawn(async move {
        while let Some(request) = requests.next().await {
            let app = load().and_then(|new| Ok(server::App::new(&new, counted.clone(), server::system_clock)?));
            request.answer(app.map(|app| reloaded.replace(app)).map_err(|error| error.to_string()));
        }
    });
    let ready = procession_web::Ready::new(true);
    let endpoints = procession_web::Endpoints { ready, reload: Some(reload), metrics: Some(Arc::new(registry)) };
    procession_web::serve(bound, endpoints, server::router(live, metrics, shutdown.clone()), shutdown).await?;
    Ok(())
}
