//! Rules: which group a process is put in, by what names it. Pure; the first rule that takes a process decides.
//!
//! The meaning of `process_names` is process-exporter's (its README), so that its files work as they are. Rules run
//! when a process is new, when its name, user or parent changes, and while it is young; never in the steady state.

mod cgroup;
mod glob;
mod pattern;
mod selector;
mod template;

use std::sync::Arc;

pub use self::cgroup::{container, unit};
pub use self::glob::Glob;
pub use self::pattern::Pattern;
pub use self::selector::{Executable, Selector};
pub use self::template::Template;
use crate::snapshot::Membership;

/// A longer name of a group is cut: a template may hold a whole command line.
const MAX_NAME_BYTES: usize = 1024;

/// What rules can ask about a process. Broken UTF-8 has become U+FFFD.
#[derive(Debug, Clone, Copy, Default)]
pub struct Attributes<'a> {
    /// Process id.
    pub pid: u32,
    /// Start in milliseconds since the Unix epoch.
    pub start_ms: u64,
    /// The kernel's name, at most 15 bytes.
    pub comm: &'a str,
    /// The first word of the command line; `None` where there is none (kernel threads, zombies).
    pub argv0: Option<&'a str>,
    /// All words of the command line, joined by spaces.
    pub cmdline: &'a str,
    /// Number of the effective user.
    pub uid: Option<u32>,
    /// Name of the effective user, or the number as text.
    pub user: Option<&'a str>,
    /// Paths of its cgroups, in the kernel's order.
    pub cgroups: &'a [String],
    /// The kernel's name of the parent.
    pub parent: Option<&'a str>,
}

/// Files beyond the usual ones that rules ask for: what none asks for is not read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Needs {
    /// `cmdline`.
    pub cmdline: bool,
    /// `cgroup`.
    pub cgroup: bool,
    /// `comm` of the parent.
    pub parent: bool,
}

impl Needs {
    fn or(self, other: Needs) -> Needs {
        Needs {
            cmdline: self.cmdline || other.cmdline,
            cgroup: self.cgroup || other.cgroup,
            parent: self.parent || other.parent,
        }
    }
}

/// One rule: all its selectors must match.
#[derive(Debug)]
pub struct Rule {
    /// What a process must be like. Never empty.
    pub selectors: Vec<Selector>,
    /// What then happens.
    pub outcome: Outcome,
}

/// What a rule does with the processes that it takes.
#[derive(Debug)]
pub enum Outcome {
    /// They are put in the group of this name.
    Name(Template),
    /// They are not shown.
    Exclude,
}

/// All rules, in the order of the file.
#[derive(Debug)]
pub struct Rules {
    rules: Vec<Rule>,
    needs: Needs,
}

impl Rules {
    /// Rules in their order.
    pub fn new(rules: Vec<Rule>) -> Rules {
        let of_rule = |rule: &Rule| {
            let name = match &rule.outcome {
                Outcome::Name(template) => template.needs(),
                Outcome::Exclude => Needs::default(),
            };
            rule.selectors.iter().fold(name, |needs, selector| needs.or(selector.needs()))
        };
        let needs = rules.iter().fold(Needs::default(), |needs, rule| needs.or(of_rule(rule)));
        Rules { rules, needs }
    }

    /// The rules, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter()
    }

    /// What has to be read for them.
    pub fn needs(&self) -> Needs {
        self.needs
    }

    /// What becomes of a process.
    pub fn membership(&self, process: &Attributes<'_>) -> Membership {
        let mut captures = Vec::new();
        for (rule, number) in self.rules.iter().zip(1..) {
            captures.clear();
            if !rule.selectors.iter().all(|selector| selector.matches(process, &mut captures)) {
                continue;
            }
            return match &rule.outcome {
                Outcome::Exclude => Membership::Excluded { rule: number },
                Outcome::Name(template) => {
                    Membership::Rule { rule: number, group: group_name(template.render(process, &captures)) }
                }
            };
        }
        Membership::Untaken
    }
}

/// A name that can stand in a label: not empty, not endless.
fn group_name(mut name: String) -> Arc<str> {
    if name.is_empty() {
        return "(unnamed)".into();
    }
    if name.len() > MAX_NAME_BYTES {
        name.truncate(name.floor_char_boundary(MAX_NAME_BYTES));
    }
    name.into()
}

/// What follows the last `/` of a path, as Go's `filepath.Base` has it.
pub(crate) fn base_name(path: &str) -> &str {
    let trimmed = path.trim_end_matches('/');
    match (trimmed.rsplit('/').next(), path.is_empty()) {
        (_, true) => ".",
        (Some(""), false) | (None, false) => "/",
        (Some(base), false) => base,
    }
}

#[cfg(test)]
mod tests;
