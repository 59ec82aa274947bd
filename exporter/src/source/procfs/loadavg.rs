//! `/proc/loadavg`: `proc_loadavg(5)`, of which only the number of threads is used.

use super::words::{Words, number};

/// Threads on the whole host, those of processes included that cannot be seen from here; `None` where the file is not one.
pub(crate) fn threads(text: &[u8]) -> Option<u64> {
    let word = Words::new(text).nth(3)?;
    let slash = memchr::memchr(b'/', word)?;
    number(&word[slash + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_second_number_of_the_fourth_word() {
        assert_eq!(threads(b"0.00 0.01 0.05 1/80 301\n"), Some(80));
        for other in ["", "0.00 0.01 0.05", "0.00 0.01 0.05 80 301", "0.00 0.01 0.05 1/x 301"] {
            assert_eq!(threads(other.as_bytes()), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            let _ = threads(&bytes);
        }
    }
}
