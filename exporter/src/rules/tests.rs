//! What whole rules make of processes.

use super::*;

fn rule(selectors: Vec<Selector>, name: &str) -> Rule {
    Rule { selectors, outcome: Outcome::Name(Template::new(name).expect("valid")) }
}

fn patterns(texts: &[&str]) -> Vec<Pattern> {
    texts.iter().map(|text| Pattern::new(text).expect("valid")).collect()
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

fn executables(texts: &[&str]) -> Vec<Executable> {
    strings(texts).into_iter().map(Executable::new).collect()
}

/// A process as the bytes of its command line would be read: words joined, the first one by itself.
fn process<'a>(comm: &'a str, cmdline: &'a str) -> Attributes<'a> {
    Attributes { comm, argv0: cmdline.split(' ').next().filter(|w| !w.is_empty()), cmdline, ..Attributes::default() }
}

fn group(rules: &Rules, process: &Attributes<'_>) -> Option<String> {
    match rules.membership(process) {
        Membership::Rule { group, .. } => Some(group.to_string()),
        _ => None,
    }
}

#[test]
fn selectors_are_anded_and_the_first_rule_wins() {
    let rules = Rules::new(vec![
        rule(vec![Selector::Comm(strings(&["bash", "sh"])), Selector::Cmdline(patterns(&["-c", "make"]))], "make"),
        rule(vec![Selector::Comm(strings(&["bash"]))], "{{.ExeBase}}"),
    ]);
    assert_eq!(group(&rules, &process("bash", "/bin/bash -c make")).as_deref(), Some("make"));
    assert_eq!(group(&rules, &process("sh", "sh -c make")).as_deref(), Some("make"));
    assert_eq!(
        group(&rules, &process("bash", "/bin/bash -c ls")).as_deref(),
        Some("bash"),
        "both expressions must match"
    );
    assert_eq!(group(&rules, &process("sh", "sh -c ls")), None);
    assert!(rules.needs() == Needs { cmdline: true, ..Needs::default() });
}

#[test]
fn executables_with_and_without_slashes() {
    let by = |texts: &[&str]| Rules::new(vec![rule(vec![Selector::Exe(executables(texts))], "{{.ExeBase}}")]);
    let check = |texts: &[&str], argv0: &str, expected: Option<&str>| {
        assert_eq!(group(&by(texts), &process("x", argv0)).as_deref(), expected, "{texts:?} {argv0}");
    };
    check(&["bash"], "/bin/bash", Some("bash"));
    check(&["bash"], "bash", Some("bash"));
    check(&["sh"], "/bin/bash", None);
    check(&["/bin/ksh"], "/bin/ksh", Some("ksh"));
    check(&["/bin/ksh"], "ksh", None);
    check(&["/bin/ksh", "/usr/bin/ksh"], "/bin/ksh", Some("ksh"));
    check(&["bash"], "", None);
}

#[test]
fn captures_name_groups() {
    let rules = Rules::new(vec![rule(
        vec![
            Selector::Exe(executables(&["postmaster"])),
            Selector::Cmdline(patterns(&[r"-D\s+.+?(?P<Path>[^/]+)(?:$|\s)", r"(?P<Opt>-z)?"])),
        ],
        "{{.ExeBase}}:{{.Matches.Path}}{{.Matches.Opt}}",
    )]);
    let postmaster = process("postmaster", "/usr/bin/postmaster -D /data/pg");
    assert_eq!(group(&rules, &postmaster).as_deref(), Some("postmaster:pg"));
}

#[test]
fn users_units_containers_parents_and_exclusion() {
    let id = "0123456789abcdef".repeat(4);
    let cgroups = [format!("/system.slice/docker-{id}.scope")];
    let process = Attributes {
        uid: Some(33),
        user: Some("www-data"),
        cgroups: &cgroups,
        parent: Some("runc"),
        ..process("x", "x")
    };
    let check = |selector: Selector, expected: bool| {
        let text = format!("{selector:?}");
        assert_eq!(group(&Rules::new(vec![rule(vec![selector], "g")]), &process).is_some(), expected, "{text}");
    };
    check(Selector::User(strings(&["www-data"])), true);
    check(Selector::User(strings(&["root", "33"])), true);
    check(Selector::User(strings(&["root", "0"])), false);
    check(Selector::Cgroup(patterns(&["^/user", "docker"])), true);
    check(Selector::Cgroup(patterns(&["^/user"])), false);
    check(Selector::Unit(vec![Glob::new("docker-*.scope")]), true);
    check(Selector::Unit(vec![Glob::new("docker.service")]), false);
    check(Selector::Container(vec![Glob::new("0123456789ab")]), true);
    check(Selector::Container(vec![Glob::new("0123456789abc*")]), true);
    check(Selector::Container(vec![Glob::new("0123")]), false);
    check(Selector::Parent(strings(&["runc"])), true);
    check(Selector::Parent(strings(&["init"])), false);

    let exclude = Rule { selectors: vec![Selector::Comm(strings(&["x"]))], outcome: Outcome::Exclude };
    let rules = Rules::new(vec![exclude, rule(vec![Selector::Cmdline(patterns(&[""]))], "all")]);
    assert_eq!(rules.membership(&process), Membership::Excluded { rule: 1 });
}

#[test]
fn names_are_bounded_and_never_empty() {
    let rules = Rules::new(vec![rule(vec![Selector::Cmdline(patterns(&["(?P<all>.*)"]))], "{{.Matches.all}}")]);
    let long = "é".repeat(3000);
    assert_eq!(group(&rules, &process("x", &long)).map(|name| name.len()), Some(MAX_NAME_BYTES));
    assert_eq!(group(&rules, &process("x", "")).as_deref(), Some("(unnamed)"));
}

#[test]
fn base_names_as_go_has_them() {
    for (path, base) in [("/usr/bin/x", "x"), ("x", "x"), ("/usr/bin/", "bin"), ("", "."), ("/", "/"), ("///", "/")] {
        assert_eq!(base_name(path), base, "{path}");
    }
}
