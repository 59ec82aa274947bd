//! Families are read only where they are asked for.

use super::*;

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
