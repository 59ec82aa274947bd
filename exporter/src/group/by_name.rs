//! Grouping by process name.

use crate::snapshot::Identity;

/// The group that a process belongs to: its name; for kernel threads the part before the first `/`, since the rest
/// numbers CPUs and workers (`ksoftirqd/0`, `kworker/u8:2`).
pub(crate) fn group_name(identity: &Identity) -> &str {
    match identity.name.split_once('/') {
        Some((kind, _)) if identity.kernel && !kind.is_empty() => kind,
        _ => &identity.name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, kernel: bool, expected: &str) {
        let identity =
            Identity { pid: 1, start_ms: 0, ppid: 0, name: name.into(), kernel, executable: None, user: None };
        assert_eq!(group_name(&identity), expected);
    }

    #[test]
    fn names() {
        check("nginx", false, "nginx");
        check("kworker/u8:0", false, "kworker/u8:0");
        check("kworker/u8:0", true, "kworker");
        check("ksoftirqd/1", true, "ksoftirqd");
        check("kthreadd", true, "kthreadd");
        check("/0", true, "/0");
    }
}
