//! Where readings come from. A source fills a [`Snapshot`]; what it is read from stays inside.

#[cfg(all(target_os = "linux", feature = "bpf"))]
pub(crate) mod bpf;
mod exits;
pub(crate) mod name;
#[cfg(all(target_os = "linux", feature = "procfs"))]
pub mod procfs;
mod refusal;
pub mod sysinfo;
#[cfg(all(target_os = "linux", feature = "procfs"))]
mod taskstats;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use self::exits::{Exits, Untold};
#[cfg(all(target_os = "linux", feature = "procfs"))]
use self::procfs::{Procfs, Units};
pub use self::refusal::Refusal;
use self::sysinfo::Sysinfo;
use crate::error::Error;
use crate::metric::{Families, Family};
use crate::rules::Rules;
use crate::snapshot::{End, Snapshot};

/// How processes are named.
#[derive(Debug, Clone, Default)]
pub struct Naming {
    /// The rules; without any, groups are called as their processes.
    pub rules: Option<Arc<Rules>>,
    /// When a process is named again although nothing seems to have changed.
    pub recheck: Recheck,
}

/// When a process is named again. An `exec` that leaves the name as it is, and a command line that a process writes
/// over itself, are seen in nothing that each scan reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recheck {
    /// In every scan.
    Always,
    /// In every scan until it has been named at this age.
    Young(Duration),
}

impl Default for Recheck {
    fn default() -> Recheck {
        Recheck::Young(Duration::from_secs(10))
    }
}

/// How often a file of a process could not be read, and why, since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadErrors {
    /// The file in the process's directory: `io`, `fd`, ...
    pub file: &'static str,
    /// `permission`, `malformed` or `other`.
    pub reason: &'static str,
    /// How often.
    pub count: u64,
}

/// What counting bytes and packets of processes has cost since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NetworkCosts {
    /// How often a BPF program has counted something for a process.
    pub calls: u64,
    /// How often there was no room for the process: what should have been counted is nowhere.
    pub lost: u64,
    /// Time in the programs; `None` where the kernel does not measure it (`kernel.bpf_stats_enabled`).
    pub time: Option<Duration>,
}

/// Which source is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Choice {
    /// The best one that there is on this system: BPF on Linux where the kernel and the rights allow it, else `/proc`;
    /// sysinfo elsewhere.
    #[default]
    Auto,
    /// BPF programs, and `/proc` for what names processes, on Linux.
    Bpf,
    /// `/proc`, on Linux.
    Procfs,
    /// The crate sysinfo, which knows macOS, Windows, FreeBSD and NetBSD too.
    Sysinfo,
}

/// An open source.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one")]
pub enum Source {
    /// `/proc`.
    #[cfg(all(target_os = "linux", feature = "procfs"))]
    Procfs(Procfs),
    /// The crate sysinfo.
    Sysinfo(Sysinfo),
}

impl Source {
    /// Opens a source; `proc_root` is where the proc filesystem is mounted, for the one that reads it.
    ///
    /// # Errors
    /// Where the source is not to be had on this system, or `proc_root` is not what it should be.
    pub fn open(choice: Choice, proc_root: &Path) -> Result<Source, Error> {
        match choice {
            Choice::Sysinfo => Sysinfo::open().map(Source::Sysinfo),
            #[cfg(all(target_os = "linux", feature = "procfs"))]
            Choice::Procfs => procfs(proc_root).map(Procfs::with_taskstats).map(Source::Procfs),
            #[cfg(all(target_os = "linux", feature = "procfs"))]
            Choice::Bpf => Ok(Source::Procfs(with_bpf(procfs(proc_root)?, proc_root).map_err(|refused| refused.1)?)),
            #[cfg(all(target_os = "linux", feature = "procfs"))]
            Choice::Auto => match with_bpf(procfs(proc_root)?, proc_root) {
                Ok(source) => Ok(Source::Procfs(source)),
                Err(refused) => {
                    let (source, refusal) = *refused;
                    tracing::info!(reason = %refusal, "processes are read from /proc, not by BPF");
                    Ok(Source::Procfs(source.instead_of_bpf(refusal).with_taskstats()))
                }
            },
            #[cfg(not(all(target_os = "linux", feature = "procfs")))]
            Choice::Bpf => Err(Refusal::NotBuilt.into()),
            #[cfg(not(all(target_os = "linux", feature = "procfs")))]
            Choice::Auto => Sysinfo::open().map(Source::Sysinfo),
            #[cfg(not(all(target_os = "linux", feature = "procfs")))]
            Choice::Procfs => Err(Error::NotProc {
                path: proc_root.to_owned(),
                reason: "this exporter was built without the source procfs, which reads Linux's; --source=sysinfo works here".to_owned(),
            }),
        }
    }

    /// Its name, as `--source` takes it.
    pub fn name(&self) -> &'static str {
        match self {
            #[cfg(all(target_os = "linux", feature = "bpf"))]
            Source::Procfs(source) if source.has_programs() => "bpf",
            #[cfg(all(target_os = "linux", feature = "procfs"))]
            Source::Procfs(_) => "procfs",
            Source::Sysinfo(_) => "sysinfo",
        }
    }

    /// Why it is not BPF, where that would have been better and was not asked against.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            #[cfg(all(target_os = "linux", feature = "procfs"))]
            Source::Procfs(source) => source.refusal(),
            Source::Sysinfo(_) => None,
        }
    }

    /// How it tells of processes that have ended.
    pub fn exits(&self) -> Exits {
        match self {
            #[cfg(all(target_os = "linux", feature = "procfs"))]
            Source::Procfs(source) => source.exits(),
            Source::Sysinfo(_) => Exits::Scans(Untold::Source),
        }
    }

    /// Replaces `ends` by the processes that have ended since the last call, children before their parents, where it is told of them.
    /// `snapshot` is the one of the last scan; they are in it no more. To be asked before each scan.
    #[cfg_attr(not(all(target_os = "linux", feature = "procfs")), expect(unused_variables, reason = "nothing tells"))]
    pub fn ends(&mut self, snapshot: &mut Snapshot, ends: &mut Vec<End>) {
        ends.clear();
        match self {
            #[cfg(all(target_os = "linux", feature = "procfs"))]
            Source::Procfs(source) => source.ends(snapshot, ends),
            Source::Sysinfo(_) => {}
        }
    }

    /// Ended processes of which nothing could be told since the start; `None` where nothing tells of any.
    pub fn lost_ends(&self) -> Option<u64> {
        match self {
            #[cfg(all(target_os = "linux", feature = "procfs"))]
            Source::Procfs(source) => source.lost_ends(),
            Source::Sysinfo(_) => None,
        }
    }

    /// What becomes readable when so many processes have ended that [`Source::ends`] should be asked before the next scan.
    #[cfg(unix)]
    pub fn ends_ready(&self) -> Option<std::os::fd::OwnedFd> {
        match self {
            #[cfg(all(target_os = "linux", feature = "procfs"))]
            Source::Procfs(source) => source.ends_ready(),
            Source::Sysinfo(_) => None,
        }
    }

    /// How processes are named from the next scan on; those that are known are named anew.
    pub fn configure(&mut self, naming: Naming) {
        match self {
            #[cfg(all(target_os = "linux", feature = "procfs"))]
            Source::Procfs(source) => source.configure(naming),
            Source::Sysinfo(source) => source.configure(naming),
        }
    }

    /// What is read from the next scan on: what these families need. `details` are the unit and the container of a process.
    pub fn read_for(&mut self, families: Families, details: bool) {
        match self {
            #[cfg(all(target_os = "linux", feature = "procfs"))]
            Source::Procfs(source) => source.read_for(families, details),
            Source::Sysinfo(source) => source.read_for(families, details),
        }
        if families.has(Family::Network) && self.network_costs().is_none() {
            tracing::warn!("what processes send and receive is not counted: that takes the source bpf");
        }
    }

    /// What counting bytes and packets has cost; `None` where that is not done.
    pub fn network_costs(&self) -> Option<NetworkCosts> {
        match self {
            #[cfg(all(target_os = "linux", feature = "bpf"))]
            Source::Procfs(source) => source.network_costs(),
            _ => None,
        }
    }

    /// First half of a scan: which processes there are. Returns their number.
    ///
    /// # Errors
    /// Where they cannot be listed.
    pub fn list(&mut self) -> Result<usize, Error> {
        match self {
            #[cfg(all(target_os = "linux", feature = "procfs"))]
            Source::Procfs(source) => source.list(),
            Source::Sysinfo(source) => source.list(),
        }
    }

    /// Second half of a scan: reads each listed process into `snapshot`. After `deadline` nothing more is read, and
    /// what was known before stands in.
    pub fn read(&mut self, deadline: Option<Instant>, snapshot: &mut Snapshot) {
        match self {
            #[cfg(all(target_os = "linux", feature = "procfs"))]
            Source::Procfs(source) => source.read(deadline, snapshot),
            Source::Sysinfo(source) => source.read(deadline, snapshot),
        }
    }

    /// The same; of a process that is known and not `shown`, by its slot, as little is read as can be.
    #[cfg_attr(
        not(all(target_os = "linux", feature = "procfs")),
        expect(unused_variables, reason = "sysinfo reads alike")
    )]
    pub fn read_of(&mut self, deadline: Option<Instant>, snapshot: &mut Snapshot, shown: impl Fn(u32) -> bool) {
        match self {
            #[cfg(all(target_os = "linux", feature = "procfs"))]
            Source::Procfs(source) => source.read_of(deadline, snapshot, shown),
            Source::Sysinfo(source) => source.read(deadline, snapshot),
        }
    }

    /// Whether every file of every process is read in each scan, also of processes that have not run since the last one.
    #[cfg_attr(
        not(all(target_os = "linux", feature = "procfs")),
        expect(unused_variables, reason = "sysinfo always does")
    )]
    pub fn scan_fully(&mut self, full: bool) {
        match self {
            #[cfg(all(target_os = "linux", feature = "procfs"))]
            Source::Procfs(source) => source.scan_fully(full),
            // It knows no other way.
            Source::Sysinfo(_) => {}
        }
    }

    /// Files that could not be read, since the start. Sysinfo does not tell.
    pub fn read_errors(&self) -> Vec<ReadErrors> {
        match self {
            #[cfg(all(target_os = "linux", feature = "procfs"))]
            Source::Procfs(source) => source.read_errors().collect(),
            Source::Sysinfo(_) => Vec::new(),
        }
    }

    /// Processes that ended between the listing and their reading, since the start.
    pub fn vanished(&self) -> u64 {
        match self {
            #[cfg(all(target_os = "linux", feature = "procfs"))]
            Source::Procfs(source) => source.vanished(),
            Source::Sysinfo(source) => source.vanished(),
        }
    }
}

#[cfg(all(target_os = "linux", feature = "procfs"))]
fn procfs(proc_root: &Path) -> Result<Procfs, Error> {
    Procfs::open(proc_root, Path::new("/etc/passwd"), Units::of_this_system())
}

/// The same source with its numbers from BPF; as it was, with the reason, where these are not to be had.
#[cfg(all(target_os = "linux", feature = "procfs"))]
fn with_bpf(source: Procfs, proc_root: &Path) -> Result<Procfs, Box<(Procfs, Refusal)>> {
    #[cfg(feature = "bpf")]
    return match bpf::load(proc_root) {
        Ok(programs) => Ok(source.with_programs(programs)),
        Err(refusal) => Err(Box::new((source, refusal))),
    };
    #[cfg(not(feature = "bpf"))]
    {
        let _ = proc_root;
        Err(Box::new((source, Refusal::NotBuilt)))
    }
}

#[cfg(all(target_os = "linux", feature = "procfs"))]
impl From<Procfs> for Source {
    fn from(source: Procfs) -> Source {
        Source::Procfs(source)
    }
}

impl From<Sysinfo> for Source {
    fn from(source: Sysinfo) -> Source {
        Source::Sysinfo(source)
    }
}
