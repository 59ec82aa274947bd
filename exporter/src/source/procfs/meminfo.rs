//! `/proc/meminfo`: `proc_meminfo(5)`, the line `MemTotal`.

use super::words::Words;

/// Memory of the host in bytes, without what the kernel took for itself when it started; `None` where the file has no such line.
pub(crate) fn total_bytes(text: &[u8]) -> Option<u64> {
    let total = text.split(|b| *b == b'\n').find_map(|line| Words::new(line.strip_prefix(b"MemTotal:")?).number())?;
    Some(total.saturating_mul(1024))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_whole_memory() {
        assert_eq!(total_bytes(b"MemTotal:       16 kB\nMemFree:         3 kB\n"), Some(16 << 10));
        assert_eq!(total_bytes(b"MemFree:         3 kB\n"), None);
        assert_eq!(total_bytes(b"MemTotal: 99999999999999999999 kB\n"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            let _ = total_bytes(&bytes);
        }
    }
}
