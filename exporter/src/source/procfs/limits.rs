//! `/proc/PID/limits`: `proc_pid_limits(5)`.

use super::words::Words;
use crate::snapshot::{Limits, Resource};

/// What the kernel calls each resource (`fs/proc/base.c`).
const NAMES: [(&[u8], Resource); Resource::ALL.len()] = [
    (b"Max cpu time", Resource::CpuTime),
    (b"Max file size", Resource::FileSize),
    (b"Max data size", Resource::Data),
    (b"Max stack size", Resource::Stack),
    (b"Max core file size", Resource::CoreFile),
    (b"Max resident set", Resource::Resident),
    (b"Max processes", Resource::Processes),
    (b"Max open files", Resource::OpenFiles),
    (b"Max locked memory", Resource::Locked),
    (b"Max address space", Resource::AddressSpace),
    (b"Max file locks", Resource::FileLocks),
    (b"Max pending signals", Resource::PendingSignals),
    (b"Max msgqueue size", Resource::MessageQueues),
    (b"Max nice priority", Resource::Nice),
    (b"Max realtime priority", Resource::RealtimePriority),
    (b"Max realtime timeout", Resource::RealtimeTimeout),
];

/// The soft limit of open files; `None` where the file has no such line. Without a limit it is the highest number.
pub(crate) fn parse(text: &[u8]) -> Option<u64> {
    let rest = text.split(|b| *b == b'\n').find_map(|line| line.strip_prefix(b"Max open files"))?;
    limit(Words::new(rest).next()?)
}

/// All limits that the file has.
pub(crate) fn all(text: &[u8]) -> Limits {
    let mut limits = Limits::default();
    for line in text.split(|b| *b == b'\n') {
        let Some((resource, rest)) = NAMES.iter().find_map(|(name, r)| Some((*r, line.strip_prefix(*name)?))) else {
            continue;
        };
        let mut words = Words::new(rest);
        if let (Some(soft), Some(hard)) = (words.next().and_then(limit), words.next().and_then(limit)) {
            limits.set(resource, [soft, hard]);
        }
    }
    limits
}

fn limit(word: &[u8]) -> Option<u64> {
    match word {
        b"unlimited" => Some(Limits::UNLIMITED),
        number => super::words::number(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::Bound;
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

    #[test]
    fn all_of_a_kernel() {
        // Linux 6.18.
        let text = b"Limit                     Soft Limit           Hard Limit           Units     \n\
            Max cpu time              unlimited            unlimited            seconds   \n\
            Max file size             unlimited            unlimited            bytes     \n\
            Max data size             unlimited            unlimited            bytes     \n\
            Max stack size            8388608              unlimited            bytes     \n\
            Max core file size        0                    unlimited            bytes     \n\
            Max resident set          unlimited            unlimited            bytes     \n\
            Max processes             62890                62891                processes \n\
            Max open files            1024                 524288               files     \n\
            Max locked memory         8388608              8388608              bytes     \n\
            Max address space         unlimited            unlimited            bytes     \n\
            Max file locks            unlimited            unlimited            locks     \n\
            Max pending signals       62890                62890                signals   \n\
            Max msgqueue size         819200               819200               bytes     \n\
            Max nice priority         0                    0                    \n\
            Max realtime priority     0                    0                    \n\
            Max realtime timeout      unlimited            unlimited            us        \n";
        let limits = all(text);
        let both = |resource| [Bound::Soft, Bound::Hard].map(|bound| limits.get(resource, bound));
        assert!(Resource::ALL.into_iter().all(|resource| both(resource)[1].is_some()));
        assert_eq!(both(Resource::Stack), [Some(8_388_608), Some(Limits::UNLIMITED)]);
        assert_eq!(both(Resource::Processes), [Some(62890), Some(62891)]);
        assert_eq!(both(Resource::OpenFiles), [Some(1024), Some(524_288)]);
        assert_eq!(both(Resource::Nice), [Some(0), Some(0)]);
        assert_eq!(all(b"Max nice priority 0"), Limits::default(), "cut off");
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            let _ = (parse(&bytes), all(&bytes));
        }
    }
}
