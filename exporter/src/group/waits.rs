//! Where in the kernel the processes of groups wait.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Groups, OTHER};
use crate::snapshot::Snapshot;

/// How many processes of each group wait in which function of the kernel. Feed it every snapshot, after the groups.
#[derive(Debug)]
pub struct Waits {
    counts: BTreeMap<(Arc<str>, Arc<str>), u64>,
    limit: usize,
    other: Arc<str>,
}

impl Default for Waits {
    fn default() -> Waits {
        Waits { counts: BTreeMap::new(), limit: usize::MAX, other: Arc::from(OTHER) }
    }
}

impl Waits {
    /// Never more channels, over all groups, than this from the next update on; at least one, which then stands for all.
    pub fn limit(&mut self, channels: usize) {
        self.limit = channels.max(1);
    }

    /// Counts the processes of a snapshot.
    pub fn update(&mut self, snapshot: &Snapshot, groups: &Groups) {
        self.counts.clear();
        for process in snapshot.processes() {
            let (Some(group), Some(channel)) = (groups.name_of(process.slot), &process.wait_channel) else { continue };
            let mut key = (group.clone(), channel.clone());
            if self.counts.len() + 1 >= self.limit && !self.counts.contains_key(&key) {
                key = (self.other.clone(), self.other.clone());
            }
            *self.counts.entry(key).or_default() += 1;
        }
    }

    /// Each group and channel, in the order of both, and how many wait there.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        self.counts.iter().map(|((group, channel), count)| (&**group, &**channel, *count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::{Counters, Gauges, Identity, Process, State};

    fn rows(waits: &mut Waits, channels: &[&str]) -> Vec<String> {
        let process = |(slot, channel): (u32, &&str)| {
            let identity = Arc::new(Identity { pid: slot + 1, name: "x".into(), ..Identity::default() });
            let (counters, gauges) = (Counters::default(), Gauges::default());
            let wait_channel = Some(*channel).filter(|channel| !channel.is_empty()).map(Arc::from);
            Process { slot, identity, state: State::Sleeping, counters, gauges, wait_channel, ..Process::default() }
        };
        let snapshot: Snapshot = (0..).zip(channels).map(process).collect();
        let mut groups = Groups::default();
        groups.update(&snapshot);
        waits.update(&snapshot, &groups);
        waits.iter().map(|(group, channel, count)| format!("{group}/{channel} {count}")).collect()
    }

    #[test]
    fn who_waits_where() {
        let mut waits = Waits::default();
        assert_eq!(rows(&mut waits, &["a", "b", "a", ""]), ["x/a 2", "x/b 1"]);
        assert_eq!(rows(&mut waits, &["b"]), ["x/b 1"], "where nobody waits is nothing to tell");
        waits.limit(2);
        assert_eq!(rows(&mut waits, &["a", "b", "c", "a"]), ["other/other 2", "x/a 2"]);
    }
}
