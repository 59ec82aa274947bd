//! A tree of files that changes between scans, as `/proc` does.
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what it expected")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use procession_exporter::Config;
use procession_exporter::group::Groups;
use procession_exporter::metric::Scheme;
use procession_exporter::snapshot::{Bound, Counter, Gauge, Limits, Resource, Snapshot};
use procession_exporter::source::procfs::{Procfs, Units};

const PID: u32 = 42;

struct Tree {
    root: tempfile::TempDir,
    source: Procfs,
    snapshot: Snapshot,
    groups: Groups,
}

impl Tree {
    /// A tree with one process that has a `stat` and a `status`, but no `io` and no `fd`.
    fn new() -> Tree {
        let root = tempfile::tempdir().expect("tempdir");
        fs::write(root.path().join("stat"), "btime 1000\n").expect("write");
        fs::create_dir(root.path().join(PID.to_string())).expect("mkdir");
        let units = Units { ticks_per_second: 100, page_bytes: 4096 };
        let source = Procfs::open(root.path(), Path::new("/nonexistent/passwd"), units).expect("a proc root");
        let mut tree = Tree { root, source, snapshot: Snapshot::default(), groups: Groups::default() };
        tree.write("status", "Uid:\t7\t7\t7\t7\nvoluntary_ctxt_switches:\t1\nnonvoluntary_ctxt_switches:\t2\n");
        tree.process("nginx", 10, 100);
        tree
    }

    fn file(&self, name: &str) -> PathBuf {
        self.root.path().join(PID.to_string()).join(name)
    }

    fn write(&mut self, name: &str, text: &str) {
        fs::write(self.file(name), text).expect("write");
    }

    fn process(&mut self, name: &str, start: u64, user_ticks: u64) {
        let line = format!("{PID} ({name}) S 1 1 1 0 -1 0 5 0 0 0 {user_ticks} 0 0 0 20 0 1 0 {start} 4096 1 9 9\n");
        self.write("stat", &line);
        let _ = fs::remove_file(self.file("exe"));
        symlink(format!("/bin/{name}"), self.file("exe")).expect("symlink");
    }

    fn scan(&mut self) {
        self.source.list().expect("listing");
        self.source.read(None, &mut self.snapshot);
        self.groups.update(&self.snapshot);
    }

    /// Name, executable and start of the process, where it was seen.
    fn seen(&self) -> Option<(&str, &str, u64)> {
        let identity = &self.snapshot.at(0)?.identity;
        Some((&identity.name, identity.executable.as_deref()?, identity.start_ms))
    }

    fn cpu_ms(&self, group: &str) -> Option<u64> {
        let group = self.groups.iter().find(|g| &*g.name == group)?;
        Some(group.totals.counters.get(Counter::CpuUser)? / 1_000_000)
    }

    fn errors(&self) -> Vec<(&str, &str, u64)> {
        self.source.read_errors().filter(|e| e.count > 0).map(|e| (e.file, e.reason, e.count)).collect()
    }
}

#[test]
fn a_process_that_could_not_be_read_once_is_not_counted_twice() {
    let mut tree = Tree::new();
    tree.scan();
    assert_eq!((tree.seen(), tree.cpu_ms("nginx")), (Some(("nginx", "/bin/nginx", 1_000_100)), Some(0)));
    tree.write("stat", "42 (ngi");
    tree.scan();
    assert_eq!((tree.seen(), tree.cpu_ms("nginx")), (None, Some(0)));
    tree.process("nginx", 10, 150);
    tree.scan();
    assert_eq!(tree.cpu_ms("nginx"), Some(500));
    assert_eq!(tree.errors(), [("stat", "malformed", 1)]);
}

#[test]
fn an_exec_is_seen_and_only_what_follows_goes_to_the_new_group() {
    let mut tree = Tree::new();
    tree.scan();
    tree.process("perl", 10, 130);
    tree.scan();
    assert_eq!(tree.seen(), Some(("perl", "/bin/perl", 1_000_100)));
    assert_eq!((tree.cpu_ms("nginx"), tree.cpu_ms("perl")), (Some(0), Some(300)));
}

#[test]
fn a_zombie_keeps_its_name_and_gets_another_parent() {
    let mut tree = Tree::new();
    tree.scan();
    tree.write("stat", &format!("{PID} (nginx) Z 7 1 1 0 -1 0 5 0 0 0 120 0 0 0 20 0 1 0 10 0 0 9 9\n"));
    for _ in 0..2 {
        tree.scan();
        let identity = &tree.snapshot.at(0).expect("it is seen").identity;
        assert_eq!((identity.ppid, identity.executable.as_deref()), (7, Some("/bin/nginx")));
    }
    assert_eq!(tree.cpu_ms("nginx"), Some(200));
}

#[test]
fn a_pid_that_is_used_again_is_another_process() {
    let mut tree = Tree::new();
    tree.scan();
    tree.process("nginx", 99, 5);
    tree.scan();
    assert_eq!((tree.seen(), tree.cpu_ms("nginx")), (Some(("nginx", "/bin/nginx", 1_000_990)), Some(50)));
}

#[test]
fn files_that_a_kernel_does_not_have_are_no_errors() {
    let mut tree = Tree::new();
    tree.scan();
    let process = tree.snapshot.at(0).expect("it is seen without them");
    assert_eq!(process.counters.get(Counter::Read), None);
    assert_eq!(process.identity.user.as_deref(), Some("7"));
    assert_eq!((tree.errors(), tree.source.vanished()), (vec![], 0));
}

#[test]
fn what_is_gone_is_gone_without_a_word() {
    let mut tree = Tree::new();
    tree.scan();
    tree.process("nginx", 10, 130);
    tree.scan();
    fs::remove_file(tree.file("stat")).expect("remove");
    tree.scan();
    assert_eq!((tree.seen(), tree.source.vanished(), tree.errors()), (None, 1, vec![]));
    fs::remove_dir_all(tree.root.path().join(PID.to_string())).expect("remove");
    tree.scan();
    assert_eq!((tree.source.vanished(), tree.cpu_ms("nginx")), (1, Some(300)));
}

#[test]
fn a_root_that_disappears_is_an_error_with_its_path() {
    let mut tree = Tree::new();
    let path = tree.root.path().to_owned();
    fs::remove_dir_all(&path).expect("remove");
    let error = tree.source.list().expect_err("nothing to list any more").to_string();
    assert!(error.starts_with(&format!("{}: cannot list the processes", path.display())), "{error}");
}

impl Tree {
    fn configure(&mut self, text: &str) {
        let config = Config::parse(text, Path::new("exporter.yml"), Scheme::Procession).expect("valid");
        self.source.configure(config.naming);
        self.source.read_for(config.families, config.per_process);
        self.groups.configure(config.children);
    }

    /// The group of the process, where it is in one.
    fn group(&mut self) -> Option<String> {
        self.scan();
        self.groups.name_of(self.snapshot.at(0)?.slot).map(|name| name.to_string())
    }

    fn uptime(&mut self, seconds: u32) {
        fs::write(self.root.path().join("uptime"), format!("{seconds}.00 1.00\n")).expect("write");
    }
}

const BY_SCRIPT: &str = "process_names: [{name: '{{.Matches.script}}', cmdline: ['(?P<script>\\w+)\\.py']}]\n";

#[test]
fn rules_name_the_group_and_what_they_do_not_take_is_not_shown() {
    let mut tree = Tree::new();
    tree.write("cmdline", "python3\0a.py\0");
    tree.configure(BY_SCRIPT);
    assert_eq!(tree.group().as_deref(), Some("a"));
    tree.process("nginx", 10, 120);
    assert_eq!(tree.group().as_deref(), Some("a"));
    tree.configure("process_names: [{comm: [apache]}]\n");
    assert_eq!(tree.group(), None);
    assert_eq!(tree.cpu_ms("a"), Some(200), "what was counted stays");
    tree.process("nginx", 10, 130);
    assert_eq!(tree.group(), None);
    tree.configure(BY_SCRIPT);
    tree.process("nginx", 10, 140);
    assert_eq!(
        (tree.group().as_deref(), tree.cpu_ms("a")),
        (Some("a"), Some(300)),
        "what it used unseen is in no group"
    );
}

#[test]
fn a_file_that_no_rule_asks_for_is_not_read() {
    let mut tree = Tree::new();
    // Reading a directory fails, and failures are counted.
    fs::create_dir(tree.file("cmdline")).expect("mkdir");
    fs::create_dir(tree.file("cgroup")).expect("mkdir");
    tree.configure("metrics: {disable: [info]}\nprocess_names: [{name: '{{.Comm}}', comm: [nginx], user: ['7']}]\n");
    assert_eq!((tree.group().as_deref(), tree.errors().len()), (Some("nginx"), 0));
    tree.configure("metrics: {disable: [info]}\nprocess_names: [{name: '{{.Unit}}', exe: [nginx]}, {comm: [nginx]}]\n");
    assert_eq!(tree.group().as_deref(), Some("nginx"));
    assert_eq!(tree.errors(), [("cmdline", "other", 1), ("cgroup", "other", 1)]);
}

#[test]
fn units_containers_and_parents_are_read_where_asked() {
    let mut tree = Tree::new();
    tree.write("cgroup", "0::/system.slice/web.service\n");
    fs::create_dir(tree.root.path().join("1")).expect("mkdir");
    fs::write(tree.root.path().join("1/comm"), "init\n").expect("write");
    tree.configure("process_names: [{name: '{{.Unit}}', parent: [init], unit: [web]}]\n");
    assert_eq!(tree.group().as_deref(), Some("web.service"));
    tree.configure("process_names: [{parent: [systemd]}]\n");
    assert_eq!(tree.group(), None);
}

#[test]
fn a_young_process_is_named_again_and_an_old_one_is_not() {
    let mut tree = Tree::new();
    tree.write("cmdline", "sh\0-c\0python3 later.py\0");
    tree.process("nginx", 100, 5);
    tree.configure(BY_SCRIPT);
    tree.uptime(5);
    assert_eq!(tree.group().as_deref(), Some("later"));
    // An exec that leaves the name as it is: seen, though the process is no longer young.
    tree.write("cmdline", "python3\0now.py\0");
    tree.uptime(60);
    assert_eq!(tree.group().as_deref(), Some("now"));
    tree.write("cmdline", "python3\0unseen.py\0");
    tree.uptime(75);
    assert_eq!(tree.group().as_deref(), Some("now"));
    tree.configure(&format!("{BY_SCRIPT}recheck: true\n"));
    assert_eq!(tree.group().as_deref(), Some("unseen"));
    tree.write("cmdline", "python3\0seen.py\0");
    assert_eq!(tree.group().as_deref(), Some("seen"));
}

#[test]
fn a_name_that_the_kernel_cuts_is_whole_in_the_group() {
    let mut tree = Tree::new();
    tree.process("procession-scra", 10, 100);
    assert_eq!(tree.group().as_deref(), Some("procession-scra"));
    tree.process("another-name-15", 10, 100);
    tree.write("cmdline", "/opt/another-name-15-bytes\0--flag\0");
    assert_eq!(tree.group().as_deref(), Some("another-name-15-bytes"));
    assert_eq!(
        tree.snapshot.at(0).expect("it is seen").identity.name,
        "another-name-15",
        "the kernel's name stays the name"
    );
    tree.configure("process_names: [{name: '{{.Comm}}', cmdline: ['.']}]\n");
    assert_eq!(tree.group().as_deref(), Some("another-name-15"), "as process-exporter has it");
}

#[test]
fn what_is_switched_off_is_not_read() {
    let mut tree = Tree::new();
    // Otherwise schedstat tells which processes have not run.
    tree.source.scan_fully(true);
    // Reading a directory fails, and failures are counted.
    for file in ["io", "limits", "cgroup", "schedstat", "oom_score"] {
        fs::create_dir(tree.file(file)).expect("mkdir");
    }
    tree.configure("metrics: {disable: [io, fd_limit, info]}\n");
    tree.scan();
    assert_eq!(tree.errors(), []);
    tree.configure("metrics: {enable: [run_queue, oom_score]}\n");
    tree.scan();
    let files: Vec<&str> = tree.errors().into_iter().map(|(file, ..)| file).collect();
    assert_eq!(files, ["io", "cgroup", "limits", "schedstat", "oom_score"]);

    let mut tree = Tree::new();
    tree.configure("metrics: {disable: [swap, memory_kinds, switches]}\n");
    tree.scan();
    let user = |tree: &Tree| tree.snapshot.at(0).expect("it is seen").identity.user.clone();
    assert_eq!(user(&tree).as_deref(), Some("7"), "who a process belongs to is read once");
    fs::remove_file(tree.file("status")).expect("remove");
    fs::create_dir(tree.file("status")).expect("mkdir");
    tree.scan();
    assert_eq!((user(&tree).as_deref(), tree.errors()), (Some("7"), vec![]));
}

#[test]
fn waiting_for_storage_is_known_where_the_kernel_counts_it() {
    let mut tree = Tree::new();
    let line =
        format!("{PID} (nginx) S 1 1 1 0 -1 0 5 0 0 0 1 0 0 0 20 0 1 0 10 4096 1 9{} 150 0 0\n", " 0".repeat(16));
    tree.write("stat", &line);
    tree.configure("metrics: {enable: [block_delay]}\n");
    fs::create_dir_all(tree.root.path().join("sys/kernel")).expect("mkdir");
    for (switch, expected) in [("0\n", None), ("1\n", Some(1_500_000_000))] {
        fs::write(tree.root.path().join("sys/kernel/task_delayacct"), switch).expect("write");
        tree.scan();
        let process = tree.snapshot.at(0).expect("it is seen");
        assert_eq!(process.counters.get(Counter::BlockDelay), expected, "where the switch is {switch}");
    }
}

#[test]
fn threads_beyond_those_that_are_seen() {
    let mut tree = Tree::new();
    for (text, expected) in
        [(None, None), (Some("0.1 0.2 0.3 1/7 9\n"), Some(6)), (Some("0.1 0.2 0.3 1/1 9\n"), Some(0))]
    {
        if let Some(text) = text {
            fs::write(tree.root.path().join("loadavg"), text).expect("write");
        }
        tree.scan();
        assert_eq!(tree.snapshot.hidden_threads(), expected, "{text:?}");
    }
    tree.source.list().expect("listing");
    tree.source.read(Some(std::time::Instant::now()), &mut tree.snapshot);
    assert_eq!(tree.snapshot.hidden_threads(), None, "not all were looked at");
}

#[test]
fn memory_by_how_it_is_shared_is_read_where_asked_and_kept() {
    let mut tree = Tree::new();
    let rollup = "Pss: 40 kB\nShared_Clean: 90 kB\nShared_Dirty: 1 kB\nPrivate_Clean: 8 kB\nPrivate_Dirty: 4 kB\nReferenced: 95 kB\nSwapPss: 2 kB\n";
    tree.write("smaps_rollup", rollup);
    let kinds = |tree: &Tree| {
        let gauges = &tree.snapshot.at(0).expect("it is seen").gauges;
        [Gauge::Proportional, Gauge::ProportionalSwap, Gauge::Unique].map(|gauge| gauges.get(gauge))
    };
    tree.scan();
    assert_eq!(kinds(&tree), [None; 3]);
    tree.configure("metrics: {enable: [shared_memory]}\n");
    tree.scan();
    assert_eq!(kinds(&tree), [Some(40 << 10), Some(2 << 10), Some(12 << 10)]);
    fs::remove_file(tree.file("smaps_rollup")).expect("remove");
    tree.scan();
    assert_eq!(kinds(&tree), [Some(40 << 10), Some(2 << 10), Some(12 << 10)], "until it can be read again");
    tree.configure("");
    tree.scan();
    assert_eq!(kinds(&tree), [None; 3]);
}

#[test]
fn wait_channels_are_read_where_asked() {
    let mut tree = Tree::new();
    let channel = |tree: &Tree| tree.snapshot.at(0).expect("it is seen").wait_channel.as_deref().map(str::to_owned);
    tree.write("wchan", "do_wait");
    tree.scan();
    assert_eq!(channel(&tree), None);
    tree.configure("metrics: {enable: [wait_channels]}\n");
    tree.scan();
    assert_eq!(channel(&tree).as_deref(), Some("do_wait"));
    tree.write("wchan", "0");
    tree.scan();
    assert_eq!((channel(&tree), tree.errors()), (None, vec![]));
}

#[test]
fn threads_are_read_where_asked() {
    let mut tree = Tree::new();
    for (tid, name, ticks) in [(42, "nginx", 3), (50, "worker", 5), (51, "worker", 7)] {
        let dir = tree.file("task").join(tid.to_string());
        fs::create_dir_all(&dir).expect("mkdir");
        let line = format!("{tid} ({name}) S 1 1 1 0 -1 0 5 0 0 0 {ticks} 0 0 0 20 0 3 0 10 4096 1 9 9\n");
        fs::write(dir.join("stat"), line).expect("write");
    }
    let names = |tree: &Tree| {
        let threads = &tree.snapshot.at(0).expect("it is seen").threads;
        threads.iter().map(|t| (t.tid, t.name.to_string(), t.counters.get(Counter::CpuUser))).collect::<Vec<_>>()
    };
    tree.scan();
    assert_eq!(names(&tree), []);
    tree.configure("metrics: {enable: [thread_names], disable: [io, swap, memory_kinds, switches]}\n");
    let row = |tid, name: &str, ticks: u64| (tid, name.to_owned(), Some(ticks * 10_000_000));
    for _ in 0..2 {
        tree.scan();
        assert_eq!(names(&tree), [row(42, "nginx", 3), row(50, "worker", 5), row(51, "worker", 7)]);
    }
    fs::remove_dir_all(tree.file("task").join("50")).expect("remove");
    fs::remove_file(tree.file("task").join("51/stat")).expect("remove");
    tree.scan();
    assert_eq!(names(&tree), [row(42, "nginx", 3)]);
    assert_eq!((tree.errors(), tree.source.vanished()), (vec![], 0));
}

#[test]
fn the_families_that_are_off_at_first_are_read_where_asked() {
    let mut tree = Tree::new();
    tree.write("schedstat", "5 1500000000 3\n");
    tree.write("oom_score", "666\n");
    tree.write("cgroup", "0::/system.slice/web.service\n");
    let values = |tree: &Tree| {
        let process = &tree.snapshot.at(0).expect("it is seen");
        (process.counters.get(Counter::RunQueue), process.gauges.get(Gauge::OomScore), process.identity.unit.clone())
    };
    tree.scan();
    assert_eq!(values(&tree), (None, None, Some("web.service".into())));
    tree.configure("metrics: {enable: [run_queue, oom_score], disable: [info]}\n");
    tree.scan();
    assert_eq!(values(&tree), (Some(1_500_000_000), Some(666), None));
}

#[test]
fn what_the_end_of_stat_and_status_tell_is_kept_where_asked() {
    let mut tree = Tree::new();
    let tail = " 0".repeat(14) + " 50 2 7 3 0 0";
    let stat = format!("{PID} (nginx) S 1 1 1 0 -1 0 5 0 0 0 100 0 0 0 15 -5 1 0 10 4096 1 9{tail}\n");
    tree.write("stat", &stat);
    tree.write(
        "status",
        "Uid:\t7\t7\t7\t7\nSigPnd:\t0000000000000200\nShdPnd:\t0000000000004001\nvoluntary_ctxt_switches:\t1\nnonvoluntary_ctxt_switches:\t2\n",
    );
    tree.write("cmdline", "nginx:\0master\0");
    let values = |tree: &Tree| {
        let process = &tree.snapshot.at(0).expect("it is seen");
        let gauges = [Gauge::Nice, Gauge::RealtimePriority, Gauge::Policy, Gauge::PendingSignals]
            .map(|gauge| process.gauges.get(gauge).map(u64::cast_signed));
        (gauges, process.counters.get(Counter::Guest), process.identity.command_line.as_deref().map(str::to_owned))
    };
    tree.scan();
    assert_eq!(values(&tree), ([None; 4], None, None));
    tree.configure("metrics: {enable: [scheduling, pending_signals, guest_cpu, command_line]}\n");
    tree.scan();
    let all = [Some(-5), Some(50), Some(2), Some(3)];
    assert_eq!(values(&tree), (all, Some(30_000_000), Some("nginx: master".to_owned())));
    // Cut off before its end: not known, and not 0.
    tree.write("stat", stat.split(" 50 2").next().expect("it is there"));
    tree.scan();
    assert_eq!(values(&tree), ([Some(-5), None, None, Some(3)], None, Some("nginx: master".to_owned())));
    tree.configure("");
    tree.scan();
    assert_eq!(values(&tree), ([None; 4], None, None));
}

#[test]
fn limits_are_read_where_asked() {
    let mut tree = Tree::new();
    tree.write("limits", "Max cpu time  unlimited  unlimited  seconds\nMax open files  1024  4096  files\n");
    let values = |tree: &Tree| {
        let process = &tree.snapshot.at(0).expect("it is seen");
        let get = |resource, bound| process.limits.as_ref()?.get(resource, bound);
        let limits = [
            get(Resource::CpuTime, Bound::Soft),
            get(Resource::OpenFiles, Bound::Hard),
            get(Resource::Stack, Bound::Soft),
        ];
        (process.gauges.get(Gauge::FdLimit), limits)
    };
    tree.scan();
    assert_eq!(values(&tree), (Some(1024), [None; 3]));
    tree.configure("metrics: {enable: [limits]}\n");
    for _ in 0..3 {
        tree.scan();
        assert_eq!(values(&tree), (Some(1024), [Some(Limits::UNLIMITED), Some(4096), None]));
    }
    tree.configure("metrics: {disable: [fd_limit]}\n");
    tree.scan();
    assert_eq!(values(&tree), (None, [None; 3]));
}

#[test]
fn what_all_threads_wait_for_a_cpu_adds_up() {
    let mut tree = Tree::new();
    tree.write("schedstat", "5 100 3\n");
    for tid in ["42", "50"] {
        fs::create_dir_all(tree.file("task").join(tid)).expect("mkdir");
    }
    let thread = |tree: &mut Tree, tid: &str, text: &str| tree.write(&format!("task/{tid}/schedstat"), text);
    thread(&mut tree, "42", "5 100 3\n");
    thread(&mut tree, "50", "9 30 4\n");
    tree.write("stat", &format!("{PID} (nginx) S 1 1 1 0 -1 0 5 0 0 0 100 0 0 0 20 0 2 0 10 4096 1 9 9\n"));
    let waited = |tree: &Tree| {
        let process = &tree.snapshot.at(0).expect("it is seen");
        (process.counters.get(Counter::RunQueue), process.counters.get(Counter::ThreadsRunQueue))
    };
    tree.scan();
    assert_eq!(waited(&tree), (None, None));
    tree.configure("metrics: {enable: [threads_run_queue]}\n");
    tree.scan();
    assert_eq!(waited(&tree), (None, Some(130)));
    thread(&mut tree, "50", "10 31 5\n");
    tree.scan();
    assert_eq!(waited(&tree), (None, Some(131)));
    // One thread is left: its own file is that of the process.
    tree.write("stat", &format!("{PID} (nginx) S 1 1 1 0 -1 0 5 0 0 0 100 0 0 0 20 0 1 0 10 4096 1 9 9\n"));
    tree.write("schedstat", "7 150 4\n");
    tree.scan();
    assert_eq!(waited(&tree), (None, Some(181)));
}

#[test]
fn open_files_are_told_apart_where_asked() {
    let mut tree = Tree::new();
    fs::create_dir(tree.file("fd")).expect("mkdir");
    let targets = ["/dev/null", "/a", "socket:[7]", "pipe:[9]", "anon_inode:[eventpoll]", "anon_inode:[io_uring]"];
    for (fd, target) in targets.iter().enumerate() {
        symlink(target, tree.file("fd").join(fd.to_string())).expect("symlink");
    }
    let known = |tree: &Tree| {
        let gauges = &tree.snapshot.at(0).expect("it is seen").gauges;
        Gauge::FDS.map(|gauge| gauges.get(gauge))
    };
    tree.scan();
    assert_eq!(known(&tree), [None; 9]);
    tree.configure("metrics: {enable: [fd_types]}\n");
    for _ in 0..2 {
        tree.scan();
        assert_eq!(known(&tree), [2, 1, 1, 0, 0, 0, 0, 1, 1].map(Some));
        assert!(Gauge::SOCKETS.into_iter().all(|gauge| tree.snapshot.at(0).expect("seen").gauges.get(gauge).is_none()));
    }
    assert_eq!(tree.errors(), [], "the tables of sockets are not looked at");
    assert_eq!(tree.groups.get("nginx").and_then(|group| group.totals.gauges.get(Gauge::FileFds)), Some(2));
}

#[test]
fn sockets_are_read_where_asked_and_never_told_wrong() {
    let mut tree = Tree::new();
    let known = |tree: &Tree| {
        let gauges = &tree.snapshot.at(0).expect("it is seen").gauges;
        Gauge::SOCKETS.into_iter().filter_map(|gauge| Some((gauge, gauges.get(gauge)?))).collect::<Vec<_>>()
    };
    let row = |state: &str, inode: u64| {
        format!("   0: 0100007F:1F90 00000000:0000 {state} 00000000:00000000 00:00000000 00000000 0 0 {inode} 1 0\n")
    };
    for dir in ["fd", "net"] {
        fs::create_dir(tree.file(dir)).expect("mkdir");
    }
    for (fd, target) in
        ["/dev/null", "socket:[7]", "socket:[7]", "socket:[8]", "socket:[9]", "pipe:[9]"].iter().enumerate()
    {
        symlink(target, tree.file("fd").join(fd.to_string())).expect("symlink");
    }
    // Not even looked at while it is off.
    tree.write("net/tcp", "head\nnonsense\n");
    tree.scan();
    assert_eq!((known(&tree), tree.errors()), (vec![], vec![]));
    tree.configure("metrics: {enable: [sockets], disable: [io, open_fds, fd_limit]}\n");
    tree.write("net/tcp", &format!("head\n{}{}{}", row("0A", 7), row("08", 8), row("06", 0)));
    tree.scan();
    assert_eq!(known(&tree), [], "a socket is in no table, and there are tables that cannot be read");
    tree.write("net/udp", "head\n");
    tree.write("net/unix", "Num RefCount\nff: 00000002 00000000 00010000 0001 01 70 /a\nff: 2 0 10000 1 01 7 /b\n");
    tree.scan();
    let all = [(Gauge::TcpCloseWait, 1), (Gauge::TcpListen, 1), (Gauge::OtherSocket, 1)];
    assert_eq!((known(&tree), tree.errors()), (all.to_vec(), vec![]), "TCP's word counts more than a path's");
    tree.write("net/tcp", &format!("head\n{}nonsense\n{}", row("0A", 7), row("08", 8)));
    tree.scan();
    assert_eq!(known(&tree), [], "some rows may be missing");
    assert_eq!(tree.errors(), [("net/tcp", "malformed", 1)]);
    fs::remove_file(tree.file("fd/4")).expect("remove");
    tree.scan();
    assert_eq!(known(&tree), all[..2], "all that it has were found");
    tree.configure("");
    tree.scan();
    assert_eq!(known(&tree), []);
}
