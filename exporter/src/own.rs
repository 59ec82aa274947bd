//! The exporter's own metrics, kept by prometheus-client and served after those of the processes.

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use procession_web::exposition::{self, Format};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry, Unit};

use crate::group::Groups;
use crate::metric::own;
use crate::snapshot::{Host, Snapshot};
use crate::source::{Exits, NetworkCosts, ReadErrors};

type Labels = Vec<(&'static str, &'static str)>;

/// The registry and the metrics in it.
#[derive(Debug)]
pub(crate) struct OwnMetrics {
    registry: Registry,
    scans: Counter,
    partial_scans: Counter,
    skipped: Gauge,
    reused: Gauge,
    phase: Family<Labels, Counter<f64, AtomicU64>>,
    phase_cpu: Family<Labels, Counter<f64, AtomicU64>>,
    processes: Gauge,
    groups: Gauge,
    forgotten: Counter,
    folded_groups: Counter,
    folded_processes: Gauge,
    unattributed: Family<Labels, Counter<f64, AtomicU64>>,
    /// Without a series where it is not known.
    hidden: Family<Labels, Gauge>,
    host_memory: Family<Labels, Gauge>,
    available_memory: Family<Labels, Gauge>,
    load: Family<Labels, Gauge<f64, AtomicU64>>,
    oom_kills: Family<Labels, Counter>,
    host_cpus: Family<Labels, Gauge>,
    vanished: Counter,
    read_errors: Family<Labels, Counter>,
    /// Without a series where nothing is counted.
    network_calls: Family<Labels, Counter>,
    network_lost: Family<Labels, Counter>,
    network_time: Family<Labels, Counter<f64, AtomicU64>>,
    /// Without a series where nothing tells of ends.
    lost_exits: Family<Labels, Counter>,
}

/// A part of the work for one scrape.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Phase {
    List,
    Read,
    Group,
    Encode,
    Compress,
}

impl Phase {
    fn as_str(self) -> &'static str {
        match self {
            Phase::List => "list",
            Phase::Read => "read",
            Phase::Group => "group",
            Phase::Encode => "encode",
            Phase::Compress => "compress",
        }
    }
}

/// Wall and CPU clock of this thread at the start of a phase.
pub(crate) struct Stopwatch {
    wall: Instant,
    cpu: Option<Duration>,
}

/// Time that a part of the work took.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Spent {
    wall: Duration,
    /// 0 where the system has no clock for it.
    cpu: Duration,
}

impl Stopwatch {
    pub(crate) fn start() -> Stopwatch {
        Stopwatch { wall: Instant::now(), cpu: thread_cpu() }
    }

    /// What has passed, which is added to `spent`.
    pub(crate) fn add_to(self, spent: &mut Spent) {
        let now = Stopwatch::start();
        spent.wall += now.wall - self.wall;
        if let (Some(now), Some(before)) = (now.cpu, self.cpu) {
            spent.cpu += now.saturating_sub(before);
        }
    }
}

/// `None` where the system has no clock for it.
fn thread_cpu() -> Option<Duration> {
    #[cfg(unix)]
    {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Duration::try_from(now).ok()
    }
    #[cfg(not(unix))]
    None
}

impl OwnMetrics {
    /// `reason` says why it is not a better source.
    pub(crate) fn new(source: &'static str, reason: Option<&'static str>, exits: &Exits) -> OwnMetrics {
        let mut registry = Registry::default();
        let mut info = |metric: &crate::metric::Metric, name, value, reason: Option<&'static str>| {
            let labels = [Some((name, value)), reason.map(|reason| ("reason", reason))];
            let info = Info::new(labels.into_iter().flatten().collect::<Labels>());
            registry.register(metric.name, metric.help.trim_end_matches('.'), info);
        };
        info(&own::SOURCE, "source", source, reason);
        info(&own::EXITS, "means", exits.means(), exits.reason());
        let own = OwnMetrics {
            scans: register(&mut registry, &own::SCANS),
            partial_scans: register(&mut registry, &own::PARTIAL_SCANS),
            skipped: register(&mut registry, &own::SKIPPED),
            reused: register(&mut registry, &own::REUSED),
            phase: register(&mut registry, &own::PHASE),
            phase_cpu: register(&mut registry, &own::PHASE_CPU),
            host_memory: register(&mut registry, &own::HOST_MEMORY),
            available_memory: register(&mut registry, &own::HOST_AVAILABLE_MEMORY),
            load: register(&mut registry, &own::HOST_LOAD),
            oom_kills: register(&mut registry, &own::HOST_OOM_KILLS),
            host_cpus: register(&mut registry, &own::HOST_CPUS),
            processes: register(&mut registry, &own::PROCESSES),
            groups: register(&mut registry, &own::GROUPS),
            forgotten: register(&mut registry, &own::FORGOTTEN),
            folded_groups: register(&mut registry, &own::FOLDED_GROUPS),
            folded_processes: register(&mut registry, &own::FOLDED_PROCESSES),
            unattributed: register(&mut registry, &own::UNATTRIBUTED),
            hidden: register(&mut registry, &own::HIDDEN),
            vanished: register(&mut registry, &own::VANISHED),
            read_errors: register(&mut registry, &own::READ_ERRORS),
            network_calls: register(&mut registry, &own::NETWORK_CALLS),
            network_lost: register(&mut registry, &own::NETWORK_LOST),
            network_time: register(&mut registry, &own::NETWORK_TIME),
            lost_exits: register(&mut registry, &own::LOST_EXITS),
            registry: Registry::default(),
        };
        exposition::register_process(&mut registry, "procession_exporter");
        OwnMetrics { registry, ..own }
    }

    /// A phase has ended; the next one begins now.
    pub(crate) fn lap(&self, phase: Phase, watch: &mut Stopwatch) {
        let mut spent = Spent::default();
        std::mem::replace(watch, Stopwatch::start()).add_to(&mut spent);
        self.spent(phase, spent);
    }

    /// The text of an answer is written, and compressed as it was being written; the next phase begins now.
    pub(crate) fn written(&self, compressing: Spent, watch: &mut Stopwatch) {
        let mut all = Spent::default();
        std::mem::replace(watch, Stopwatch::start()).add_to(&mut all);
        let (wall, cpu) = (all.wall.saturating_sub(compressing.wall), all.cpu.saturating_sub(compressing.cpu));
        self.spent(Phase::Encode, Spent { wall, cpu });
        self.spent(Phase::Compress, compressing);
    }

    fn spent(&self, phase: Phase, Spent { wall, cpu }: Spent) {
        let labels = vec![("phase", phase.as_str())];
        self.phase.get_or_create(&labels).inc_by(wall.as_secs_f64());
        if thread_cpu().is_some() {
            self.phase_cpu.get_or_create(&labels).inc_by(cpu.as_secs_f64());
        }
    }

    /// A scan is complete.
    pub(crate) fn scanned(
        &self,
        snapshot: &Snapshot,
        groups: &Groups,
        folded_processes: usize,
        vanished: u64,
        read_errors: impl Iterator<Item = ReadErrors>,
    ) {
        self.scans.inc();
        self.partial_scans.inc_by(u64::from(snapshot.skipped > 0));
        self.skipped.set(snapshot.skipped as i64);
        self.reused.set(snapshot.reused as i64);
        self.processes.set(snapshot.len() as i64);
        self.groups.set(groups.len() as i64);
        set(&self.forgotten, groups.forgotten());
        set(&self.folded_groups, groups.folded());
        self.folded_processes.set(folded_processes as i64);
        self.look_at_the_host(&snapshot.host, snapshot.hidden_threads());
        set(&self.vanished, vanished);
        for (mode, nanoseconds) in ["user", "system"].into_iter().zip(groups.unattributed_cpu()) {
            let counter = self.unattributed.get_or_create(&vec![("mode", mode)]);
            let grown = nanoseconds as f64 / 1e9 - counter.get();
            counter.inc_by(grown.max(0.0));
        }
        for ReadErrors { file, reason, count } in read_errors {
            set(&self.read_errors.get_or_create(&vec![("file", file), ("reason", reason)]), count);
        }
    }

    fn look_at_the_host(&self, host: &Host, hidden_threads: Option<u64>) {
        for (family, value) in [
            (&self.hidden, hidden_threads),
            (&self.host_memory, host.memory_bytes),
            (&self.available_memory, host.available_memory_bytes),
            (&self.host_cpus, host.cpus),
        ] {
            match value {
                Some(value) => drop(family.get_or_create(&Vec::new()).set(value as i64)),
                None => family.clear(),
            }
        }
        match host.load {
            Some(load) => {
                for (minutes, mean) in ["1", "5", "15"].into_iter().zip(load) {
                    self.load.get_or_create(&vec![("minutes", minutes)]).set(mean);
                }
            }
            None => self.load.clear(),
        }
        // A counter that nobody tells of has no series; one that was seen stays.
        if let Some(kills) = host.oom_kills {
            set(&self.oom_kills.get_or_create(&Vec::new()), kills);
        }
    }

    /// What counting bytes and packets has cost so far.
    pub(crate) fn counted(&self, NetworkCosts { calls, lost, time }: NetworkCosts) {
        set(&self.network_calls.get_or_create(&Vec::new()), calls);
        set(&self.network_lost.get_or_create(&Vec::new()), lost);
        if let Some(time) = time {
            let counter = self.network_time.get_or_create(&Vec::new());
            counter.inc_by((time.as_secs_f64() - counter.get()).max(0.0));
        }
    }

    /// So many ended processes were not told of since the start; `None` where nothing tells of any.
    pub(crate) fn ends_lost(&self, lost: Option<u64>) {
        if let Some(lost) = lost {
            set(&self.lost_exits.get_or_create(&Vec::new()), lost);
        }
    }

    /// All of it as text, with the end mark where the format has one.
    pub(crate) fn text(&self, format: Format) -> Result<String, fmt::Error> {
        exposition::encode(&self.registry, format)
    }
}

/// Brings a counter up to a total that is counted elsewhere.
fn set(counter: &Counter, total: u64) {
    counter.inc_by(total.saturating_sub(counter.get()));
}

fn register<M: Metric + Clone + Default>(registry: &mut Registry, metric: &crate::metric::Metric) -> M {
    let instance = M::default();
    // prometheus-client adds the unit to the name and the full stop to the help text.
    let help = metric.help.trim_end_matches('.');
    match metric.unit {
        Some(unit) => {
            let name = metric.name.strip_suffix(unit).unwrap_or(metric.name).trim_end_matches('_');
            registry.register_with_unit(name, help, Unit::Other(unit.to_owned()), instance.clone());
        }
        None => registry.register(metric.name, help, instance.clone()),
    }
    instance
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::OWN;
    use crate::source::Untold;

    #[test]
    fn compressing_is_not_encoding() {
        let own = OwnMetrics::new("procfs", Some("not_built"), &Exits::Scans(Untold::Source));
        let second = Duration::from_secs(1);
        // The watch has run for less than what compressing took: nothing is left for encoding.
        own.written(Spent { wall: second, cpu: second }, &mut Stopwatch::start());
        let text = own.text(Format::Text).expect("text");
        for name in ["procession_exporter_phase_seconds_total", "procession_exporter_phase_cpu_seconds_total"] {
            for (phase, seconds) in [("encode", "0"), ("compress", "1")] {
                let line = text.lines().find(|line| line.starts_with(&format!("{name}{{phase=\"{phase}\"}} ")));
                let value: f64 = line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).expect("a number");
                assert_eq!(value.to_string(), seconds, "{name} of {phase}");
            }
        }
    }

    #[test]
    fn every_metric_of_the_table_is_served_as_the_table_says() {
        let own = OwnMetrics::new("bpf", None, &Exits::Bpf);
        own.lap(Phase::List, &mut Stopwatch::start());
        let errors = ReadErrors { file: "io", reason: "permission", count: 3 };
        let mut snapshot = Snapshot::default();
        snapshot.host = Host {
            threads: Some(5),
            load: Some([0.5, 1.0, 1.5]),
            cpus: Some(2),
            memory_bytes: Some(1 << 30),
            available_memory_bytes: Some(1 << 29),
            oom_kills: Some(3),
        };
        own.scanned(&snapshot, &Groups::default(), 0, 0, [errors].into_iter());
        own.counted(NetworkCosts { calls: 3, lost: 1, time: Some(Duration::from_nanos(300)) });
        own.ends_lost(Some(0));
        let text = own.text(Format::OpenMetrics).expect("text");
        assert!(
            text.contains("procession_exporter_read_errors_total{file=\"io\",reason=\"permission\"} 3\n"),
            "{text}"
        );
        for line in [
            "procession_exporter_host_load{minutes=\"15\"} 1.5\n",
            "procession_exporter_host_available_memory_bytes{} 536870912\n",
            "procession_exporter_host_oom_kills_total{} 3\n",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        for metric in OWN {
            for line in [
                format!("# HELP {} {}\n", metric.name, metric.help),
                format!("# TYPE {} {}\n", metric.name, metric.kind.as_str()),
            ] {
                assert!(text.contains(&line), "{line} is not in\n{text}");
            }
            assert_eq!(text.contains(&format!("# UNIT {} ", metric.name)), metric.unit.is_some(), "{}", metric.name);
        }
        assert!(text.ends_with("# EOF\n"));
    }
}
