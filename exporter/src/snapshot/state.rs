//! What a process is doing.

/// What a process is doing: `proc_pid_stat(5)`, field 3.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
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
    #[default]
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
