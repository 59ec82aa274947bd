//! Which group a process is in, and which groups there are.

use super::*;

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
