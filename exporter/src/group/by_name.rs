//! Grouping by process name.

use crate::snapshot::Identity;

/// The group that a process belongs to: its whole name; for kernel threads the part before the first `/`, since the rest
/// numbers CPUs and workers (`ksoftirqd/0`, `kworker/u8:2`).
pub(crate) fn group_name(identity: &Identity) -> &str {
    match identity.name.split_once('/') {
        Some((kind, _)) if identity.kernel && !kind.is_empty() => kind,
        _ => identity.long_name.as_deref().unwrap_or(&identity.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, kernel: bool, expected: &str) {
        let identity = Identity { name: name.into(), kernel, ..Identity::default() };
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

    #[test]
    fn a_name_that_the_kernel_has_cut_is_whole() {
        let long_name = Some("procession-scraper".into());
        let identity = Identity { name: "procession-scra".into(), long_name, ..Identity::default() };
        assert_eq!(group_name(&identity), "procession-scraper");
    }
}
