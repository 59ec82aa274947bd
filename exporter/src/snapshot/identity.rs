//! What identifies and names a process, and which group follows from that.

use std::sync::Arc;

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
    pub long_name: Option<Box<str>>,
    /// What the rules made of it.
    pub membership: Membership,
    /// Whether it is a thread of the kernel.
    pub kernel: bool,
    /// Path of the executable; `None` where it has none or must not be read.
    pub executable: Option<Box<str>>,
    /// The effective user: the name, or the number where the number has no name.
    pub user: Option<Arc<str>>,
    /// The systemd unit, where it is in one and the cgroup was asked for.
    pub unit: Option<Box<str>>,
    /// The id of the container, likewise.
    pub container: Option<Box<str>>,
    /// The path of its cgroup, likewise; that of the unified hierarchy where it is in more than one.
    pub cgroup: Option<Box<str>>,
    /// Its command line, words parted by spaces, where that was asked for.
    pub command_line: Option<Box<str>>,
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
