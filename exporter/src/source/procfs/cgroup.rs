//! `/proc/PID/cgroup`: `cgroups(7)`, one line `ID:CONTROLLERS:PATH` for each hierarchy.

use std::hash::BuildHasher as _;

/// More hierarchies than the kernel has are not read.
const MAX_PATHS: usize = 64;

/// A number that stays as long as the file says the same.
pub(crate) fn number(text: &[u8]) -> u64 {
    foldhash::quality::FixedState::default().hash_one(text)
}

/// The paths, in the kernel's order; broken UTF-8 replaced.
pub(crate) fn parse(text: &[u8]) -> Vec<String> {
    let path = |line: &[u8]| Some(String::from_utf8_lossy(line.splitn(3, |b| *b == b':').nth(2)?).into_owned());
    text.split(|b| *b == b'\n').filter_map(path).take(MAX_PATHS).collect()
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
        assert_eq!(parse(b"broken\n1:x\n\n"), Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            let _ = parse(&bytes);
        }
    }
}
