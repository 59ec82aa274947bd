//! One relabelling rule.

use super::Pattern;
use procession_openmetrics::LabelsBuilder;
use std::num::NonZeroU64;

/// The labels whose values, joined, a rule looks at. A label that is not there counts as empty.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// Names, in the order in which values are joined.
    pub labels: Vec<String>,
    /// What stands between two values; `;` by default.
    pub separator: String,
}

impl Source {
    fn value(&self, labels: &LabelsBuilder) -> String {
        let mut out = String::new();
        for (i, name) in self.labels.iter().enumerate() {
            if i > 0 {
                out.push_str(&self.separator);
            }
            out.push_str(labels.get(name).unwrap_or(""));
        }
        out
    }
}

/// What a rule does; each action carries the fields that it has, and no others.
#[derive(Clone, Debug, PartialEq)]
pub enum Rule {
    /// Where the source matches, sets the target label to the expanded replacement; an empty one removes the label.
    Replace {
        /// What is matched.
        source: Source,
        /// Against what.
        regex: Pattern,
        /// The label that is set; a template as well.
        target: String,
        /// Its new value, a template.
        replacement: String,
    },
    /// Drops sets whose source does not match.
    Keep {
        /// What is matched.
        source: Source,
        /// Against what.
        regex: Pattern,
    },
    /// Drops sets whose source matches.
    Drop {
        /// What is matched.
        source: Source,
        /// Against what.
        regex: Pattern,
    },
    /// Drops sets whose source is not the value of the target label.
    KeepEqual {
        /// What is compared.
        source: Source,
        /// With which label.
        target: String,
    },
    /// Drops sets whose source is the value of the target label.
    DropEqual {
        /// What is compared.
        source: Source,
        /// With which label.
        target: String,
    },
    /// Sets the target label to a hash of the source modulo a number: the same number everywhere.
    HashMod {
        /// What is hashed.
        source: Source,
        /// The number of different results.
        modulus: NonZeroU64,
        /// The label that is set.
        target: String,
    },
    /// Copies every label whose name matches to a label that is named by the expanded replacement.
    LabelMap {
        /// For names.
        regex: Pattern,
        /// The new name, a template.
        replacement: String,
    },
    /// Removes the labels whose names match.
    LabelDrop {
        /// For names.
        regex: Pattern,
    },
    /// Removes the labels whose names do not match.
    LabelKeep {
        /// For names.
        regex: Pattern,
    },
    /// Sets the target label to the source in lower case.
    Lowercase {
        /// What is changed.
        source: Source,
        /// The label that is set.
        target: String,
    },
    /// Sets the target label to the source in upper case.
    Uppercase {
        /// What is changed.
        source: Source,
        /// The label that is set.
        target: String,
    },
}

impl Rule {
    /// Applies this rule alone; `false` drops the set.
    pub fn apply(&self, labels: &mut LabelsBuilder) -> bool {
        match self {
            Rule::Replace { source, regex, target, replacement } => {
                if let Some([target, value]) = regex.expand(&source.value(labels), [target, replacement])
                    && !target.is_empty()
                {
                    labels.set(&target, &value);
                }
            }
            Rule::Keep { source, regex } => return regex.is_match(&source.value(labels)),
            Rule::Drop { source, regex } => return !regex.is_match(&source.value(labels)),
            Rule::KeepEqual { source, target } => return source.value(labels) == labels.get(target).unwrap_or(""),
            Rule::DropEqual { source, target } => return source.value(labels) != labels.get(target).unwrap_or(""),
            Rule::HashMod { source, modulus, target } => {
                let remainder = hash(&source.value(labels)) % *modulus;
                labels.set(target, &remainder.to_string());
            }
            Rule::LabelMap { regex, replacement } => {
                // The names of a snapshot: what one copy adds is not copied again.
                for (name, value) in &labels.clone().build() {
                    if let Some([mapped]) = regex.expand(name, [replacement])
                        && !mapped.is_empty()
                    {
                        labels.set(&mapped, value);
                    }
                }
            }
            Rule::LabelDrop { regex } => {
                labels.retain(|name| !regex.is_match(name));
            }
            Rule::LabelKeep { regex } => {
                labels.retain(|name| regex.is_match(name));
            }
            Rule::Lowercase { source, target } => {
                let value = source.value(labels).to_lowercase();
                labels.set(target, &value);
            }
            Rule::Uppercase { source, target } => {
                let value = source.value(labels).to_uppercase();
                labels.set(target, &value);
            }
        }
        true
    }
}

/// The last eight bytes of the MD5 as a number, which is what Prometheus takes.
fn hash(text: &str) -> u64 {
    let digest = md5::compute(text.as_bytes()).0;
    digest[8..].iter().fold(0, |hash, byte| hash << 8 | u64::from(*byte))
}
