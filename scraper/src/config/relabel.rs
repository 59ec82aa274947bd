//! Relabelling rules as they stand in the file.

use super::position::Path;
use super::problem::Problem;
use super::scalar::parsed;
use crate::relabel::{Pattern, Rule, Source};
use serde::{Deserialize, Deserializer};
use std::num::NonZeroU64;

/// One entry of `relabel_configs` or `metric_relabel_configs`. What was not written is `None`: some actions refuse
/// fields that have a default in others.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a relabelling rule: a mapping with `action`, `source_labels`, ...")]
pub(super) struct RawRule {
    source_labels: Option<Vec<String>>,
    separator: Option<String>,
    regex: Option<RawPattern>,
    modulus: Option<u64>,
    target_label: Option<String>,
    replacement: Option<String>,
    action: RawAction,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum RawAction {
    #[default]
    Replace,
    Keep,
    Drop,
    KeepEqual,
    DropEqual,
    HashMod,
    LabelMap,
    LabelDrop,
    LabelKeep,
    Lowercase,
    Uppercase,
}

const ACTIONS: [(&str, RawAction); 11] = [
    ("replace", RawAction::Replace),
    ("keep", RawAction::Keep),
    ("drop", RawAction::Drop),
    ("keepequal", RawAction::KeepEqual),
    ("dropequal", RawAction::DropEqual),
    ("hashmod", RawAction::HashMod),
    ("labelmap", RawAction::LabelMap),
    ("labeldrop", RawAction::LabelDrop),
    ("labelkeep", RawAction::LabelKeep),
    ("lowercase", RawAction::Lowercase),
    ("uppercase", RawAction::Uppercase),
];

impl<'de> Deserialize<'de> for RawAction {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer, "a relabelling action", |text| {
            let name = text.to_lowercase();
            ACTIONS.iter().find(|(n, _)| *n == name).map(|(_, action)| *action).ok_or_else(|| {
                let names: Vec<&str> = ACTIONS.iter().map(|(n, _)| *n).collect();
                format!("{text:?} is not a relabelling action: expected one of {}", names.join(", "))
            })
        })
    }
}

impl RawAction {
    fn name(self) -> &'static str {
        ACTIONS.iter().find(|(_, action)| *action == self).map_or("", |(name, _)| name)
    }
}

#[derive(Debug)]
struct RawPattern(Pattern);

impl<'de> Deserialize<'de> for RawPattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer, "a regular expression", |text| Pattern::new(text).map(RawPattern))
    }
}

impl RawRule {
    /// Checks which fields the action needs and refuses, as Prometheus does.
    pub(super) fn compile(self, at: &Path) -> Result<Rule, Problem> {
        let action = self.action.name();
        let needs_target = |target: Option<String>| match target {
            Some(target) if !target.is_empty() => Ok(target),
            _ => Err(Problem::new(at, format!("the action {action} needs a `target_label`"))),
        };
        self.refuse_fields(at)?;
        let source = Source {
            labels: self.source_labels.unwrap_or_default(),
            separator: self.separator.unwrap_or_else(|| ";".to_owned()),
        };
        let regex = match self.regex {
            Some(RawPattern(pattern)) => pattern,
            None => Pattern::new("(.*)").map_err(|e| Problem::new(at, e))?,
        };
        let replacement = self.replacement.unwrap_or_else(|| "$1".to_owned());
        let target = self.target_label;
        Ok(match self.action {
            RawAction::Replace => Rule::Replace { source, regex, target: needs_target(target)?, replacement },
            RawAction::Keep => Rule::Keep { source, regex },
            RawAction::Drop => Rule::Drop { source, regex },
            RawAction::KeepEqual => Rule::KeepEqual { source, target: needs_target(target)? },
            RawAction::DropEqual => Rule::DropEqual { source, target: needs_target(target)? },
            RawAction::HashMod => Rule::HashMod {
                source,
                modulus: NonZeroU64::new(self.modulus.unwrap_or(0))
                    .ok_or_else(|| Problem::new(at, "the action hashmod needs a `modulus` of at least 1"))?,
                target: needs_target(target)?,
            },
            RawAction::LabelMap if replacement.is_empty() => {
                return Err(Problem::new(
                    &at.key("replacement"),
                    "the action labelmap needs a name here, not an empty text",
                ));
            }
            RawAction::LabelMap => Rule::LabelMap { regex, replacement },
            RawAction::LabelDrop => Rule::LabelDrop { regex },
            RawAction::LabelKeep => Rule::LabelKeep { regex },
            RawAction::Lowercase => Rule::Lowercase { source, target: needs_target(target)? },
            RawAction::Uppercase => Rule::Uppercase { source, target: needs_target(target)? },
        })
    }

    /// Fields that the action would silently not look at.
    fn refuse_fields(&self, at: &Path) -> Result<(), Problem> {
        let written = [
            ("source_labels", self.source_labels.is_some()),
            ("separator", self.separator.as_deref().is_some_and(|s| s != ";")),
            ("regex", self.regex.as_ref().is_some_and(|r| r.0.as_str() != "(.*)")),
            ("modulus", self.modulus.is_some_and(|m| m != 0)),
            ("target_label", self.target_label.is_some()),
            ("replacement", self.replacement.as_deref().is_some_and(|r| r != "$1")),
        ];
        let refused: &[&str] = match self.action {
            RawAction::LabelDrop | RawAction::LabelKeep => {
                &["source_labels", "separator", "modulus", "target_label", "replacement"]
            }
            RawAction::KeepEqual | RawAction::DropEqual => &["separator", "regex", "modulus", "replacement"],
            RawAction::Lowercase | RawAction::Uppercase => &["replacement"],
            _ => &[],
        };
        match written.iter().find(|(name, is_written)| *is_written && refused.contains(name)) {
            Some((name, _)) => {
                Err(Problem::new(&at.key(name), format!("the action {} has no `{name}`", self.action.name())))
            }
            None => Ok(()),
        }
    }
}

/// Rules from a YAML list alone.
#[cfg(test)]
pub(crate) fn relabel_rules(yaml: &str) -> Result<Vec<Rule>, String> {
    let raw: Vec<RawRule> = serde_yaml::from_str(yaml).map_err(|e| e.to_string())?;
    let compile = |(i, rule): (usize, RawRule)| rule.compile(&Path::default().item(i)).map_err(|p| p.message);
    raw.into_iter().enumerate().map(compile).collect()
}
