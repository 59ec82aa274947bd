//! One process as a record of the kernel tells of it. Read from files is what names it, once, and what records do not have.

use std::sync::Arc;

use super::files::{Files, Vanished};
use super::known::Known;
use super::path::File;
use super::process::RARELY;
use super::root::Listed;
use super::stat::{self, Stat};
use super::words::Words;
use super::{Buffers, Procfs, identify, limits, name, status, threads, wchan};
use crate::error::Error;
use crate::metric::Family;
use crate::snapshot::{Counter, Gauge, Identity, Process, Snapshot, State};
use crate::source::NetworkCosts;
use crate::source::bpf::{Programs, Record, convert};

/// The first process, which is always there.
const INIT: u32 = 1;

impl Procfs {
    /// The same source, which has its numbers from these programs from now on.
    pub(crate) fn with_programs(self, programs: Programs) -> Procfs {
        Procfs { programs: Some(programs), ..self }
    }

    /// Whether its numbers come from records.
    pub(crate) fn has_programs(&self) -> bool {
        self.programs.is_some()
    }

    /// Whether what processes send and receive is counted from now on, where it can be.
    pub(super) fn count_network(&mut self, on: bool) {
        if let Some(Err(refusal)) = self.programs.as_mut().map(|programs| programs.count_network(on)) {
            tracing::warn!(reason = %refusal, "the programs that count bytes and packets of processes are not to be had");
        }
    }

    /// What that has cost; `None` where it is not done.
    pub(crate) fn network_costs(&self) -> Option<NetworkCosts> {
        self.programs.as_ref()?.network_costs()
    }

    /// Has all processes told of, and lists them. Whether it could be asked to.
    pub(super) fn list_records(&mut self) -> Result<bool, Error> {
        let Procfs { programs: Some(programs), records, unrecorded, listed, .. } = self else { return Ok(false) };
        programs.read(records).map_err(Error::Bpf)?;
        // A kernel may leave the first process out of its iteration, which is then read as without records (docs/sources.md).
        *unrecorded = usize::from(records.first().is_some_and(|record| record.pid > INIT));
        listed.clear();
        listed.extend([Listed { pid: INIT, inode: 0 }].into_iter().take(*unrecorded));
        listed.extend(records.iter().map(|record| Listed { pid: record.pid, inode: 0 }));
        Ok(true)
    }

    /// Puts one process into the snapshot.
    pub(super) fn recorded(
        &mut self,
        record: &Record,
        snapshot: &mut Snapshot,
        shown: impl Fn(u32) -> bool,
    ) -> Result<(), Vanished> {
        let (pid, mark, state) = (record.pid, record.mark(), convert::state(record));
        let ended = matches!(state, State::Zombie | State::Dead);
        let last = self.known.get(pid).filter(|known| known.mark.start_ns == mark.start_ns);
        let same = last.is_some();
        // As of a `stat`: of one that has ended, what named it is gone, and what it used belongs to the group it was in.
        let holds = last.is_some_and(|known| {
            ended
                || known.settled
                    && known.mark == mark
                    && known.comm == identify::number(record.name())
                    && known.uid == Some(record.uid)
                    && known.ppid == record.ppid
        });
        let slot = self.known.slot(pid);
        let before = snapshot.get(slot).map(|process| process.identity.clone());
        let identity = match before {
            Some(identity) if holds && identity.ppid == record.ppid => identity,
            Some(identity) if holds => Arc::new(Identity { ppid: record.ppid, ..(*identity).clone() }),
            before => identify::kept(before.as_ref(), self.named(slot, record, state)?),
        };
        // Threads ended each time they were being added up: what was told before stands in.
        if record.torn != 0 && same && snapshot.keep(slot) {
            self.known.see(pid);
            return Ok(());
        }
        let brief = same && !shown(slot);
        let reads = if brief { self.reads.brief() } else { self.reads };
        let Buffers { path, stat: stat_buffer, other: buffer } = &mut self.buffers;
        // What hardly anybody asks for is not in records.
        let text = reads.beyond_records().then(|| self.root.read(path.of(pid, File::Stat), stat_buffer).ok()).flatten();
        let stat = text.and_then(stat::parse);
        let tail = stat.as_ref().and_then(Stat::tail);
        let mut files = Files { pid, root: &mut self.root, path, buffer, failures: &mut self.failures };
        let mut threads_waited_ns = None;
        if let Some((_, known)) = self.known.see(pid) {
            known.ppid = record.ppid;
            if reads.delays {
                let delays = known.delays.get_or_insert_default();
                threads_waited_ns = Some(delays.read(&mut files, None, &mut self.delays));
            }
        }
        // What the last reading has room for is used again.
        let last = snapshot
            .take(slot)
            .filter(|_| same)
            .map(|last| (last.counters, last.gauges, last.threads, last.wait_channel, last.limits));
        let (mut counters, mut gauges, mut threads, last_channel, last_limits) = last.unwrap_or_default();
        if !(reads.smaps || reads.links) {
            gauges.clear();
        }
        convert::counters(record, reads, self.block_delay, &mut counters);
        convert::gauges(record, reads, self.units, &mut gauges);
        counters.set(Counter::ThreadsRunQueue, threads_waited_ns);
        if self.programs.as_ref().is_some_and(Programs::counts_network) {
            convert::traffic(record, &mut counters);
        }
        let on = |family| reads.families.has(family);
        let guest = tail.filter(|_| on(Family::GuestCpu)).map(|tail| self.units.nanoseconds(tail.guest_ticks));
        counters.set(Counter::Guest, guest);
        let scheduling = tail.filter(|_| on(Family::Scheduling));
        gauges.set(Gauge::Nice, scheduling.and(stat.as_ref()).map(|stat| stat.nice.cast_unsigned()));
        gauges.set(Gauge::RealtimePriority, scheduling.map(|tail| tail.realtime_priority));
        gauges.set(Gauge::Policy, scheduling.map(|tail| tail.policy));
        if on(Family::PendingSignals) {
            let status = files.get(File::Status, status::parse)?;
            gauges.set(Gauge::PendingSignals, status.and_then(|status| status.pending_signals));
        }
        let oom_score = match reads.oom_score {
            true => files.get(File::OomScore, |text| Words::new(text).number())?,
            false => None,
        };
        gauges.set(Gauge::OomScore, oom_score);
        let limits = match on(Family::Limits) {
            true if !holds || self.known.turn(slot, RARELY) => {
                files.get(File::Limits, |text| Some(limits::all(text)))?.map(|all| self.limits.shared(all, last_limits))
            }
            true => last_limits,
            false => None,
        };
        if reads.threads {
            threads::read(&mut files, reads, self.units, &mut self.tids, &mut threads);
        } else {
            threads.clear();
        }
        let wait_channel = match reads.wchan {
            true => files.get(File::Wchan, |text| Some(wchan::parse(text, last_channel.as_ref())))?.flatten(),
            false => None,
        };
        snapshot.put(Process { slot, identity, state, counters, gauges, threads, wait_channel, limits });
        Ok(())
    }

    /// Reads what names a process, and remembers what that was made from.
    fn named(&mut self, slot: u32, record: &Record, state: State) -> Result<Identity, Vanished> {
        let pid = record.pid;
        let Buffers { path, stat: stat_buffer, other: buffer } = &mut self.buffers;
        let kernel_thread = record.flags & convert::KERNEL_THREAD != 0;
        // Threads of the kernel have longer names than there is room for in their records.
        let text = kernel_thread.then(|| self.root.read(path.of(pid, File::Stat), stat_buffer).ok()).flatten();
        let mut told = Stat::default();
        (told.comm, told.state, told.ppid) = (record.name(), state, record.ppid);
        (told.kernel_thread, told.queue_worker) = (kernel_thread, record.flags & convert::QUEUE_WORKER != 0);
        told.start_ticks = self.units.ticks(record.start_ns);
        let stat = text.and_then(stat::parse).unwrap_or(told);
        let mut files = Files { pid, root: &mut self.root, path, buffer, failures: &mut self.failures };
        let names = identify::Reader {
            users: &mut self.users,
            rules: self.naming.rules.as_deref(),
            details: self.reads.cgroup,
            command_line: self.reads.command_line,
            boot_ms: self.boot_ms,
            units: self.units,
        };
        let (identity, cgroup) = names.identity(&mut files, &stat, name::stable(&stat), Some(record.uid))?;
        let start_ms = self.units.milliseconds(stat.start_ticks);
        self.whole_names.remember(identify::number(record.name()), &identity);
        let mark = record.mark();
        let same = self.known.same(pid, stat.start_ticks);
        let delays = same.and_then(|known| known.delays.take());
        let known = Known {
            comm: identify::number(record.name()),
            uid: Some(record.uid),
            ppid: record.ppid,
            start_ticks: stat.start_ticks,
            mark,
            settled: identify::settled(self.naming.recheck, start_ms, self.uptime_ms),
            cgroup,
            delays,
            ..Known::default()
        };
        self.known.put(slot, known);
        Ok(identity)
    }
}
