//! `/proc/PID/limits`: `proc_pid_limits(5)`.

use super::words::Words;

/// The soft limit of open files; `None` where the file has no such line. Without a limit it is the highest number.
pub(crate) fn parse(text: &[u8]) -> Option<u64> {
    let rest = text.split(|b| *b == b'\n').find_map(|line| line.strip_prefix(b"Max open files"))?;
    match Words::new(rest).next()? {
        b"unlimited" => Some(u64::MAX),
        number => super::words::number(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_soft_limit_of_open_files() {
        let text = b"Limit                     Soft Limit           Hard Limit           Units     \n\
            Max processes             62890                62890                processes \n\
            Max open files            1024                 524288               files     \n";
        assert_eq!(parse(text), Some(1024));
        assert_eq!(parse(b"Max open files            unlimited  unlimited  files\n"), Some(u64::MAX));
        assert_eq!(parse(b"Max open files"), None);
        assert_eq!(parse(b"Max processes 1 1\n"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            let _ = parse(&bytes);
        }
    }
}
