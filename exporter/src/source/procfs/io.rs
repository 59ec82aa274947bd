//! `/proc/PID/io`: `proc_pid_io(5)`. Needs the rights of a tracer over the process.

use super::words::Words;

/// Bytes that really went to and came from storage, bytes that calls took and gave, and these calls.
///
/// The kernel counts all threads, ended threads, and every child that ended and was waited for, with its children.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Io {
    pub(crate) read_bytes: u64,
    pub(crate) write_bytes: u64,
    pub(crate) logical_read_bytes: u64,
    pub(crate) logical_write_bytes: u64,
    pub(crate) read_calls: u64,
    pub(crate) write_calls: u64,
}

/// The lines that are used, in the order of the fields.
const LINES: [&[u8]; 6] = [b"read_bytes:", b"write_bytes:", b"rchar:", b"wchar:", b"syscr:", b"syscw:"];

/// Parses a whole `io` file; `None` where it is cut off or not one.
pub(crate) fn parse(text: &[u8]) -> Option<Io> {
    let mut values = [None; LINES.len()];
    let mut rest = text;
    while let Some(end) = memchr::memchr(b'\n', rest) {
        let line = &rest[..end];
        rest = &rest[end + 1..];
        for (key, value) in LINES.into_iter().zip(&mut values) {
            if let Some(number) = line.strip_prefix(key) {
                *value = Some(Words::new(number).number()?);
                break;
            }
        }
    }
    let [read_bytes, write_bytes, logical_read_bytes, logical_write_bytes, read_calls, write_calls] = values;
    Some(Io {
        read_bytes: read_bytes?,
        write_bytes: write_bytes?,
        logical_read_bytes: logical_read_bytes?,
        logical_write_bytes: logical_write_bytes?,
        read_calls: read_calls?,
        write_calls: write_calls?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &[u8] =
        b"rchar: 6976\nwchar: 5\nsyscr: 10\nsyscw: 0\nread_bytes: 4096\nwrite_bytes: 18446744073709551615\n";

    const IO: Io = Io {
        read_bytes: 4096,
        write_bytes: u64::MAX,
        logical_read_bytes: 6976,
        logical_write_bytes: 5,
        read_calls: 10,
        write_calls: 0,
    };

    #[test]
    fn storage_bytes_not_those_of_the_system_calls() {
        assert_eq!(parse(TEXT), Some(IO));
        let more = [TEXT, b"cancelled_write_bytes: 9\n"].concat();
        assert_eq!(parse(&more), Some(IO));
    }

    #[test]
    fn a_cut_file_is_refused_wherever_it_is_cut() {
        for end in 0..TEXT.len() {
            assert_eq!(parse(&TEXT[..end]), None, "cut after {end} bytes");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            let _ = parse(&bytes);
        }
    }
}
