//! `/proc/PID/status`: `proc_pid_status(5)`. The dearest of the files that are read for every process; what is in `stat` is not taken from here.

use super::words::Words;

/// The lines that are used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Status {
    /// Effective user id.
    pub(crate) uid: Option<u32>,
    /// Swapped out memory in bytes; `None` for what has no memory of its own (kernel threads, zombies).
    pub(crate) swap_bytes: Option<u64>,
    /// Resident memory by kind in bytes; `None` likewise.
    pub(crate) anonymous_bytes: Option<u64>,
    pub(crate) file_bytes: Option<u64>,
    pub(crate) shared_bytes: Option<u64>,
    /// Locked memory, and virtual memory for data and for the stack, in bytes; `None` likewise.
    pub(crate) locked_bytes: Option<u64>,
    pub(crate) data_bytes: Option<u64>,
    pub(crate) stack_bytes: Option<u64>,
    /// Signals that wait, each kind once: of the main thread, and of the process.
    pub(crate) pending_signals: Option<u64>,
    /// Context switches of the main thread alone: the kernel counts them per thread and sums them nowhere.
    pub(crate) voluntary_switches: Option<u64>,
    pub(crate) involuntary_switches: Option<u64>,
}

/// Parses a whole `status` file; `None` where it is not one (no readable `Uid`, or cut off before the switches).
///
/// The kernel escapes line ends in `Name`, so a name cannot fake a line.
pub(crate) fn parse(text: &[u8]) -> Option<Status> {
    let mut status = Status::default();
    let mut rest = text;
    while let Some(end) = memchr::memchr(b'\n', rest) {
        let line = &rest[..end];
        rest = &rest[end + 1..];
        match line.first() {
            Some(b'U') => {
                if let Some(value) = line.strip_prefix(b"Uid:") {
                    status.uid = u32::try_from(Words::new(value).nth(1).and_then(super::words::number)?).ok();
                }
            }
            Some(b'V') => {
                for (key, bytes) in [
                    (&b"VmSwap:"[..], &mut status.swap_bytes),
                    (b"VmLck:", &mut status.locked_bytes),
                    (b"VmData:", &mut status.data_bytes),
                    (b"VmStk:", &mut status.stack_bytes),
                ] {
                    if let Some(value) = line.strip_prefix(key) {
                        *bytes = Some(Words::new(value).number()?.saturating_mul(1024));
                    }
                }
            }
            Some(b'R') => {
                for (key, bytes) in [
                    (&b"RssAnon:"[..], &mut status.anonymous_bytes),
                    (b"RssFile:", &mut status.file_bytes),
                    (b"RssShmem:", &mut status.shared_bytes),
                ] {
                    if let Some(value) = line.strip_prefix(key) {
                        *bytes = Some(Words::new(value).number()?.saturating_mul(1024));
                    }
                }
            }
            Some(b'S') => {
                for key in [&b"SigPnd:"[..], b"ShdPnd:"] {
                    if let Some(mask) = line.strip_prefix(key) {
                        let signals = super::words::hexadecimal(Words::new(mask).next()?)?.count_ones();
                        status.pending_signals = Some(status.pending_signals.unwrap_or(0) + u64::from(signals));
                    }
                }
            }
            Some(b'v') => {
                if let Some(value) = line.strip_prefix(b"voluntary_ctxt_switches:") {
                    status.voluntary_switches = Some(Words::new(value).number()?);
                }
            }
            Some(b'n') => {
                if let Some(value) = line.strip_prefix(b"nonvoluntary_ctxt_switches:") {
                    status.involuntary_switches = Some(Words::new(value).number()?);
                }
            }
            _ => {}
        }
    }
    (status.uid.is_some() && status.involuntary_switches.is_some()).then_some(status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = "Name:\tcat\nUmask:\t0022\nState:\tR (running)\nPPid:\t12748\nUid:\t0\t1000\t0\t0\nGid:\t0\t0\t0\t0\nVmLck:\t       8 kB\nVmData:\t     360 kB\nVmStk:\t     132 kB\n\
        VmRSS:\t    1768 kB\nRssAnon:\t     100 kB\nRssFile:\t    1600 kB\nRssShmem:\t      68 kB\nVmSwap:\t      12 kB\nThreads:\t1\nSigQ:\t5/62890\nSigPnd:\t0000000000000200\nShdPnd:\t8000000000000001\nMems_allowed_list:\t0\nvoluntary_ctxt_switches:\t17\nnonvoluntary_ctxt_switches:\t1\n";

    #[test]
    fn the_lines_that_are_used() {
        let status = Status {
            uid: Some(1000),
            swap_bytes: Some(12 * 1024),
            anonymous_bytes: Some(100 * 1024),
            file_bytes: Some(1600 * 1024),
            shared_bytes: Some(68 * 1024),
            locked_bytes: Some(8 * 1024),
            data_bytes: Some(360 * 1024),
            stack_bytes: Some(132 * 1024),
            pending_signals: Some(3),
            voluntary_switches: Some(17),
            involuntary_switches: Some(1),
        };
        assert_eq!(parse(TEXT.as_bytes()), Some(status));
        // Newer kernels write more after the switches.
        let more = format!("{TEXT}x86_Thread_features:\t\n");
        assert_eq!(parse(more.as_bytes()), Some(status));
    }

    #[test]
    fn a_kernel_thread_has_no_memory() {
        let text = TEXT.replace("VmSwap:\t      12 kB\n", "");
        assert_eq!(parse(text.as_bytes()).map(|s| s.swap_bytes), Some(None));
    }

    #[test]
    fn a_cut_file_is_refused_wherever_it_is_cut() {
        for end in 0..TEXT.len() {
            assert_eq!(parse(&TEXT.as_bytes()[..end]), None, "cut after {end} bytes");
        }
    }

    #[test]
    fn a_number_that_is_none_is_refused() {
        assert_eq!(parse(TEXT.replace("12 kB", "-1 kB").as_bytes()), None);
        assert_eq!(parse(TEXT.replace("17\n", "99999999999999999999999\n").as_bytes()), None);
        assert_eq!(parse(TEXT.replace("0000000000000200", "x").as_bytes()), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            let _ = parse(&bytes);
        }

        #[test]
        fn any_tail_is_survived(bytes: Vec<u8>, at in 0..TEXT.len()) {
            let _ = parse(&[&TEXT.as_bytes()[..at], &bytes].concat());
        }
    }
}
