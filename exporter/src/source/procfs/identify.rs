//! What names a process: read when it is first seen, and again when its name, user or parent has changed.

use std::sync::Arc;

use super::Vanished;
use super::failures::{Failure, Failures};
use super::known::Known;
use super::name;
use super::path::{File, PathBuffer};
use super::root::Root;
use super::stat::Stat;
use super::users::Users;
use crate::snapshot::Identity;

/// Whether the identity made in an earlier scan still holds. An `exec` changes the name, and with it the executable.
///
/// A `status` that cannot be read (`uid` is `None`) changes nothing: the user known before stays.
pub(crate) fn unchanged(known: &Known, stat: &Stat<'_>, comm: &[u8], uid: Option<u32>) -> bool {
    known.start_ticks == stat.start_ticks
        && known.comm == comm
        && known.process.identity.ppid == stat.ppid
        && (uid.is_none() || known.uid == uid)
}

/// What an identity is made with.
pub(crate) struct Reader<'a> {
    pub(crate) root: &'a Root,
    pub(crate) users: &'a mut Users,
    pub(crate) failures: &'a mut Failures,
    pub(crate) boot_ms: u64,
    pub(crate) ticks_per_second: u64,
}

impl Reader<'_> {
    /// Reads the rest and puts the identity together.
    pub(crate) fn identity(
        self,
        pid: u32,
        stat: &Stat<'_>,
        comm: &[u8],
        uid: Option<u32>,
        path: &mut PathBuffer,
    ) -> Result<Arc<Identity>, Vanished> {
        let executable = match self.root.link(path.of(pid, File::Exe)).map_err(Failure::from) {
            Ok(target) => Some(String::from_utf8_lossy(&target).into_owned()),
            // Kernel threads and zombies have none.
            Err(Failure::Missing) => None,
            Err(Failure::Vanished) => return Err(Vanished),
            Err(Failure::Unreadable(reason)) => {
                self.failures.add(File::Exe, reason);
                None
            }
        };
        let start_ms = u128::from(stat.start_ticks) * 1000 / u128::from(self.ticks_per_second);
        Ok(Arc::new(Identity {
            pid,
            start_ms: self.boot_ms.saturating_add(u64::try_from(start_ms).unwrap_or(u64::MAX)),
            ppid: stat.ppid,
            name: name::clean(comm),
            kernel: stat.kernel_thread,
            executable,
            user: uid.map(|uid| self.users.name(uid)),
        }))
    }
}
