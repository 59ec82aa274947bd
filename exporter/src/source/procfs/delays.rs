//! `/proc/PID/task/TID/schedstat`: what all threads of a process have waited for a CPU. The kernel sums it nowhere, so each
//! thread is read, and what it has waited since its last reading is added up.

use super::files::Files;
use super::path::File;
use super::root::Listed;
use super::schedstat::{self, Schedstat};

/// The sum of one process, and the last reading of each of its threads, by ascending thread id.
#[derive(Debug, Default)]
pub(crate) struct Delays {
    sum_ns: u64,
    threads: Vec<(u32, Schedstat)>,
}

/// Room for the readings of one process, used again and again.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    listed: Vec<Listed>,
    threads: Vec<(u32, Schedstat)>,
}

impl Delays {
    /// What the threads have waited so far, as far as readings saw it. `alone` is the reading of the main thread where there is no other.
    pub(crate) fn read(&mut self, files: &mut Files<'_>, alone: Option<Schedstat>, scratch: &mut Scratch) -> u64 {
        let Scratch { listed, threads } = scratch;
        threads.clear();
        match alone {
            Some(main) => threads.push((files.pid, main)),
            None if files.root.list_in(files.path.threads(files.pid), listed).is_ok() => {
                for Listed { pid: tid, .. } in listed.iter().copied() {
                    // One that has ended meanwhile is left out.
                    if let Ok(Some(now)) = files.of_thread(tid, File::Schedstat, schedstat::parse) {
                        threads.push((tid, now));
                    }
                }
            }
            // The process is ending.
            None => return self.sum_ns,
        }
        self.see(threads);
        self.sum_ns
    }

    fn see(&mut self, threads: &[(u32, Schedstat)]) {
        let mut before = self.threads.iter().peekable();
        for (tid, now) in threads {
            while before.next_if(|(known, _)| known < tid).is_some() {}
            let known = before.next_if(|(known, _)| known == tid).map(|(_, known)| *known);
            // One that has less than before is another thread, which has got the number of one that ended.
            let same = known.filter(|k| k.times <= now.times && k.ran_ns <= now.ran_ns && k.waited_ns <= now.waited_ns);
            self.sum_ns = self.sum_ns.saturating_add(now.waited_ns - same.map_or(0, |known| known.waited_ns));
        }
        self.threads.clear();
        self.threads.extend_from_slice(threads);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn one(tid: u32, waited_ns: u64, times: u64) -> (u32, Schedstat) {
        (tid, Schedstat { ran_ns: times, waited_ns, times })
    }

    #[test]
    fn what_is_waited_adds_up_and_ends_with_nobody() {
        let mut delays = Delays::default();
        let mut sum = |threads: &[(u32, Schedstat)]| {
            delays.see(threads);
            delays.sum_ns
        };
        assert_eq!(sum(&[one(1, 10, 1), one(2, 5, 1)]), 15);
        assert_eq!(sum(&[one(1, 12, 2), one(2, 5, 1)]), 17);
        assert_eq!(sum(&[one(1, 12, 2), one(3, 1, 1)]), 18, "one has ended, another has begun");
        assert_eq!(sum(&[one(1, 12, 2), one(3, 0, 1)]), 18, "the number is another thread's");
        assert_eq!(sum(&[one(1, 12, 2), one(3, 4, 1)]), 22);
        assert_eq!(sum(&[]), 22);
    }

    proptest! {
        #[test]
        fn it_never_falls(rounds: Vec<Vec<(u8, u64, u64)>>) {
            let (mut delays, mut last) = (Delays::default(), 0);
            for mut round in rounds {
                round.sort_unstable();
                round.dedup_by_key(|(tid, ..)| *tid);
                let threads: Vec<_> = round.into_iter().map(|(tid, ns, times)| one(tid.into(), ns, times)).collect();
                delays.see(&threads);
                prop_assert!(delays.sum_ns >= last);
                last = delays.sum_ns;
            }
        }
    }
}
