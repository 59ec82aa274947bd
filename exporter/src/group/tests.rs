//! Laws of groups over histories: written ones, and generated ones held against a plain model.

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

#[test]
fn what_is_there_first_counts_from_then_on_and_what_starts_later_counts_whole() {
    let (a, b) = (identity(1, 10, "x"), identity(2, 20, "x"));
    let mut groups = Groups::default();
    see(&mut groups, vec![process(0, &a, Some(1000))]);
    assert_eq!(cpu(&groups, "x"), Some(0), "it is there, as 0");
    see(&mut groups, vec![process(0, &a, Some(1007)), process(1, &b, Some(50))]);
    assert_eq!(cpu(&groups, "x"), Some(57));
}

/// What `increase` makes of readings of a counter: one that has fallen has begun at 0 again.
fn increase(readings: &[u64]) -> u64 {
    readings.windows(2).map(|pair| if pair[1] < pair[0] { pair[1] } else { pair[1] - pair[0] }).sum()
}

#[test]
fn a_restart_of_the_exporter_makes_no_spike() {
    let (old, young) = (identity(1, 10, "x"), identity(2, 90_000, "x"));
    let mut groups = Groups::default();
    let mut readings = Vec::new();
    // Two processes of which one has used much, each using 5 between two looks; a third comes after the restart.
    for look in 0..8 {
        if look == 4 {
            groups = Groups::default();
        }
        let mut now = vec![process(0, &old, Some(80_000 + look * 5)), process(1, &young, Some(100 + look * 5))];
        if look > 5 {
            now.push(process(2, &identity(3, 95_000, "x"), Some((look - 5) * 5)));
        }
        see(&mut groups, now);
        readings.push(cpu(&groups, "x").expect("it can be read"));
    }
    assert_eq!(increase(&readings), 6 * 10 + 2 * 5, "all but what was used over the restart: {readings:?}");
}

#[test]
fn a_counter_that_is_read_later_counts_from_then_on_too() {
    let a = identity(1, 10, "x");
    let mut groups = Groups::default();
    for (reading, expected) in [(None, None), (Some(500), Some(0)), (None, Some(0)), (Some(510), Some(10))] {
        see(&mut groups, vec![process(0, &a, reading)]);
        assert_eq!(cpu(&groups, "x"), expected);
    }
}

#[test]
fn what_the_first_look_left_out_is_known_by_its_start() {
    let (a, b, c) = (identity(9, 90_000, "x"), identity(1, 10, "x"), identity(10, 90_100, "x"));
    let mut groups = Groups::default();
    see(&mut groups, vec![process(0, &a, Some(1000))]);
    see(&mut groups, vec![process(0, &a, Some(1000)), process(1, &b, Some(500)), process(2, &c, Some(3))]);
    let starts = groups.get("x").map(|group| group.totals.starts);
    assert_eq!((cpu(&groups, "x"), starts), (Some(3), Some(1)));
    // Whose start no source can tell has started since.
    let unknown = identity(11, 0, "x");
    see(&mut groups, vec![process(0, &a, Some(1000)), process(3, &unknown, Some(7))]);
    assert_eq!(cpu(&groups, "x"), Some(3 + 7));
}

#[test]
fn what_was_sent_and_received_is_counted_since_the_start_of_the_exporter_already() {
    let a = identity(1, 10, "x");
    let mut groups = Groups::default();
    for (sent, expected) in [(None, None), (Some(500), Some(500)), (Some(510), Some(510))] {
        let mut process = process(0, &a, Some(1));
        process.counters.set(Counter::TcpV4SentBytes, sent);
        see(&mut groups, vec![process]);
        let counted = groups.get("x").and_then(|group| group.totals.counters.get(Counter::TcpV4SentBytes));
        assert_eq!(counted, expected);
    }
}

#[test]
fn a_process_whose_group_was_forgotten_meanwhile_goes_on_where_it_was() {
    let (a, b) = (identity(1, 10, "x"), identity(2, 20, "gone for a look"));
    let other = identity(3, 90_000, "other group");
    for readable in [true, false] {
        let mut groups = told();
        see(&mut groups, vec![process(0, &a, Some(1))]);
        see(&mut groups, vec![process(0, &a, Some(1)), process(1, &b, Some(100))]);
        groups.limit(2);
        see(&mut groups, vec![process(0, &a, Some(1)), process(2, &other, Some(1))]);
        assert!(groups.get("gone for a look").is_none(), "forgotten");
        let now = process(1, &b, Some(107));
        if readable {
            groups.limit(3);
            see(&mut groups, vec![process(0, &a, Some(1)), now, process(2, &other, Some(1))]);
        } else {
            groups.ended(&[End { slot: Some(1), identity: b.clone(), counters: now.counters }]);
        }
        assert_eq!((cpu(&groups, "gone for a look"), lifecycle(&groups, "gone for a look").0), (Some(7), 0));
    }
}

#[test]
fn what_an_older_child_had_used_before_is_not_given_to_its_parent() {
    let mut groups = Groups::default();
    let mut parent = Life { cpu: 10, bytes: 1000, ..Life::new(child(1, 1, 0, "p")) };
    let mut old = Life { cpu: 5000, bytes: 7000, faults: 30, ..Life::new(child(2, 2, 1, "c")) };
    see(&mut groups, vec![with_storage(0, &parent, true), with_storage(1, &old, true)]);
    (old.cpu, old.bytes) = (5003, 7004);
    parent.waits_for(&old);
    for _ in 0..3 {
        see(&mut groups, vec![with_storage(0, &parent, true)]);
    }
    assert_eq!((cpu(&groups, "p"), cpu(&groups, "c")), (Some(0), Some(3)));
    assert_eq!((read(&groups, "p"), read(&groups, "c")), (Some(4), Some(0)));
    assert_eq!(groups.unattributed_cpu(), [0, 0]);
}

#[test]
fn the_dead_stay_counted_and_an_empty_group_shows_zeros() {
    let a = identity(1, 10, "x");
    let mut groups = Groups::default();
    see(&mut groups, vec![]);
    see(&mut groups, vec![process(0, &a, Some(1000))]);
    see(&mut groups, vec![]);
    assert_eq!(cpu(&groups, "x"), Some(1000));
    let group = groups.iter().next().expect("still there");
    assert_eq!((group.totals.processes(), group.totals.starts_ms.earliest()), (0, None));
    assert_eq!(group.totals.gauges.get(Gauge::Resident), Some(0));
    assert_eq!(group.totals.states[State::Sleeping as usize], Some(0));
    assert_eq!(group.totals.states[State::Zombie as usize], None);
    see(&mut groups, vec![process(0, &identity(1, 30, "x"), Some(5))]);
    assert_eq!(cpu(&groups, "x"), Some(1005), "the pid is used again by another process");
}

#[test]
fn a_failed_read_does_not_count_the_lifetime_again() {
    let a = identity(1, 10, "x");
    let mut groups = Groups::default();
    see(&mut groups, vec![]);
    for (reading, expected) in [(None, None), (Some(500), Some(500)), (None, Some(500)), (Some(510), Some(510))] {
        see(&mut groups, vec![process(0, &a, reading)]);
        assert_eq!(cpu(&groups, "x"), expected);
    }
}

#[test]
fn a_new_name_takes_only_what_comes_after_to_the_new_group() {
    let mut groups = Groups::default();
    see(&mut groups, vec![process(0, &identity(1, 10, "sh"), Some(500))]);
    see(&mut groups, vec![process(0, &identity(1, 10, "nginx"), Some(530))]);
    assert_eq!((cpu(&groups, "sh"), cpu(&groups, "nginx")), (Some(0), Some(30)));
    let run = |name| process(0, &identity(2, 99, name), Some(if name == "sh" { 7 } else { 9 }));
    see(&mut groups, vec![run("sh")]);
    see(&mut groups, vec![run("nginx")]);
    assert_eq!((cpu(&groups, "sh"), cpu(&groups, "nginx")), (Some(7), Some(32)), "one that has started later");
}

#[test]
fn equal_names_are_one_group() {
    let mut groups = Groups::default();
    see(&mut groups, vec![]);
    see(
        &mut groups,
        vec![process(0, &identity(1, 1, "a\u{fffd}"), Some(1)), process(1, &identity(2, 1, "a\u{fffd}"), Some(2))],
    );
    assert_eq!((groups.len(), cpu(&groups, "a\u{fffd}")), (1, Some(3)));
}

#[test]
fn too_many_groups_forget_the_empty_ones_only() {
    let mut groups = Groups::default();
    let keep = identity(1, 1, "keep");
    see(&mut groups, vec![]);
    let crowd = |from: u32| (from..from + MAX_GROUPS as u32 / 2).map(|n| identity(n, 1, &format!("g{n}")));
    for round in 1..=3 {
        let mut now = vec![process(0, &keep, Some(round))];
        now.extend(crowd(round as u32 * 10_000).zip(1..).map(|(i, slot)| process(slot, &i, Some(7))));
        see(&mut groups, now);
    }
    assert_eq!(cpu(&groups, "keep"), Some(3));
    assert_eq!((groups.len(), groups.forgotten()), (MAX_GROUPS / 2 + 1, MAX_GROUPS as u64));
    assert_eq!(groups.name_of(0).map(|n| &**n), Some("keep"));
    assert!(groups.iter().map(|g| &g.name).is_sorted());
    see(&mut groups, vec![process(0, &keep, Some(4))]);
    assert_eq!(cpu(&groups, "keep"), Some(4));
}

fn with_membership(pid: u32, ppid: u32, membership: Membership) -> Arc<Identity> {
    Arc::new(Identity { membership, ..(*child(pid, 1, ppid, "name")).clone() })
}

fn taken(group: &str) -> Membership {
    Membership::Rule { rule: 1, group: group.into() }
}

/// The groups of the processes, in their order, with pids and slots from 1.
fn groups_of(groups: &mut Groups, family: &[&Arc<Identity>]) -> Vec<Option<String>> {
    see(groups, family.iter().map(|i| process(i.pid, i, Some(1))).collect());
    family.iter().map(|i| groups.name_of(i.pid).map(|name| name.to_string())).collect()
}

fn some(names: &[&str]) -> Vec<Option<String>> {
    names.iter().map(|name| Some((*name).to_owned()).filter(|name| !name.is_empty())).collect()
}

#[test]
fn children_follow_their_nearest_ancestor_with_a_group_where_asked() {
    let top = with_membership(1, 0, taken("a"));
    let middle = with_membership(2, 1, Membership::Untaken);
    let below = with_membership(3, 2, Membership::Untaken);
    let other = with_membership(4, 2, taken("b"));
    let orphan = with_membership(5, 0, Membership::Untaken);
    let family = [&top, &middle, &below, &other, &orphan];
    let mut groups = Groups::default();
    assert_eq!(groups_of(&mut groups, &family), some(&["a", "", "", "b", ""]));
    groups.configure(true);
    assert_eq!(groups_of(&mut groups, &family), some(&["a", "a", "a", "b", ""]));
    assert_eq!(groups_of(&mut groups, &family), some(&["a", "a", "a", "b", ""]));
    // Only what they have used since they are shown counts.
    assert_eq!((cpu(&groups, "a"), cpu(&groups, "b")), (Some(0), Some(0)));
    groups.configure(false);
    assert_eq!(groups_of(&mut groups, &family), some(&["a", "", "", "b", ""]));
}

#[test]
fn parents_may_have_higher_pids_and_nobody_follows_the_excluded() {
    let mut groups = Groups::default();
    groups.configure(true);
    let young = with_membership(1, 3, Membership::Untaken);
    let excluded = with_membership(2, 3, Membership::Excluded { rule: 1 });
    let parent = with_membership(3, 0, taken("a"));
    let below = with_membership(4, 2, Membership::Untaken);
    let circle = with_membership(5, 5, Membership::Untaken);
    assert_eq!(groups_of(&mut groups, &[&young, &excluded, &parent, &below, &circle]), some(&["a", "", "a", "", ""]));
}

#[test]
fn who_followed_a_parent_stays_when_that_has_ended() {
    let mut groups = Groups::default();
    groups.configure(true);
    let parent = with_membership(1, 0, taken("a"));
    assert_eq!(groups_of(&mut groups, &[&parent, &with_membership(2, 1, Membership::Untaken)]), some(&["a", "a"]));
    let inherited_by_init = with_membership(2, 0, Membership::Untaken);
    assert_eq!(groups_of(&mut groups, &[&inherited_by_init]), some(&["a"]));
}

#[test]
fn beyond_the_limit_small_groups_are_folded_and_nothing_is_lost() {
    let mut groups = Groups::default();
    groups.limit(3);
    let crowd: Vec<_> = (0..6).map(|n| identity(n + 1, 1, &format!("g{n}"))).collect();
    let at =
        |cpu: [u64; 6]| crowd.iter().zip(0..).map(|(i, slot)| process(slot, i, Some(cpu[slot as usize]))).collect();
    see(&mut groups, at([1, 2, 30, 4, 50, 6]));
    assert_eq!((groups.len(), groups.folded()), (3, 4));
    // By CPU, all that was ever used, g4 leads; by memory all are equal, and the first is g0.
    assert_eq!((cpu(&groups, "g4"), cpu(&groups, "g0"), cpu(&groups, OTHER)), (Some(0), Some(0), Some(0)));
    see(&mut groups, at([1, 2, 37, 4, 51, 6]));
    assert_eq!((groups.len(), cpu(&groups, "g4"), cpu(&groups, OTHER)), (3, Some(1), Some(7)));
    assert_eq!(groups.iter().map(|g| g.totals.processes()).sum::<u64>(), 6);
    assert_eq!(groups.name_of(2).map(|n| &**n), Some(OTHER));
    // Another group comes, and only what fits stays.
    let late = identity(9, 1, "late");
    let mut now: Vec<_> = at([1, 2, 37, 4, 51, 6]);
    now.push(process(8, &late, Some(1000)));
    see(&mut groups, now);
    assert_eq!((groups.len(), cpu(&groups, "late")), (3, Some(1000)));
    let all: u64 = groups.iter().filter_map(|g| g.totals.counters.get(Counter::CpuUser)).sum();
    assert_eq!(all, 7 + 1 + 1000);
}

#[test]
fn starts_and_exits_are_counted_from_the_second_look_on() {
    let mut groups = Groups::default();
    let x = |pid: u32, start_ms: u64| process(pid, &identity(pid, start_ms, "x"), Some(1));
    let mut looks = |processes: Vec<Process>| {
        see(&mut groups, processes);
        groups.iter().next().map(|g| (g.totals.starts, g.totals.exits))
    };
    assert_eq!(looks(vec![x(1, 1), x(2, 1)]), Some((0, 0)));
    assert_eq!(looks(vec![x(1, 1), x(2, 1), x(3, 9)]), Some((1, 0)));
    assert_eq!(looks(vec![x(1, 1), x(3, 20)]), Some((2, 2)), "one has ended, and a pid is another process");
    assert_eq!(looks(vec![]), Some((2, 4)));
    assert_eq!(looks(vec![]), Some((2, 4)));
}

#[test]
fn groups_that_are_gone_are_forgotten_after_a_time() {
    let (a, b) = (identity(1, 10, "stays"), identity(2, 20, "goes"));
    let mut groups = Groups::default();
    let (start, hour) = (Instant::now(), Duration::from_secs(3600));
    see(&mut groups, vec![]);
    see(&mut groups, vec![process(0, &a, Some(1)), process(1, &b, Some(2))]);
    groups.forget_gone(start, hour);
    for (minutes, expected) in [(1, Some(2)), (60, Some(2)), (61, None)] {
        see(&mut groups, vec![process(0, &a, Some(1))]);
        groups.forget_gone(start + Duration::from_secs(minutes * 60), hour);
        assert_eq!((cpu(&groups, "stays"), cpu(&groups, "goes")), (Some(1), expected), "after {minutes} minutes");
    }
    assert_eq!((groups.len(), groups.forgotten()), (1, 1));
    see(&mut groups, vec![process(0, &a, Some(1)), process(2, &identity(3, 30, "goes"), Some(7))]);
    assert_eq!((cpu(&groups, "goes"), groups.name_of(0).map(|n| &**n)), (Some(7), Some("stays")));
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

/// One parent in group `p`, one child in group `c` that reads 100 bytes; then the child has ended.
fn after_the_end(parent_bytes: u64, parent_waited: u64) -> Groups {
    let mut groups = Groups::default();
    let mut parent = Life { bytes: 1000, faults: 50, waited: 7, ..Life::new(child(1, 1, 0, "p")) };
    let young = Life { bytes: 100, faults: 30, ..Life::new(child(2, 2, 1, "c")) };
    see(&mut groups, vec![with_storage(0, &parent, true), with_storage(1, &young, true)]);
    assert_eq!((read(&groups, "p"), read(&groups, "c")), (Some(0), Some(0)));
    (parent.bytes, parent.waited) = (parent_bytes, parent_waited);
    see(&mut groups, vec![with_storage(0, &parent, true)]);
    groups
}

#[test]
fn a_child_that_was_waited_for_is_not_counted_again() {
    // 5 bytes of its own, 100 that are counted already, 20 that the child read after its last reading
    let groups = after_the_end(1000 + 5 + 100 + 20, 7 + 31);
    assert_eq!((read(&groups, "p"), read(&groups, "c")), (Some(25), Some(0)));
}

#[test]
fn a_child_that_nobody_waited_for_takes_nothing_off() {
    let groups = after_the_end(1000 + 200, 7);
    assert_eq!((read(&groups, "p"), read(&groups, "c")), (Some(200), Some(0)));
}

/// A parent in group `p` with 10 of CPU, and children in groups of their own with 100 each and 30 faults, all of whom end.
/// What the groups then have, and what is in none.
fn cpu_after_the_end(children: &[&str], parent: (u64, u64)) -> (Vec<Option<u64>>, u64) {
    let mut groups = Groups::default();
    let mut old = Life { cpu: 10, waited: 7, children: 1000, ..Life::new(child(1, 1, 0, "p")) };
    let young =
        (2..).zip(children).map(|(pid, name)| Life { cpu: 100, faults: 30, ..Life::new(child(pid, 2, 1, name)) });
    let all = std::iter::once(old.clone()).chain(young);
    see(&mut groups, (0..).zip(all).map(|(slot, life)| with_storage(slot, &life, true)).collect());
    (old.children, old.waited) = (old.children + parent.0, old.waited + parent.1);
    for _ in 0..3 {
        see(&mut groups, vec![with_storage(0, &old, true)]);
    }
    let all = ["p"].into_iter().chain(children.iter().copied()).map(|name| cpu(&groups, name)).collect();
    (all, groups.unattributed_cpu()[0])
}

#[test]
fn what_a_child_used_after_its_last_reading_is_its_groups() {
    assert_eq!(cpu_after_the_end(&["c"], (100 + 25, 30 + 6)), (vec![Some(0), Some(25)], 0));
    assert_eq!(cpu_after_the_end(&["c", "c"], (200 + 25, 60 + 6)), (vec![Some(0), Some(25), Some(25)], 0));
}

#[test]
fn where_it_may_be_another_childs_it_is_the_parents_groups() {
    assert_eq!(cpu_after_the_end(&["c"], (100 + 25, 30 + 7)).0, [Some(25), Some(0)], "one that was never seen");
    assert_eq!(cpu_after_the_end(&["c", "d"], (200 + 25, 60)).0, [Some(25), Some(0), Some(0)]);
    assert_eq!(cpu_after_the_end(&[], (25, 30)), (vec![Some(25)], 0));
}

#[test]
fn what_may_have_been_counted_already_is_in_no_group() {
    // Its faults do not show that the parent has waited for it; but who knows what is in those 130?
    assert_eq!(cpu_after_the_end(&["c"], (130, 20)), (vec![Some(30), Some(0)], 100));
    assert_eq!(cpu_after_the_end(&["c"], (0, 0)), (vec![Some(0), Some(0)], 0), "nobody waited for it");
}

#[test]
fn what_a_parent_had_inherited_goes_on_with_it() {
    let mut groups = Groups::default();
    let mut top = Life::new(child(1, 1, 0, "top"));
    let mut middle = Life { cpu: 5, ..Life::new(child(2, 2, 1, "middle")) };
    let mut low = Life { cpu: 7, ..Life::new(child(3, 3, 2, "low")) };
    let all = |lives: &[&Life]| (0..).zip(lives).map(|(slot, life)| with_storage(slot, life, true)).collect();
    see(&mut groups, all(&[&top, &middle, &low]));
    // Both end between two scans, after some more work.
    low.cpu += 10;
    middle.cpu += 20;
    middle.waits_for(&low);
    top.waits_for(&middle);
    for _ in 0..3 {
        see(&mut groups, all(&[&top]));
    }
    let total: Option<u64> = ["top", "middle", "low"].into_iter().map(|name| cpu(&groups, name)).sum();
    assert_eq!(total, Some(10 + 20));
}

/// What can happen to one pid between two scans.
#[derive(Debug, Clone, Copy)]
enum Event {
    Works(u64),
    Unreadable(u64),
    Dies,
    /// A free pid becomes a child of another one.
    Born(usize),
    Renamed(u8),
    /// It has a child that no scan sees, and waits for it.
    Flash(u64),
    /// It cannot be read at all this time.
    Missed,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (1_u64..1000).prop_map(Event::Works),
        2 => (1_u64..1000).prop_map(Event::Unreadable),
        2 => Just(Event::Dies),
        3 => (0_usize..5).prop_map(Event::Born),
        1 => (0_u8..3).prop_map(Event::Renamed),
        1 => (1_u64..1000).prop_map(Event::Flash),
    ]
}

fn event_or_missed() -> impl Strategy<Value = Event> {
    prop_oneof![5 => event(), 1 => Just(Event::Missed)]
}

type History = Vec<Vec<Event>>;

fn histories(event: impl Strategy<Value = Event>) -> impl Strategy<Value = History> {
    prop::collection::vec(prop::collection::vec(event, 5), 1..30)
}

/// Lives through a history, in which each parent waits for its children at once. Fails where a counter of a group falls.
/// What all groups together hold in the end, and what has really been used: bytes, and CPU time.
fn live(history: History) -> Result<[(u64, u64); 2], TestCaseError> {
    let mut groups = Groups::default();
    let mut lives: Vec<Option<Life>> = vec![None; 5];
    let old = Life {
        bytes: 1_000_000,
        cpu: 2_000_000,
        faults: 300,
        waited: 500,
        children: 4_000_000,
        ..Life::new(child(1, 0, 0, "g0"))
    };
    // What was used before the first look is not counted: by a parent, and by a child that ends under its eyes.
    let older_child = Life { identity: child(2, 0, 1, "g0"), ..old };
    see(&mut groups, vec![with_storage(0, &old, true), with_storage(1, &older_child, true)]);
    lives[0] = Some(old);
    lives[1] = Some(older_child);
    let mut truth = 0;
    let mut before: BTreeMap<String, Counters> = BTreeMap::new();
    // At the end everyone reads once more, then all children have ended and the first is read again.
    let last = [vec![Event::Works(1); 5], vec![Event::Dies; 5], vec![Event::Works(1); 5], vec![Event::Works(1); 5]];
    for (clock, events) in history.into_iter().chain(last).enumerate() {
        let (mut hidden, mut missed) = ([false; 5], [false; 5]);
        // Children have higher pids here, so that in one round a child's end comes before its parent's.
        for (index, event) in events.into_iter().enumerate().rev() {
            let pid = index as u32 + 1;
            let has_children = lives.iter().flatten().any(|l| l.identity.ppid == pid);
            let parent_alive = |parent: usize| parent < index && lives[parent].is_some();
            match (event, lives[index].clone()) {
                (Event::Works(n) | Event::Unreadable(n), Some(life)) => {
                    hidden[index] = matches!(event, Event::Unreadable(_));
                    truth += n;
                    let (bytes, cpu, faults) = (life.bytes + n, life.cpu + n, life.faults + 1);
                    lives[index] = Some(Life { bytes, cpu, faults, ..life });
                }
                (Event::Flash(n), Some(mut life)) => {
                    truth += n;
                    let flash = Life { bytes: n, cpu: n, faults: 9, ..Life::new(child(99, 0, pid, "flash")) };
                    life.waits_for(&flash);
                    lives[index] = Some(life);
                }
                (Event::Missed, Some(_)) => missed[index] = true,
                (Event::Dies, Some(life)) if index > 0 && !has_children => {
                    let parent =
                        lives[life.identity.ppid as usize - 1].as_mut().expect("a parent outlives its children");
                    parent.waits_for(&life);
                    lives[index] = None;
                }
                (Event::Born(parent), None) if parent_alive(parent) => {
                    lives[index] = Some(Life::new(child(pid, clock as u64 + 1, parent as u32 + 1, "g0")));
                }
                (Event::Renamed(n), Some(life)) => {
                    let id = &life.identity;
                    lives[index] =
                        Some(Life { identity: child(id.pid, id.start_ms, id.ppid, &format!("g{n}")), ..life });
                }
                _ => {}
            }
        }
        let alive = lives.iter().enumerate().filter_map(|(index, life)| Some((index, life.as_ref()?)));
        let read = alive.filter(|(index, _)| !missed[*index]);
        see(&mut groups, read.map(|(index, life)| with_storage(index as u32, life, !hidden[index])).collect());
        for group in groups.iter() {
            let now = &group.totals.counters;
            if let Some(then) = before.insert(group.name.to_string(), now.clone()) {
                prop_assert!(Counter::ALL.iter().all(|c| then.get(*c) <= now.get(*c)), "{then:?} fell to {now:?}");
            }
        }
    }
    let total = |counter| groups.iter().filter_map(|g| g.totals.counters.get(counter)).sum();
    prop_assert_eq!(groups.unattributed_cpu()[1], 0);
    Ok([(total(Counter::Read), truth), (total(Counter::CpuUser) + groups.unattributed_cpu()[0], truth)])
}

proptest! {
    /// Over any history no group counter ever falls, and once everything could be read, all groups together hold
    /// exactly what the processes have ever read and used: nothing twice, nothing lost.
    #[test]
    fn counters_only_grow_and_everything_counts_once(history in histories(event())) {
        let [(bytes, truth), (cpu, used)] = live(history)?;
        prop_assert_eq!(bytes, truth);
        prop_assert_eq!(cpu, used);
    }

    /// Also where processes cannot be read for a time, and seem to end and to come back.
    #[test]
    fn counters_only_grow_whatever_cannot_be_read(history in histories(event_or_missed())) {
        live(history)?;
    }
}

/// One process that has ended, told of by the kernel.
fn end(slot: Option<u32>, life: &Life) -> End {
    let process = with_storage(slot.unwrap_or(0), life, true);
    End { slot, identity: process.identity, counters: process.counters }
}

fn told() -> Groups {
    let mut groups = Groups::default();
    groups.exits_are_told();
    groups
}

fn lifecycle(groups: &Groups, name: &str) -> (u64, u64) {
    groups.get(name).map_or((0, 0), |group| (group.totals.starts, group.totals.exits))
}

#[test]
fn what_no_snapshot_has_had_is_counted_at_its_end() {
    let mut groups = told();
    let mut parent = Life { bytes: 1000, ..Life::new(child(1, 1, 0, "p")) };
    let flash = Life { bytes: 100, cpu: 7, faults: 9, ..Life::new(child(2, 5, 1, "c")) };
    groups.ended(&[end(None, &flash)]);
    assert!(groups.is_empty(), "what ended before the first look is not counted");
    see(&mut groups, vec![with_storage(0, &parent, true)]);
    parent.waits_for(&flash);
    groups.ended(&[end(None, &flash)]);
    assert_eq!((cpu(&groups, "c"), read(&groups, "c"), lifecycle(&groups, "c")), (Some(7), Some(100), (1, 1)));
    see(&mut groups, vec![with_storage(0, &parent, true)]);
    assert_eq!((cpu(&groups, "p"), read(&groups, "p")), (Some(0), Some(0)), "its child's are not its own");
    assert_eq!(groups.get("c").map(|group| group.totals.processes()), Some(0));
}

#[test]
fn of_what_a_snapshot_has_had_the_rest_is_counted() {
    let mut groups = told();
    let mut parent = Life::new(child(1, 1, 0, "p"));
    let mut young = Life { bytes: 100, cpu: 10, faults: 30, ..Life::new(child(2, 2, 1, "c")) };
    see(&mut groups, vec![with_storage(0, &parent, true), with_storage(1, &young, true)]);
    (young.bytes, young.cpu, young.faults) = (130, 15, 31);
    parent.waits_for(&young);
    // A snapshot that has it not, before its end is told of.
    see(&mut groups, vec![with_storage(0, &parent, true)]);
    assert_eq!(lifecycle(&groups, "c"), (0, 0));
    groups.ended(&[end(Some(1), &young)]);
    assert_eq!((cpu(&groups, "c"), read(&groups, "c"), lifecycle(&groups, "c")), (Some(5), Some(30), (0, 1)));
    // Its parent has been credited before that was known: it is taken off what comes.
    assert_eq!(read(&groups, "p"), Some(130));
    parent.bytes += 200;
    see(&mut groups, vec![with_storage(0, &parent, true)]);
    assert_eq!(read(&groups, "p"), Some(200));
    // The slot is another process's.
    let other = Life { cpu: 3, ..Life::new(child(9, 9, 1, "c")) };
    see(&mut groups, vec![with_storage(0, &parent, true), with_storage(1, &other, true)]);
    assert_eq!((cpu(&groups, "c"), lifecycle(&groups, "c")), (Some(5 + 3), (1, 1)));
}

#[test]
fn who_is_not_waited_for_takes_nothing_off() {
    let mut groups = told();
    let mut parent = Life::new(child(1, 1, 0, "p"));
    see(&mut groups, vec![with_storage(0, &parent, true)]);
    groups.ended(&[end(None, &Life { bytes: 100, faults: 9, ..Life::new(child(2, 5, 1, "c")) })]);
    parent.bytes = 500;
    see(&mut groups, vec![with_storage(0, &parent, true)]);
    assert_eq!((read(&groups, "p"), read(&groups, "c")), (Some(500), Some(100)));
}

#[test]
fn ended_children_follow_ended_parents() {
    let mut groups = told();
    groups.configure(true);
    let top = with_membership(1, 0, taken("top"));
    see(&mut groups, vec![process(0, &top, Some(1))]);
    let of = |pid, ppid, membership| {
        let identity = with_membership(pid, ppid, membership);
        End { slot: None, counters: process(0, &identity, Some(5)).counters, identity }
    };
    // Children before their parents: the last one is a child of the first snapshot's.
    groups.ended(&[
        of(5, 4, Membership::Untaken),
        of(4, 1, Membership::Excluded { rule: 2 }),
        of(3, 2, Membership::Untaken),
        of(2, 1, taken("middle")),
        of(6, 1, Membership::Untaken),
    ]);
    assert_eq!((cpu(&groups, "middle"), cpu(&groups, "top")), (Some(10), Some(5)));
}

#[test]
fn a_group_of_which_only_ends_are_seen_is_not_forgotten() {
    let mut groups = told();
    let (start, hour) = (Instant::now(), Duration::from_secs(3600));
    let parent = Life::new(child(1, 1, 0, "p"));
    for minutes in [0, 40, 80, 120] {
        groups.ended(&[end(None, &Life { cpu: 5, ..Life::new(child(100 + minutes as u32, minutes, 1, "c")) })]);
        see(&mut groups, vec![with_storage(0, &parent, true)]);
        groups.forget_gone(start + Duration::from_secs(minutes * 60), hour);
    }
    assert_eq!(cpu(&groups, "c"), Some(15), "all but what was before the first look");
}

proptest! {
    /// Over any history in which each end is told of, whenever snapshots are made, each unit counts once, and no counter falls.
    #[test]
    fn told_ends_count_everything_once(rounds in prop::collection::vec((prop::collection::vec((0_usize..4, 1_u64..1000, 0_u8..5), 0..12), any::<bool>()), 1..20)) {
        let mut groups = told();
        // The first is everyone's parent; the others are born, work and end, each under its own slot and with a new pid each time.
        let mut first = Life::new(child(1, 1, 0, "g0"));
        let mut lives: [Option<(Life, bool)>; 4] = Default::default();
        let (mut pid, mut truth, mut born, mut died) = (1, 0, 0, 0);
        see(&mut groups, vec![with_storage(0, &first, true)]);
        let mut pending: Vec<End> = Vec::new();
        let mut before: BTreeMap<String, Counters> = BTreeMap::new();
        let over = (vec![(0, 1, 4), (1, 1, 4), (2, 1, 4), (3, 1, 4)], true);
        for (events, scan) in rounds.into_iter().chain([over]) {
            for (index, n, what) in events {
                match (what, lives[index].take()) {
                    (0..=1, None) => {
                        pid += 1;
                        born += 1;
                        lives[index] = Some((Life::new(child(pid, pid.into(), 1, &format!("g{index}"))), false));
                    }
                    (4, Some((life, seen))) => {
                        died += 1;
                        first.waits_for(&life);
                        pending.push(end(seen.then_some(index as u32 + 1), &life));
                    }
                    (_, Some((mut life, seen))) => {
                        truth += n;
                        (life.bytes, life.cpu, life.faults) = (life.bytes + n, life.cpu + n, life.faults + 1);
                        lives[index] = Some((life, seen));
                    }
                    (_, None) => {
                        truth += n;
                        (first.bytes, first.cpu, first.faults) = (first.bytes + n, first.cpu + n, first.faults + 1);
                    }
                }
            }
            // Children are younger.
            pending.sort_by_key(|end| std::cmp::Reverse(end.identity.pid));
            groups.ended(&pending);
            pending.clear();
            if scan {
                let mut all = vec![with_storage(0, &first, true)];
                for (life, slot) in lives.iter_mut().zip(1..) {
                    let Some((life, seen)) = life else { continue };
                    *seen = true;
                    all.push(with_storage(slot, life, true));
                }
                see(&mut groups, all);
            }
            for group in groups.iter() {
                let now = &group.totals.counters;
                if let Some(then) = before.insert(group.name.to_string(), now.clone()) {
                    prop_assert!(Counter::ALL.iter().all(|c| then.get(*c) <= now.get(*c)), "{then:?} fell to {now:?}");
                }
            }
        }
        let total = |counter| groups.iter().filter_map(|g| g.totals.counters.get(counter)).sum::<u64>();
        prop_assert_eq!((total(Counter::Read), total(Counter::CpuUser)), (truth, truth));
        let lifecycles = groups.iter().fold((0, 0), |all, g| (all.0 + g.totals.starts, all.1 + g.totals.exits));
        prop_assert_eq!(lifecycles, (born, died));
    }
}

#[test]
fn a_process_that_lives_between_two_scrapes_is_in_the_peaks() {
    let (a, b) = (identity(1, 10, "x"), identity(2, 20, "x"));
    let mut groups = Groups::default();
    let begin = Instant::now();
    let mut second = 0;
    let mut sample = |groups: &mut Groups, processes: Vec<Process>| {
        see(groups, processes);
        second += 1;
        groups.sample(Some(begin + Duration::from_secs(second)));
        let peaks = groups.get("x").and_then(|group| group.totals.peaks.clone()).expect("sampled");
        (peaks.cpu(), peaks.resident())
    };
    let long = 3_600_000_000_000;
    assert_eq!(sample(&mut groups, vec![process(0, &a, Some(long))]), (None, Some(100)));
    assert_eq!(sample(&mut groups, vec![process(0, &a, Some(long))]), (Some(0), Some(100)));
    let both = vec![process(0, &a, Some(long)), process(1, &b, Some(1_500_000_000))];
    let spike = (Some(1_500_000_000), Some(200));
    assert_eq!(sample(&mut groups, both), spike);
    for _ in 0..60 {
        assert_eq!(sample(&mut groups, vec![process(0, &a, Some(long))]), spike);
    }
    assert_eq!(sample(&mut groups, vec![process(0, &a, Some(long))]), (Some(0), Some(100)));
    groups.sample(None);
    assert_eq!(groups.get("x").expect("a group").totals.peaks, None);
}

#[test]
fn recorded_ends_leave_the_rest_to_what_parents_are_credited_with() {
    let mut groups = Groups::default();
    groups.exits_are_recorded();
    let mut parent = Life { cpu: 1, ..Life::new(child(1, 1, 0, "p")) };
    see(&mut groups, vec![with_storage(0, &parent, true)]);
    // Two children that no snapshot has, of which the records lack 20 of CPU each; one grandchild; and a fault after the records.
    let flash = |pid, ppid, name| Life { bytes: 100, cpu: 30, faults: 9, ..Life::new(child(pid, 5, ppid, name)) };
    let (one, two, grandchild) = (flash(2, 1, "c"), flash(3, 1, "d"), flash(4, 3, "c"));
    groups.ended(&[end(None, &grandchild), end(None, &one), end(None, &two)]);
    assert_eq!((cpu(&groups, "c"), cpu(&groups, "d"), lifecycle(&groups, "c")), (Some(60), Some(30), (2, 2)));
    let mut last = two;
    last.waits_for(&grandchild);
    for mut ended in [one, last] {
        ended.cpu += 30;
        ended.faults += 1;
        parent.waits_for(&ended);
    }
    for _ in 0..3 {
        see(&mut groups, vec![with_storage(0, &parent, true)]);
    }
    let all = ["p", "c", "d"].map(|name| cpu(&groups, name));
    assert_eq!(all, [Some(0), Some(60 + 40), Some(30 + 20)]);
    let bytes = ["p", "c", "d"].map(|name| read(&groups, name));
    assert_eq!(bytes, [Some(0), Some(200), Some(100)]);
}

#[test]
fn an_end_of_one_that_the_first_look_left_out_adds_nothing() {
    let left_out = Life { cpu: 5000, bytes: 700, faults: 9, ..Life::new(child(2, 10, 1, "c")) };
    let started_since = Life { cpu: 5, bytes: 7, faults: 9, ..Life::new(child(3, 89_000, 1, "c")) };
    for is_told in [true, false] {
        let mut groups = if is_told { told() } else { Groups::default() };
        if !is_told {
            groups.exits_are_recorded();
        }
        let mut parent = Life::new(child(1, 90_000, 0, "p"));
        see(&mut groups, vec![with_storage(0, &parent, true)]);
        groups.ended(&[end(None, &left_out), end(None, &started_since)]);
        assert_eq!((cpu(&groups, "c"), read(&groups, "c"), lifecycle(&groups, "c")), (Some(5), Some(7), (1, 2)));
        parent.waits_for(&left_out);
        parent.waits_for(&started_since);
        for _ in 0..3 {
            see(&mut groups, vec![with_storage(0, &parent, true)]);
        }
        assert_eq!((cpu(&groups, "p"), read(&groups, "p"), cpu(&groups, "c")), (Some(0), Some(0), Some(5)));
    }
}

#[test]
fn what_is_owed_from_before_a_counter_begins_is_not_taken_off_later() {
    let mut groups = Groups::default();
    let mut parent = Life { bytes: 1000, ..Life::new(child(1, 1, 0, "p")) };
    let young = Life { bytes: 100, faults: 30, ..Life::new(child(2, 2, 1, "c")) };
    see(&mut groups, vec![with_storage(0, &parent, false)]);
    see(&mut groups, vec![with_storage(0, &parent, false), with_storage(1, &young, true)]);
    parent.waits_for(&young);
    see(&mut groups, vec![with_storage(0, &parent, false)]);
    see(&mut groups, vec![with_storage(0, &parent, true)]);
    parent.bytes += 60;
    see(&mut groups, vec![with_storage(0, &parent, true)]);
    assert_eq!((read(&groups, "p"), read(&groups, "c")), (Some(60), Some(100)));
}
