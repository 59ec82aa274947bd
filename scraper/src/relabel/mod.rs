//! Relabelling: rules that rewrite a label set or drop it, for targets before they are scraped and for samples before
//! they are stored. Pure. The actions are Prometheus's (`model/relabel/relabel.go`).

mod pattern;
mod rule;
mod steps;
#[cfg(test)]
mod tests;
mod written;

pub use pattern::Pattern;
pub use rule::{Rule, Source};
pub use steps::{Difference, Step, steps};
pub use written::Written;

use procession_openmetrics::LabelsBuilder;

/// Applies the rules in their order. `false` means that a rule dropped the set; what it then holds means nothing.
pub fn apply(rules: &[Rule], labels: &mut LabelsBuilder) -> bool {
    rules.iter().all(|rule| rule.apply(labels))
}
