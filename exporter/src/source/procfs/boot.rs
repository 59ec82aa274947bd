//! `/proc/stat`: `proc_stat(5)`, the line `btime`.

use super::words::Words;

/// When the host started, in seconds since the Unix epoch; `None` where the file has no such line.
///
/// Read once: the kernel computes it anew from a clock that is adjusted, and start times must not wander.
pub(crate) fn parse(text: &[u8]) -> Option<u64> {
    text.split(|b| *b == b'\n').find_map(|line| Words::new(line.strip_prefix(b"btime ")?).number())
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
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            let _ = parse(&bytes);
        }
    }
}
