//! macOS, Windows, FreeBSD and NetBSD: what the crate sysinfo tells of processes. It works on Linux too, where it tells
//! less than `/proc` and costs more: there it is a second opinion.
//!
//! `docs/sources.md` has a table of what there is on which system. Every scan asks sysinfo anew: it keeps the name that
//! a process had when it first saw it, also after an `exec`.

mod known;
mod reading;

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use ::sysinfo::{
    CpuRefreshKind, MemoryRefreshKind, Pid, ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind, Users,
};

use self::known::{Known, KnownProcesses};
use super::{Naming, Recheck, name};
use crate::error::Error;
use crate::metric::{Families, Family};
use crate::rules::{Attributes, Rules};
use crate::snapshot::{Host, Identity, Membership, Process, Snapshot};

/// So many processes are read in one go, which nothing interrupts. On most systems each one costs a listing of all.
const CHUNK: usize = 512;

/// The crate sysinfo as a source of snapshots.
#[derive(Debug)]
pub struct Sysinfo {
    system: System,
    users: Users,
    pids: Vec<Pid>,
    known: KnownProcesses,
    naming: Naming,
    families: Families,
    command_line: bool,
    host_cpus: Option<u64>,
    vanished: u64,
}

impl Sysinfo {
    /// Opens it.
    ///
    /// # Errors
    /// Where sysinfo does not know this system.
    pub fn open() -> Result<Sysinfo, Error> {
        let mut system = system()?;
        system.refresh_cpu_list(CpuRefreshKind::nothing());
        Ok(Sysinfo {
            host_cpus: Some(system.cpus().len() as u64).filter(|cpus| *cpus > 0),
            system,
            users: Users::new_with_refreshed_list().map_err(|error| Error::Sysinfo(error.to_string()))?,
            pids: Vec::new(),
            known: KnownProcesses::default(),
            naming: Naming::default(),
            families: Families::default(),
            command_line: false,
            vanished: 0,
        })
    }

    /// How processes are named from the next scan on.
    pub fn configure(&mut self, naming: Naming) {
        self.naming = naming;
        self.known.unsettle();
    }

    /// What is read from the next scan on. Of the `details`, sysinfo knows the command line, and no units or containers.
    pub(crate) fn read_for(&mut self, families: Families, details: bool) {
        self.families = families;
        self.command_line = families.has(Family::CommandLine) && details;
    }

    /// First half of a scan: which processes there are. Returns their number.
    ///
    /// # Errors
    /// Where sysinfo can tell of none.
    pub fn list(&mut self) -> Result<usize, Error> {
        self.system = system()?;
        self.system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
        let all = ProcessRefreshKind::nothing().without_tasks();
        self.system.refresh_processes_specifics(ProcessesToUpdate::All, true, all);
        self.pids.clear();
        self.pids.extend(self.system.processes().keys());
        self.pids.sort_unstable();
        match self.pids.len() {
            0 => Err(Error::Sysinfo("it sees no processes".to_owned())),
            count => Ok(count),
        }
    }

    /// Second half of a scan: reads each listed process into `snapshot`. After `deadline` nothing more is read, and
    /// what was known before stands in.
    pub fn read(&mut self, deadline: Option<Instant>, snapshot: &mut Snapshot) {
        snapshot.begin();
        let known = |bytes: u64| Some(bytes).filter(|bytes| *bytes > 0);
        snapshot.host = Host {
            cpus: self.host_cpus,
            memory_bytes: known(self.system.total_memory()),
            available_memory_bytes: known(self.system.available_memory()),
            load: load(),
            ..Host::default()
        };
        self.known.begin_scan();
        let kind = self.kind();
        let now_ms = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |now| now.as_millis() as u64);
        let mut new_users = false;
        let pids = std::mem::take(&mut self.pids);
        for chunk in pids.chunks(CHUNK) {
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                snapshot.skipped += chunk.len();
                for slot in chunk.iter().filter_map(|pid| self.known.see(pid.as_u32())) {
                    snapshot.keep(slot);
                }
                continue;
            }
            self.system.refresh_processes_specifics(ProcessesToUpdate::Some(chunk), true, kind);
            for pid in chunk {
                let Some(process) = self.system.process(*pid) else {
                    self.vanished += 1;
                    continue;
                };
                // Users are seldom new: one look at them in a scan.
                if reading::user(process).is_some_and(|id| self.users.get_user_by_id(id).is_none()) && !new_users {
                    self.users.refresh();
                    new_users = true;
                }
                let identity = self.identity(*pid, process, now_ms);
                let (slot, identity) = self.known.keep(pid.as_u32(), identity);
                snapshot.put(Process {
                    slot,
                    identity,
                    state: reading::state(process),
                    counters: reading::counters(process),
                    gauges: reading::gauges(process, self.families),
                    ..Process::default()
                });
            }
        }
        self.pids = pids;
        self.known.forget_unseen(|slot| snapshot.forget(slot));
    }

    pub(crate) fn vanished(&self) -> u64 {
        self.vanished
    }

    /// What sysinfo is asked for.
    fn kind(&self) -> ProcessRefreshKind {
        let kind = ProcessRefreshKind::nothing()
            .with_cpu()
            .with_memory()
            .with_user(UpdateKind::Always)
            .with_exe(UpdateKind::Always)
            .with_cmd(UpdateKind::Always);
        let kind = if self.families.any(&[Family::Io, Family::LogicalIo]) { kind.with_disk_usage() } else { kind };
        if self.families.has(Family::Threads) { kind } else { kind.without_tasks() }
    }

    /// What names a process. What the rules say is kept while nothing that is seen in each scan has changed.
    fn identity(&self, pid: Pid, process: &::sysinfo::Process, now_ms: u64) -> Known {
        let words: Vec<_> = process.cmd().iter().map(|word| word.to_string_lossy()).collect();
        let argv0 = words.first().map(AsRef::as_ref).filter(|word: &&str| !word.is_empty());
        let kernel = process.thread_kind() == Some(::sysinfo::ThreadKind::Kernel);
        let comm = reading::stable_name(process.name().as_encoded_bytes(), kernel);
        let executable = process.exe().map(|path| path.to_string_lossy().into_owned()).filter(|path| !path.is_empty());
        let uid = reading::user(process);
        let mut identity = Identity {
            pid: pid.as_u32(),
            start_ms: process.start_time().saturating_mul(1000),
            ppid: process.parent().map_or(0, Pid::as_u32),
            name: name::clean(comm),
            long_name: if kernel {
                None
            } else {
                name::whole(comm, executable.as_deref(), argv0).map(String::into_boxed_str)
            },
            membership: Membership::ByName,
            kernel,
            executable: executable.map(String::into_boxed_str),
            user: uid.map(|id| match self.users.get_user_by_id(id) {
                Some(user) => Arc::from(user.name()),
                None => Arc::from(id.to_string()),
            }),
            command_line: self.command_line.then(|| Box::from(name::begin(&words.join(" ")))),
            ..Identity::default()
        };
        let settled = match self.naming.recheck {
            Recheck::Always => false,
            Recheck::Young(limit) => u128::from(now_ms.saturating_sub(identity.start_ms)) >= limit.as_millis(),
        };
        if let Some(rules) = self.naming.rules.as_deref() {
            identity.membership = match self.known.membership(&identity) {
                Some(membership) => membership,
                None => self.membership(rules, &identity, uid, argv0, &words.join(" ")),
            };
        }
        Known { identity: Arc::new(identity), settled }
    }

    fn membership(
        &self,
        rules: &Rules,
        identity: &Identity,
        uid: Option<&::sysinfo::Uid>,
        argv0: Option<&str>,
        cmdline: &str,
    ) -> Membership {
        let parent = self.system.process(Pid::from_u32(identity.ppid));
        let parent = parent.map(|parent| name::clean(parent.name().as_encoded_bytes()));
        rules.membership(&Attributes {
            pid: identity.pid,
            start_ms: identity.start_ms,
            comm: &identity.name,
            argv0,
            cmdline,
            // Numbers of Unix; Windows has identifiers of another kind.
            uid: uid.and_then(|uid| uid.to_string().parse().ok()),
            user: identity.user.as_deref(),
            cgroups: &[],
            parent: parent.as_deref(),
        })
    }
}

/// Windows has no load, and sysinfo says 0 there.
fn load() -> Option<[f64; 3]> {
    let load = System::load_average().ok()?;
    Some([load.one, load.five, load.fifteen]).filter(|_| cfg!(unix))
}

fn system() -> Result<System, Error> {
    System::new().map_err(|error| Error::Sysinfo(error.to_string()))
}
