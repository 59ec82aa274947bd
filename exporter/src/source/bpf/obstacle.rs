//! What is in the way of BPF, found before it is tried: the kernel itself only says "not permitted".

use std::fs;
use std::path::Path;

use super::Refusal;

/// Inodes of the namespaces that a host starts with (`include/uapi/linux/nsfs.h`).
const HOST_PIDS: u64 = 0xEFFF_FFFC;
const HOST_USERS: u64 = 0xEFFF_FFFD;
/// Bits of `include/uapi/linux/capability.h`.
const CAP_SYS_ADMIN: u64 = 1 << 21;
const CAP_PERFMON_AND_BPF: u64 = 1 << 38 | 1 << 39;
/// Types of the running kernel.
const BTF: &str = "/sys/kernel/btf/vmlinux";

/// `Ok` where nothing is known to be in the way.
pub(crate) fn find(proc_root: &Path) -> Result<(), Refusal> {
    let me = proc_root.join("self");
    let is_mine = fs::read_link(&me).is_ok_and(|link| link == Path::new(&std::process::id().to_string()));
    if !is_mine {
        return Err(Refusal::OtherProc(proc_root.display().to_string()));
    }
    if namespace(&me, "pid").is_some_and(|inode| inode != HOST_PIDS) {
        return Err(Refusal::PidNamespace);
    }
    if namespace(&me, "user").is_some_and(|inode| inode != HOST_USERS) {
        return Err(Refusal::UserNamespace);
    }
    if let Err(error) = fs::metadata(BTF) {
        return Err(Refusal::NoBtf(format!("{BTF}: {error}")));
    }
    let status = fs::read_to_string(me.join("status")).unwrap_or_default();
    if !effective(&status).is_none_or(suffices) {
        return Err(Refusal::NotPermitted);
    }
    let lockdown = fs::read_to_string("/sys/kernel/security/lockdown").unwrap_or_default();
    if lockdown.contains("[confidentiality]") {
        return Err(Refusal::LockedDown);
    }
    Ok(())
}

fn namespace(me: &Path, kind: &str) -> Option<u64> {
    let link = fs::read_link(me.join("ns").join(kind)).ok()?;
    inode(&link.to_string_lossy())
}

/// The number in `pid:[4026531836]`.
fn inode(link: &str) -> Option<u64> {
    link.split_once(":[")?.1.strip_suffix(']')?.parse().ok()
}

/// The line `CapEff` of `/proc/PID/status`.
fn effective(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"))?;
    u64::from_str_radix(line.trim(), 16).ok()
}

fn suffices(capabilities: u64) -> bool {
    capabilities & CAP_SYS_ADMIN != 0 || capabilities & CAP_PERFMON_AND_BPF == CAP_PERFMON_AND_BPF
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights() {
        let allowed = |line: &str| effective(&format!("Name:\tx\n{line}\nSeccomp:\t0\n")).map(suffices);
        assert_eq!(allowed("CapEff:\t000001ffffffffff"), Some(true));
        assert_eq!(allowed("CapEff:\t000000c000000000"), Some(true));
        assert_eq!(allowed("CapEff:\t0000000000200000"), Some(true));
        assert_eq!(allowed("CapEff:\t0000008000000000"), Some(false), "CAP_BPF alone");
        assert_eq!(allowed("CapEff:\t0000000000000000"), Some(false));
        assert_eq!(allowed("CapEff:\tx"), None);
        assert_eq!(allowed(""), None);
    }

    #[test]
    fn namespaces() {
        assert_eq!(inode("pid:[4026531836]"), Some(HOST_PIDS));
        assert_eq!(inode("user:[4026531837]"), Some(HOST_USERS));
        assert_eq!(inode("pid:[]"), None);
        assert_eq!(inode("4026531836"), None);
    }

    #[test]
    fn a_captured_tree_is_no_proc_of_ours() {
        let folder = tempfile::tempdir().expect("tempdir");
        assert!(matches!(find(folder.path()), Err(Refusal::OtherProc(_))));
    }
}
