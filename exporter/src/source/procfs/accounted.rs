//! Processes that have ended, as taskstats tell of them: those that no scan has seen. Of the others scans see the end.

use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::dead::Dead;
use super::path::File;
use super::{Buffers, Procfs, stat};
use crate::metric::Family;
use crate::snapshot::{Counter, Counters, End, Snapshot};
use crate::source::taskstats::{Taskstats, Thread};

/// Starts are told in whole seconds, by clocks that may be adjusted meanwhile.
const START_SLACK_MS: u64 = 2000;
/// Processes of which some threads have ended: more are not remembered.
const MOST_PARTIAL: usize = 1 << 16;

/// What is told of ends over netlink.
#[derive(Debug)]
pub(super) struct Accounts {
    taskstats: Taskstats,
    threads: Vec<Thread>,
    /// What ended threads of living processes have used, by pid.
    partial: std::collections::HashMap<u32, Thread>,
    /// Processes that have ended and may be there yet, because nobody has waited for them.
    ended: std::collections::HashMap<u32, Thread>,
}

impl Accounts {
    pub(super) fn new(taskstats: Taskstats) -> Accounts {
        let (partial, ended) = Default::default();
        Accounts { taskstats, threads: Vec::new(), partial, ended }
    }

    pub(super) fn taskstats(&self) -> &Taskstats {
        &self.taskstats
    }

    /// Puts together what came since the last call.
    fn take(&mut self) {
        let Accounts { taskstats, threads, partial, ended } = self;
        taskstats.take(threads);
        if partial.len() > MOST_PARTIAL {
            partial.clear();
        }
        for thread in threads.drain(..) {
            let (tgid, last) = (thread.tgid, thread.last);
            let whole = match partial.entry(tgid) {
                Entry::Vacant(_) if last => thread,
                Entry::Vacant(entry) => {
                    entry.insert(thread);
                    continue;
                }
                Entry::Occupied(mut entry) => {
                    entry.get_mut().add(thread);
                    if !last {
                        continue;
                    }
                    entry.remove()
                }
            };
            ended.insert(tgid, whole);
        }
    }
}

impl Procfs {
    /// The same source, which is told of ends from now on, where that is to be had.
    pub(crate) fn with_taskstats(mut self) -> Procfs {
        let mine = std::fs::read_link(self.path.join("self"));
        let is_mine = mine.is_ok_and(|link| link == std::path::Path::new(&std::process::id().to_string()));
        match if is_mine { Taskstats::open() } else { Err(crate::source::Untold::OtherProc) } {
            Ok(taskstats) => self.told_by(taskstats),
            Err(untold) => {
                tracing::info!(reason = %untold, "processes that start and end between two scans are not counted");
                self.untold = untold;
                self
            }
        }
    }

    /// The same source, which these tell of ends from now on.
    pub(crate) fn told_by(self, taskstats: Taskstats) -> Procfs {
        Procfs { accounts: Some(Accounts::new(taskstats)), ..self }
    }

    /// Adds the processes that have ended since the last call and that no scan has seen, mostly children before their parents.
    pub(super) fn accounted_ends(&mut self, snapshot: &Snapshot, ends: &mut Vec<End>) {
        let Some(mut accounts) = self.accounts.take() else { return };
        accounts.take();
        accounts.ended.retain(|pid, thread| {
            if self.starts_as(*pid, thread) {
                return false;
            }
            // As long as it is there, its parent has not been credited with what it used.
            if self.is_there(*pid, thread) {
                return true;
            }
            let dead = Dead {
                pid: *pid,
                ppid: thread.ppid,
                start_ms: thread.start_s.saturating_mul(1000),
                comm: &thread.comm,
                uid: thread.uid,
                kernel: false,
            };
            let identity = Arc::new(self.named_as_dead(&dead, snapshot, |_| thread.forked));
            ends.push(End { slot: None, identity, counters: self.accounted(thread) });
            false
        });
        accounts.ended.shrink_to(1024);
        self.accounts = Some(accounts);
    }

    /// Whether a process that no scan has seen has ended and been told of: it is there until somebody waits for it.
    pub(super) fn is_accounted(&mut self, pid: u32) -> bool {
        let Some(accounts) = self.accounts.take() else { return false };
        let is =
            accounts.ended.get(&pid).is_some_and(|thread| !self.starts_as(pid, thread) && self.is_there(pid, thread));
        self.accounts = Some(accounts);
        is
    }

    /// Whether a scan has seen it.
    fn starts_as(&self, pid: u32, thread: &Thread) -> bool {
        self.known.get(pid).is_some_and(|known| self.started_at(known.start_ticks, thread))
    }

    fn is_there(&mut self, pid: u32, thread: &Thread) -> bool {
        let Buffers { path, other: buffer, .. } = &mut self.buffers;
        let text = self.root.read(path.of(pid, File::Stat), buffer).ok();
        text.and_then(stat::parse).map(|stat| stat.start_ticks).is_some_and(|ticks| self.started_at(ticks, thread))
    }

    fn started_at(&self, ticks: u64, thread: &Thread) -> bool {
        let start_ms = self.boot_ms.saturating_add(self.units.milliseconds(ticks));
        start_ms.abs_diff(thread.start_s.saturating_mul(1000)) <= START_SLACK_MS
    }

    /// The quantities that are asked for.
    fn accounted(&self, thread: &Thread) -> Counters {
        let on = |family| self.reads.families.has(family);
        let [user, system] = thread.cpu_ns();
        let [logical_read, logical_written, read_calls, write_calls, read, written] = thread.io;
        let mut counters = Counters::default();
        for (counter, value, wanted) in [
            (Counter::CpuUser, user, true),
            (Counter::CpuSystem, system, true),
            (Counter::MinorFaults, thread.minor_faults, true),
            (Counter::MajorFaults, thread.major_faults, true),
            (Counter::Read, read, self.reads.io),
            (Counter::Written, written, self.reads.io),
            (Counter::LogicalRead, logical_read, on(Family::LogicalIo)),
            (Counter::LogicalWritten, logical_written, on(Family::LogicalIo)),
            (Counter::ReadCalls, read_calls, on(Family::LogicalIo)),
            (Counter::WriteCalls, write_calls, on(Family::LogicalIo)),
            (Counter::Voluntary, thread.voluntary, self.reads.status),
            (Counter::Involuntary, thread.involuntary, self.reads.status),
        ] {
            counters.set(counter, Some(value).filter(|_| wanted));
        }
        counters
    }
}
