//! Linux: everything from `/proc`, one file of this folder per file of the kernel.
//!
//! Reading is `root`'s, parsing bytes is that of the file's own module, and this one puts a process together.
//! In the steady state a scan allocates nothing per process.

mod boot;
mod cgroup;
mod cmdline;
mod failures;
mod fds;
mod identify;
mod io;
mod known;
mod limits;
mod name;
mod path;
mod root;
mod schedstat;
mod stat;
mod status;
mod uptime;
mod users;
mod words;

use std::path::{Path, PathBuf};
use std::time::Instant;

use rustix::io::Errno;

use self::failures::{Failure, Failures, Reason};
use self::fds::Counting;
use self::io::Io;
use self::known::KnownProcesses;
use self::path::{File, PathBuffer};
use self::root::{Buffer, Root};
use self::stat::Stat;
use self::status::Status;
use self::users::Users;
use self::words::Words;
use super::{Naming, ReadErrors};
use crate::error::Error;
use crate::metric::{Families, Family};
use crate::snapshot::{Counter, Counters, Gauge, Gauges, Process, Snapshot};

/// The limit of open files is read once in so many scans: 20 us, for what hardly ever changes.
const LIMITS_ROUND: u32 = 16;

/// How the kernel counts.
#[derive(Debug, Clone, Copy)]
pub struct Units {
    /// Clock ticks per second (`sysconf(_SC_CLK_TCK)`).
    pub ticks_per_second: u64,
    /// Bytes of a page of memory.
    pub page_bytes: u64,
}

impl Units {
    /// Those of the running system.
    pub fn of_this_system() -> Units {
        Units {
            ticks_per_second: rustix::param::clock_ticks_per_second().max(1),
            page_bytes: rustix::param::page_size() as u64,
        }
    }
}

/// Which files beside `stat` are read of each process in each scan.
#[derive(Debug, Clone, Copy)]
struct Reads {
    status: bool,
    io: bool,
    fds: bool,
    limits: bool,
    schedstat: bool,
    oom_score: bool,
    /// Of a new process only.
    cgroup: bool,
}

impl Reads {
    fn of(families: Families, details: bool) -> Reads {
        Reads {
            status: families.any(&[Family::Swap, Family::MemoryKinds, Family::Switches]),
            io: families.has(Family::Io),
            fds: families.any(&[Family::OpenFds, Family::FdLimit]),
            limits: families.has(Family::FdLimit),
            schedstat: families.has(Family::RunQueue),
            oom_score: families.has(Family::OomScore) && details,
            cgroup: families.has(Family::Info) && details,
        }
    }
}

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
    failures: Failures,
    vanished: u64,
    pids: Vec<u32>,
    buffers: Buffers,
}

/// Reused from file to file; two, since the name in `stat` is still needed when `status` is read.
#[derive(Debug)]
struct Buffers {
    path: PathBuffer,
    stat: Buffer,
    other: Buffer,
}

/// The process ended before it was read to the end.
struct Vanished;

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
            failures: Failures::default(),
            vanished: 0,
            pids: Vec::new(),
            buffers: Buffers { path: PathBuffer::default(), stat: Buffer::new(), other: Buffer::new() },
        })
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
    }

    /// First half of a scan: which processes there are. Returns their number.
    ///
    /// # Errors
    /// Where the root can no longer be listed.
    pub fn list(&mut self) -> Result<usize, Error> {
        let list = |cause: Errno| Error::List { path: self.path.clone(), cause: cause.into() };
        self.root.list(&mut self.pids).map_err(list)?;
        self.uptime_ms = self.root.read(c"uptime", &mut self.buffers.other).ok().and_then(uptime::parse);
        Ok(self.pids.len())
    }

    /// Second half of a scan: reads each listed process into `snapshot`. After `deadline` nothing more is read, and
    /// what was known before stands in.
    pub fn read(&mut self, deadline: Option<Instant>, snapshot: &mut Snapshot) {
        snapshot.processes.clear();
        snapshot.skipped = 0;
        self.known.begin_scan();
        self.users.begin_scan();
        let mut late = false;
        for index in 0..self.pids.len() {
            let pid = self.pids[index];
            // The clock costs little, but not nothing: a look at it for some milliseconds of reading.
            if index % 64 == 0 {
                late = late || deadline.is_some_and(|deadline| Instant::now() >= deadline);
            }
            if late {
                snapshot.skipped += 1;
                snapshot.processes.extend(self.known.see(pid).map(|known| known.process.clone()));
                continue;
            }
            match self.process(pid) {
                Ok(Some(process)) => snapshot.processes.push(process),
                Ok(None) => {}
                Err(Vanished) => {
                    self.vanished += 1;
                    self.known.forget(pid);
                }
            }
        }
        self.known.forget_unseen();
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

    /// Reads one process. `None` where its `stat` cannot be had, so that nothing is known about it.
    fn process(&mut self, pid: u32) -> Result<Option<Process>, Vanished> {
        let Buffers { path, stat: stat_buffer, other } = &mut self.buffers;
        let stat = parsed(self.root.read(path.of(pid, File::Stat), stat_buffer), stat::parse);
        let stat = match stat {
            Ok(stat) => stat,
            Err(Failure::Missing | Failure::Vanished) => return Err(Vanished),
            Err(Failure::Unreadable(reason)) => {
                self.failures.add(File::Stat, reason);
                // Still known: were it forgotten, its counters would start anew when it can be read again.
                let _ = self.known.see(pid);
                return Ok(None);
            }
        };
        let comm = name::stable(&stat);
        let reads = self.reads;
        // The user is in no file that is cheaper: one that is not known yet asks for it in any case.
        let named = self.known.get(pid).is_some_and(|known| identify::unchanged(known, &stat, comm, None));
        let status = match reads.status || !named {
            true => {
                let status = parsed(self.root.read(path.of(pid, File::Status), other), status::parse);
                field(status, pid, File::Status, &self.root, path, &mut self.failures)?
            }
            false => None,
        };
        let io = match reads.io {
            true => {
                let io = parsed(self.root.read(path.of(pid, File::Io), other), io::parse);
                field(io, pid, File::Io, &self.root, path, &mut self.failures)?
            }
            false => None,
        };
        let fds = match reads.fds {
            true => {
                let fds = self.counting.count(&mut self.root, path, pid).map_err(Failure::from);
                field(fds, pid, File::Fd, &self.root, path, &mut self.failures)?
            }
            false => None,
        };
        let mut counters = counters(&stat, status.as_ref(), io.as_ref(), self.units);
        let mut gauges = gauges(&stat, status.as_ref(), fds, self.units);
        if reads.schedstat {
            let schedstat = parsed(self.root.read(path.of(pid, File::Schedstat), other), schedstat::parse);
            let schedstat = field(schedstat, pid, File::Schedstat, &self.root, path, &mut self.failures)?;
            counters.set(Counter::RunQueue, schedstat.map(|schedstat| schedstat.waited_ns));
        }
        if reads.oom_score {
            let score = parsed(self.root.read(path.of(pid, File::OomScore), other), |text| Words::new(text).number());
            gauges.set(Gauge::OomScore, field(score, pid, File::OomScore, &self.root, path, &mut self.failures)?);
        }
        let uid = status.and_then(|s| s.uid);
        let fresh = match self.known.see(pid) {
            Some(known) => !identify::unchanged(known, &stat, comm, uid),
            None => true,
        };
        if fresh {
            // A `status` that cannot be read this time takes no name from the user.
            let before = self.known.get(pid).filter(|known| known.start_ticks == stat.start_ticks);
            let uid = uid.or_else(|| before.and_then(|known| known.uid));
            let names = identify::Reader {
                root: &self.root,
                users: &mut self.users,
                failures: &mut self.failures,
                rules: self.naming.rules.as_deref(),
                cgroup: reads.cgroup,
                boot_ms: self.boot_ms,
                ticks_per_second: self.units.ticks_per_second,
                buffer: other,
            };
            let identity = names.identity(pid, &stat, comm, uid, path)?;
            let identity = identify::kept(self.known.get(pid), identity);
            let start_ms = identify::start_ms(&stat, self.units.ticks_per_second);
            let settled = identify::settled(self.naming.recheck, start_ms, self.uptime_ms);
            let process = Process {
                slot: self.known.slot(pid),
                identity,
                state: stat.state,
                counters,
                gauges,
                waited_minor_faults: None,
            };
            self.known.put(process, comm, uid, stat.start_ticks, settled);
        }
        let slot = self.known.slot(pid);
        if reads.limits && (fresh || self.known.turn(slot, LIMITS_ROUND)) {
            let limit = parsed(self.root.read(path.of(pid, File::Limits), other), limits::parse);
            let limit = field(limit, pid, File::Limits, &self.root, path, &mut self.failures)?;
            if let Some(known) = self.known.see(pid) {
                known.fd_limit = limit;
            }
        }
        let Some(known) = self.known.see(pid) else { return Ok(None) };
        known.process.state = stat.state;
        known.process.counters = counters;
        known.process.gauges = gauges;
        known.process.gauges.set(Gauge::FdLimit, known.fd_limit);
        known.process.waited_minor_faults = Some(stat.waited_minor_faults);
        Ok(Some(known.process.clone()))
    }
}

/// What the bytes of a file mean, where they could be read and mean something.
fn parsed<'b, T>(text: Result<&'b [u8], Errno>, parse: impl FnOnce(&'b [u8]) -> Option<T>) -> Result<T, Failure> {
    parse(text?).ok_or(Failure::Unreadable(Reason::Malformed))
}

/// A field that may be missing without the process being so.
fn field<T>(
    read: Result<T, Failure>,
    pid: u32,
    file: File,
    root: &Root,
    path: &mut PathBuffer,
    failures: &mut Failures,
) -> Result<Option<T>, Vanished> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(Failure::Vanished) => Err(Vanished),
        // Either the process has gone or this kernel was built without the file; its `stat` tells which.
        Err(Failure::Missing) if root.size(path.of(pid, File::Stat)).is_ok() => Ok(None),
        Err(Failure::Missing) => Err(Vanished),
        Err(Failure::Unreadable(reason)) => {
            failures.add(file, reason);
            Ok(None)
        }
    }
}

fn counters(stat: &Stat<'_>, status: Option<&Status>, io: Option<&Io>, units: Units) -> Counters {
    let nanoseconds = |ticks: u64| {
        let exact = u128::from(ticks) * 1_000_000_000 / u128::from(units.ticks_per_second);
        u64::try_from(exact).unwrap_or(u64::MAX)
    };
    let mut counters = Counters::default();
    counters.set(Counter::CpuUser, Some(nanoseconds(stat.user_ticks)));
    counters.set(Counter::CpuSystem, Some(nanoseconds(stat.system_ticks)));
    counters.set(Counter::ChildrenUser, Some(nanoseconds(stat.children_user_ticks)));
    counters.set(Counter::ChildrenSystem, Some(nanoseconds(stat.children_system_ticks)));
    counters.set(Counter::Read, io.map(|io| io.read_bytes));
    counters.set(Counter::Written, io.map(|io| io.write_bytes));
    counters.set(Counter::MinorFaults, Some(stat.minor_faults));
    counters.set(Counter::MajorFaults, Some(stat.major_faults));
    counters.set(Counter::Voluntary, status.and_then(|s| s.voluntary_switches));
    counters.set(Counter::Involuntary, status.and_then(|s| s.involuntary_switches));
    counters
}

fn gauges(stat: &Stat<'_>, status: Option<&Status>, fds: Option<u64>, units: Units) -> Gauges {
    let mut gauges = Gauges::default();
    gauges.set(Gauge::Resident, Some(stat.resident_pages.saturating_mul(units.page_bytes)));
    gauges.set(Gauge::Virtual, Some(stat.virtual_bytes));
    // What has no memory of its own has none swapped out: a known 0, as its other memory is.
    gauges.set(Gauge::Swap, status.map(|s| s.swap_bytes.unwrap_or(0)));
    // A process with memory and without these lines runs on a kernel before 4.5: not known, not 0.
    let kind = |bytes: fn(&Status) -> Option<u64>| {
        status.and_then(|s| bytes(s).or_else(|| s.swap_bytes.is_none().then_some(0)))
    };
    gauges.set(Gauge::Anonymous, kind(|s| s.anonymous_bytes));
    gauges.set(Gauge::FileBacked, kind(|s| s.file_bytes));
    gauges.set(Gauge::Shared, kind(|s| s.shared_bytes));
    gauges.set(Gauge::Threads, Some(stat.threads));
    gauges.set(Gauge::OpenFds, fds);
    gauges
}
