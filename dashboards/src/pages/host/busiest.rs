//! The tables of a host: groups and processes at the end of the range.

use std::collections::BTreeMap;

use futures_util::future::join_all;

use super::{HostView, Sort};
use crate::pages::figure::known;
use crate::query::promql::any_of;
use crate::query::{Client, Error, Labels, Sample};

/// One group at the end of the range; NaN where a figure is not known.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) processes: f64,
    pub(super) cpu: f64,
    pub(super) memory: f64,
    pub(super) reads: f64,
    pub(super) writes: f64,
    pub(super) threads: f64,
    pub(super) open_fds: f64,
}

/// One process at the end of the range.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Process {
    pub(super) pid: String,
    pub(super) group: String,
    pub(super) name: String,
    pub(super) user: String,
    pub(super) cpu: f64,
    pub(super) memory: f64,
    /// Unix seconds; tells it from others that had its pid.
    pub(super) start: Option<f64>,
}

/// What the tables show, or why they do not.
#[derive(Debug)]
pub(super) struct Busiest {
    pub(super) groups: Result<Vec<Group>, Error>,
    pub(super) processes: Result<Vec<Process>, Error>,
}

/// Processes that are listed.
pub(super) const PROCESSES: usize = 15;

/// Asks for both tables.
pub(super) async fn fetch(client: &Client, view: &HostView) -> Busiest {
    let (groups, processes) = tokio::join!(groups(client, view), processes(client, view));
    Busiest { groups, processes }
}

async fn groups(client: &Client, view: &HostView) -> Result<Vec<Group>, Error> {
    type Field = fn(&mut Group) -> &mut f64;
    let (matcher, window) = (view.matcher(), view.frame.recent());
    let rate = |metric: &str| format!("sum by (group) (rate({metric}{{{matcher}}}[{window}]))");
    let value = |metric: &str| format!("sum by (group) ({metric}{{{matcher}}})");
    let columns: [(String, Field); 7] = [
        (value("proc_group_processes"), |g| &mut g.processes),
        (rate("proc_group_cpu_seconds_total"), |g| &mut g.cpu),
        (value("proc_group_resident_memory_bytes"), |g| &mut g.memory),
        (rate("proc_group_read_bytes_total"), |g| &mut g.reads),
        (rate("proc_group_written_bytes_total"), |g| &mut g.writes),
        (value("proc_group_threads"), |g| &mut g.threads),
        (value("proc_group_open_fds"), |g| &mut g.open_fds),
    ];
    let answers = join_all(columns.iter().map(|(query, _)| client.instant(query, view.frame.span.end_ms))).await;
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for ((_, field), answer) in columns.iter().zip(answers) {
        for mut sample in answer? {
            let name = sample.labels.remove("group").unwrap_or_default();
            let group = groups.entry(name.clone()).or_insert_with(|| unknown(name));
            *field(group) = sample.point.value;
        }
    }
    let mut groups: Vec<Group> = groups.into_values().filter(|group| group.processes != 0.0).collect();
    groups.sort_by(|a, b| by(view.sort, b).total_cmp(&by(view.sort, a)).then_with(|| a.name.cmp(&b.name)));
    Ok(groups)
}

fn unknown(name: String) -> Group {
    let unknown = f64::NAN;
    Group {
        name,
        processes: unknown,
        cpu: unknown,
        memory: unknown,
        reads: unknown,
        writes: unknown,
        threads: unknown,
        open_fds: unknown,
    }
}

/// What a group is sorted by; the unknown comes last.
fn by(sort: Sort, group: &Group) -> f64 {
    let value = match sort {
        Sort::Cpu => group.cpu,
        Sort::Memory => group.memory,
        Sort::Reads => group.reads,
        Sort::Writes => group.writes,
        Sort::Processes => group.processes,
    };
    known(value)
}

/// Identifies a process in the answers of one moment.
type Key = (String, String);

fn key(labels: &Labels) -> Key {
    let label = |name| labels.get(name).cloned().unwrap_or_default();
    (label("pid"), label("group"))
}

async fn processes(client: &Client, view: &HostView) -> Result<Vec<Process>, Error> {
    let (matcher, window, at) = (view.matcher(), view.frame.recent(), view.frame.span.end_ms);
    let cpu = |matchers: &str| format!("sum by (pid, group) (rate(proc_cpu_seconds_total{{{matchers}}}[{window}]))");
    let memory = |matchers: &str| format!("sum by (pid, group) (proc_resident_memory_bytes{{{matchers}}})");
    // The table is short, so the busiest by the one figure and by the other are all that can be in it.
    let most = |query: &str| format!("topk({PROCESSES}, {query})");
    let (cpu_query, memory_query) = (most(&cpu(&matcher)), most(&memory(&matcher)));
    let (top_cpu, top_memory) = tokio::try_join!(client.instant(&cpu_query, at), client.instant(&memory_query, at))?;
    let pids: std::collections::BTreeSet<&str> =
        top_cpu.iter().chain(&top_memory).filter_map(|sample| sample.labels.get("pid").map(String::as_str)).collect();
    if pids.is_empty() {
        return Ok(Vec::new());
    }
    let these = format!("{matcher},pid=~{}", any_of(pids));
    let info_query = format!("proc_info{{{these}}}");
    let start_query = format!("proc_start_time_seconds{{{these}}}");
    let (cpu_query, memory_query) = (cpu(&these), memory(&these));
    let (cpus, memories, infos, starts) = tokio::try_join!(
        client.instant(&cpu_query, at),
        client.instant(&memory_query, at),
        client.instant(&info_query, at),
        client.instant(&start_query, at),
    )?;
    let mut processes = joined(&cpus, &memories, &infos, &starts);
    let figure = |process: &Process| if view.sort == Sort::Memory { process.memory } else { process.cpu };
    processes.sort_by(|a, b| {
        known(figure(b)).total_cmp(&known(figure(a))).then(known(b.memory).total_cmp(&known(a.memory)))
    });
    processes.truncate(PROCESSES);
    Ok(processes)
}

fn joined(cpus: &[Sample], memories: &[Sample], infos: &[Sample], starts: &[Sample]) -> Vec<Process> {
    let mut processes: BTreeMap<Key, Process> = BTreeMap::new();
    let mut at = |labels: &Labels, set: &dyn Fn(&mut Process)| {
        let (pid, group) = key(labels);
        let process = processes.entry((pid.clone(), group.clone())).or_insert_with(|| Process {
            name: group.clone(),
            pid,
            group,
            cpu: f64::NAN,
            memory: f64::NAN,
            ..Process::default()
        });
        set(process);
    };
    for sample in cpus {
        at(&sample.labels, &|process| process.cpu = sample.point.value);
    }
    for sample in memories {
        at(&sample.labels, &|process| process.memory = sample.point.value);
    }
    for sample in infos {
        at(&sample.labels, &|process| {
            process.name = sample.labels.get("name").cloned().unwrap_or_default();
            process.user = sample.labels.get("user").cloned().unwrap_or_default();
        });
    }
    for sample in starts {
        at(&sample.labels, &|process| process.start = Some(sample.point.value));
    }
    // A process without memory has ended: what is left of it is the rate of the scrapes before.
    processes.into_values().filter(|process| !process.memory.is_nan()).collect()
}
