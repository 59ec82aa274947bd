//! One process: from its files to its place in the snapshot.

use super::failures::Failure;
use super::files::{Files, Vanished, parsed};
use super::known::Known;
use super::path::File;
use super::reading::Reading;
use super::words::Words;
use super::{Buffers, Procfs};
use super::{identify, io, limits, name, schedstat, stat, status};
use crate::snapshot::{Process, Snapshot};

/// The limit of open files is read once in so many scans: 20 us, for what hardly ever changes.
const LIMITS_ROUND: u32 = 16;

impl Procfs {
    /// Reads one process into the snapshot, unless its `stat` cannot be had, so that nothing is known about it.
    pub(super) fn process(&mut self, pid: u32, snapshot: &mut Snapshot) -> Result<(), Vanished> {
        let Buffers { path, stat: stat_buffer, other: buffer } = &mut self.buffers;
        let stat = match parsed(self.root.read(path.of(pid, File::Stat), stat_buffer), stat::parse) {
            Ok(stat) => stat,
            Err(Failure::Missing | Failure::Vanished) => return Err(Vanished),
            Err(Failure::Unreadable(reason)) => {
                self.failures.add(File::Stat, reason);
                // Still known: were it forgotten, its counters would start anew when it can be read again.
                let _ = self.known.see(pid);
                return Ok(());
            }
        };
        let reads = self.reads;
        let comm = name::stable(&stat);
        let mut files = Files { pid, root: &mut self.root, path, buffer, failures: &mut self.failures };
        // The user is in no file that is cheaper: one that is not known yet asks for it in any case.
        let named = self.known.get(pid).is_some_and(|known| identify::unchanged(known, &stat, comm, None));
        let status = if reads.status || !named { files.get(File::Status, status::parse)? } else { None };
        let mut reading = Reading {
            stat: &stat,
            status,
            io: if reads.io { files.get(File::Io, io::parse)? } else { None },
            open_fds: if reads.fds { files.open(&mut self.counting)? } else { None },
            schedstat: if reads.schedstat { files.get(File::Schedstat, schedstat::parse)? } else { None },
            oom_score: match reads.oom_score {
                true => files.get(File::OomScore, |text| Words::new(text).number())?,
                false => None,
            },
            fd_limit: None,
            block_delay: self.block_delay,
        };
        let uid = status.and_then(|status| status.uid);
        let slot = self.known.slot(pid);
        let identity = snapshot.get(slot).map(|process| process.identity.clone());
        let holds = |known: &Known| identify::unchanged(known, &stat, comm, uid);
        let unchanged = self.known.see(pid).is_some_and(|(_, known)| holds(known));
        let (identity, fresh) = match identity {
            Some(identity) if unchanged => (identity, false),
            before => {
                // A `status` that cannot be read this time takes no name from the user.
                let same = self.known.get(pid).filter(|known| known.start_ticks == stat.start_ticks);
                let uid = uid.or_else(|| same.and_then(|known| known.uid));
                let names = identify::Reader {
                    users: &mut self.users,
                    rules: self.naming.rules.as_deref(),
                    details: reads.cgroup,
                    boot_ms: self.boot_ms,
                    units: self.units,
                };
                let made = names.identity(&mut files, &stat, comm, uid)?;
                let start_ms = self.units.milliseconds(stat.start_ticks);
                let known = Known {
                    comm: comm.to_vec(),
                    uid,
                    ppid: stat.ppid,
                    start_ticks: stat.start_ticks,
                    settled: identify::settled(self.naming.recheck, start_ms, self.uptime_ms),
                    fd_limit: None,
                    seen: 0,
                };
                self.known.put(slot, known);
                (identify::kept(before.as_ref(), made), true)
            }
        };
        if reads.limits && (fresh || self.known.turn(slot, LIMITS_ROUND)) {
            let limit = files.get(File::Limits, limits::parse)?;
            if let Some((_, known)) = self.known.see(pid) {
                known.fd_limit = limit;
            }
        }
        reading.fd_limit = self.known.get(pid).and_then(|known| known.fd_limit);
        let (counters, gauges) = (reading.counters(self.units), reading.gauges(self.units));
        snapshot.put(Process { slot, identity, state: stat.state, counters, gauges });
        Ok(())
    }
}
