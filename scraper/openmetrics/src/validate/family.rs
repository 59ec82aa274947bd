//! Metric families: which lines belong to which, each in one piece and each name once.

use super::group::Groups;
use super::{Faults, Summary, rules, series};
use crate::error::excerpt;
use crate::format::{Format, MetricType};
use crate::parser::{Line, SampleLine};
use std::collections::{HashMap, HashSet};

/// What a sample says within its family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The value of a gauge, an unknown metric, or a counter of the text format.
    Value,
    /// The value of a counter.
    Total,
    /// When the metric began to count.
    Created,
    /// A bucket of a histogram.
    Bucket,
    /// The number of observations.
    Count,
    /// Their sum.
    Sum,
    /// A quantile of a summary.
    Quantile,
    /// The labels of an info metric.
    Info,
    /// A state of a state set.
    State,
}

/// The suffixes of the sample names of a family, and what they mean.
fn suffixes(kind: MetricType, format: Format) -> &'static [(&'static str, Role)] {
    use Role::{Bucket, Count, Created, Info, Quantile, State, Sum, Total, Value};
    match (kind, format) {
        (MetricType::Counter, Format::OpenMetrics) => &[("_total", Total), ("_created", Created)],
        (MetricType::Counter, Format::Text) => &[("", Total)],
        (MetricType::Histogram, Format::OpenMetrics) => {
            &[("_bucket", Bucket), ("_count", Count), ("_sum", Sum), ("_created", Created)]
        }
        (MetricType::Histogram, Format::Text) => &[("_bucket", Bucket), ("_count", Count), ("_sum", Sum)],
        (MetricType::GaugeHistogram, _) => &[("_bucket", Bucket), ("_gcount", Count), ("_gsum", Sum)],
        (MetricType::Summary, Format::OpenMetrics) => {
            &[("", Quantile), ("_count", Count), ("_sum", Sum), ("_created", Created)]
        }
        (MetricType::Summary, Format::Text) => &[("", Quantile), ("_count", Count), ("_sum", Sum)],
        (MetricType::Info, _) => &[("_info", Info)],
        (MetricType::StateSet, _) => &[("", State)],
        (MetricType::Gauge | MetricType::Unknown, _) => &[("", Value)],
    }
}

/// The family whose lines are being read.
struct Family {
    name: String,
    /// Where it begins.
    at: usize,
    kind: Option<MetricType>,
    has_help: bool,
    unit: Option<String>,
    samples: usize,
    groups: Groups,
}

/// All families of an exposition, in the order of the lines.
pub(super) struct Families<'a> {
    body: &'a [u8],
    format: Format,
    current: Option<Family>,
    /// The families that have begun.
    names: HashSet<String>,
    /// Every sample name that a family could have, with the family's name.
    sample_names: HashMap<String, String>,
    pub(super) summary: Summary,
}

impl<'a> Families<'a> {
    pub(super) fn new(body: &'a [u8], format: Format) -> Self {
        Families {
            body,
            format,
            current: None,
            names: HashSet::new(),
            sample_names: HashMap::new(),
            summary: Summary::default(),
        }
    }

    /// Takes the next line, which begins at an offset.
    pub(super) fn line(&mut self, at: usize, line: Line<'_>, faults: &mut Faults) {
        match line {
            Line::Type { family, kind } => {
                let Some(family) = self.described(&family, at, "TYPE", faults) else {
                    return;
                };
                if family.kind.replace(kind).is_some() {
                    faults.add(at, format!("a second TYPE line for `{}`", excerpt(&family.name)));
                }
            }
            Line::Help { family, .. } => {
                let Some(family) = self.described(&family, at, "HELP", faults) else {
                    return;
                };
                if std::mem::replace(&mut family.has_help, true) {
                    faults.add(at, format!("a second HELP line for `{}`", excerpt(&family.name)));
                }
            }
            Line::Unit { family, unit } => {
                let Some(family) = self.described(&family, at, "UNIT", faults) else {
                    return;
                };
                if family.unit.replace(unit.to_owned()).is_some() {
                    faults.add(at, format!("a second UNIT line for `{}`", excerpt(&family.name)));
                }
            }
            Line::Sample(sample) => self.sample(&sample, faults),
            Line::Eof => {}
        }
    }

    /// Ends the last family.
    pub(super) fn finish(&mut self, faults: &mut Faults) {
        let Some(family) = self.current.take() else { return };
        if family.samples == 0 {
            self.begin_samples(&family, faults);
        }
        family.groups.finish(faults);
    }

    /// The family that a metadata line is about, if the line may stand here.
    fn described(&mut self, name: &str, at: usize, keyword: &str, faults: &mut Faults) -> Option<&mut Family> {
        let goes_on = self.current.as_ref().is_some_and(|family| family.name == name);
        if !goes_on {
            self.begin(name, at, faults);
        }
        let family = self.current.as_mut()?;
        if family.samples > 0 {
            faults.add(at, format!("the {keyword} line of `{}` stands behind its samples", excerpt(name)));
            return None;
        }
        Some(family)
    }

    /// Ends the family before and begins one.
    fn begin(&mut self, name: &str, at: usize, faults: &mut Faults) {
        self.finish(faults);
        if !self.names.insert(name.to_owned()) {
            faults.add(at, format!("the metric family `{}` stands in two places", excerpt(name)));
        } else {
            self.summary.families += 1;
        }
        rules::family_name(name, at, self.format, faults);
        self.current = Some(Family {
            name: name.to_owned(),
            at,
            kind: None,
            has_help: false,
            unit: None,
            samples: 0,
            groups: Groups::default(),
        });
    }

    fn sample(&mut self, sample: &SampleLine<'_>, faults: &mut Faults) {
        self.summary.samples += 1;
        self.summary.exemplars += usize::from(sample.exemplar.is_some());
        let Some(labels) = series::decoded(sample, self.format, faults) else {
            return;
        };
        let name = labels.metric_name();
        let mut role = self.current.as_ref().and_then(|family| family.role(name, self.format));
        if role.is_none() {
            self.undescribed(name, sample.at, faults);
            role = self.current.as_ref().and_then(|family| family.role(name, self.format));
        }
        let Some(role) = role else { return };
        let Some(mut family) = self.current.take() else { return };
        if family.samples == 0 {
            self.begin_samples(&family, faults);
        }
        family.samples += 1;
        let subject = rules::Subject {
            body: self.body,
            format: self.format,
            family: &family.name,
            kind: family.kind.unwrap_or_default(),
            role,
            labels: &labels,
            sample,
        };
        rules::sample(&subject, faults);
        family.groups.sample(&subject, faults);
        self.current = Some(family);
    }

    /// Begins the family of unknown type that a sample without metadata makes.
    fn undescribed(&mut self, name: &str, at: usize, faults: &mut Faults) {
        if let Some(family) = self.current.as_ref().filter(|f| f.name == name && f.samples == 0) {
            let kind = family.kind.unwrap_or_default();
            let family = excerpt(&family.name);
            let names: Vec<_> = suffixes(kind, self.format).iter().map(|(s, _)| format!("`{family}{s}`")).collect();
            let message = format!(
                "`{family}` is no sample of the {} `{family}`, whose samples are named {}",
                kind.as_str(),
                names.join(", ")
            );
            faults.add(at, message);
            return;
        }
        // Taking the name over says it once.
        let owner = self.sample_names.insert(name.to_owned(), name.to_owned());
        if let Some(owner) = owner.filter(|owner| owner != name) {
            faults.add(
                at,
                format!("`{}` stands apart from the rest of the metric family `{}`", excerpt(name), excerpt(owner)),
            );
        }
        self.begin(name, at, faults);
    }

    /// Checks what is known once all the metadata is, and claims the names of the family's samples.
    fn begin_samples(&mut self, family: &Family, faults: &mut Faults) {
        let kind = family.kind.unwrap_or_default();
        let unit = family.unit.as_deref().unwrap_or_default();
        if matches!(kind, MetricType::Info | MetricType::StateSet) && !unit.is_empty() {
            faults.add(family.at, format!("the {} `{}` has a unit", kind.as_str(), excerpt(&family.name)));
        }
        for (suffix, _) in suffixes(kind, self.format) {
            let name = format!("{}{suffix}", family.name);
            match self.sample_names.get(&name) {
                Some(owner) if *owner != family.name => {
                    let (name, owner, other) = (excerpt(&name), excerpt(owner), excerpt(&family.name));
                    let message = format!("`{name}` could be a sample of both `{owner}` and `{other}`");
                    faults.add(family.at, message);
                }
                Some(_) => {}
                None => {
                    self.sample_names.insert(name, family.name.clone());
                }
            }
        }
    }
}

impl Family {
    fn role(&self, sample_name: &str, format: Format) -> Option<Role> {
        let suffix = sample_name.strip_prefix(self.name.as_str())?;
        suffixes(self.kind.unwrap_or_default(), format).iter().find(|(s, _)| *s == suffix).map(|(_, role)| *role)
    }
}
