//! Selectors: what a process must be like for a rule to take it.

use super::{Attributes, Glob, Needs, Pattern, base_name, container, unit};

/// One selector; the values of a list are alternatives, except those of [`Selector::Cmdline`], which must all match.
#[derive(Debug)]
pub enum Selector {
    /// The kernel's name is one of these.
    Comm(Vec<String>),
    /// `argv[0]` is one of these.
    Exe(Vec<Executable>),
    /// The command line, joined by spaces, matches all of these.
    Cmdline(Vec<Pattern>),
    /// The effective user has one of these names or numbers.
    User(Vec<String>),
    /// The path of one of its cgroups matches one of these.
    Cgroup(Vec<Pattern>),
    /// Its systemd unit is one of these.
    Unit(Vec<Glob>),
    /// The id of its container, whole or its first 12 digits, is one of these.
    Container(Vec<Glob>),
    /// The kernel's name of its parent is one of these.
    Parent(Vec<String>),
}

/// How `exe` compares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Executable {
    /// Without a slash: the base name of `argv[0]`.
    Base(String),
    /// With a slash: the whole of `argv[0]`.
    Whole(String),
}

impl Executable {
    /// As the file says it.
    pub fn new(text: String) -> Executable {
        if text.contains('/') { Executable::Whole(text) } else { Executable::Base(text) }
    }

    fn matches(&self, argv0: &str) -> bool {
        match self {
            Executable::Base(base) => base_name(argv0) == base,
            Executable::Whole(whole) => argv0 == whole,
        }
    }
}

/// Digits of a container's id as `docker ps` shows it.
const SHORT_ID: usize = 12;

impl Selector {
    /// What has to be read for it.
    pub(crate) fn needs(&self) -> Needs {
        let none = Needs::default();
        match self {
            Selector::Comm(_) | Selector::User(_) => none,
            Selector::Exe(_) | Selector::Cmdline(_) => Needs { cmdline: true, ..none },
            Selector::Cgroup(_) | Selector::Unit(_) | Selector::Container(_) => Needs { cgroup: true, ..none },
            Selector::Parent(_) => Needs { parent: true, ..none },
        }
    }

    /// Whether it matches; named groups of expressions over the command line go to `captures`.
    pub(crate) fn matches(&self, process: &Attributes<'_>, captures: &mut Vec<(String, String)>) -> bool {
        match self {
            Selector::Comm(names) => names.iter().any(|name| name == process.comm),
            Selector::Exe(executables) => {
                process.argv0.is_some_and(|argv0| executables.iter().any(|executable| executable.matches(argv0)))
            }
            Selector::Cmdline(patterns) => patterns.iter().all(|pattern| {
                let Some(found) = pattern.captures(process.cmdline) else { return false };
                captures.extend(pattern.names().map(|name| {
                    (name.to_owned(), found.name(name).map(|m| m.as_str().to_owned()).unwrap_or_default())
                }));
                true
            }),
            Selector::User(users) => users.iter().any(|user| {
                process.user == Some(user) || process.uid.is_some_and(|uid| user.parse::<u32>() == Ok(uid))
            }),
            Selector::Cgroup(patterns) => {
                process.cgroups.iter().any(|path| patterns.iter().any(|pattern| pattern.is_match(path)))
            }
            Selector::Unit(units) => {
                unit(process.cgroups).is_some_and(|unit| units.iter().any(|glob| glob.matches(unit)))
            }
            Selector::Container(ids) => container(process.cgroups)
                .is_some_and(|id| ids.iter().any(|glob| glob.matches(id) || glob.matches(&id[..SHORT_ID]))),
            Selector::Parent(names) => process.parent.is_some_and(|parent| names.iter().any(|name| name == parent)),
        }
    }
}
