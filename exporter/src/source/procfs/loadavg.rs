//! `/proc/loadavg`: `proc_loadavg(5)`, the means of the load and the number of threads.

use super::words::{Words, number};

/// Threads that ran, waited for a CPU or for storage: means over 1, 5 and 15 minutes; `None` where the file is not one.
pub(crate) fn load(text: &[u8]) -> Option<[f64; 3]> {
    let mut words = Words::new(text);
    let mut mean = || {
        let word = std::str::from_utf8(words.next()?).ok()?;
        word.parse::<f64>().ok().filter(|mean| mean.is_finite() && *mean >= 0.0)
    };
    Some([mean()?, mean()?, mean()?])
}

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

    #[test]
    fn the_first_three_words() {
        assert_eq!(load(b"0.01 10.50 0.05 1/80 301\n"), Some([0.01, 10.5, 0.05]));
        for other in ["", "0.00 0.01", "0.00 x 0.05", "0.00 NaN 0.05", "-1 0 0"] {
            assert_eq!(load(other.as_bytes()), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            let _ = (threads(&bytes), load(&bytes));
        }
    }
}
