//! Laws of groups over histories: written ones, and generated ones held against a plain model.

mod counting;
mod ends;
mod inheritance;
mod membership;

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::*;
use crate::snapshot::{Counter, Counters, Gauge, Gauges, Membership, Process, State};

fn identity(pid: u32, start_ms: u64, name: &str) -> Arc<Identity> {
    Arc::new(Identity { pid, start_ms, ppid: 1, name: name.into(), ..Identity::default() })
}

fn process(slot: u32, identity: &Arc<Identity>, cpu: Option<u64>) -> Process {
    let (mut counters, mut gauges) = (Counters::default(), Gauges::default());
    counters.set(Counter::CpuUser, cpu);
    gauges.set(Gauge::Resident, Some(100));
    Process { slot, identity: identity.clone(), state: State::Sleeping, counters, gauges, ..Process::default() }
}

fn see(groups: &mut Groups, processes: Vec<Process>) {
    groups.update(&processes.into_iter().collect());
}

fn cpu(groups: &Groups, name: &str) -> Option<u64> {
    groups.iter().find(|g| &*g.name == name).and_then(|g| g.totals.counters.get(Counter::CpuUser))
}

/// A process as the kernel keeps it: `bytes` also of the children it has waited for, `waited` and `children` of them alone.
#[derive(Debug, Clone)]
struct Life {
    identity: Arc<Identity>,
    bytes: u64,
    faults: u64,
    waited: u64,
    cpu: u64,
    children: u64,
}

impl Life {
    fn new(identity: Arc<Identity>) -> Life {
        Life { identity, bytes: 0, faults: 1, waited: 0, cpu: 0, children: 0 }
    }

    fn waits_for(&mut self, child: &Life) {
        self.bytes += child.bytes;
        self.waited += child.faults + child.waited;
        self.children += child.cpu + child.children;
    }
}

fn with_storage(slot: u32, life: &Life, readable: bool) -> Process {
    let mut process = process(slot, &life.identity, Some(life.cpu));
    process.counters.set(Counter::ChildrenUser, Some(life.children));
    process.counters.set(Counter::Read, readable.then_some(life.bytes));
    process.counters.set(Counter::MinorFaults, Some(life.faults));
    process.counters.set(Counter::ChildrenMinorFaults, Some(life.waited));
    process
}

fn child(pid: u32, start_ms: u64, ppid: u32, name: &str) -> Arc<Identity> {
    Arc::new(Identity { ppid, ..(*identity(pid, start_ms, name)).clone() })
}

fn read(groups: &Groups, name: &str) -> Option<u64> {
    groups.iter().find(|g| &*g.name == name).and_then(|g| g.totals.counters.get(Counter::Read))
}

fn with_membership(pid: u32, ppid: u32, membership: Membership) -> Arc<Identity> {
    Arc::new(Identity { membership, ..(*child(pid, 1, ppid, "name")).clone() })
}

fn taken(group: &str) -> Membership {
    Membership::Rule { rule: 1, group: group.into() }
}

fn told() -> Groups {
    let mut groups = Groups::default();
    groups.exits_are_told();
    groups
}

fn lifecycle(groups: &Groups, name: &str) -> (u64, u64) {
    groups.get(name).map_or((0, 0), |group| (group.totals.starts, group.totals.exits))
}
