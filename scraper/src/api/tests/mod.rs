//! The API as its clients see it: requests to the router, answers byte by byte.

mod answers;
mod backup;
mod bounds;
mod explain;
mod openapi;
mod pages;
mod replicas;
mod sql;

use super::{ApiState, Limits, Metadata, Reloaded, router};
use crate::commands::Import;
use crate::target::Target;
use crate::target::status::{
    DiscoveryError, DroppedTarget, Health, LastScrape, LeftOut, RefusedTarget, TargetStatus, TargetsSnapshot,
};
use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use procession_openmetrics::Labels;
use procession_store::{Options, Store};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tower::ServiceExt;

/// A moment in the last minute of `samples.om`.
const NOW_MS: i64 = 1_700_000_600_000;

/// An API over the samples of `samples.om`, with three targets.
struct Api {
    _dir: tempfile::TempDir,
    state: ApiState,
}

impl Api {
    fn new(limits: Limits) -> Api {
        let dir = tempfile::tempdir().unwrap();
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/api/tests/samples.om");
        Import { storage_path: dir.path().into(), file }.run().unwrap();
        let store = Store::open(dir.path(), Options { retention: None, ..Options::default() }).unwrap();
        let mut state = ApiState::new(store, limits);
        state.now_ms = || NOW_MS;
        state.targets = Arc::new(targets);
        state.metadata = Arc::new(metadata);
        state.config = Arc::new(|| "scrape_configs:\n- job_name: api\n".to_owned());
        state.reload = Arc::new(|| Reloaded { succeeded: true, at_ms: NOW_MS - 60_000 });
        state.flags = Arc::new(BTreeMap::from([("storage.path".to_owned(), "/data".to_owned())]));
        state.retention = "1y".to_owned();
        state.started_ms = NOW_MS - 60_000;
        Api { _dir: dir, state }
    }

    async fn ask(&self, method: &str, uri: &str, form: Option<&str>) -> Response {
        let request = Request::builder().method(method).uri(uri);
        let request = match form {
            Some(form) => {
                request.header("content-type", "application/x-www-form-urlencoded").body(Body::from(form.to_owned()))
            }
            None => request.body(Body::empty()),
        };
        router(self.state.clone()).oneshot(request.unwrap()).await.unwrap()
    }

    async fn get(&self, uri: &str) -> (u16, String) {
        read(self.ask("GET", uri, None).await).await
    }
}

async fn read(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn target(address: &str) -> Target {
    Target {
        pool: "api".to_owned(),
        discovered: Labels::from_pairs([("__address__", address), ("job", "api")]),
        labels: Labels::from_pairs([("instance", address), ("job", "api")]),
        url: format!("http://{address}/metrics"),
        interval: Duration::from_secs(15),
        timeout: Duration::from_secs(10),
    }
}

fn targets() -> TargetsSnapshot {
    let last = |health, error: &str, began_ms| LastScrape {
        health,
        error: error.to_owned(),
        began_ms,
        duration: Duration::from_micros(12_500),
        samples: 40,
        left_out: LeftOut { over_limit: usize::from(health == Health::Down), ..LeftOut::default() },
    };
    TargetsSnapshot {
        active: vec![
            TargetStatus { target: target("a:1"), last: last(Health::Up, "", Some(NOW_MS - 3_250)) },
            TargetStatus {
                target: target("b:1"),
                last: last(Health::Down, "line 3: <script>alert(\"x\")</script>", Some(NOW_MS - 90_000)),
            },
            TargetStatus { target: target("c:1"), last: LastScrape::default() },
        ],
        dropped: vec![DroppedTarget { pool: "api".to_owned(), discovered: target("d:1").discovered }],
        refused: vec![RefusedTarget {
            pool: "other".to_owned(),
            discovered: target("e:1").discovered,
            reason: "`__scheme__` is \"<ftp>\": expected http or https".to_owned(),
        }],
        discovery_errors: vec![DiscoveryError {
            pool: "other".to_owned(),
            error: "/etc/<targets>.json: line 1: no".to_owned(),
        }],
        pools: vec!["other".to_owned(), "api".to_owned()],
    }
}

fn metadata() -> Vec<Metadata> {
    let of = |address, family: &str, kind, help: &str| Metadata {
        target: target(address).labels,
        family: family.to_owned(),
        kind,
        help: help.to_owned(),
        unit: String::new(),
    };
    vec![
        of("a:1", "requests", "counter", "Requests answered."),
        of("b:1", "requests", "counter", "Requests answered."),
        of("b:1", "temperature", "gauge", "How <warm> it is."),
    ]
}
