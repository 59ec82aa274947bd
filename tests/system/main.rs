//! System tests: the real binaries over real sockets on port 0, beside the real peers. Nothing here knows a crate of
//! ours: the wire is the interface.
//!
//! `ci/test` builds the binaries before; the peers are Debian's packages (`ci/packages`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "all of this is test code, its helpers too: what can't go on fails the test"
)]

mod analysts;
mod answers;
mod bad_targets;
mod cli;
mod durability;
mod exporter;
mod grafana;
mod history;
mod http;
mod openapi;
mod openmetrics_cases;
mod peers;
mod process_exporter_alike;
mod prometheus_alike;
mod prometheus_configs;
mod promql;
mod replicas;
mod running;
mod scraping;
mod services;
mod shards;
mod side_by_side;
mod standalone;
mod storage_flags;
