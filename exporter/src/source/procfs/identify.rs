//! What names a process: read when it is first seen, again when its name, user or parent has changed, and while it is young.

use std::hash::BuildHasher as _;
use std::sync::Arc;

use super::cgroup;
use super::cmdline::{self, Cmdline};
use super::files::{Files, Vanished};
use super::known::Known;
use super::path::File;
use super::stat::Stat;
use super::units::Units;
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
        && known.comm == number(comm)
        && known.ppid == stat.ppid
        && (uid.is_none() || known.uid == uid)
}

/// A number that stays as long as a file or a name is the same.
pub(crate) fn number(text: &[u8]) -> u64 {
    foldhash::quality::FixedState::default().hash_one(text)
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
    pub(crate) users: &'a mut Users,
    pub(crate) rules: Option<&'a Rules>,
    /// Whether the executable and the cgroup are read though no name is made of them.
    pub(crate) details: bool,
    /// Whether the command line is a label.
    pub(crate) command_line: bool,
    pub(crate) boot_ms: u64,
    pub(crate) units: Units,
}

impl Reader<'_> {
    /// Reads the rest and puts the identity together; with the number of the cgroup file, where that was read.
    pub(crate) fn identity(
        self,
        files: &mut Files<'_>,
        stat: &Stat<'_>,
        comm: &[u8],
        uid: Option<u32>,
    ) -> Result<(Identity, Option<u64>), Vanished> {
        let needs = self.rules.map(Rules::needs).unwrap_or_default();
        let maybe_cut = comm.len() == name::CUT_BYTES && !stat.kernel_thread;
        let executable = if self.details || maybe_cut { files.executable()? } else { None };
        let cmdline = match needs.cmdline || maybe_cut || self.command_line {
            true => files.get(File::Cmdline, |bytes| Some(cmdline::parse(bytes)))?.unwrap_or_default(),
            false => Cmdline::default(),
        };
        let mut identity = Identity {
            pid: files.pid,
            start_ms: self.boot_ms.saturating_add(self.units.milliseconds(stat.start_ticks)),
            ppid: stat.ppid,
            name: name::clean(comm),
            long_name: None,
            membership: Membership::ByName,
            kernel: stat.kernel_thread,
            executable: executable.map(String::into_boxed_str),
            user: uid.map(|uid| self.users.name(uid)),
            unit: None,
            container: None,
            cgroup: None,
            command_line: self.command_line.then(|| Box::from(name::begin(&cmdline.text))),
        };
        let (cgroup, cgroups) = match needs.cgroup || self.details {
            true => files.get(File::Cgroup, |text| Some((number(text), cgroup::parse(text))))?.unzip(),
            false => (None, None),
        };
        let cgroups = cgroups.unwrap_or_default();
        if self.details {
            identity.unit = rules::unit(&cgroups).map(Box::from);
            identity.container = rules::container(&cgroups).map(Box::from);
            identity.cgroup = cgroup::path(&cgroups).map(Box::from);
        }
        if maybe_cut {
            identity.long_name =
                name::whole(comm, identity.executable.as_deref(), cmdline.argv0()).map(String::into_boxed_str);
        }
        if let Some(rules) = self.rules {
            let parent = match needs.parent && stat.ppid != 0 {
                true => parent_name(files, stat.ppid),
                false => None,
            };
            identity.membership = rules.membership(&Attributes {
                pid: files.pid,
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
        Ok((identity, cgroup))
    }
}

/// The parent's name. A parent that has ended meanwhile has none: the process goes on.
fn parent_name(files: &mut Files<'_>, ppid: u32) -> Option<String> {
    files.of(ppid, File::Comm, |comm| Some(name::clean(comm.strip_suffix(b"\n").unwrap_or(comm)))).ok()?
}

/// The identity to keep: the same `Arc` where nothing has changed, so that nothing is made anew behind it.
pub(crate) fn kept(known: Option<&Arc<Identity>>, identity: Identity) -> Arc<Identity> {
    match known {
        Some(known) if **known == identity => known.clone(),
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
