//! What each rule made of a label set, one after the other.

use super::Rule;
use procession_openmetrics::Labels;

/// What one rule did.
#[derive(Clone, Debug, PartialEq)]
pub struct Step<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// The labels before it.
    pub before: Labels,
    /// The labels after it; the same where it dropped the set.
    pub after: Labels,
    /// Whether it let the set pass.
    pub kept: bool,
}

/// A label that differs before and after a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its value before; `None` where it was not there.
    pub before: Option<&'a str>,
    /// Its value after; `None` where it is not there any more.
    pub after: Option<&'a str>,
}

/// Applies the rules one by one, as [`apply`](super::apply) does; the last step is the one that dropped the set, if any.
pub fn steps<'a>(rules: &'a [Rule], labels: &Labels) -> Vec<Step<'a>> {
    let mut steps: Vec<Step<'a>> = Vec::with_capacity(rules.len());
    for rule in rules {
        let before = steps.last().map_or_else(|| labels.clone(), |step| step.after.clone());
        let mut builder = before.to_builder();
        let kept = rule.apply(&mut builder);
        let after = if kept { builder.build() } else { before.clone() };
        steps.push(Step { rule, before, after, kept });
        if !kept {
            break;
        }
    }
    steps
}

impl Step<'_> {
    /// The labels that the rule changed, by name.
    pub fn differences(&self) -> Vec<Difference<'_>> {
        let changed = self.after.iter().filter(|(name, value)| self.before.get(name) != Some(*value));
        let changed =
            changed.map(|(name, after)| Difference { name, before: self.before.get(name), after: Some(after) });
        let removed = self.before.iter().filter(|(name, _)| self.after.get(name).is_none());
        let removed = removed.map(|(name, before)| Difference { name, before: Some(before), after: None });
        let mut all: Vec<Difference<'_>> = changed.chain(removed).collect();
        all.sort_by_key(|difference| difference.name);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::relabel_rules;

    fn check(rules: &str, want: &[&str]) {
        let rules = relabel_rules(rules).unwrap();
        let labels = Labels::from_pairs([("__address__", "a:1"), ("env", "Prod"), ("tmp", "x")]);
        let shown = |step: &Step<'_>| {
            let differences = step.differences();
            let changes = differences.iter().map(|d| format!(" {} {:?}->{:?}", d.name, d.before, d.after));
            format!(
                "{}:{}{}",
                step.rule.written(),
                changes.collect::<String>(),
                if step.kept { "" } else { " dropped" }
            )
        };
        assert_eq!(steps(&rules, &labels).iter().map(shown).collect::<Vec<_>>(), want);
    }

    #[test]
    fn each_rule_is_told_with_what_it_did() {
        check(
            "- {source_labels: [env, tmp], separator: '-', target_label: both}\n\
             - {regex: 't.*', action: labeldrop}\n\
             - {source_labels: [env], target_label: env, action: lowercase}\n\
             - {source_labels: [__address__], modulus: 4, target_label: shard, action: hashmod}\n\
             - {source_labels: [nothing], regex: '.+', target_label: env, replacement: x}\n\
             - {source_labels: [env], regex: prod, action: drop}\n\
             - {regex: '.*', action: labeldrop}",
            &[
                "action: replace, source_labels: [env, tmp], separator: \"-\", target_label: \"both\": both None->Some(\"Prod-x\")",
                "action: labeldrop, regex: \"t.*\": tmp Some(\"x\")->None",
                "action: lowercase, source_labels: [env], target_label: \"env\": env Some(\"Prod\")->Some(\"prod\")",
                "action: hashmod, source_labels: [__address__], target_label: \"shard\", modulus: 4: shard None->Some(\"0\")",
                "action: replace, source_labels: [nothing], regex: \".+\", target_label: \"env\", replacement: \"x\":",
                "action: drop, source_labels: [env], regex: \"prod\": dropped",
            ],
        );
    }
}
