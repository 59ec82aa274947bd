//! `/proc/PID/fd`: what the open files of a process are of (`proc_pid_fd(5)`).

use super::files::{Files, Vanished};
use super::sockets;
use crate::snapshot::Gauge;

/// Beyond so many descriptors nothing is told of them; the kernel allows a process 1,048,576 unless it was told otherwise.
const MAX_DESCRIPTORS: usize = 1 << 18;

/// Descriptors by [`Gauge::FDS`].
pub(crate) type Counts = [u64; Gauge::FDS.len()];

/// What the descriptors of a process are of, and the inodes of its sockets; `None` where not all of them can be told.
pub(crate) fn read(files: &mut Files<'_>, inodes: &mut Vec<u64>) -> Result<Option<Counts>, Vanished> {
    let (mut counts, mut descriptors) = ([0; Gauge::FDS.len()], 0);
    inodes.clear();
    let whole = files.links(|target| {
        descriptors += 1;
        if let Some(place) = Gauge::FDS.iter().position(|gauge| *gauge == kind(target)) {
            counts[place] += 1;
        }
        inodes.extend(sockets::link(target, b"socket"));
        descriptors < MAX_DESCRIPTORS
    })?;
    Ok((whole == Some(true)).then_some(counts))
}

/// What a descriptor is of, by the target of its link.
pub(crate) fn kind(target: &[u8]) -> Gauge {
    match target {
        [b'/', ..] => Gauge::FileFds,
        // Old kernels have no brackets around some.
        b"inotify" | b"anon_inode:inotify" | b"anon_inode:[inotify]" => Gauge::InotifyFds,
        b"anon_inode:[eventfd]" => Gauge::EventFds,
        b"anon_inode:[timerfd]" => Gauge::TimerFds,
        b"anon_inode:[signalfd]" => Gauge::SignalFds,
        b"anon_inode:[eventpoll]" => Gauge::EpollFds,
        other if other.starts_with(b"socket:[") => Gauge::SocketFds,
        other if other.starts_with(b"pipe:[") => Gauge::PipeFds,
        _ => Gauge::OtherFds,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn kinds() {
        for (target, expected) in [
            ("/var/log/syslog", Gauge::FileFds),
            ("/dev/pts/0", Gauge::FileFds),
            ("/memfd:x (deleted)", Gauge::FileFds),
            ("/tmp/socket:[1]", Gauge::FileFds),
            ("socket:[12]", Gauge::SocketFds),
            ("pipe:[12]", Gauge::PipeFds),
            ("anon_inode:inotify", Gauge::InotifyFds),
            ("anon_inode:[eventfd]", Gauge::EventFds),
            ("anon_inode:[timerfd]", Gauge::TimerFds),
            ("anon_inode:[signalfd]", Gauge::SignalFds),
            ("anon_inode:[eventpoll]", Gauge::EpollFds),
            ("anon_inode:[io_uring]", Gauge::OtherFds),
            ("anon_inode:bpf-map", Gauge::OtherFds),
            ("net:[4026531840]", Gauge::OtherFds),
            ("", Gauge::OtherFds),
        ] {
            assert_eq!(kind(target.as_bytes()), expected, "{target}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            prop_assert!(Gauge::FDS.contains(&kind(&bytes)));
        }
    }
}
