//! What is too dear to be read of every process in every scan, put into the snapshot.

use std::time::Instant;

use super::path::File;
use super::sockets::Tables;
use super::turns::Turns;
use super::{Procfs, links, smaps};
use crate::metric::Family;
use crate::snapshot::{Gauge, Snapshot};

/// Whose turn it is next, and what is kept for reading.
#[derive(Debug, Default)]
pub(crate) struct InTurns {
    smaps: Turns,
    links: Turns,
    tables: Tables,
    /// The processes among which turns are taken.
    pids: Vec<u32>,
    /// Sockets of one process.
    inodes: Vec<u64>,
}

impl Procfs {
    /// Reads the memory of those processes whose turn it is by how it is shared. A process without memory of its own has no
    /// such file.
    pub(super) fn shared_memory(
        &mut self,
        deadline: Option<Instant>,
        snapshot: &mut Snapshot,
        shown: impl Fn(u32) -> bool,
    ) {
        let Procfs { in_turns: InTurns { smaps: turns, pids, .. }, root, buffers, failures, known, .. } = self;
        list(pids, snapshot, shown);
        let read = |index: usize| {
            let pid: u32 = pids[index];
            let Ok(Some(smaps)) = buffers.files(pid, root, failures).get(File::SmapsRollup, smaps::parse) else {
                return;
            };
            if let Some(process) = known.find(pid).and_then(|(slot, _)| snapshot.get_mut(slot)) {
                for (gauge, bytes) in smaps.gauges() {
                    process.gauges.set(gauge, Some(bytes));
                }
            }
        };
        turns.take(pids, read, deadline);
    }

    /// Looks where the open files of those processes point to whose turn it is, and which state their sockets are in: whether the processes
    /// have run or not, since a socket's state changes without them.
    pub(super) fn links(&mut self, deadline: Option<Instant>, snapshot: &mut Snapshot, shown: impl Fn(u32) -> bool) {
        let Procfs {
            in_turns: InTurns { links: turns, tables, pids, inodes, .. },
            root,
            buffers,
            failures,
            known,
            reads,
            ..
        } = self;
        tables.begin();
        list(pids, snapshot, shown);
        let read = |index: usize| {
            let pid: u32 = pids[index];
            let Some((slot, _)) = known.find(pid) else { return };
            let mut files = buffers.files(pid, root, failures);
            let Ok(fds) = links::read(&mut files, inodes) else { return };
            let sockets = match (reads.sockets, fds) {
                (true, Some(_)) => tables.count(&mut files, inodes, deadline),
                _ => Ok(None),
            };
            let (Ok(sockets), Some(process)) = (sockets, snapshot.get_mut(slot)) else { return };
            if reads.families.has(Family::FdTypes) {
                for (index, gauge) in Gauge::FDS.into_iter().enumerate() {
                    process.gauges.set(gauge, fds.map(|counts| counts[index]));
                }
            }
            for (index, gauge) in Gauge::SOCKETS.into_iter().enumerate() {
                process.gauges.set(gauge, sockets.map(|counts| counts[index]).filter(|count| *count > 0));
            }
        };
        turns.take(pids, read, deadline);
    }
}

fn list(pids: &mut Vec<u32>, snapshot: &Snapshot, shown: impl Fn(u32) -> bool) {
    pids.clear();
    pids.extend(snapshot.processes().filter(|process| shown(process.slot)).map(|process| process.identity.pid));
}
