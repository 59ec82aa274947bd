//! `/proc/vmstat`: the line `oom_kill` (Linux >= 4.13, `mm/oom_kill.c`), processes killed for want of memory since the start,
//! whether the host or a cgroup had none left.

use super::words::number;

/// The number of kills where this is their line.
pub(crate) fn oom_kills(line: &[u8]) -> Option<u64> {
    number(line.strip_prefix(b"oom_kill ")?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_line_tells_of_kills() {
        assert_eq!(oom_kills(b"oom_kill 12"), Some(12));
        for other in ["oom_kill", "oom_kill ", "oom_kill x", "oom_kill_x 1", "nr_free_pages 4", ""] {
            assert_eq!(oom_kills(other.as_bytes()), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            let _ = oom_kills(&bytes);
        }
    }
}
