//! Routes, and what every answer carries.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use axum::Router;
use axum::extract::FromRef;
use axum::middleware;
use axum::response::Response;
use axum::routing::get;
use http::{HeaderValue, header};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

use crate::metrics::{self, Metrics};
use crate::options::{EventQuery, Options};
use crate::query::{self, Client};
use crate::stream::{self, Streams};
use crate::threads::Threads;
use crate::{assets, compress, image, pages};

/// What the handlers share. Cheap to clone.
#[derive(Debug, Clone)]
pub struct App {
    /// The query server.
    pub client: Client,
    /// The name of this installation; may be empty.
    pub title: Arc<str>,
    /// What the pages of hosts mark on their charts.
    pub events: Arc<[EventQuery]>,
    /// Where pages and charts are drawn.
    pub threads: Threads,
    clock: fn() -> i64,
    sql_names: Arc<OnceCell<Vec<String>>>,
}

impl App {
    /// The state for these options; `clock` tells Unix milliseconds.
    pub fn new(options: &Options, metrics: Metrics, clock: fn() -> i64) -> Result<App, query::Error> {
        let threads = Threads::default();
        let client = Client::new(&options.query_url, options.limits, metrics, threads.clone())?;
        let (title, events) = (options.title.as_str().into(), options.events.as_slice().into());
        Ok(App { client, title, events, threads, clock, sql_names: Arc::default() })
    }

    /// The names of SQL's tables and of their columns, which are asked for once.
    pub async fn sql_names(&self) -> Result<Vec<String>, query::Error> {
        let asked = self.sql_names.get_or_try_init(async || {
            let rows = self.client.sql("SELECT table_name, column_name FROM information_schema.columns").await?;
            let names = rows.rows.into_iter().flatten().filter_map(|name| name.as_str().map(str::to_owned));
            let names: std::collections::BTreeSet<String> = names.collect();
            Ok(names.into_iter().collect())
        });
        asked.await.cloned()
    }

    /// Now, in Unix milliseconds.
    pub fn now_ms(&self) -> i64 {
        (self.clock)()
    }
}

/// The [`App`] of the configuration that was read last. Clones share it.
#[derive(Debug, Clone)]
pub struct Live(Arc<ArcSwap<App>>);

impl Live {
    /// Begins with this one.
    pub fn new(app: App) -> Live {
        Live(Arc::new(ArcSwap::from_pointee(app)))
    }

    /// Every request from now on gets this one.
    pub fn replace(&self, app: App) {
        self.0.store(Arc::new(app));
    }
}

impl FromRef<Live> for App {
    /// For one request: its time for queries begins now.
    fn from_ref(live: &Live) -> App {
        let app = live.0.load();
        App { client: app.client.hurried(), ..app.as_ref().clone() }
    }
}

/// The clock of the machine, in Unix milliseconds.
pub fn system_clock() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}

/// All routes with their middleware. Streams end with `shutdown`.
pub fn router(live: Live, metrics: Metrics, shutdown: CancellationToken) -> Router {
    let followed = pages().with_state(live.clone());
    let streams = Router::new().route("/stream", get(stream::handle)).with_state(Streams::new(followed, shutdown));
    pages()
        .route("/complete", get(pages::explore::complete))
        .route("/chart.{ending}", get(image::handle))
        .route("/static/{name}", get(assets::handle))
        .fallback(pages::not_found)
        .with_state(live.clone())
        .merge(streams)
        .layer(middleware::map_response(guarded))
        .layer(CatchPanicLayer::new())
        .layer(middleware::map_response(compress::mark))
        .layer(CompressionLayer::new())
        .layer(middleware::from_fn_with_state(live, compress::aside))
        .layer(middleware::from_fn_with_state(metrics, metrics::count))
}

/// What can be followed.
fn pages() -> Router<Live> {
    Router::new()
        .route("/", get(pages::hosts::handle))
        .route("/add", get(pages::add::handle))
        .route("/host", get(pages::host::handle))
        .route("/group", get(pages::group::handle))
        .route("/groups", get(pages::groups::handle))
        .route("/process", get(pages::process::handle))
        .route("/tree", get(pages::tree::handle))
        .route("/changes", get(pages::changes::handle))
        .route("/explore", get(pages::explore::handle))
}

/// Headers that keep a page to itself: no script but its own file, nothing from elsewhere, no framing by others.
async fn guarded(mut response: Response) -> Result<Response, Infallible> {
    let headers = response.headers_mut();
    for (name, value) in [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    Ok(response)
}
