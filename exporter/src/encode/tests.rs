//! Laws of the whole text under any names, read back by a small parser of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::metric::{Family, series_each};
use crate::snapshot::{Counter, Counters, Gauge, Gauges, Identity, Limits, Process, Resource, State};

fn snapshot(names: &[Vec<u8>]) -> Snapshot {
    let process = |(slot, name): (u32, &Vec<u8>)| {
        let name = String::from_utf8_lossy(name).into_owned();
        let identity = Identity {
            pid: slot + 1,
            start_ms: 1500,
            executable: Some(name.as_str().into()),
            name,
            ..Identity::default()
        };
        let mut process = Process {
            slot,
            identity: Arc::new(identity),
            state: State::Sleeping,
            counters: Counters::default(),
            gauges: Gauges::default(),
            ..Process::default()
        };
        for counter in Counter::ALL {
            process.counters.set(counter, Some(u64::MAX));
        }
        for gauge in Gauge::ALL {
            process.gauges.set(gauge, Some(1));
        }
        process.gauges.set(Gauge::Swap, None);
        process
    };
    (0..).zip(names).map(process).collect()
}

fn text(snapshot: &Snapshot, format: Format) -> String {
    let (mut groups, mut labels) = (Groups::default(), ProcessLabels::default());
    groups.update(snapshot);
    labels.update(snapshot, &groups);
    let mut exposition = Exposition::new(format, Compression::None);
    exposition.groups(&groups).expect("plain");
    exposition.processes(snapshot, &labels).expect("plain");
    String::from_utf8(exposition.finish("").expect("plain").rest).expect("utf-8")
}

/// Name, labels and value of a sample line.
fn sample(line: &str) -> Option<(&str, BTreeMap<String, String>, &str)> {
    let (name, mut rest) = line.split_once('{')?;
    let mut labels = BTreeMap::new();
    loop {
        let (label, quoted) = rest.split_once("=\"")?;
        let mut value = String::new();
        let mut chars = quoted.char_indices();
        rest = loop {
            match chars.next()? {
                (at, '"') => break &quoted[at + 1..],
                (_, '\\') => value.push(match chars.next()?.1 {
                    'n' => '\n',
                    c @ ('\\' | '"') => c,
                    _ => return None,
                }),
                (_, c) => value.push(c),
            }
        };
        if labels.insert(label.to_owned(), value).is_some() {
            return None;
        }
        match rest.strip_prefix(',') {
            Some(more) => rest = more,
            None => return Some((name, labels, rest.strip_prefix("} ")?)),
        }
    }
}

#[test]
fn what_is_not_known_has_no_series_and_its_family_no_head() {
    let text = text(&snapshot(&[b"x".to_vec()]), Format::Text);
    assert!(text.contains("proc_threads{pid=\"1\",group=\"x\"} 1\n"));
    assert!(!text.contains("swap"), "{text}");
}

#[test]
fn processes_by_group_and_wait_channel() {
    use crate::group::Waits;
    let mut snapshot = snapshot(&[b"x".to_vec(), b"x".to_vec()]);
    for slot in [0, 1] {
        snapshot.get_mut(slot).expect("there are two").wait_channel = Some("do_wait".into());
    }
    let (mut groups, mut waits) = (Groups::default(), Waits::default());
    groups.update(&snapshot);
    waits.update(&snapshot, &groups);
    for (families, scheme, expected) in [
        (Families::default(), Scheme::Procession, None),
        (
            Families::default().with(Family::WaitChannels),
            Scheme::Procession,
            Some("proc_group_waiting{group=\"x\",channel=\"do_wait\"} 2"),
        ),
        (
            Families::default().with(Family::WaitChannels),
            Scheme::ProcessExporter,
            Some("namedprocess_namegroup_threads_wchan{groupname=\"x\",wchan=\"do_wait\"} 2"),
        ),
    ] {
        let mut exposition = Exposition::new(Format::Text, Compression::None).of(families);
        exposition.waits_as(scheme, &waits).expect("plain");
        let text = String::from_utf8(exposition.finish("").expect("plain").rest).expect("utf-8");
        assert_eq!(text.lines().find(|line| !line.starts_with('#')), expected);
    }
}

#[test]
fn sockets_have_two_labels() {
    let mut snapshot = snapshot(&[b"x".to_vec(), b"x".to_vec()]);
    for slot in [0, 1] {
        let process = snapshot.get_mut(slot).expect("there are two");
        process.gauges = Gauges::default();
        process.gauges.set(Gauge::TcpCloseWait, Some(2));
    }
    let (mut groups, mut labels) = (Groups::default(), ProcessLabels::default());
    groups.update(&snapshot);
    labels.update(&snapshot, &groups);
    for (families, expected) in [
        (Families::default(), vec![]),
        (
            Families::default().with(Family::Sockets),
            vec![
                "proc_group_sockets{group=\"x\",protocol=\"tcp\",state=\"close_wait\"} 4",
                "proc_sockets{pid=\"1\",group=\"x\",protocol=\"tcp\",state=\"close_wait\"} 2",
                "proc_sockets{pid=\"2\",group=\"x\",protocol=\"tcp\",state=\"close_wait\"} 2",
            ],
        ),
    ] {
        let mut exposition = Exposition::new(Format::Text, Compression::None).of(families);
        exposition.groups(&groups).expect("plain");
        exposition.processes(&snapshot, &labels).expect("plain");
        let text = String::from_utf8(exposition.finish("").expect("plain").rest).expect("utf-8");
        let sockets: Vec<&str> = text.lines().filter(|l| l.contains("sockets{")).collect();
        assert_eq!(sockets, expected);
    }
}

#[test]
fn what_only_processes_have() {
    let mut snapshot = snapshot(&[b"x".to_vec()]);
    let process = snapshot.get_mut(0).expect("there is one");
    let identity = Identity { command_line: Some("x \"y\"".into()), ..(*process.identity).clone() };
    process.identity = Arc::new(identity);
    process.gauges = Gauges::default();
    process.gauges.set(Gauge::Nice, Some((-20_i64).cast_unsigned()));
    process.gauges.set(Gauge::Policy, Some(1));
    let mut limits = Limits::default();
    limits.set(Resource::Data, [1, Limits::UNLIMITED]);
    limits.set(Resource::RealtimeTimeout, [1_500_000, Limits::UNLIMITED]);
    process.limits = Some(Arc::new(limits));
    let (mut groups, mut labels) = (Groups::default(), ProcessLabels::default());
    groups.update(&snapshot);
    labels.update(&snapshot, &groups);
    let families = [Family::Scheduling, Family::Limits, Family::CommandLine, Family::Uptime];
    for (families, expected) in [
        (Families::none(), vec![]),
        (
            families.into_iter().fold(Families::none(), Families::with),
            vec![
                "proc_group_newest_start_time_seconds{group=\"x\"} 1.5",
                "proc_group_mean_start_time_seconds{group=\"x\"} 1.5",
                "proc_nice{pid=\"1\",group=\"x\"} -20",
                "proc_scheduling_policy{pid=\"1\",group=\"x\",policy=\"fifo\"} 1",
                "proc_limit_bytes{pid=\"1\",group=\"x\",resource=\"data\",bound=\"soft\"} 1",
                "proc_limit_bytes{pid=\"1\",group=\"x\",resource=\"data\",bound=\"hard\"} +Inf",
                "proc_limit_seconds{pid=\"1\",group=\"x\",resource=\"realtime_timeout\",bound=\"soft\"} 1.5",
                "proc_limit_seconds{pid=\"1\",group=\"x\",resource=\"realtime_timeout\",bound=\"hard\"} +Inf",
                "proc_command_line_info{pid=\"1\",group=\"x\",command_line=\"x \\\"y\\\"\"} 1",
            ],
        ),
    ] {
        let mut exposition = Exposition::new(Format::Text, Compression::None).of(families);
        exposition.groups(&groups).expect("plain");
        exposition.processes(&snapshot, &labels).expect("plain");
        let text = String::from_utf8(exposition.finish("").expect("plain").rest).expect("utf-8");
        assert_eq!(text.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>(), expected);
    }
}

#[test]
fn threads_by_group_and_name() {
    use crate::group::Threads;
    use crate::snapshot::Thread;
    let mut snapshot = snapshot(&[b"ja\"va".to_vec()]);
    let mut counters = Counters::default();
    counters.set(Counter::CpuUser, Some(1_500_000_000));
    snapshot.get_mut(0).expect("there is one").threads =
        vec![Thread { tid: 1, start: 1, name: "g\nc".into(), counters }];
    let (mut groups, mut threads) = (Groups::default(), Threads::default());
    groups.update(&snapshot);
    threads.update(&snapshot, &groups);
    let counters = &mut snapshot.get_mut(0).expect("there is one").threads[0].counters;
    counters.set(Counter::CpuUser, Some(3_000_000_000));
    threads.update(&snapshot, &groups);
    let text = |scheme| {
        let mut exposition =
            Exposition::new(Format::Text, Compression::None).of(Families::default().with(Family::ThreadNames));
        exposition.threads_as(scheme, &threads).expect("plain");
        let text = String::from_utf8(exposition.finish("").expect("plain").rest).expect("utf-8");
        text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect::<Vec<_>>()
    };
    let labels = "group=\"ja\\\"va\",thread=\"g\\nc\"";
    assert_eq!(
        text(Scheme::Procession),
        [
            format!("proc_group_named_threads{{{labels}}} 1"),
            format!("proc_group_thread_cpu_seconds_total{{{labels},mode=\"user\"}} 1.5")
        ]
    );
    let labels = labels.replace("group=", "groupname=").replace("thread=", "threadname=");
    assert_eq!(
        text(Scheme::ProcessExporter),
        [
            format!("namedprocess_namegroup_thread_count{{{labels}}} 1"),
            format!("namedprocess_namegroup_thread_cpu_seconds_total{{{labels},mode=\"user\"}} 1.5")
        ]
    );
}

#[test]
fn a_family_that_is_off_has_no_series_and_no_head() {
    let snapshot = snapshot(&[b"x".to_vec()]);
    let (mut groups, mut labels) = (Groups::default(), ProcessLabels::default());
    groups.update(&snapshot);
    labels.update(&snapshot, &groups);
    let text = |families: Families| {
        let mut exposition = Exposition::new(Format::Text, Compression::None).of(families);
        exposition.groups(&groups).expect("plain");
        exposition.groups_as(Scheme::ProcessExporter, &groups).expect("plain");
        exposition.processes(&snapshot, &labels).expect("plain");
        String::from_utf8(exposition.finish("").expect("plain").rest).expect("utf-8")
    };
    let all = text(Families::default());
    let some = text(Families::default().without(Family::Info).without(Family::States).without(Family::Memory));
    for gone in
        ["proc_info", "proc_state", "proc_group_processes", "resident_memory_bytes", "num_procs", "memtype=\"virtual\""]
    {
        assert!(all.contains(gone) && !some.contains(gone), "{gone}");
    }
    assert!(all.contains("memtype=\"swapped\"") == some.contains("memtype=\"swapped\""));
    assert!(
        !all.contains("run_queue")
            && text(Families::default().with(Family::RunQueue)).contains("proc_run_queue_seconds_total")
    );
}

proptest! {
    #[test]
    fn any_names_give_lines_that_read_back_and_no_series_twice(
        names in prop::collection::vec(any::<Vec<u8>>(), 0..8)
    ) {
        let snapshot = snapshot(&names);
        for format in [Format::OpenMetrics, Format::Text] {
            let text = text(&snapshot, format);
            let (mut series, mut families, mut names) = (BTreeSet::new(), BTreeSet::new(), BTreeMap::new());
            for line in text.split_terminator('\n') {
                if let Some(head) = line.strip_prefix("# TYPE ") {
                    prop_assert!(families.insert(head.to_owned()), "{line} twice");
                } else if !line.starts_with("# ") {
                    let read = sample(line);
                    prop_assert!(read.is_some(), "cannot be read: {line:?}");
                    let (name, labels, value) = read.expect("checked");
                    prop_assert!(value.parse::<f64>().is_ok_and(f64::is_finite), "{line:?}");
                    if name == "proc_info" {
                        names.insert(labels["pid"].clone(), labels["name"].clone());
                    }
                    prop_assert!(series.insert((name.to_owned(), labels)), "{line:?} twice");
                }
            }
            for process in snapshot.processes() {
                prop_assert_eq!(names.get(&process.identity.pid.to_string()), Some(&process.identity.name));
            }
        }
    }
}

proptest! {
    /// Whatever there is, no more series than were configured.
    #[test]
    fn never_more_series_than_configured(
        names in prop::collection::vec(any::<Vec<u8>>(), 0..40), groups_limit in 100_usize..700, processes_limit in 100_usize..700
    ) {
        let snapshot = snapshot(&names);
        let (mut groups, mut selection, mut labels) = (Groups::default(), Selection::default(), ProcessLabels::default());
        groups.limit(groups_limit / series_each(Scheme::Procession.groups(), Families::default()));
        selection.configure(processes_limit / series_each(PROCESS, Families::default()));
        groups.update_with(&snapshot, |process, used| selection.used(process, used));
        selection.update(&snapshot, |_| true);
        labels.update(&snapshot, &groups);
        let count = |exposition: Exposition<'_>| {
            let text = String::from_utf8(exposition.finish("").expect("plain").rest).expect("utf-8");
            text.split_terminator('\n').filter(|line| !line.starts_with('#')).count()
        };
        let mut exposition = Exposition::new(Format::Text, Compression::None);
        exposition.groups(&groups).expect("plain");
        prop_assert!(count(exposition) <= groups_limit);
        let mut exposition = Exposition::new(Format::Text, Compression::None);
        exposition.processes_of(&selection, &snapshot, &labels).expect("plain");
        prop_assert!(count(exposition) <= processes_limit);
    }
}
