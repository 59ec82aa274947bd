//! Metrics: the samples of a family that share a label set, each in one piece and its timestamps in order.

use super::Faults;
use super::family::Role;
use super::histogram::Buckets;
use super::rules::Subject;
use crate::error::excerpt;
use crate::format::{Format, MetricType};
use crate::labels::Labels;
use crate::scan::number;
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// The metrics of one family.
#[derive(Default)]
pub(super) struct Groups {
    groups: HashMap<Labels, Group>,
    /// The metric of the sample before.
    last: Option<Labels>,
    /// The series seen: a series stands once, or at several times.
    series: HashSet<Labels>,
}

/// One metric, at the point in time that is being read.
struct Group {
    timestamp: Option<Range<usize>>,
    point: Point,
}

/// What is collected about a point until it is complete.
enum Point {
    Buckets(Buckets),
    /// Where it begins and whether the `_total` has been there.
    Counter {
        at: usize,
        total: bool,
    },
    /// The greatest quantile so far.
    Quantiles {
        last: f64,
    },
    Any,
}

impl Groups {
    pub(super) fn sample(&mut self, s: &Subject<'_, '_>, faults: &mut Faults) {
        let key = key(s);
        let timestamp = s.sample.point.timestamp.as_ref().map(|(_, range)| range.clone());
        if !self.series.insert(s.labels.clone()) && (timestamp.is_none() || s.format == Format::Text) {
            faults.add(s.sample.at, format!("the series `{}` stands twice", excerpt(s.sample.series)));
            return;
        }
        // Which labels name an info metric and which are its value, one cannot see.
        let is_told_apart = s.format == Format::OpenMetrics && s.role != Role::Info;
        if is_told_apart && self.last.as_ref() != Some(&key) && self.groups.contains_key(&key) {
            faults.add(
                s.sample.at,
                format!("the samples of one metric of `{}` do not stand together", excerpt(s.family)),
            );
        }
        let group = self
            .groups
            .entry(key.clone())
            .or_insert_with(|| Group { timestamp: timestamp.clone(), point: Point::new(s) });
        if s.format == Format::OpenMetrics {
            group.advance(s, timestamp, faults);
        }
        group.point.sample(s, faults);
        self.last = Some(key);
    }

    pub(super) fn finish(self, faults: &mut Faults) {
        for group in self.groups.into_values() {
            group.point.finish(faults);
        }
    }
}

/// The labels that name the metric: those of the sample without the name and what tells its samples apart.
fn key(s: &Subject<'_, '_>) -> Labels {
    let mut key = s.labels.to_builder();
    key.remove(crate::METRIC_NAME);
    if let Some(own) = s.own_label() {
        key.remove(own);
    }
    key.build()
}

impl Group {
    /// Goes on to the sample's point in time.
    fn advance(&mut self, s: &Subject<'_, '_>, timestamp: Option<Range<usize>>, faults: &mut Faults) {
        let order = match (&self.timestamp, &timestamp) {
            (None, None) => Ordering::Equal,
            (Some(before), Some(now)) => number::compare_seconds(&s.body[before.clone()], &s.body[now.clone()]),
            _ => {
                faults.add(s.sample.at, "samples of one metric with and without timestamps");
                return;
            }
        };
        match order {
            Ordering::Equal => {}
            Ordering::Less => {
                let finished = std::mem::replace(&mut self.point, Point::new(s));
                finished.finish(faults);
                self.timestamp = timestamp;
            }
            Ordering::Greater => {
                let at = timestamp.map_or(s.sample.at, |range| range.start);
                faults.add(at, "the timestamp is before that of the sample above");
            }
        }
    }
}

impl Point {
    fn new(s: &Subject<'_, '_>) -> Point {
        match s.kind {
            MetricType::Histogram | MetricType::GaugeHistogram => Point::Buckets(Buckets::new(s)),
            MetricType::Counter => Point::Counter { at: s.sample.at, total: false },
            MetricType::Summary if s.format == Format::Text => Point::Quantiles { last: f64::NEG_INFINITY },
            _ => Point::Any,
        }
    }

    fn sample(&mut self, s: &Subject<'_, '_>, faults: &mut Faults) {
        match self {
            Point::Buckets(buckets) => buckets.sample(s, faults),
            Point::Counter { total, .. } => *total |= s.role == Role::Total,
            Point::Quantiles { last } => {
                let quantile = s.labels.get("quantile").and_then(|q| number::value(q.as_bytes()).ok());
                if let Some(quantile) = quantile {
                    if quantile < *last {
                        faults.add(s.sample.at, "quantiles must stand in increasing order");
                    }
                    *last = quantile;
                }
            }
            Point::Any => {}
        }
    }

    fn finish(self, faults: &mut Faults) {
        match self {
            Point::Buckets(buckets) => buckets.finish(faults),
            Point::Counter { at, total: false } => faults.add(at, "a counter without its `_total`"),
            Point::Counter { .. } | Point::Quantiles { .. } | Point::Any => {}
        }
    }
}
