//! What all hosts do together: the groups that are on most of them, and the busiest processes of all.

use std::collections::{BTreeMap, BTreeSet};

use crate::pages::figure::known;
use crate::query::promql::any_of;
use crate::query::{Client, Error, Labels, Sample};

/// A group over all hosts; NaN where a figure is not known.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) hosts: f64,
    pub(super) cpu: f64,
    pub(super) memory: f64,
}

/// One process on one host.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Process {
    pub(super) instance: String,
    pub(super) pid: String,
    pub(super) group: String,
    pub(super) cpu: f64,
    pub(super) memory: f64,
}

/// Both tables, each the busiest first.
#[derive(Debug, Default)]
pub(super) struct Fleet {
    pub(super) groups: Vec<Group>,
    pub(super) processes: Vec<Process>,
}

/// Rows of each table.
pub(super) const ROWS: usize = 10;

/// Asks for both; `window` is that of the rates.
pub(super) async fn fetch(client: &Client, now_ms: i64, window: &str) -> Result<Fleet, Error> {
    let ask = async |query: String| client.instant(&query, now_ms).await;
    let cpu = |by: &str| format!("sum by ({by}) (rate(proc_group_cpu_seconds_total[{window}]))");
    let (groups, places) = tokio::try_join!(
        ask(format!("topk({ROWS}, {})", cpu("group"))),
        ask(format!("topk({ROWS}, {})", cpu("instance, group")))
    )?;
    let names = any_of(groups.iter().filter_map(|sample| sample.labels.get("group").map(String::as_str)));
    // The busiest processes are in the busiest groups of single hosts: those are all that is looked through.
    let of = |label: &str| -> BTreeSet<&str> {
        places.iter().filter_map(|sample| sample.labels.get(label).map(String::as_str)).collect()
    };
    let among = format!("instance=~{},group=~{}", any_of(of("instance")), any_of(of("group")));
    let process = |values: &str| format!("sum by (instance, pid, group) ({values})");
    let (hosts, memory, busy) = tokio::try_join!(
        ask(format!("count by (group) (sum by (instance, group) (proc_group_processes{{group=~{names}}}) > 0)")),
        ask(format!("sum by (group) (proc_group_resident_memory_bytes{{group=~{names}}})")),
        ask(format!("topk({ROWS}, {})", process(&format!("rate(proc_cpu_seconds_total{{{among}}}[{window}])")))),
    )?;
    let pids =
        any_of(busy.iter().filter_map(|sample| sample.labels.get("pid").map(String::as_str)).collect::<BTreeSet<_>>());
    let sizes = ask(process(&format!("proc_resident_memory_bytes{{{among},pid=~{pids}}}"))).await?;
    Ok(Fleet { groups: by_group(groups, &hosts, &memory), processes: by_process(busy, &sizes) })
}

fn label(labels: &Labels, name: &str) -> String {
    labels.get(name).cloned().unwrap_or_default()
}

fn by_group(cpu: Vec<Sample>, hosts: &[Sample], memory: &[Sample]) -> Vec<Group> {
    let figures = |samples: &[Sample]| -> BTreeMap<String, f64> {
        samples.iter().map(|sample| (label(&sample.labels, "group"), sample.point.value)).collect()
    };
    let (hosts, memory) = (figures(hosts), figures(memory));
    let of = |figures: &BTreeMap<String, f64>, name: &str| figures.get(name).copied().unwrap_or(f64::NAN);
    let group = |sample: Sample| {
        let name = label(&sample.labels, "group");
        Group { hosts: of(&hosts, &name), memory: of(&memory, &name), cpu: sample.point.value, name }
    };
    let mut groups: Vec<Group> = cpu.into_iter().map(group).collect();
    groups.sort_by(|a, b| known(b.cpu).total_cmp(&known(a.cpu)).then_with(|| a.name.cmp(&b.name)));
    groups
}

fn by_process(cpu: Vec<Sample>, sizes: &[Sample]) -> Vec<Process> {
    let key = |labels: &Labels| ["instance", "pid", "group"].map(|name| label(labels, name));
    let sizes: BTreeMap<[String; 3], f64> =
        sizes.iter().map(|sample| (key(&sample.labels), sample.point.value)).collect();
    let process = |sample: Sample| {
        let key = key(&sample.labels);
        let memory = sizes.get(&key).copied().unwrap_or(f64::NAN);
        let [instance, pid, group] = key;
        Process { instance, pid, group, cpu: sample.point.value, memory }
    };
    let mut processes: Vec<Process> = cpu.into_iter().map(process).collect();
    // A process without memory has ended; what did nothing is not busy.
    processes.retain(|process| !process.memory.is_nan() && process.cpu > 0.0);
    processes.sort_by(|a, b| {
        let place = |p: &Process| (p.instance.clone(), p.pid.len(), p.pid.clone());
        known(b.cpu).total_cmp(&known(a.cpu)).then_with(|| place(a).cmp(&place(b)))
    });
    processes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::Point;

    fn sample(labels: &[(&str, &str)], value: f64) -> Sample {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Sample { labels, point: Point { at_ms: 0, value } }
    }

    #[test]
    fn the_busiest_come_first_and_the_ended_not_at_all() {
        let of = |pid, value| sample(&[("instance", "a"), ("pid", pid), ("group", "g")], value);
        let found = by_process(
            vec![of("1", 0.5), of("2", 2.0), of("3", 3.0), of("4", 0.0)],
            &[of("1", 1.0), of("2", 1.0), of("4", 1.0)],
        );
        assert_eq!(found.iter().map(|p| p.pid.as_str()).collect::<Vec<_>>(), ["2", "1"]);
    }

    #[test]
    fn groups_have_what_is_known_of_them() {
        let of = |group, value| sample(&[("group", group)], value);
        let found = by_group(vec![of("a", 1.0), of("b", 2.0)], &[of("b", 3.0)], &[]);
        assert_eq!((found[0].name.as_str(), found[0].hosts), ("b", 3.0));
        assert!(found[0].memory.is_nan() && found[1].hosts.is_nan());
    }
}
