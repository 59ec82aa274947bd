//! Ends that the kernel tells of.

use super::*;

/// One process that has ended, told of by the kernel.
fn end(slot: Option<u32>, life: &Life) -> End {
    let process = with_storage(slot.unwrap_or(0), life, true);
    End { slot, identity: process.identity, counters: process.counters }
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
