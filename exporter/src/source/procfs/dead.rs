//! What names a process of which nothing but a record of its end is left.

use hashbrown::HashMap;

use super::known::Known;
use super::{Procfs, identify};
use crate::rules::Attributes;
use crate::snapshot::{Identity, Membership, Snapshot};
use crate::source::name;

/// More whole names are not remembered.
const MOST_WHOLE_NAMES: usize = 4096;

/// What the record says.
#[derive(Debug)]
pub(super) struct Dead<'a> {
    pub(super) pid: u32,
    pub(super) ppid: u32,
    pub(super) start_ms: u64,
    pub(super) comm: &'a [u8],
    pub(super) uid: u32,
    pub(super) kernel: bool,
}

impl Procfs {
    /// One that its parent has `forked`, and that has called no `exec` since, is called as its parent; another one has no command
    /// line, no executable and no cgroup any more.
    pub(super) fn named_as_dead(
        &mut self,
        dead: &Dead<'_>,
        snapshot: &Snapshot,
        forked: impl Fn(&Known) -> bool,
    ) -> Identity {
        let (pid, ppid, start_ms) = (dead.pid, dead.ppid, dead.start_ms);
        let comm = identify::number(dead.comm);
        let parent = self.known.find(ppid).and_then(|(slot, known)| Some((known, snapshot.get(slot)?)));
        if let Some((known, parent)) = parent
            && (known.comm, known.uid) == (comm, Some(dead.uid))
            && forked(known)
        {
            return Identity { pid, ppid, start_ms, ..(*parent.identity).clone() };
        }
        let parent = parent.map(|(_, parent)| parent.identity.name.as_str());
        let identity = Identity {
            pid,
            ppid,
            start_ms,
            name: name::clean(dead.comm),
            long_name: self.whole_names.0.get(&comm).cloned(),
            kernel: dead.kernel,
            user: Some(self.users.name(dead.uid)),
            ..Identity::default()
        };
        let membership = match self.naming.rules.as_deref() {
            None => Membership::ByName,
            Some(rules) => rules.membership(&Attributes {
                pid,
                start_ms,
                comm: &identity.name,
                argv0: None,
                cmdline: "",
                uid: Some(dead.uid),
                user: identity.user.as_deref(),
                cgroups: &[],
                parent,
            }),
        };
        Identity { membership, ..identity }
    }
}

/// Whole names of processes whose names the kernel has cut, by numbers made of these: another one may be known by that alone.
#[derive(Debug, Default)]
pub(super) struct WholeNames(HashMap<u64, Box<str>, foldhash::fast::RandomState>);

impl WholeNames {
    /// Remembers that of a process.
    pub(super) fn remember(&mut self, comm: u64, identity: &Identity) {
        if let Some(whole) = &identity.long_name {
            if self.0.len() >= MOST_WHOLE_NAMES {
                self.0.clear();
            }
            self.0.insert(comm, whole.clone());
        }
    }
}
