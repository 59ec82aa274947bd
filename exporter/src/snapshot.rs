//! What a source saw in one scan: one reading per process, the same shape from every source.
//!
//! A quantity that could not be read (no permission, not offered by the platform) is `None`, never 0.

use std::sync::Arc;

/// All processes of one scan, in ascending order of their pid. Reused from scan to scan.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// One reading per process.
    pub processes: Vec<Process>,
    /// Processes that were not read again before the deadline: those known before stand in
    /// `processes` with their last reading, new ones are missing.
    pub skipped: usize,
}

/// One reading of one process.
#[derive(Debug, Clone)]
pub struct Process {
    /// A small number that belongs to this process as long as it lives, and to another one after:
    /// later stages keep their state per process in a `Vec` under it instead of a map.
    pub slot: u32,
    /// What names the process. The same `Arc` from scan to scan until something in it changes.
    pub identity: Arc<Identity>,
    /// What it was doing when it was read.
    pub state: State,
    /// Quantities that only grow while the process lives.
    pub counters: Counters,
    /// Quantities of the moment.
    pub gauges: Gauges,
    /// Minor page faults of children that it has waited for, and of theirs: tells whether it has waited for a child.
    /// `None` where the platform does not count them.
    pub waited_minor_faults: Option<u64>,
}

/// What identifies and names a process; read once and again only when it changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// Process id.
    pub pid: u32,
    /// Start in milliseconds since the Unix epoch; `(pid, start_ms)` is the process.
    pub start_ms: u64,
    /// Process id of the parent, 0 for none.
    pub ppid: u32,
    /// The name (`comm`), cleaned: broken UTF-8 is replaced by U+FFFD, anything else is kept.
    pub name: String,
    /// The whole name, where the kernel has cut it and the executable or the command line still has it.
    pub long_name: Option<String>,
    /// What the rules made of it.
    pub membership: Membership,
    /// Whether it is a thread of the kernel.
    pub kernel: bool,
    /// Path of the executable; `None` where it has none or must not be read.
    pub executable: Option<String>,
    /// The effective user: the name, or the number where the number has no name.
    pub user: Option<Arc<str>>,
    /// The systemd unit, where it is in one and the cgroup was asked for.
    pub unit: Option<String>,
    /// The id of the container, likewise.
    pub container: Option<String>,
}

/// Which group a process belongs to, as far as that follows from the process itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Membership {
    /// There are no rules: the group is called as the process.
    #[default]
    ByName,
    /// A rule has taken it.
    Rule {
        /// Number of the rule, from 1.
        rule: u32,
        /// Name of the group.
        group: Arc<str>,
    },
    /// A rule says that it is not shown.
    Excluded {
        /// Number of the rule, from 1.
        rule: u32,
    },
    /// No rule takes it: it follows its parent where children do, and is not shown otherwise.
    Untaken,
}

impl Identity {
    /// Whether both are the same process, whatever it is called now: pid and start time are equal.
    pub fn same_process(&self, other: &Identity) -> bool {
        self.pid == other.pid && self.start_ms == other.start_ms
    }
}

/// Names of the quantities that only grow, and the index of each in [`Counters`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Counter {
    /// CPU time in user mode, nanoseconds, all threads, also ended ones.
    CpuUser,
    /// CPU time in kernel mode, nanoseconds, all threads, also ended ones.
    CpuSystem,
    /// Bytes fetched from storage.
    Read,
    /// Bytes sent to storage.
    Written,
    /// Page faults served without I/O.
    MinorFaults,
    /// Page faults that needed I/O.
    MajorFaults,
    /// Context switches because the main thread waited.
    Voluntary,
    /// Context switches because the main thread was pushed off its CPU.
    Involuntary,
    /// CPU time in user mode of children that it has waited for, and of theirs, nanoseconds.
    ChildrenUser,
    /// CPU time in kernel mode of children that it has waited for, and of theirs, nanoseconds.
    ChildrenSystem,
    /// Time that the main thread could have run and had no CPU, nanoseconds.
    RunQueue,
    /// CPU time in both modes, nanoseconds, from a source that cannot tell them apart; the other two are then unknown.
    Cpu,
}

/// Names of the quantities of the moment, and the index of each in [`Gauges`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Gauge {
    /// Resident memory, bytes.
    Resident,
    /// Virtual memory, bytes.
    Virtual,
    /// Swapped out memory, bytes.
    Swap,
    /// Threads.
    Threads,
    /// Open file descriptors.
    OpenFds,
    /// Soft limit of open file descriptors.
    FdLimit,
    /// Resident anonymous memory, bytes.
    Anonymous,
    /// Resident memory of mapped files, bytes.
    FileBacked,
    /// Resident shared memory (`tmpfs` and System V), bytes.
    Shared,
    /// From 0 to 1000 and more: how soon the kernel would end it when memory runs out.
    OomScore,
}

/// The quantities that only grow, by [`Counter`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters(pub [Option<u64>; Counters::COUNT]);

/// The quantities of the moment, by [`Gauge`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Gauges(pub [Option<u64>; 10]);

impl Counters {
    /// How many there are.
    pub const COUNT: usize = Counter::Cpu as usize + 1;

    /// The value of one quantity.
    pub fn get(&self, counter: Counter) -> Option<u64> {
        self.0[counter as usize]
    }

    /// Sets the value of one quantity.
    pub fn set(&mut self, counter: Counter, value: Option<u64>) {
        self.0[counter as usize] = value;
    }
}

impl Gauges {
    /// The value of one quantity.
    pub fn get(&self, gauge: Gauge) -> Option<u64> {
        self.0[gauge as usize]
    }

    /// Sets the value of one quantity.
    pub fn set(&mut self, gauge: Gauge, value: Option<u64>) {
        self.0[gauge as usize] = value;
    }
}

/// What a process is doing: `proc_pid_stat(5)`, field 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum State {
    /// R: running or waiting for a CPU.
    Running,
    /// S: waiting, can be woken by a signal.
    Sleeping,
    /// D: waiting, cannot be woken by a signal, mostly for a disk.
    DiskSleep,
    /// T: stopped by a signal.
    Stopped,
    /// t: stopped by a tracer.
    Traced,
    /// Z: ended, not yet waited for.
    Zombie,
    /// X: being removed.
    Dead,
    /// I: a kernel thread without work.
    Idle,
    /// Anything else (old kernels know K, W, P).
    Other,
}

impl State {
    /// Every state, in the order of the discriminants.
    pub const ALL: [State; 9] = [
        State::Running,
        State::Sleeping,
        State::DiskSleep,
        State::Stopped,
        State::Traced,
        State::Zombie,
        State::Dead,
        State::Idle,
        State::Other,
    ];

    /// The value of the label `state`.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Running => "running",
            State::Sleeping => "sleeping",
            State::DiskSleep => "disk_sleep",
            State::Stopped => "stopped",
            State::Traced => "traced",
            State::Zombie => "zombie",
            State::Dead => "dead",
            State::Idle => "idle",
            State::Other => "other",
        }
    }
}
