//! Linux: everything from `/proc`, one file of this folder per file of the kernel.
//!
//! Reading is `root`'s, parsing bytes is that of the file's own module, and this one puts a process together.
//! In the steady state a scan allocates nothing per process.

mod accounted;
mod boot;
mod cgroup;
mod cmdline;
mod dead;
mod delays;
#[cfg(feature = "bpf")]
mod ended;
mod failures;
mod fds;
mod files;
mod identify;
mod idle;
mod in_turns;
mod io;
mod known;
mod limits;
mod links;
mod loadavg;
mod meminfo;
mod name;
pub mod parse;
mod path;
mod process;
mod reading;
mod reads;
#[cfg(feature = "bpf")]
mod recorded;
mod root;
mod schedstat;
mod shared;
mod smaps;
mod sockets;
mod stat;
mod status;
mod threads;
mod turns;
mod units;
mod uptime;
mod users;
mod vmstat;
mod wchan;
mod words;

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::Instant;

#[cfg(feature = "bpf")]
use hashbrown::HashMap;
use rustix::io::Errno;

use self::accounted::Accounts;
use self::dead::WholeNames;
use self::delays::Scratch;
#[cfg(feature = "bpf")]
use self::ended::Ending;
use self::failures::Failures;
use self::fds::Counting;
use self::files::Vanished;
use self::in_turns::InTurns;
use self::known::KnownProcesses;
use self::path::PathBuffer;
pub(crate) use self::reads::Reads;
use self::root::{Buffer, Listed, Root};
use self::shared::SharedLimits;
pub use self::units::Units;
use self::users::Users;
#[cfg(feature = "bpf")]
use super::bpf::{Programs, Record};
use super::{Exits, Naming, ReadErrors, Refusal, Untold};
use crate::error::Error;
use crate::metric::{Families, Family};
use crate::snapshot::{End, Host, Snapshot};

/// The proc filesystem as a source of snapshots.
#[derive(Debug)]
pub struct Procfs {
    path: PathBuf,
    root: Root,
    units: Units,
    boot_ms: u64,
    users: Users,
    counting: Counting,
    known: KnownProcesses,
    naming: Naming,
    reads: Reads,
    /// Milliseconds since the start of the host at the last listing, where that is known.
    uptime_ms: Option<u64>,
    /// Whether the kernel counts what processes wait for storage, and that is asked for.
    block_delay: bool,
    failures: Failures,
    vanished: u64,
    listed: Vec<Listed>,
    /// The threads of one process.
    tids: Vec<Listed>,
    /// The host at the last listing; its CPUs are those when this was opened.
    host: Host,
    in_turns: InTurns,
    delays: Scratch,
    limits: SharedLimits,
    /// Processes whose parents are read later in the scan, and that stand as they were if those do.
    deferred: Vec<Listed>,
    /// Whether the kernel counts when processes run, and whether that is used.
    idle_told: bool,
    full: bool,
    buffers: Buffers,
    /// Why it does not have its numbers from BPF, where that was tried.
    refusal: Option<Refusal>,
    /// What tells of all processes at once, where it is to be had, and what it has told.
    #[cfg(feature = "bpf")]
    programs: Option<Programs>,
    #[cfg(feature = "bpf")]
    records: Vec<Record>,
    /// So many at the begin of the listing have none.
    #[cfg(feature = "bpf")]
    unrecorded: usize,
    /// What was told of processes that have ended: room for it.
    #[cfg(feature = "bpf")]
    ended: Vec<Record>,
    /// What was told of processes when they began to end, by pid and start, until their last record comes; and what stands in for it.
    #[cfg(feature = "bpf")]
    ending: HashMap<(u32, u64), Ending, foldhash::fast::RandomState>,
    #[cfg(feature = "bpf")]
    overdue: Vec<Record>,
    /// Ended processes of which nothing was told.
    #[cfg(feature = "bpf")]
    lost: Vec<End>,
    whole_names: WholeNames,
    /// What is told of ends where records are not to be had, or why nothing is.
    accounts: Option<Accounts>,
    untold: Untold,
}

/// Reused from file to file; two, since the name in `stat` is still needed when `status` is read.
#[derive(Debug)]
struct Buffers {
    path: PathBuffer,
    stat: Buffer,
    other: Buffer,
}

impl Procfs {
    /// Opens a proc root (`/proc`, or a captured tree) and reads the boot time, once.
    ///
    /// # Errors
    /// Where the path cannot be opened or holds no `stat` with a boot time: such a place is not a proc root.
    pub fn open(path: &Path, passwd: &Path, units: Units) -> Result<Procfs, Error> {
        let not_proc = |reason: String| Error::NotProc { path: path.to_owned(), reason };
        let root = Root::open(path).map_err(|e| not_proc(e.to_string()))?;
        let mut buffer = Buffer::new();
        let text = root
            .read(c"stat", &mut buffer)
            .map_err(|e| not_proc(format!("its file stat: {}", std::io::Error::from(e))))?;
        let boot = boot::parse(text).ok_or_else(|| not_proc("its file stat has no line btime".to_owned()))?;
        let host_cpus = Some(boot::cpus(text)).filter(|cpus| *cpus > 0);
        let idle_told = idle::counted(&root, &mut buffer);
        Ok(Procfs {
            path: path.to_owned(),
            counting: Counting::of(&root),
            root,
            units,
            boot_ms: boot.saturating_mul(1000),
            users: Users::new(passwd.to_owned()),
            known: KnownProcesses::default(),
            naming: Naming::default(),
            reads: Reads::of(Families::default(), true),
            uptime_ms: None,
            block_delay: false,
            failures: Failures::default(),
            vanished: 0,
            listed: Vec::new(),
            tids: Vec::new(),
            host: Host { cpus: host_cpus, ..Host::default() },
            in_turns: InTurns::default(),
            delays: Scratch::default(),
            limits: SharedLimits::default(),
            deferred: Vec::new(),
            idle_told,
            full: false,
            buffers: Buffers { path: PathBuffer::default(), stat: Buffer::new(), other: Buffer::new() },
            refusal: None,
            #[cfg(feature = "bpf")]
            programs: None,
            #[cfg(feature = "bpf")]
            records: Vec::new(),
            #[cfg(feature = "bpf")]
            unrecorded: 0,
            #[cfg(feature = "bpf")]
            ended: Vec::new(),
            #[cfg(feature = "bpf")]
            ending: HashMap::default(),
            #[cfg(feature = "bpf")]
            overdue: Vec::new(),
            #[cfg(feature = "bpf")]
            lost: Vec::new(),
            whole_names: WholeNames::default(),
            accounts: None,
            untold: Untold::Source,
        })
    }

    /// The same source, which stands in for BPF.
    pub(crate) fn instead_of_bpf(self, refusal: Refusal) -> Procfs {
        Procfs { refusal: Some(refusal), ..self }
    }

    pub(crate) fn refusal(&self) -> Option<&Refusal> {
        self.refusal.as_ref()
    }

    pub(crate) fn exits(&self) -> Exits {
        #[cfg(feature = "bpf")]
        if let Some(programs) = &self.programs {
            return match programs.exits() {
                Ok(_) => Exits::Bpf,
                Err(refused) => Exits::Scans(Untold::Refused(refused.to_owned())),
            };
        }
        match self.accounts {
            Some(_) => Exits::Taskstats,
            None => Exits::Scans(self.untold.clone()),
        }
    }

    /// Adds the processes that have ended since the last call, as far as they are told of, children before their parents.
    pub(crate) fn ends(&mut self, snapshot: &mut Snapshot, ends: &mut Vec<End>) {
        #[cfg(feature = "bpf")]
        self.recorded_ends(snapshot, ends);
        self.accounted_ends(snapshot, ends);
    }

    pub(crate) fn lost_ends(&self) -> Option<u64> {
        #[cfg(feature = "bpf")]
        if let Some(exits) = self.told_exits() {
            return Some(exits.lost());
        }
        self.accounts.as_ref().map(|accounts| accounts.taskstats().lost())
    }

    pub(crate) fn ends_ready(&self) -> Option<OwnedFd> {
        #[cfg(feature = "bpf")]
        if let Some(exits) = self.told_exits() {
            return exits.ready();
        }
        self.accounts.as_ref()?.taskstats().ready()
    }

    /// How processes are named from the next scan on; those that are known are named anew.
    pub fn configure(&mut self, naming: Naming) {
        self.naming = naming;
        self.known.unsettle();
    }

    /// What is read from the next scan on: the files that these families need, and no other. `details` are the unit and the
    /// container of a process.
    pub fn read_for(&mut self, families: Families, details: bool) {
        self.reads = Reads::of(families, details);
        self.known.unsettle();
        #[cfg(feature = "bpf")]
        self.count_network(families.has(Family::Network));
    }

    /// Whether every file of every process is read in each scan, also of processes that have not run since the last one.
    pub fn scan_fully(&mut self, full: bool) {
        self.full = full;
    }

    /// First half of a scan: which processes there are. Returns their number.
    ///
    /// # Errors
    /// Where the root can no longer be listed.
    pub fn list(&mut self) -> Result<usize, Error> {
        #[cfg(feature = "bpf")]
        let told = self.list_records()?;
        #[cfg(not(feature = "bpf"))]
        let told = false;
        if !told {
            let list = |cause: Errno| Error::List { path: self.path.clone(), cause: cause.into() };
            self.root.list(&mut self.listed).map_err(list)?;
        }
        self.uptime_ms = self.root.read(c"uptime", &mut self.buffers.other).ok().and_then(uptime::parse);
        self.host = self.look_at_the_host();
        self.block_delay = self.reads.families.has(Family::BlockDelay) && self.delays_are_counted();
        Ok(self.listed.len())
    }

    fn look_at_the_host(&mut self) -> Host {
        let buffer = &mut self.buffers.other;
        let loadavg = self.root.read(c"loadavg", buffer).unwrap_or_default();
        let (threads, load) = (loadavg::threads(loadavg), loadavg::load(loadavg));
        let meminfo = self.root.read(c"meminfo", buffer).unwrap_or_default();
        let (memory_bytes, available_memory_bytes) = (meminfo::total_bytes(meminfo), meminfo::available_bytes(meminfo));
        let mut oom_kills = None;
        let found = |line: &[u8]| {
            oom_kills = vmstat::oom_kills(line);
            oom_kills.is_none()
        };
        // Where the file cannot be read nothing is known of kills.
        let _ = self.root.lines(c"vmstat", buffer, found);
        Host { threads, load, cpus: self.host.cpus, memory_bytes, available_memory_bytes, oom_kills }
    }

    /// Before Linux 5.14 they are unless the kernel was started without, and nothing tells.
    fn delays_are_counted(&mut self) -> bool {
        let switch = self.root.read(c"sys/kernel/task_delayacct", &mut self.buffers.other);
        !switch.is_ok_and(|text| text.starts_with(b"0"))
    }

    /// Second half of a scan: reads each listed process into `snapshot`, which is the one of the scan before. After
    /// `deadline` nothing more is read, and what was known before stands in.
    pub fn read(&mut self, deadline: Option<Instant>, snapshot: &mut Snapshot) {
        self.read_of(deadline, snapshot, |_| true);
    }

    /// The same; of a process that is known and not `shown`, by its slot, only `stat` is read.
    pub fn read_of(&mut self, deadline: Option<Instant>, snapshot: &mut Snapshot, shown: impl Fn(u32) -> bool) {
        snapshot.begin();
        snapshot.host = self.host;
        self.known.begin_scan();
        self.users.begin_scan();
        let listed = std::mem::take(&mut self.listed);
        let mut late = false;
        for (index, listed) in listed.iter().enumerate() {
            // The clock costs little, but not nothing: a look at it for some milliseconds of reading.
            if index % 64 == 0 {
                late = late || deadline.is_some_and(|deadline| Instant::now() >= deadline);
            }
            if late {
                snapshot.skipped += 1;
                if let Some((slot, _)) = self.known.see(listed.pid) {
                    snapshot.keep(slot);
                }
                continue;
            }
            if self.is_accounted(listed.pid) {
                continue;
            }
            #[cfg(feature = "bpf")]
            let read = match self.records.get(index.wrapping_sub(self.unrecorded)).copied() {
                Some(record) => self.recorded(&record, snapshot, &shown),
                None => self.process(*listed, snapshot, &shown),
            };
            #[cfg(not(feature = "bpf"))]
            let read = self.process(*listed, snapshot, &shown);
            if let Err(Vanished) = read {
                self.vanished += 1;
                #[cfg(feature = "bpf")]
                if self.told_exits().is_some() && self.known.get(listed.pid).is_some() {
                    continue;
                }
                if let Some(slot) = self.known.forget(listed.pid) {
                    snapshot.forget(slot);
                }
            }
        }
        self.listed = listed;
        // A third of a KiB for each process: not kept until the next scan.
        #[cfg(feature = "bpf")]
        drop(std::mem::take(&mut self.records));
        if late {
            self.deferred.clear();
        }
        self.look_again(snapshot, &shown);
        if self.reads.smaps && !late {
            self.shared_memory(deadline, snapshot, &shown);
        }
        if self.reads.links && !late {
            self.links(deadline, snapshot, &shown);
        }
        #[cfg(feature = "bpf")]
        if self.told_exits().is_some() {
            self.await_ends(snapshot);
            return;
        }
        self.known.forget_unseen(|slot| snapshot.forget(slot));
    }

    /// Files that could not be read, since the start.
    pub fn read_errors(&self) -> impl Iterator<Item = ReadErrors> + '_ {
        self.failures.counts().map(|(file, reason, count)| ReadErrors {
            file: file.as_str(),
            reason: reason.as_str(),
            count,
        })
    }

    /// Processes that ended between the listing and their last file, since the start.
    pub fn vanished(&self) -> u64 {
        self.vanished
    }
}
