//! A rule as the configuration writes it, for those who look at what it did.

use super::{Pattern, Rule, Source};
use std::fmt;

/// The fields that a rule has; those that its action does not look at are `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Written<'a> {
    /// `replace`, `keep`, ...
    pub action: &'static str,
    /// `source_labels`.
    pub source_labels: Option<&'a [String]>,
    /// `separator`.
    pub separator: Option<&'a str>,
    /// `regex`.
    pub regex: Option<&'a str>,
    /// `modulus`.
    pub modulus: Option<u64>,
    /// `target_label`.
    pub target_label: Option<&'a str>,
    /// `replacement`.
    pub replacement: Option<&'a str>,
}

impl<'a> Written<'a> {
    fn new(action: &'static str) -> Self {
        Written { action, ..Written::default() }
    }

    fn source(self, source: &'a Source) -> Self {
        Written { source_labels: Some(&source.labels), separator: Some(&source.separator), ..self }
    }

    fn regex(self, regex: &'a Pattern) -> Self {
        Written { regex: Some(regex.as_str()), ..self }
    }

    fn target(self, target: &'a str) -> Self {
        Written { target_label: Some(target), ..self }
    }
}

impl Rule {
    /// The rule as the configuration writes it, with the defaults that were left out there.
    pub fn written(&self) -> Written<'_> {
        match self {
            Rule::Replace { source, regex, target, replacement } => Written {
                replacement: Some(replacement),
                ..Written::new("replace").source(source).regex(regex).target(target)
            },
            Rule::Keep { source, regex } => Written::new("keep").source(source).regex(regex),
            Rule::Drop { source, regex } => Written::new("drop").source(source).regex(regex),
            Rule::KeepEqual { source, target } => Written::new("keepequal").source(source).target(target),
            Rule::DropEqual { source, target } => Written::new("dropequal").source(source).target(target),
            Rule::HashMod { source, modulus, target } => {
                Written { modulus: Some(modulus.get()), ..Written::new("hashmod").source(source).target(target) }
            }
            Rule::LabelMap { regex, replacement } => {
                Written { replacement: Some(replacement), ..Written::new("labelmap").regex(regex) }
            }
            Rule::LabelDrop { regex } => Written::new("labeldrop").regex(regex),
            Rule::LabelKeep { regex } => Written::new("labelkeep").regex(regex),
            Rule::Lowercase { source, target } => Written::new("lowercase").source(source).target(target),
            Rule::Uppercase { source, target } => Written::new("uppercase").source(source).target(target),
        }
    }
}

/// In one line, without what is the default anyway.
impl fmt::Display for Written<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "action: {}", self.action)?;
        if let Some(labels) = self.source_labels.filter(|labels| !labels.is_empty()) {
            write!(f, ", source_labels: [{}]", labels.join(", "))?;
        }
        for (name, value, default) in [
            ("separator", self.separator, ";"),
            ("regex", self.regex, "(.*)"),
            ("target_label", self.target_label, ""),
            ("replacement", self.replacement, "$1"),
        ] {
            if let Some(value) = value.filter(|value| *value != default) {
                write!(f, ", {name}: {value:?}")?;
            }
        }
        self.modulus.map_or(Ok(()), |modulus| write!(f, ", modulus: {modulus}"))
    }
}
