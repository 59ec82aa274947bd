//! What a sample may look like, by the type of its family and what the sample says.

use super::family::Role;
use super::{Faults, series};
use crate::error::excerpt;
use crate::format::{Format, MetricType};
use crate::labels::Labels;
use crate::parser::{ExemplarPart, SampleLine};
use crate::scan::number;

/// The most characters of all label names and values of an exemplar.
const EXEMPLAR_CHARS: usize = 128;

/// A sample and what is known about it.
pub(super) struct Subject<'s, 'a> {
    pub(super) body: &'a [u8],
    pub(super) format: Format,
    pub(super) family: &'s str,
    pub(super) kind: MetricType,
    pub(super) role: Role,
    pub(super) labels: &'s Labels,
    pub(super) sample: &'s SampleLine<'a>,
}

impl Subject<'_, '_> {
    pub(super) fn value(&self) -> f64 {
        self.sample.point.value
    }

    /// Reports something about the value.
    pub(super) fn value_fault(&self, faults: &mut Faults, what: &str) {
        faults.add(self.sample.point.at, format!("`{}` {what}", excerpt(self.labels.metric_name())));
    }

    /// The label that tells the samples of one metric apart, if the sample has the role for it.
    pub(super) fn own_label(&self) -> Option<&str> {
        match self.role {
            Role::Bucket => Some("le"),
            Role::Quantile => Some("quantile"),
            Role::State => Some(self.family),
            _ => None,
        }
    }

    /// The upper bound of a bucket, where it can be read. Infinity has one spelling, so that it is one series.
    pub(super) fn bound(&self) -> Option<f64> {
        match self.labels.get("le")? {
            "+Inf" => Some(f64::INFINITY),
            le => number::value(le.as_bytes()).ok().filter(|le| *le < f64::INFINITY),
        }
    }
}

/// Checks a name that begins a family.
pub(super) fn family_name(name: &str, at: usize, format: Format, faults: &mut Faults) {
    if format == Format::OpenMetrics && name.starts_with('_') {
        faults.add(at, format!("the name `{}` is reserved: it begins with an underscore", excerpt(name)));
    }
}

/// Checks what one sample shows by itself.
pub(super) fn sample(s: &Subject<'_, '_>, faults: &mut Faults) {
    labels(s, faults);
    value(s, faults);
    if let Some(e) = &s.sample.exemplar {
        exemplar(s, e, faults);
    }
}

fn labels(s: &Subject<'_, '_>, faults: &mut Faults) {
    let at = s.sample.at;
    let own = s.own_label();
    match (s.role, own.and_then(|name| s.labels.get(name))) {
        (Role::Bucket, Some(le)) if s.bound().is_none() => {
            let le = excerpt(le);
            faults.add(at, format!("le=\"{le}\" is not the upper bound of a bucket: a number or +Inf"));
        }
        (Role::Quantile, Some(quantile))
            if !number::value(quantile.as_bytes()).is_ok_and(|q| (0.0..=1.0).contains(&q)) =>
        {
            let quantile = excerpt(quantile);
            faults.add(at, format!("quantile=\"{quantile}\" is not a number from 0 to 1"));
        }
        (_, None) => {
            if let Some(own) = own {
                faults.add(at, format!("`{}` has no label `{}`", excerpt(s.labels.metric_name()), excerpt(own)));
            }
        }
        _ => {}
    }
    let foreign = match s.kind {
        MetricType::Histogram | MetricType::GaugeHistogram => Some("le"),
        MetricType::Summary => Some("quantile"),
        _ => None,
    };
    if let Some(name) = foreign.filter(|name| own != Some(name) && s.labels.get(name).is_some()) {
        faults.add(at, format!("`{}` must not have a label `{name}`", excerpt(s.labels.metric_name())));
    }
}

fn value(s: &Subject<'_, '_>, faults: &mut Faults) {
    let value = s.value();
    let strict = s.format == Format::OpenMetrics;
    let counts = match s.role {
        Role::Total | Role::Bucket | Role::Count => true,
        // Whether a negative sum is allowed depends on the buckets: see `histogram`.
        Role::Sum => s.kind == MetricType::Summary && strict,
        _ => false,
    };
    if counts && (value.is_nan() || value < 0.0) {
        s.value_fault(faults, "must not be negative or NaN");
    }
    match s.role {
        Role::Bucket | Role::Count if strict && value.is_finite() && value.fract() != 0.0 => {
            s.value_fault(faults, "counts, so it must be a whole number");
        }
        Role::Quantile if strict && value < 0.0 => s.value_fault(faults, "is a quantile and must not be negative"),
        Role::Created if !value.is_finite() => s.value_fault(faults, "must be a time"),
        Role::Info if value != 1.0 => s.value_fault(faults, "must be 1"),
        Role::State if value != 0.0 && value != 1.0 => s.value_fault(faults, "must be 0 or 1"),
        _ => {}
    }
}

fn exemplar(s: &Subject<'_, '_>, exemplar: &ExemplarPart<'_>, faults: &mut Faults) {
    if !matches!(s.role, Role::Total | Role::Bucket) {
        faults.add(exemplar.at, "only counters (`_total`) and buckets have exemplars");
        return;
    }
    if let Some(labels) = series::exemplar(exemplar, faults) {
        let chars: usize = labels.iter().map(|(n, v)| n.chars().count() + v.chars().count()).sum();
        if chars > EXEMPLAR_CHARS {
            let message = format!("the exemplar's labels have {chars} characters, {EXEMPLAR_CHARS} are allowed");
            faults.add(exemplar.at, message);
        }
    }
    if s.role == Role::Bucket && s.bound().is_some_and(|bound| exemplar.point.value > bound) {
        faults.add(exemplar.point.at, "the exemplar's value is above the bucket's upper bound");
    }
}

/// Checks how the lines end.
pub(super) fn whole_body(body: &[u8], format: Format, faults: &mut Faults) {
    if let Err(e) = std::str::from_utf8(body) {
        // The parser does not look into the comments of the text format.
        faults.add(e.valid_up_to(), "a byte that is not UTF-8");
    }
    for i in memchr::memmem::find_iter(body, b"\r\n") {
        faults.add(i, "a carriage return; lines end with \\n alone");
    }
    if format == Format::Text && !body.is_empty() && !body.ends_with(b"\n") {
        faults.add(body.len(), "the last line does not end with a line feed: it may be cut off");
    }
}
