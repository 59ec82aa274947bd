//! `/proc/PID/cgroup`: `cgroups(7)`, one line `ID:CONTROLLERS:PATH` for each hierarchy.

/// More hierarchies than the kernel has are not read.
const MAX_PATHS: usize = 64;

/// The paths, in the kernel's order; broken UTF-8 replaced.
pub(crate) fn parse(text: &[u8]) -> Vec<String> {
    let path = |line: &[u8]| Some(String::from_utf8_lossy(line.splitn(3, |b| *b == b':').nth(2)?).into_owned());
    text.split(|b| *b == b'\n').filter_map(path).take(MAX_PATHS).collect()
}

/// The path in the unified hierarchy, which the kernel writes last and calls 0; where a process is in none below its root, the first
/// one of another hierarchy.
pub(crate) fn path(paths: &[String]) -> Option<&str> {
    let below_the_root = |path: &&String| path.len() > 1;
    paths
        .last()
        .filter(below_the_root)
        .or_else(|| paths.iter().find(below_the_root))
        .or(paths.last())
        .map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn paths() {
        assert_eq!(parse(b"0::/system.slice/a.service\n"), ["/system.slice/a.service"]);
        let both = b"9:name=systemd:/a\n5:cpu,cpuacct:/b:c\n0::/\n";
        assert_eq!(parse(both), ["/a", "/b:c", "/"]);
        assert_eq!(path(&parse(both)), Some("/a"));
        assert_eq!(path(&parse(b"9:name=systemd:/a\n0::/b\n")), Some("/b"));
        assert_eq!(path(&parse(b"0::/\n")), Some("/"));
        assert_eq!(path(&[]), None);
        assert_eq!(parse(b"broken\n1:x\n\n"), Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            let _ = parse(&bytes);
        }
    }
}
