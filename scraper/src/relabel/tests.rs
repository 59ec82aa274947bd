use super::apply;
use crate::config::relabel_rules;
use procession_openmetrics::{Labels, LabelsBuilder};

/// Rules as YAML, labels as `name=value` words before and after; `None` where the set is dropped.
fn check(rules: &str, before: &str, after: Option<&str>) {
    let rules = relabel_rules(rules).unwrap_or_else(|error| panic!("{rules}: {error}"));
    let mut labels = builder(before);
    let got = apply(&rules, &mut labels).then(|| labels.build());
    let want = after.map(|text| builder(text).build());
    assert_eq!(got, want, "{rules:?} of {before}");
}

fn builder(words: &str) -> LabelsBuilder {
    let pairs = words.split_whitespace().filter_map(|word| word.split_once('='));
    Labels::from_pairs(pairs).to_builder()
}

#[test]
fn replace() {
    let labels = "a=foo b=bar c=baz";
    for (rules, after) in [
        // The defaults: everything matches, the first group is the value.
        ("[{source_labels: [a], target_label: d}]", "a=foo b=bar c=baz d=foo"),
        (
            "[{source_labels: [a], regex: 'f(.*)', target_label: d, replacement: 'ch${1}-ch${1}'}]",
            "a=foo b=bar c=baz d=choo-choo",
        ),
        (
            "[{source_labels: [a, b], regex: 'f(.*);(.*)r', target_label: a, replacement: 'b${1}${2}m'}]",
            "a=boobam b=bar c=baz",
        ),
        // Expressions are anchored at both ends.
        ("[{source_labels: [a], regex: 'o', target_label: d, replacement: x}]", labels),
        ("[{source_labels: [a], regex: 'fo|o', target_label: d, replacement: x}]", labels),
        // An empty result removes the label; a rule without sources sets one.
        ("[{source_labels: [a], regex: 'f.*', target_label: a, replacement: ''}]", "b=bar c=baz"),
        ("[{target_label: d, replacement: new}]", "a=foo b=bar c=baz d=new"),
        // Names from the match.
        (
            "[{source_labels: [a], regex: '(f)(.*)', target_label: 'x_${2}', replacement: '$1'}]",
            "a=foo b=bar c=baz x_oo=f",
        ),
        (
            "[{source_labels: [a], regex: '(?P<first>.).*', target_label: d, replacement: '$first'}]",
            "a=foo b=bar c=baz d=f",
        ),
        ("[{source_labels: [a], regex: 'none(.*)', target_label: '${1}'}]", labels),
        ("[{source_labels: [a], regex: 'foo()', target_label: '${1}'}]", labels),
        ("[{source_labels: [a, b, c], separator: '', target_label: d}]", "a=foo b=bar c=baz d=foobarbaz"),
        // Rules build on each other.
        (
            "[{source_labels: [a], target_label: d}, {source_labels: [d], regex: foo, target_label: e, replacement: '1'}]",
            "a=foo b=bar c=baz d=foo e=1",
        ),
    ] {
        check(rules, labels, Some(after));
    }
}

#[test]
fn keep_and_drop() {
    let labels = "a=foo b=bar c=bar";
    for (rules, kept) in [
        ("[{source_labels: [a], regex: 'f.*', action: keep}]", true),
        ("[{source_labels: [a], regex: 'o.*', action: keep}]", false),
        ("[{source_labels: [a], regex: 'f.*', action: drop}]", false),
        ("[{source_labels: [a], regex: 'f', action: Drop}]", true),
        ("[{source_labels: [missing], regex: '', action: drop}]", false),
        ("[{source_labels: [a, b], regex: 'foo;bar', action: keep}]", true),
        ("[{source_labels: [b], target_label: c, action: keepequal}]", true),
        ("[{source_labels: [a], target_label: c, action: keepequal}]", false),
        ("[{source_labels: [b], target_label: c, action: dropequal}]", false),
        ("[{source_labels: [a], target_label: c, action: dropequal}]", true),
        ("[{source_labels: [x], target_label: y, action: dropequal}]", false),
    ] {
        check(rules, labels, kept.then_some(labels));
    }
}

#[test]
fn names_and_case() {
    let labels = "a=Foo b1=bar b2=baz";
    for (rules, after) in [
        ("[{regex: 'b(.*)', action: labelmap}]", "a=Foo b1=bar b2=baz 1=bar 2=baz"),
        ("[{regex: 'b(.*)', replacement: 'c_$1', action: labelmap}]", "a=Foo b1=bar b2=baz c_1=bar c_2=baz"),
        ("[{regex: 'b.*', action: labeldrop}]", "a=Foo"),
        ("[{regex: 'b', action: labeldrop}]", labels),
        ("[{regex: 'b.*', action: labelkeep}]", "b1=bar b2=baz"),
        ("[{source_labels: [a], target_label: l, action: lowercase}]", "a=Foo b1=bar b2=baz l=foo"),
        ("[{source_labels: [a, b1], target_label: u, action: uppercase}]", "a=Foo b1=bar b2=baz u=FOO;BAR"),
    ] {
        check(rules, labels, Some(after));
    }
}

#[test]
fn hashmod_is_prometheus_hashmod() {
    // The numbers are those of Prometheus's own tests of the action.
    check("[{source_labels: [c], target_label: d, action: hashmod, modulus: 1000}]", "c=baz", Some("c=baz d=976"));
    let rules = relabel_rules("[{source_labels: [a], target_label: d, action: hashmod, modulus: 1000}]").unwrap();
    let mut labels = LabelsBuilder::default();
    labels.set("a", "foo\nbar");
    assert!(apply(&rules, &mut labels));
    assert_eq!(labels.get("d"), Some("734"));
}

#[test]
fn hashmod_splits_a_fleet_without_loss() {
    let shard = |shard: u64, address: &str| {
        let rules = relabel_rules(&format!(
            "[{{source_labels: [__address__], modulus: 3, target_label: __tmp, action: hashmod}}, \
              {{source_labels: [__tmp], regex: '{shard}', action: keep}}]"
        ));
        apply(&rules.unwrap(), &mut builder(&format!("__address__={address}")))
    };
    let mut sizes = [0; 3];
    for host in 0..300 {
        let address = format!("host-{host}:9956");
        let owners: Vec<u64> = (0..3).filter(|s| shard(*s, &address)).collect();
        assert_eq!(owners.len(), 1, "{address} belongs to {owners:?}");
        sizes[owners[0] as usize] += 1;
    }
    assert!(sizes.iter().all(|size| *size > 70), "{sizes:?}");
}

#[test]
fn a_dot_matches_a_newline() {
    let rules = relabel_rules("[{source_labels: [a], regex: 'x.y', action: keep}]").unwrap();
    let mut labels = LabelsBuilder::default();
    labels.set("a", "x\ny");
    assert!(apply(&rules, &mut labels));
}
