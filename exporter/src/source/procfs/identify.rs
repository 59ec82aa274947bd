//! What names a process: read when it is first seen, again when its name, user or parent has changed, and while it is young.

use std::sync::Arc;

use super::Vanished;
use super::cgroup;
use super::cmdline::{self, Cmdline};
use super::failures::{Failure, Failures};
use super::known::Known;
use super::path::{File, PathBuffer};
use super::root::{Buffer, Root};
use super::stat::Stat;
use super::users::Users;
use crate::rules::{self, Attributes, Rules};
use crate::snapshot::{Identity, Membership, State};
use crate::source::{Recheck, name};

/// Whether the identity made in an earlier scan still holds. An `exec` changes the name, and with it the executable.
///
/// A `status` that cannot be read (`uid` is `None`) changes nothing: the user known before stays. Nor does the end: of a
/// zombie the command line and the executable are gone, and its last CPU time belongs to the group it was in.
pub(crate) fn unchanged(known: &Known, stat: &Stat<'_>, comm: &[u8], uid: Option<u32>) -> bool {
    if known.start_ticks == stat.start_ticks && matches!(stat.state, State::Zombie | State::Dead) {
        return true;
    }
    known.settled
        && known.start_ticks == stat.start_ticks
        && known.comm == comm
        && known.process.identity.ppid == stat.ppid
        && (uid.is_none() || known.uid == uid)
}

/// Whether an identity that is made now holds until something changes: a young process may still call `exec`, which
/// need not change its name.
pub(crate) fn settled(recheck: Recheck, start_ms: u64, uptime_ms: Option<u64>) -> bool {
    match (recheck, uptime_ms) {
        (Recheck::Always, _) => false,
        (Recheck::Young(limit), Some(uptime)) => u128::from(uptime.saturating_sub(start_ms)) >= limit.as_millis(),
        // Without a clock nothing is known to be young.
        (Recheck::Young(_), None) => true,
    }
}

/// What an identity is made with.
pub(crate) struct Reader<'a> {
    pub(crate) root: &'a Root,
    pub(crate) users: &'a mut Users,
    pub(crate) failures: &'a mut Failures,
    pub(crate) rules: Option<&'a Rules>,
    /// Whether the cgroup is read though no rule asks for it.
    pub(crate) cgroup: bool,
    pub(crate) boot_ms: u64,
    pub(crate) ticks_per_second: u64,
    pub(crate) buffer: &'a mut Buffer,
}

/// Milliseconds from the start of the host to that of a process.
pub(crate) fn start_ms(stat: &Stat<'_>, ticks_per_second: u64) -> u64 {
    u64::try_from(u128::from(stat.start_ticks) * 1000 / u128::from(ticks_per_second)).unwrap_or(u64::MAX)
}

impl Reader<'_> {
    /// Reads the rest and puts the identity together.
    pub(crate) fn identity(
        mut self,
        pid: u32,
        stat: &Stat<'_>,
        comm: &[u8],
        uid: Option<u32>,
        path: &mut PathBuffer,
    ) -> Result<Identity, Vanished> {
        let executable = self.root.link(path.of(pid, File::Exe)).map_err(Failure::from);
        // Kernel threads and zombies have none.
        let executable =
            self.allowed(executable, File::Exe)?.map(|target| String::from_utf8_lossy(&target).into_owned());
        let needs = self.rules.map(Rules::needs).unwrap_or_default();
        let maybe_cut = comm.len() == name::CUT_BYTES && !stat.kernel_thread;
        let cmdline = match needs.cmdline || maybe_cut {
            true => self.file(path, pid, File::Cmdline)?.map(cmdline::parse).unwrap_or_default(),
            false => Cmdline::default(),
        };
        let mut identity = Identity {
            pid,
            start_ms: self.boot_ms.saturating_add(start_ms(stat, self.ticks_per_second)),
            ppid: stat.ppid,
            name: name::clean(comm),
            long_name: None,
            membership: Membership::ByName,
            kernel: stat.kernel_thread,
            executable,
            user: uid.map(|uid| self.users.name(uid)),
            unit: None,
            container: None,
        };
        let cgroups = match needs.cgroup || self.cgroup {
            true => self.file(path, pid, File::Cgroup)?.map(cgroup::parse).unwrap_or_default(),
            false => Vec::new(),
        };
        if self.cgroup {
            identity.unit = rules::unit(&cgroups).map(str::to_owned);
            identity.container = rules::container(&cgroups).map(str::to_owned);
        }
        if maybe_cut {
            identity.long_name = name::whole(comm, identity.executable.as_deref(), cmdline.argv0());
        }
        if let Some(rules) = self.rules {
            let parent = match needs.parent && stat.ppid != 0 {
                true => self.parent(path, stat.ppid),
                false => None,
            };
            identity.membership = rules.membership(&Attributes {
                pid,
                start_ms: identity.start_ms,
                comm: &identity.name,
                argv0: cmdline.argv0(),
                cmdline: &cmdline.text,
                uid,
                user: identity.user.as_deref(),
                cgroups: &cgroups,
                parent: parent.as_deref(),
            });
        }
        Ok(identity)
    }

    fn file(&mut self, path: &mut PathBuffer, pid: u32, file: File) -> Result<Option<&[u8]>, Vanished> {
        match self.root.read(path.of(pid, file), self.buffer).map_err(Failure::from) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(Failure::Missing) => Ok(None),
            Err(Failure::Vanished) => Err(Vanished),
            Err(Failure::Unreadable(reason)) => {
                self.failures.add(file, reason);
                Ok(None)
            }
        }
    }

    /// The parent's name. A parent that has ended meanwhile has none: the process goes on.
    fn parent(&mut self, path: &mut PathBuffer, ppid: u32) -> Option<String> {
        let comm = self.file(path, ppid, File::Comm).ok()??;
        Some(name::clean(comm.strip_suffix(b"\n").unwrap_or(comm)))
    }

    fn allowed<T>(&mut self, read: Result<T, Failure>, file: File) -> Result<Option<T>, Vanished> {
        match read {
            Ok(value) => Ok(Some(value)),
            Err(Failure::Missing) => Ok(None),
            Err(Failure::Vanished) => Err(Vanished),
            Err(Failure::Unreadable(reason)) => {
                self.failures.add(file, reason);
                Ok(None)
            }
        }
    }
}

/// The identity to keep: the same `Arc` where nothing has changed, so that nothing is made anew behind it.
pub(crate) fn kept(known: Option<&Known>, identity: Identity) -> Arc<Identity> {
    match known {
        Some(known) if *known.process.identity == identity => known.process.identity.clone(),
        _ => Arc::new(identity),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_young_are_looked_at_again() {
        let young = Recheck::Young(Duration::from_secs(10));
        assert!(!settled(young, 5000, Some(5000)));
        assert!(!settled(young, 5000, Some(14_999)));
        assert!(settled(young, 5000, Some(15_000)));
        assert!(!settled(young, 5000, Some(10)), "a start after now");
        assert!(settled(young, 5000, None));
        assert!(settled(Recheck::Young(Duration::ZERO), 5000, Some(5000)));
        assert!(!settled(Recheck::Always, 0, Some(1 << 40)));
    }
}
