//! What becomes of `--source=bpf` and `--source=auto` where BPF is not to be had: the first says why, the second reads /proc.
#![cfg(all(target_os = "linux", feature = "bpf"))]
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what it expected")]

mod running;

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use procession_exporter::Config;
use procession_exporter::scan::Scanner;
use procession_exporter::source::{Choice, Source};

use self::running::Page;

/// Runs the exporter in surroundings that `wrapper` makes, which ends with the exporter's own command line.
fn check(wrapper: &[&str], reason: &str) {
    let folder = tempfile::tempdir().expect("tempdir");
    let file = folder.path().join("exporter.yml");
    std::fs::write(&file, "{}\n").expect("a file");
    let run = |source: &str| {
        let exporter = env!("CARGO_BIN_EXE_procession-exporter");
        let output = Command::new(wrapper[0])
            .args(&wrapper[1..])
            .args([exporter, "check", "config", file.to_str().expect("utf-8"), source])
            .output()
            .expect("the wrapper");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (text(&output.stdout), text(&output.stderr))
    };
    let (out, errors) = run("--source=bpf");
    // Of what wrappers say nothing is known, of the exporter that it has read the file.
    if !out.contains("valid") {
        // Not `eprintln`, which the harness keeps to itself.
        let _ = writeln!(std::io::stderr(), "\n!!! NOT TESTED, {wrapper:?} does not work here: {errors}\n");
        return;
    }
    assert!(errors.contains("the source bpf is not to be had") && errors.contains(reason), "{wrapper:?}: {errors}");
    let (out, errors) = run("--source=auto");
    assert!(out.contains("procession-expo"), "it sees itself: {out} {errors}");
    assert!(!errors.contains("error") && !errors.contains("cannot"), "{errors}");
}

#[test]
fn without_rights() {
    check(&["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"], "CAP_BPF and CAP_PERFMON");
    check(&["setpriv", "--bounding-set=-all", "--inh-caps=-all"], "CAP_BPF and CAP_PERFMON");
    // One of the two is not enough.
    check(&["capsh", "--drop=cap_sys_admin,cap_perfmon", "--", "-c", "exec \"$@\"", "sh"], "CAP_BPF and CAP_PERFMON");
}

#[test]
fn without_types_of_the_kernel() {
    check(&["unshare", "--mount", "sh", "-c", "mount -t tmpfs none /sys/kernel/btf && exec \"$@\"", "sh"], "no BTF");
}

#[test]
fn with_types_that_are_none() {
    // Nothing at all, a text, and the begin of the kernel's own.
    for made in [":", "echo BTF", "head -c 100000 /sys/kernel/btf/vmlinux"] {
        let script = "f=$(mktemp) && eval \"$1\" > $f && mount --bind $f /sys/kernel/btf/vmlinux && rm $f && shift && exec \"$@\"";
        check(&["unshare", "--mount", "sh", "-c", script, "sh", made], "no BTF that can be read");
    }
}

#[test]
fn where_the_kernel_is_locked_down() {
    let script = "mount -t tmpfs none /sys/kernel/security \
        && echo 'none integrity [confidentiality]' > /sys/kernel/security/lockdown && exec \"$@\"";
    check(&["unshare", "--mount", "sh", "-c", script, "sh"], "the kernel is locked down");
}

#[test]
fn in_namespaces() {
    check(&["unshare", "--pid", "--fork", "--mount-proc"], "a pid namespace of its own");
    check(&["unshare", "--user", "--map-root-user"], "a user namespace of its own");
}

#[test]
fn of_another_tree() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/proc");
    let error = Source::open(Choice::Bpf, &root).expect_err("a captured tree").to_string();
    assert!(error.contains("fixtures/proc is not the proc filesystem"), "{error}");
    let source = Source::open(Choice::Auto, &root).expect("a proc root");
    let mut scanner = Scanner::new(source, Config::default());
    scanner.scan(None).expect("listing");
    let page = Page::of(&mut scanner).0;
    let info = "procession_exporter_source_info{source=\"procfs\",reason=\"other_proc\"} 1\n";
    assert!(page.contains(info), "{page}");
}
