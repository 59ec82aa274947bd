//! `/proc/stat`: `proc_stat(5)`, the line `btime` and those of the CPUs.

use super::words::Words;

/// When the host started, in seconds since the Unix epoch; `None` where the file has no such line.
///
/// Read once: the kernel computes it anew from a clock that is adjusted, and start times must not wander.
pub(crate) fn parse(text: &[u8]) -> Option<u64> {
    text.split(|b| *b == b'\n').find_map(|line| Words::new(line.strip_prefix(b"btime ")?).number())
}

/// How many CPUs there are, of those that are on.
pub(crate) fn cpus(text: &[u8]) -> u64 {
    let of_one =
        |line: &&[u8]| line.strip_prefix(b"cpu").is_some_and(|rest| rest.first().is_some_and(u8::is_ascii_digit));
    text.split(|b| *b == b'\n').filter(of_one).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_boot_time() {
        assert_eq!(parse(b"cpu  1 2 3\nintr 5 0 0\nctxt 99\nbtime 1764000000\nprocesses 7\n"), Some(1_764_000_000));
        assert_eq!(parse(b"cpu 1 2 3\n"), None);
        assert_eq!(parse(b"btime \n"), None);
        assert_eq!(cpus(b"cpu  1 2 3\ncpu0 1 2 3\ncpu11 1 2 3\nintr 5 0 0\n"), 2);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            let _ = parse(&bytes);
        }
    }
}
