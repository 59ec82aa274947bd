//! What parents are credited with, over written and generated histories.

use super::*;

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
