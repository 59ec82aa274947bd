//! One process: from its files to its place in the snapshot, unless it can stay there as it is.

use std::sync::Arc;

use super::failures::Failure;
use super::files::{Files, Vanished, parsed};
use super::idle::Parent;
use super::known::Known;
use super::path::File;
use super::reading::Reading;
use super::root::Listed;
use super::schedstat::Schedstat;
use super::words::Words;
use super::{Buffers, Procfs};
use super::{identify, idle, io, limits, name, schedstat, stat, status, threads, wchan};
use crate::metric::Family;
use crate::snapshot::{Gauge, Identity, Process, Snapshot, State};

/// The limit of open files and the cgroup are read once in so many scans: what hardly ever changes, and not by the process itself.
pub(super) const RARELY: u32 = 16;

impl Procfs {
    /// Brings one process of the snapshot up to date. Where its `stat` cannot be had nothing is known about it.
    pub(super) fn process(
        &mut self,
        listed: Listed,
        snapshot: &mut Snapshot,
        shown: impl Fn(u32) -> bool,
    ) -> Result<(), Vanished> {
        let Procfs { known, root, buffers, failures, deferred, .. } = self;
        known.see(listed.pid);
        let last = known.find(listed.pid).and_then(|(slot, known)| Some((slot, known, snapshot.get(slot)?)));
        // A process that is new, or whose rules are, is read to the full whatever is shown.
        let brief = last.is_some_and(|(slot, known, _)| known.settled && !shown(slot));
        let shortcut = self.idle_told && !self.full;
        let told = shortcut && last.is_none_or(|(.., process)| idle::tells(process));
        // Before all other files: a process that runs while these are read has another one the next time.
        let schedstat = match told || (self.reads.schedstat && !brief) {
            true => buffers.files(listed.pid, root, failures).get(File::Schedstat, schedstat::parse)?,
            false => None,
        };
        if let (true, Some(now), Some((slot, last, process))) = (shortcut, schedstat, last)
            && idle::holds(last, process, listed, now)
            && (brief || !last.brief)
            && !known.turn(slot, idle::ROUND)
        {
            let parent = known.parent(listed.pid, last);
            if parent == Parent::Later {
                deferred.push(listed);
            }
            if parent != Parent::Gone {
                snapshot.keep(slot);
                snapshot.reused += 1;
                return Ok(());
            }
        }
        if let Some(process) = self.reading(listed, snapshot, schedstat, brief)? {
            snapshot.put(process);
        }
        Ok(())
    }

    /// Reads those that were kept because their parents had not been looked at yet, where these have ended since.
    pub(super) fn look_again(&mut self, snapshot: &mut Snapshot, shown: impl Fn(u32) -> bool) {
        let mut deferred = std::mem::take(&mut self.deferred);
        for listed in deferred.drain(..) {
            let Some((slot, known)) = self.known.find(listed.pid) else { continue };
            if self.known.parent(listed.pid, known) == Parent::Stays {
                continue;
            }
            let schedstat = known.schedstat;
            match self.reading(listed, snapshot, schedstat, !shown(slot)) {
                Ok(Some(process)) => {
                    snapshot.replace(process);
                    snapshot.reused -= 1;
                }
                Ok(None) => {}
                Err(Vanished) => {
                    self.vanished += 1;
                    self.known.forget(listed.pid);
                    snapshot.take_out(slot);
                }
            }
        }
        self.deferred = deferred;
    }

    /// Reads one process.
    fn reading(
        &mut self,
        listed: Listed,
        snapshot: &mut Snapshot,
        schedstat: Option<Schedstat>,
        brief: bool,
    ) -> Result<Option<Process>, Vanished> {
        let pid = listed.pid;
        let Buffers { path, stat: stat_buffer, other: buffer } = &mut self.buffers;
        let stat = match parsed(self.root.read(path.of(pid, File::Stat), stat_buffer), stat::parse) {
            Ok(stat) => stat,
            Err(Failure::Missing | Failure::Vanished) => return Err(Vanished),
            Err(Failure::Unreadable(reason)) => {
                // Still known: were it forgotten, its counters would start anew when it can be read again.
                self.failures.add(File::Stat, reason);
                return Ok(None);
            }
        };
        let reads = if brief { self.reads.brief() } else { self.reads };
        let comm = name::stable(&stat);
        let mut files = Files { pid, root: &mut self.root, path, buffer, failures: &mut self.failures };
        // The user is in no file that is cheaper: one that is not known yet asks for it in any case.
        let named = self.known.get(pid).is_some_and(|known| identify::unchanged(known, &stat, comm, None));
        let status = if reads.status || !named { files.get(File::Status, status::parse)? } else { None };
        let io = if reads.io { files.get(File::Io, io::parse)? } else { None };
        let open_fds = if reads.fds { files.open(&mut self.counting)? } else { None };
        let oom_score = match reads.oom_score {
            true => files.get(File::OomScore, |text| Words::new(text).number())?,
            false => None,
        };
        let uid = status.and_then(|status| status.uid);
        let slot = self.known.slot(pid);
        let same = self.known.same(pid, stat.start_ticks).is_some();
        let before = snapshot.get(slot).map(|process| process.identity.clone());
        let rarely = self.known.turn(slot, RARELY);
        let in_cgroups = self.naming.rules.as_deref().is_some_and(|rules| rules.needs().cgroup) || reads.cgroup;
        let mut holds =
            before.is_some() && self.known.get(pid).is_some_and(|k| identify::unchanged(k, &stat, comm, uid));
        if holds && in_cgroups && rarely && !matches!(stat.state, State::Zombie | State::Dead) {
            // Another process can have put it in another cgroup.
            let now = files.get(File::Cgroup, |text| Some(identify::number(text)))?;
            holds = now.is_none() || now == self.known.get(pid).and_then(|known| known.cgroup);
        }
        let identity = match before {
            Some(identity) if holds && identity.ppid == stat.ppid => identity,
            // A zombie, which keeps its name, has been given to another parent.
            Some(identity) if holds => Arc::new(Identity { ppid: stat.ppid, ..(*identity).clone() }),
            before => {
                let scan = self.known.scan();
                let same = self.known.same(pid, stat.start_ticks);
                let (first_seen, delays, known_uid) =
                    same.map_or((scan, None, None), |known| (known.first_seen, known.delays.take(), known.uid));
                // A `status` that cannot be read this time takes no name from the user.
                let uid = uid.or(known_uid);
                let names = identify::Reader {
                    users: &mut self.users,
                    rules: self.naming.rules.as_deref(),
                    details: reads.cgroup,
                    command_line: reads.command_line,
                    boot_ms: self.boot_ms,
                    units: self.units,
                };
                let (made, cgroup) = names.identity(&mut files, &stat, comm, uid)?;
                self.whole_names.remember(identify::number(comm), &made);
                let start_ms = self.units.milliseconds(stat.start_ticks);
                let known = Known {
                    comm: identify::number(comm),
                    uid,
                    ppid: stat.ppid,
                    start_ticks: stat.start_ticks,
                    settled: identify::settled(self.naming.recheck, start_ms, self.uptime_ms),
                    cgroup,
                    first_seen,
                    delays,
                    ..Known::default()
                };
                self.known.put(slot, known);
                identify::kept(before.as_ref(), made)
            }
        };
        let scan = self.known.scan();
        let mut threads_waited_ns = None;
        if let Some((_, known)) = self.known.see(pid) {
            if reads.delays {
                let alone = schedstat.filter(|_| stat.threads == 1);
                threads_waited_ns =
                    Some(known.delays.get_or_insert_default().read(&mut files, alone, &mut self.delays));
            }
            (known.inode, known.schedstat, known.brief) = (listed.inode, schedstat, brief);
            (known.read_in, known.ppid) = (scan, stat.ppid);
            known.ended = matches!(stat.state, State::Zombie | State::Dead);
        }
        // What the last reading has room for is used again.
        let last =
            snapshot.take(slot).map(|last| (last.counters, last.gauges, last.threads, last.wait_channel, last.limits));
        let (mut counters, mut gauges, mut threads, wait_channel, limits) = last.unwrap_or_default();
        let last_fd_limit = gauges.get(Gauge::FdLimit);
        if !same || !(reads.smaps || reads.links) {
            gauges.clear();
        }
        let (fd_limit, limits) = match reads.limits {
            true if !holds || rarely => {
                let all = reads.families.has(Family::Limits);
                files
                    .get(File::Limits, |text| Some((limits::parse(text)?, all.then(|| limits::all(text)))))?
                    .map_or((None, None), |(fds, all)| (Some(fds), all.map(|all| self.limits.shared(all, limits))))
            }
            true => (last_fd_limit, limits),
            false => (None, None),
        };
        let reading = Reading {
            reads,
            stat: &stat,
            status,
            io,
            schedstat,
            open_fds,
            fd_limit,
            threads_waited_ns,
            oom_score,
            block_delay: self.block_delay,
        };
        reading.counters(self.units, &mut counters);
        reading.gauges(self.units, &mut gauges);
        if reads.threads {
            threads::read(&mut files, reads, self.units, &mut self.tids, &mut threads);
        } else {
            threads.clear();
        }
        let wait_channel = match reads.wchan {
            true => files.get(File::Wchan, |text| Some(wchan::parse(text, wait_channel.as_ref())))?.flatten(),
            false => None,
        };
        Ok(Some(Process { slot, identity, state: stat.state, counters, gauges, threads, wait_channel, limits }))
    }
}
