//! Which processes need not be read again, because nothing that is read of them can have changed: they have not run.
//!
//! `docs/scan.md` has the argument, field by field, and says how old a value may be that can change though the process does
//! not run.

use super::known::Known;
use super::root::Buffer;
use super::root::{Listed, Root};
use super::schedstat::{self, Schedstat};
use crate::snapshot::{Gauge, Process, State};

/// A process that does not run is read all the same once in so many scans, as its memory can be taken away, for instance.
pub(crate) const ROUND: u32 = 8;

/// Whether the kernel counts when processes run. It says 0 of every process where it does not, also of this one.
pub(crate) fn counted(root: &Root, buffer: &mut Buffer) -> bool {
    let own = root.read(c"self/schedstat", buffer).ok().and_then(schedstat::parse);
    // A captured tree has no process that reads it: there each process speaks for itself.
    !root.is_proc || own.is_some_and(|own| own.times > 0)
}

/// Whether `schedstat` can tell that a process has not run: it is that of the main thread alone.
pub(crate) fn tells(last: &Process) -> bool {
    last.gauges.get(Gauge::Threads) == Some(1)
}

/// Whether the last reading of a process still holds, as far as the process itself is concerned. `now` was read just now,
/// and `known.schedstat` before everything else of that last reading.
pub(crate) fn holds(known: &Known, last: &Process, listed: Listed, now: Schedstat) -> bool {
    known.inode == listed.inode
        && known.schedstat == Some(now)
        && now.times > 0
        && known.settled
        && tells(last)
        // What is on a CPU is counted at its next tick only.
        && last.state != State::Running
}

/// Whether a process still has the parent that it had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parent {
    Stays,
    Gone,
    /// The parent is read later in this scan.
    Later,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::{Counters, Gauges, Identity};
    use std::sync::Arc;

    #[test]
    fn what_must_have_stayed() {
        let schedstat = Schedstat { ran_ns: 5, waited_ns: 1, times: 3 };
        let check = |change: fn(&mut Known, &mut Process, &mut Listed, &mut Schedstat), expected: bool, what: &str| {
            let mut known = Known { schedstat: Some(schedstat), inode: 7, settled: true, ..Known::default() };
            let mut gauges = Gauges::default();
            gauges.set(Gauge::Threads, Some(1));
            let (identity, counters) = (Arc::new(Identity::default()), Counters::default());
            let mut last =
                Process { slot: 0, identity, state: State::Sleeping, counters, gauges, ..Process::default() };
            let (mut listed, mut now) = (Listed { pid: 1, inode: 7 }, schedstat);
            change(&mut known, &mut last, &mut listed, &mut now);
            assert_eq!(holds(&known, &last, listed, now), expected, "{what}");
        };
        check(|_, _, _, _| {}, true, "nothing has changed");
        check(|_, last, _, _| last.state = State::Zombie, true, "it has ended before it was last read");
        check(|_, _, _, now| now.times = 4, false, "it was put on a CPU");
        check(|_, _, _, now| now.ran_ns = 6, false, "it has stayed on a CPU");
        check(|_, last, _, _| last.state = State::Running, false, "it was on a CPU");
        check(|_, _, listed, _| listed.inode = 8, false, "the pid is another process's");
        check(|_, last, _, _| last.gauges.set(Gauge::Threads, Some(2)), false, "other threads may have run");
        check(|_, last, _, _| last.gauges.set(Gauge::Threads, None), false, "threads are not known");
        check(|known, _, _, _| known.settled = false, false, "it is to be named anew");
        check(|known, _, _, _| known.schedstat = None, false, "the file could not be read before");
        check(
            |known, _, _, now| {
                now.times = 0;
                known.schedstat = Some(*now);
            },
            false,
            "the kernel does not count",
        );
    }
}
