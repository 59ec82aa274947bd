//! `/proc/meminfo`: `proc_meminfo(5)`, the lines `MemTotal` and `MemAvailable`.

use super::words::Words;

/// Memory of the host in bytes, without what the kernel took for itself when it started; `None` where the file has no such line.
pub(crate) fn total_bytes(text: &[u8]) -> Option<u64> {
    bytes(text, b"MemTotal:")
}

/// The kernel's guess of what programs may still take without swapping, in bytes (Linux >= 3.14).
pub(crate) fn available_bytes(text: &[u8]) -> Option<u64> {
    bytes(text, b"MemAvailable:")
}

fn bytes(text: &[u8], name: &[u8]) -> Option<u64> {
    let kibibytes = text.split(|b| *b == b'\n').find_map(|line| Words::new(line.strip_prefix(name)?).number())?;
    Some(kibibytes.saturating_mul(1024))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_whole_memory_and_what_is_left() {
        let text = b"MemTotal:       16 kB\nMemFree:         3 kB\nMemAvailable:    5 kB\n";
        assert_eq!((total_bytes(text), available_bytes(text)), (Some(16 << 10), Some(5 << 10)));
        assert_eq!(
            (total_bytes(b"MemFree:         3 kB\n"), available_bytes(b"MemFree:         3 kB\n")),
            (None, None)
        );
        assert_eq!(total_bytes(b"MemTotal: 99999999999999999999 kB\n"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            let _ = (total_bytes(&bytes), available_bytes(&bytes));
        }
    }
}
