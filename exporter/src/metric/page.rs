//! `docs/metrics.md`, from the table.

use std::fmt::Write as _;

use super::{GROUP, Kind, Metric, OWN, PROCESS, Samples, THREAD, WAIT, process_exporter};
use crate::snapshot::State;

/// The whole page, as Markdown.
pub fn markdown() -> String {
    let mut page = String::from(INTRODUCTION);
    section(&mut page, "Per group", "Each series has the label `group`.", GROUP);
    section(
        &mut page,
        "Per group and thread name",
        "Each series has the labels `group` and `thread`. Off unless `thread_names` is switched on.",
        THREAD,
    );
    section(
        &mut page,
        "Per group and wait channel",
        "Each series has the labels `group` and `channel`. Off unless `wait_channels` is switched on.",
        WAIT,
    );
    section(&mut page, "Per process", "Each series has the labels `pid` and `group`.", PROCESS);
    section(
        &mut page,
        "Of the exporter itself",
        "Beside these: `process_*`, what client libraries tell of their own process, and build information.",
        OWN,
    );
    section(
        &mut page,
        "With the names of process-exporter",
        "With `--metrics.naming=process-exporter` these stand in place of the families of groups and of processes; each series of a group has \
         the label `groupname`, those of threads (off unless `thread_names` is switched on) `threadname` too, those of wait channels (off unless `wait_channels` is switched on) `wchan`. In OpenMetrics the last three are of type `unknown`, since a counter's name would have to end with `_total`.",
        &[process_exporter::GROUP, process_exporter::THREAD, process_exporter::WAIT, process_exporter::SCRAPE].concat(),
    );
    page.push_str(NOTES);
    page
}

const INTRODUCTION: &str = "\
# Metrics of procession-exporter

This page is made from the table in `exporter/src/metric/`; a test holds the two together.

Names are those of the samples. In OpenMetrics the family of a counter is called without its `_total`, that of
`proc_info` is `proc`. A value that cannot be read has no series: it is never shown as 0.
";

const NOTES: &str = "
## What the numbers mean

- **A process** is a pid with a start time. When a pid is used again, its series go on under the same labels and the
  counters fall, which `rate` takes for a reset; `proc_start_time_seconds` tells the two apart.
- **Group counters never fall** while the exporter runs, and begin at 0 with it: a process that is there at the exporter's first scrape adds what
  it uses from then on (each counter from its first reading), one that starts later adds all that it uses. `rate` and `increase` so see no use that
  was not there when the exporter starts again. After its first reading each process adds what it has used since the last scrape. A process that
  changes its name goes on in the group of the new name. A process that could not be read adds nothing, and is caught up with when it can be read again.
  A process that the first scrape had no time for is told by its start. Series of single processes hold the kernel's totals of their lives; the sums
  with `pid=\"other\"` begin at 0, as groups do.
- **A group without a process** keeps its counters, and is forgotten after a time (25 hours) or where there are too many
  groups; `procession_exporter_forgotten_groups_total` counts them. One that comes back later begins anew.
- **`other`** stands for what was too much, see [exporter.md](exporter.md#how-many-series): the series with
  `pid=\"other\"` for processes without series of their own (CPU, memory, storage, threads, files, faults and switches),
  `group=\"other\"` for groups without series of their own. A process called `other` is in that group too.
- **Kernel threads** are grouped by the part of their name before `/`, and what a kernel worker works on is not part of
  its name: `kworker/0:1-events` has the name `kworker/0:1` and the group `kworker`.
- **CPU time and page faults** are of all threads of a process, also of those that have ended, but not of its children.
- **CPU time of ended processes.** What a process used between its last scrape and its end, the kernel adds to the numbers of
  the parent that waits for it. What was counted for the child is taken off, and the rest is counted for the group of the
  child, one scrape later. It is known to be the child's where all children that the parent waited for meanwhile were of
  one group, and the page faults that they brought along leave no room for a child that no scrape has seen (fewer than 7
  more than at their last readings). Otherwise the rest is counted for the parent's group: so is what children use that
  live between two scrapes only. What cannot be told from CPU time that is counted already, since it is not known who waited
  for an ended process, is in no group: `procession_exporter_unattributed_seconds_total`. Page faults and switches between the last scrape
  and the end are not counted. Series of single processes hold what the kernel says of each.
- **Storage bytes of one process** are the kernel's own numbers, which hold what ended children had used once the
  process has waited for them. For groups that would count a child twice, in its own group and in its parent's: what
  was already counted for a child is taken off what its parent adds, so that only what the child used after its last
  scrape goes to the parent's group. That the parent did wait for it is seen in the parent's count of its children's
  page faults (`cminflt`), which grows by the child's at the same moment. Where `init` inherits a child and waits for
  it before the next scrape shows the new parent, this cannot be seen, and the child's bytes count twice.
- **Context switches** are of the main thread alone. The kernel sums them nowhere; reading them for every thread takes
  about 15 microseconds each, where everything else about a process takes about 35.
- **Threads by name** are what they have used by themselves, of threads that are there when the first ones are read: since then. What a thread used between its last scrape and its end is not in it, and a
  thread's name is that of its last scrape. Pairs of a group and a name that are gone stay while the group does; where there are too many
  (threads and wait channels each have as large a share of `groups.max_series` as groups, where they are on), those without a thread are forgotten, and further ones are counted for `group=\"other\",thread=\"other\"`.
- **Wait channels** are of main threads that wait; the kernel says the same of one that runs and of one that must not be looked at, and neither has a
  channel. A channel in which nobody waits has no series. What is too much is `group=\"other\",channel=\"other\"`.
- **Sockets** are told by protocol and state; what a process has none of has no series. `other` `unknown` are those of other protocols (netlink,
  packets), those that are neither bound nor connected, those of a network namespace that no process with sockets was seen in, and what is opened or
  closed while they are read. Processes have their turns under a budget of
  time, so a number can be some scrapes old ([exporter.md](exporter.md#what-is-read)).
- **Limits** are read when a process is new and then in every sixteenth scrape: they hardly ever change.
- **Open files by type** are read in turns, as sockets are. `file` is whatever has a path: files, directories, devices; `other` is io_uring, BPF, perf and the like.
- **Time without a CPU of all threads** (`threads_run_queue`) is added up from thread to thread, since the kernel sums it nowhere: what a thread waited
  between its last scrape and its end is not in it, and it begins when the exporter first sees the process, with what its threads had waited by then.
- **Shares** are quotients: `rate(proc_cpu_seconds_total[5m])` is CPUs in use, by `procession_exporter_host_cpus` a share of the host;
  `proc_resident_memory_bytes` by `procession_exporter_host_memory_bytes` a share of its memory. How old a process is, is `time() - proc_start_time_seconds`.
- **What others call it** stands in [metrics-compared.md](metrics-compared.md).
- **Processes that cannot be seen** (`hidepid`, other pid namespaces) are told by their threads: `procession_exporter_hidden_threads` is the number
  of threads on the host (`/proc/loadavg`) less those of the processes that were seen. There is no such series where not all could be looked at.
- **Starts and exits** are those that scans could see: what starts and ends between two scans is in neither.
- **How old a value may be** stands in [scan.md](scan.md): processes that do not run are not read in every scrape.
- **`unit`, `container` and `cgroup`** are read from the process's cgroup when it is new and then in every sixteenth scrape; empty where it is in none.
  `cgroup` is the path in the unified hierarchy, and that of another one where the process is in none below the root of that.
- **CPU time of waited-for children** (`proc_children_time_seconds_total`) is of a process alone: in a group it would count again what was counted
  for the child. What was not is in the group's CPU time, see above.
- **Resident memory** is the number that the kernel keeps for quick answers; it can be off by some pages per CPU.
- **Names** are the kernel's, up to 15 bytes. Bytes that are not UTF-8 are shown as U+FFFD; processes whose names are
  then equal are in one group. A process without a name is called `(unnamed)`. The label `group` has the whole name
  where the executable or the command line still tells what the kernel has cut off; rules can call groups otherwise
  ([exporter.md](exporter.md)).
- **`user`** is the name of the effective user in `/etc/passwd`, or the number.
";

fn section(page: &mut String, title: &str, text: &str, metrics: &[Metric]) {
    let _ = write!(page, "\n## {title}\n\n{text}\n\n| name | type | labels | what |\n|---|---|---|---|\n");
    for metric in metrics {
        let name = format!("`{}{}`", metric.name, metric.kind.suffix());
        let kind = if metric.kind == Kind::BareCounter { "counter" } else { metric.kind.as_str() };
        let _ = writeln!(page, "| {name} | {kind} | {} | {} |", labels(metric), metric.help);
    }
}

fn labels(metric: &Metric) -> String {
    let values = |label: &str, values: &mut dyn Iterator<Item = &str>| {
        let values: Vec<String> = values.map(|v| format!("`{v}`")).collect();
        format!("`{label}`: {}", values.join(", "))
    };
    match metric.samples {
        Samples::One(_) => String::new(),
        Samples::By(label, by) => values(label, &mut by.iter().map(|(value, _)| *value)),
        Samples::ByTwo([first, second], by) => {
            let pairs: Vec<String> = by.iter().map(|([one, other], _)| format!("`{one}` `{other}`")).collect();
            format!("`{first}` and `{second}`: {}", pairs.join(", "))
        }
        Samples::States => values("state", &mut State::ALL.iter().map(|s| s.as_str())),
        Samples::Identity => {
            debug_assert_eq!(metric.kind, Kind::Info);
            "`ppid`, `name`, `executable`, `user`, `unit`, `container`, `cgroup`".to_owned()
        }
        Samples::CommandLine => "`command_line`".to_owned(),
        Samples::Own(labels) => labels.iter().map(|l| format!("`{l}`")).collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn the_page_is_the_table() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/metrics.md");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&file, markdown()).expect("write");
        }
        let page = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(page == markdown(), "docs/metrics.md is not what the table says; write it anew with UPDATE_GOLDEN=1");
    }
}
