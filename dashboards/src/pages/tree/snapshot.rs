//! The processes of a host at one moment, from instant queries that any Prometheus-compatible server answers.

use std::collections::HashMap;

use super::TreeView;
use super::forest::{Node, Use};
use crate::query::promql::quoted;
use crate::query::{Client, Error, Sample};
use crate::time::duration_text;

/// Asks for every process with what it uses itself.
pub(super) async fn fetch(client: &Client, view: &TreeView) -> Result<Vec<Node>, Error> {
    let matcher = format!("instance={}", quoted(&view.instance));
    let window = duration_text(4 * view.interval_ms);
    let rate = |metric: &str| format!("sum by (pid) (rate({metric}{{{matcher}}}[{window}]))");
    let info = format!("proc_info{{{matcher}}}");
    let (cpu, memory) =
        (rate("proc_cpu_seconds_total"), format!("sum by (pid) (proc_resident_memory_bytes{{{matcher}}})"));
    let (reads, writes) = (rate("proc_read_bytes_total"), rate("proc_written_bytes_total"));
    let start = format!("max by (pid) (proc_start_time_seconds{{{matcher}}})");
    let ask = async |query: &str| client.instant(query, view.at_ms).await;
    let (infos, cpu, memory, reads, writes, start) =
        tokio::try_join!(ask(&info), ask(&cpu), ask(&memory), ask(&reads), ask(&writes), ask(&start))?;
    let (cpu, memory, start) = (by_pid(&cpu), by_pid(&memory), by_pid(&start));
    let (reads, writes) = (by_pid(&reads), by_pid(&writes));
    let node = |mut info: Sample| {
        let mut label = |name: &str| info.labels.remove(name).unwrap_or_default();
        let (pid, ppid, name, user) = (label("pid"), label("ppid"), label("name"), label("user"));
        let figure = |figures: &HashMap<&str, f64>| figures.get(pid.as_str()).copied();
        let io = match (figure(&reads), figure(&writes)) {
            (None, None) => f64::NAN,
            (read, written) => read.unwrap_or(0.0) + written.unwrap_or(0.0),
        };
        let own = Use { cpu: figure(&cpu).unwrap_or(f64::NAN), memory: figure(&memory).unwrap_or(f64::NAN), io };
        Node { start: figure(&start), own, pid, ppid, name, user }
    };
    Ok(infos.into_iter().map(node).collect())
}

fn by_pid(samples: &[Sample]) -> HashMap<&str, f64> {
    samples.iter().filter_map(|s| s.labels.get("pid").map(|pid| (pid.as_str(), s.point.value))).collect()
}
