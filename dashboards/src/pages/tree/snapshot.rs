//! The processes of a host at one moment, from instant queries that any Prometheus-compatible server answers.

use std::collections::HashMap;

use serde::Deserialize;

use super::TreeView;
use super::forest::{Node, Use};
use crate::pages::scrapes;
use crate::query::promql::quoted;
use crate::query::{Client, Error, Sample};
use crate::time::duration_text;

/// What a tree shows of a process's identity.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Identity {
    pid: String,
    ppid: String,
    name: String,
    user: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Pid {
    pid: String,
}

/// Asks for every process with what it uses itself, and for the distance of the scrapes in milliseconds. Of ten thousand
/// processes each answer is a megabyte and more: no label is asked for that is not shown, and only the rates wait for
/// the distance of the scrapes.
pub(super) async fn fetch(client: &Client, view: &TreeView) -> Result<(Vec<Node>, i64), Error> {
    let matcher = format!("instance={}", quoted(&view.instance));
    let info = format!("max by (pid, ppid, name, user) (proc_info{{{matcher}}})");
    let memory = format!("sum by (pid) (proc_resident_memory_bytes{{{matcher}}})");
    let start = format!("max by (pid) (proc_start_time_seconds{{{matcher}}})");
    let ask = async |query: &str| client.instant_of::<Pid>(query, view.at_ms).await;
    let rates = async {
        let ups = client.raw(&format!("up{{{matcher}}}[10m]"), view.at_ms).await?;
        let interval_ms = scrapes::slowest_interval_ms(ups.iter().map(|series| series.values.as_slice()));
        let window = duration_text(4 * interval_ms);
        let rate = async |metric: &str| ask(&format!("sum by (pid) (rate({metric}{{{matcher}}}[{window}]))")).await;
        let (cpu, reads, writes) = tokio::try_join!(
            rate("proc_cpu_seconds_total"),
            rate("proc_read_bytes_total"),
            rate("proc_written_bytes_total")
        )?;
        Ok((cpu, reads, writes, interval_ms))
    };
    let infos = client.instant_of::<Identity>(&info, view.at_ms);
    let (infos, memory, start, (cpu, reads, writes, interval_ms)) =
        tokio::try_join!(infos, ask(&memory), ask(&start), rates)?;
    let (cpu, memory, start) = (by_pid(&cpu), by_pid(&memory), by_pid(&start));
    let (reads, writes) = (by_pid(&reads), by_pid(&writes));
    let node = |Identity { pid, ppid, name, user }| {
        let figure = |figures: &HashMap<&str, f64>| figures.get(pid.as_str()).copied();
        let io = match (figure(&reads), figure(&writes)) {
            (None, None) => f64::NAN,
            (read, written) => read.unwrap_or(0.0) + written.unwrap_or(0.0),
        };
        let own = Use { cpu: figure(&cpu).unwrap_or(f64::NAN), memory: figure(&memory).unwrap_or(f64::NAN), io };
        Node { start: figure(&start), own, pid, ppid, name, user }
    };
    Ok((infos.into_iter().map(|info| node(info.labels)).collect(), interval_ms))
}

fn by_pid(samples: &[Sample<Pid>]) -> HashMap<&str, f64> {
    samples.iter().map(|sample| (sample.labels.pid.as_str(), sample.point.value)).collect()
}
