//! `/proc/PID/smaps_rollup`: `proc_pid_smaps(5)`. By far the dearest file: the kernel walks through all of the process's memory
//! and holds its lock meanwhile, which can take seconds on big processes. So only some processes are read in a scan.

use super::words::Words;

/// Memory by how it is shared, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Smaps {
    /// What is shared counts in equal parts for those who share it.
    pub(crate) proportional_bytes: u64,
    pub(crate) proportional_swap_bytes: u64,
    /// What nobody shares.
    pub(crate) unique_bytes: u64,
}

/// The lines that are used.
const LINES: [&[u8]; 4] = [b"Pss:", b"SwapPss:", b"Private_Clean:", b"Private_Dirty:"];

/// Parses a whole file; `None` where it is cut off or not one.
pub(crate) fn parse(text: &[u8]) -> Option<Smaps> {
    let mut values = [None; LINES.len()];
    let mut rest = text;
    while let Some(end) = memchr::memchr(b'\n', rest) {
        let line = &rest[..end];
        rest = &rest[end + 1..];
        for (key, value) in LINES.into_iter().zip(&mut values) {
            if let Some(number) = line.strip_prefix(key) {
                *value = Some(Words::new(number).number()?.saturating_mul(1024));
                break;
            }
        }
    }
    let [proportional, proportional_swap, clean, dirty] = values;
    Some(Smaps {
        proportional_bytes: proportional?,
        proportional_swap_bytes: proportional_swap?,
        unique_bytes: clean?.saturating_add(dirty?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = "55ff627ce000-7ffe67645000 ---p 00000000 00:00 0                          [rollup]\nRss:                2152 kB\n\
        Pss:                 452 kB\nPss_Dirty:           152 kB\nShared_Clean:       1736 kB\nPrivate_Clean:       264 kB\n\
        Private_Dirty:       152 kB\nSwap:                  8 kB\nSwapPss:               4 kB\nLocked:                0 kB\n";

    #[test]
    fn the_lines_that_are_used() {
        let expected =
            Smaps { proportional_bytes: 452 * 1024, proportional_swap_bytes: 4096, unique_bytes: 416 * 1024 };
        assert_eq!(parse(TEXT.as_bytes()), Some(expected));
        for key in LINES {
            let key = std::str::from_utf8(key).expect("ascii");
            assert_eq!(parse(TEXT.replace(key, "Other:").as_bytes()), None, "without {key}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            let _ = parse(&bytes);
        }
    }
}
