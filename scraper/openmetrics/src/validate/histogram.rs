//! Histograms and gauge histograms: the buckets of one point.

use super::Faults;
use super::family::Role;
use super::rules::Subject;
use crate::format::{Format, MetricType};

/// What is known of the buckets, the count and the sum of one histogram at one time.
pub(super) struct Buckets {
    at: usize,
    format: Format,
    /// The samples' names, for messages.
    count_name: &'static str,
    sum_name: &'static str,
    is_gauge: bool,
    /// Upper bound and value of the last bucket.
    last: Option<(f64, f64)>,
    /// The value of the bucket without bound.
    infinite: Option<f64>,
    has_negative_bound: bool,
    /// Value and where it stands.
    count: Option<(f64, usize)>,
    sum: Option<(f64, usize)>,
}

impl Buckets {
    pub(super) fn new(s: &Subject<'_, '_>) -> Self {
        let is_gauge = s.kind == MetricType::GaugeHistogram;
        Buckets {
            at: s.sample.at,
            format: s.format,
            count_name: if is_gauge { "_gcount" } else { "_count" },
            sum_name: if is_gauge { "_gsum" } else { "_sum" },
            is_gauge,
            last: None,
            infinite: None,
            has_negative_bound: false,
            count: None,
            sum: None,
        }
    }

    pub(super) fn sample(&mut self, s: &Subject<'_, '_>, faults: &mut Faults) {
        match s.role {
            Role::Bucket => {
                let Some(bound) = s.bound() else { return };
                if let Some((before, count)) = self.last {
                    if bound <= before {
                        faults.add(s.sample.at, "buckets must stand in increasing order of `le`, each once");
                    } else if s.value() < count {
                        s.value_fault(faults, "is smaller than the bucket before it; buckets are cumulative");
                    }
                }
                self.last = Some((bound, s.value()));
                self.has_negative_bound |= bound < 0.0;
                if bound == f64::INFINITY {
                    self.infinite = Some(s.value());
                }
            }
            Role::Count => self.count = Some((s.value(), s.sample.at)),
            Role::Sum => self.sum = Some((s.value(), s.sample.at)),
            _ => {}
        }
    }

    pub(super) fn finish(self, faults: &mut Faults) {
        let Some(infinite) = self.infinite else {
            faults.add(self.at, "the histogram has no bucket le=\"+Inf\"");
            return;
        };
        if let Some((count, at)) = self.count.filter(|(count, _)| *count != infinite) {
            faults.add(at, format!("the count is {count}, the bucket le=\"+Inf\" is {infinite}; they must be equal"));
        }
        if self.format == Format::Text {
            if self.count.is_none() {
                faults.add(self.at, "the histogram has no `_count`");
            }
            return;
        }
        match (self.count, self.sum) {
            (None, Some((_, at))) => {
                faults.add(at, format!("a histogram with `{}` must have `{}`", self.sum_name, self.count_name));
            }
            (Some((_, at)), None) => {
                faults.add(at, format!("a histogram with `{}` must have `{}`", self.count_name, self.sum_name));
            }
            _ => {}
        }
        let Some((sum, at)) = self.sum else { return };
        if sum.is_nan() {
            faults.add(at, "the sum of a histogram must not be NaN");
        } else if self.has_negative_bound && !self.is_gauge {
            faults.add(at, "a histogram with negative bounds must not have a sum: it would not be a counter");
        } else if sum < 0.0 && !self.has_negative_bound {
            faults.add(at, "the sum must not be negative where no bucket's bound is");
        }
    }
}
