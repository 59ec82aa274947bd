//! `/proc/PID/smaps_rollup`: `proc_pid_smaps(5)`. By far the dearest file: the kernel walks through all of the process's memory
//! and holds its lock meanwhile, which can take seconds on big processes. So only some processes are read in a scan.

use super::words::Words;
use crate::snapshot::Gauge;

/// Memory by how it is shared, in bytes: the lines that are used, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Smaps([u64; LINES.len()]);

/// The lines that are used, and what each one is.
const LINES: [(&[u8], Gauge); 7] = [
    (b"Pss:", Gauge::Proportional),
    (b"SwapPss:", Gauge::ProportionalSwap),
    (b"Private_Clean:", Gauge::PrivateClean),
    (b"Private_Dirty:", Gauge::PrivateDirty),
    (b"Shared_Clean:", Gauge::SharedClean),
    (b"Shared_Dirty:", Gauge::SharedDirty),
    (b"Referenced:", Gauge::Referenced),
];

impl Smaps {
    /// Each quantity and its value.
    pub(crate) fn gauges(self) -> impl Iterator<Item = (Gauge, u64)> {
        let Smaps(values @ [_, _, clean, dirty, ..]) = self;
        // What nobody shares (USS).
        let unique = (Gauge::Unique, clean.saturating_add(dirty));
        LINES.into_iter().map(|(_, gauge)| gauge).zip(values).chain([unique])
    }
}

/// Parses a whole file; `None` where it is cut off or not one.
pub(crate) fn parse(text: &[u8]) -> Option<Smaps> {
    let mut values = [None; LINES.len()];
    let mut rest = text;
    while let Some(end) = memchr::memchr(b'\n', rest) {
        let line = &rest[..end];
        rest = &rest[end + 1..];
        for ((key, _), value) in LINES.into_iter().zip(&mut values) {
            if let Some(number) = line.strip_prefix(key) {
                *value = Some(Words::new(number).number()?.saturating_mul(1024));
                break;
            }
        }
    }
    let mut smaps = Smaps([0; LINES.len()]);
    for (place, value) in smaps.0.iter_mut().zip(values) {
        *place = value?;
    }
    Some(smaps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = "55ff627ce000-7ffe67645000 ---p 00000000 00:00 0                          [rollup]\nRss:                2152 kB\n\
        Pss:                 452 kB\nPss_Dirty:           152 kB\nShared_Clean:       1736 kB\nShared_Dirty:         20 kB\nPrivate_Clean:       264 kB\n\
        Private_Dirty:       152 kB\nReferenced:         2100 kB\nSwap:                  8 kB\nSwapPss:               4 kB\nLocked:                0 kB\n";

    #[test]
    fn the_lines_that_are_used() {
        let kilobytes: Vec<_> =
            parse(TEXT.as_bytes()).expect("whole").gauges().map(|(gauge, bytes)| (gauge, bytes / 1024)).collect();
        let expected = [
            (Gauge::Proportional, 452),
            (Gauge::ProportionalSwap, 4),
            (Gauge::PrivateClean, 264),
            (Gauge::PrivateDirty, 152),
            (Gauge::SharedClean, 1736),
            (Gauge::SharedDirty, 20),
            (Gauge::Referenced, 2100),
            (Gauge::Unique, 416),
        ];
        assert_eq!(kilobytes, expected);
        for (key, _) in LINES {
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
