//! What is counted of processes, and from when on.

use super::*;

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
