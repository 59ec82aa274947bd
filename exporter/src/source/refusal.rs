//! Why the numbers of processes do not come from BPF.

/// Why there are no records.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// This exporter was built without.
    #[error("this exporter was built without the feature bpf")]
    NotBuilt,
    /// The proc root is not `/proc` of this pid namespace: processes of records could not be found there.
    #[error("{0} is not the proc filesystem of the processes that this exporter is one of: --path.procfs")]
    OtherProc(String),
    /// Records speak of pids of the host.
    #[error("this exporter runs in a pid namespace of its own; a container takes the host's (--pid=host, hostPID)")]
    PidNamespace,
    /// Records speak of users of the host.
    #[error("this exporter runs in a user namespace of its own; a container takes the host's (--userns=host)")]
    UserNamespace,
    /// The kernel does not tell of its types.
    #[error("the kernel has no BTF that can be read (it is built with CONFIG_DEBUG_INFO_BTF): {0}")]
    NoBtf(String),
    /// Rights are missing.
    #[error("it takes the capabilities CAP_BPF and CAP_PERFMON (or CAP_SYS_ADMIN)")]
    NotPermitted,
    /// The kernel is locked down.
    #[error("the kernel is locked down (confidentiality), which forbids BPF to read: /sys/kernel/security/lockdown")]
    LockedDown,
    /// The kernel does not take the programs.
    #[error("the kernel does not take the program: {0}")]
    Refused(String),
}

impl Refusal {
    /// The value of the label `reason`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Refusal::NotBuilt => "not_built",
            Refusal::OtherProc(_) => "other_proc",
            Refusal::PidNamespace => "pid_namespace",
            Refusal::UserNamespace => "user_namespace",
            Refusal::NoBtf(_) => "no_btf",
            Refusal::NotPermitted => "not_permitted",
            Refusal::LockedDown => "locked_down",
            Refusal::Refused(_) => "refused",
        }
    }
}
