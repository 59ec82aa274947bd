//! Processes that change, end, are replaced, and are named by rules.

use super::*;

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
