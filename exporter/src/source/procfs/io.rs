//! `/proc/PID/io`: `proc_pid_io(5)`. Needs the rights of a tracer over the process.

use super::words::Words;

/// Bytes that really went to and came from storage.
///
/// The kernel counts all threads, ended threads, and every child that ended and was waited for, with its children.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Io {
    pub(crate) read_bytes: u64,
    pub(crate) write_bytes: u64,
}

/// Parses a whole `io` file; `None` where it is cut off or not one.
pub(crate) fn parse(text: &[u8]) -> Option<Io> {
    let (mut read_bytes, mut write_bytes) = (None, None);
    let mut rest = text;
    while let Some(end) = memchr::memchr(b'\n', rest) {
        let line = &rest[..end];
        rest = &rest[end + 1..];
        if let Some(value) = line.strip_prefix(b"read_bytes:") {
            read_bytes = Some(Words::new(value).number()?);
        } else if let Some(value) = line.strip_prefix(b"write_bytes:") {
            write_bytes = Some(Words::new(value).number()?);
        }
    }
    Some(Io { read_bytes: read_bytes?, write_bytes: write_bytes? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &[u8] =
        b"rchar: 6976\nwchar: 5\nsyscr: 10\nsyscw: 0\nread_bytes: 4096\nwrite_bytes: 18446744073709551615\n";

    #[test]
    fn storage_bytes_not_those_of_the_system_calls() {
        assert_eq!(parse(TEXT), Some(Io { read_bytes: 4096, write_bytes: u64::MAX }));
        let more = [TEXT, b"cancelled_write_bytes: 9\n"].concat();
        assert_eq!(parse(&more), Some(Io { read_bytes: 4096, write_bytes: u64::MAX }));
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
