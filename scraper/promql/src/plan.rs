//! What a query needs from the store: one fetch per distinct selector and span of time.

use crate::eval::{Asked, Grid, Window, check, check_series, too_many_samples};
use crate::expr::{AggregateOp, Expr, Range, Scalar, Selector, Vector};
use crate::functions::RangeFunction;
use crate::select::SeriesView;
use crate::statistics::Fetch;
use crate::{Cancel, Error, Matcher, Options, Query, Select, Selection, SeriesSet, Windows};
use std::sync::Arc;
use std::time::Instant;

/// The fetches of a query, and which selector each of them serves.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) fetches: Vec<Selection>,
    /// By fetch, the windows at which the query looks, where folds of samples will do.
    windows: Vec<Option<Windows>>,
    /// By selector id; `None` for one that is never evaluated.
    fetch_of: Vec<Option<usize>>,
}

/// A selector with the span `(start_ms, end_ms]` that it looks at.
struct Need {
    id: usize,
    matchers: Arc<[Matcher]>,
    /// Equal for equal matchers.
    key: String,
    start_ms: i64,
    end_ms: i64,
    windows: Option<Windows>,
}

impl Plan {
    pub(crate) fn new(query: &Query, grid: &Grid, asked: &Asked, options: &Options) -> Result<Self, Error> {
        let mut walk = Walk { asked, options, needs: Vec::new() };
        match &query.expr {
            Expr::Scalar(s) => walk.scalar(s, grid)?,
            Expr::Vector(v) => walk.vector(v, grid)?,
            Expr::Range(r) => walk.range(r, grid, false)?,
            Expr::String(_) => {}
        }
        Ok(Plan::of(walk.needs, query.selectors))
    }

    /// Spans of one selector that touch are fetched as one; distant ones (`offset 1w`) are not, since what lies
    /// between them would be read for nothing.
    fn of(mut needs: Vec<Need>, selectors: usize) -> Self {
        needs.sort_by(|a, b| a.key.cmp(&b.key).then(a.start_ms.cmp(&b.start_ms)));
        let mut plan = Plan { fetches: Vec::new(), windows: Vec::new(), fetch_of: vec![None; selectors] };
        let mut last_key = None;
        for need in needs {
            match plan.fetches.last_mut() {
                Some(fetch) if last_key.as_ref() == Some(&need.key) && need.start_ms <= fetch.end_ms => {
                    let is_same_time = (fetch.start_ms, fetch.end_ms) == (need.start_ms, need.end_ms);
                    fetch.end_ms = fetch.end_ms.max(need.end_ms);
                    if let Some(windows) = plan.windows.last_mut() {
                        *windows = windows.zip(need.windows).map(|(a, b)| a.and(b, is_same_time));
                    }
                }
                _ => {
                    plan.fetches.push(Selection {
                        matchers: need.matchers.iter().map(Matcher::simplified).collect(),
                        start_ms: need.start_ms,
                        end_ms: need.end_ms,
                        cancel: Cancel::default(),
                    });
                    plan.windows.push(need.windows);
                }
            }
            plan.fetch_of[need.id] = Some(plan.fetches.len() - 1);
            last_key = Some(need.key);
        }
        plan
    }
}

/// What of its windows a selector needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Uses {
    /// Every sample.
    Samples,
    /// What a fold holds of many.
    Folds,
    /// The newest sample, which a fold holds as well.
    Newest,
}

/// Follows the expression with the grids on which its parts are evaluated.
struct Walk<'a> {
    asked: &'a Asked,
    options: &'a Options,
    needs: Vec<Need>,
}

impl Walk<'_> {
    fn selector(&mut self, selector: &Selector, range_ms: i64, grid: &Grid, uses: Uses) {
        if grid.len() == 0 {
            return;
        }
        let window = Window::new(selector.shift, range_ms, self.asked);
        self.needs.push(Need {
            id: selector.id,
            matchers: Arc::clone(&selector.matchers),
            key: key(&selector.matchers),
            start_ms: window.end(grid.start_ms()).saturating_sub(range_ms),
            end_ms: window.end(grid.end_ms()),
            windows: (uses != Uses::Samples).then(|| {
                let step_ms = if window.is_fixed() || grid.len() < 2 { 0 } else { grid.time(1) - grid.time(0) };
                let windows = Windows::new(window.end(grid.start_ms()), step_ms, range_ms);
                if uses == Uses::Newest { windows.of_newest() } else { windows }
            }),
        });
    }

    /// `folds`: whether folds of samples will do.
    fn range(&mut self, range: &Range, grid: &Grid, folds: bool) -> Result<(), Error> {
        match range {
            Range::Selector { selector, range_ms } => {
                self.selector(selector, *range_ms, grid, if folds { Uses::Folds } else { Uses::Samples });
            }
            Range::Subquery(s) => {
                let window = Window::new(s.shift, s.range_ms, self.asked);
                let step_ms = s.step_ms.unwrap_or(self.options.subquery_step_ms);
                let inner = grid.of_windows(window, step_ms, self.options.max_samples)?;
                self.vector(&s.inner, &inner)?;
            }
        }
        Ok(())
    }

    fn scalar(&mut self, expr: &Scalar, grid: &Grid) -> Result<(), Error> {
        match expr {
            Scalar::Number(_) | Scalar::Time | Scalar::OfQuery(_) => Ok(()),
            Scalar::FromVector(v) => self.vector(v, grid),
            Scalar::Negate(s) => self.scalar(s, grid),
            Scalar::Binary { left, right, .. } | Scalar::Extreme { left, right, .. } => {
                self.scalar(left, grid)?;
                self.scalar(right, grid)
            }
        }
    }

    fn vector(&mut self, expr: &Vector, grid: &Grid) -> Result<(), Error> {
        match expr {
            Vector::Selector(s) => self.selector(s, self.options.lookback_ms, grid, Uses::Newest),
            Vector::FromScalar(s) => self.scalar(s, grid)?,
            Vector::Negate(v) | Vector::Timestamp(v) => self.vector(v, grid)?,
            Vector::Map { argument, .. } | Vector::Absent { argument, .. } | Vector::Sort { argument, .. } => {
                self.vector(argument, grid)?;
            }
            Vector::Clamp { argument, min: a, max: b } | Vector::HistogramFraction { argument, lower: a, upper: b } => {
                self.vector(argument, grid)?;
                self.scalar(a, grid)?;
                self.scalar(b, grid)?;
            }
            Vector::Round { argument, to_nearest: s } | Vector::HistogramQuantile { argument, quantile: s } => {
                self.vector(argument, grid)?;
                self.scalar(s, grid)?;
            }
            Vector::HistogramQuantiles { argument, quantiles, .. } => {
                self.vector(argument, grid)?;
                quantiles.iter().try_for_each(|q| self.scalar(q, grid))?;
            }
            Vector::OverRange { function, range } => {
                match function {
                    RangeFunction::Quantile(s) | RangeFunction::PredictLinear(s) => self.scalar(s, grid)?,
                    RangeFunction::Smoothing { smoothing, trend } => {
                        self.scalar(smoothing, grid)?;
                        self.scalar(trend, grid)?;
                    }
                    _ => {}
                }
                self.range(range, grid, function.takes_folds())?;
            }
            Vector::AbsentOverTime { range, .. } => self.range(range, grid, false)?,
            Vector::Info(i) => {
                self.vector(&i.argument, grid)?;
                self.selector(&i.selector, self.options.lookback_ms, grid, Uses::Samples);
            }
            Vector::LabelReplace(r) => self.vector(&r.argument, grid)?,
            Vector::LabelJoin(j) => self.vector(&j.argument, grid)?,
            Vector::Aggregate { op, argument, .. } => {
                if let AggregateOp::Quantile(s)
                | AggregateOp::TopK(s)
                | AggregateOp::BottomK(s)
                | AggregateOp::LimitK(s)
                | AggregateOp::LimitRatio(s) = op
                {
                    self.scalar(s, grid)?;
                }
                self.vector(argument, grid)?;
            }
            Vector::WithScalar(w) => {
                self.vector(&w.vector, grid)?;
                self.scalar(&w.scalar, grid)?;
            }
            Vector::Binary(b) => {
                self.vector(&b.left, grid)?;
                self.vector(&b.right, grid)?;
            }
            Vector::Set(s) => {
                self.vector(&s.left, grid)?;
                self.vector(&s.right, grid)?;
            }
        }
        Ok(())
    }
}

fn key(matchers: &[Matcher]) -> String {
    let mut parts: Vec<String> = matchers.iter().map(|m| format!("{:?}{}", m.name, m.op.text())).collect();
    parts.sort_unstable();
    parts.dedup();
    parts.join(",")
}

/// The columns that the store gave.
pub(crate) struct Fetched {
    sets: Vec<FetchedSet>,
    /// What each of them took.
    pub(crate) fetches: Vec<Fetch>,
    fetch_of: Vec<Option<usize>>,
}

struct FetchedSet {
    set: SeriesSet,
    /// Sorted by labels, so that answers do not depend on the order of the store.
    order: Vec<usize>,
}

impl Fetched {
    pub(crate) fn fetch(plan: &Plan, source: &dyn Select, options: &Options) -> Result<Self, Error> {
        let mut fetched = Fetched { sets: Vec::new(), fetches: Vec::new(), fetch_of: plan.fetch_of.clone() };
        for (selection, windows) in plan.fetches.iter().zip(&plan.windows) {
            check(options)?;
            let selection = Selection { cancel: options.cancel(), ..selection.clone() };
            let began = Instant::now();
            // Where the time is up or the asker is gone, an error of the source comes of that.
            let set = match windows {
                Some(windows) => source.select_windows(&selection, windows),
                None => source.select(&selection),
            };
            let set = set.or_else(|error| check(options).and(Err(error.into())))?;
            fetched.fetches.push(Fetch::new(&selection, &set, began.elapsed()));
            let order = order(&set);
            fetched.sets.push(FetchedSet { set, order });
            if fetched.sample_count() > options.max_samples {
                return Err(too_many_samples());
            }
            check_series(fetched.sets.iter().map(|s| s.set.len()).sum(), options)?;
        }
        Ok(fetched)
    }

    /// All fetched samples.
    pub(crate) fn sample_count(&self) -> usize {
        self.sets.iter().map(|s| s.set.sample_count()).sum()
    }

    /// The series of a selector, sorted by labels. They may hold samples of more time than it looks at.
    pub(crate) fn series(&self, selector: &Selector) -> impl Iterator<Item = SeriesView<'_>> {
        let fetch = self.fetch_of.get(selector.id).copied().flatten();
        let fetched = fetch.and_then(|i| self.sets.get(i));
        fetched.into_iter().flat_map(|f| f.order.iter().filter_map(|i| f.set.get(*i)))
    }
}

fn order(set: &SeriesSet) -> Vec<usize> {
    let labels: Vec<_> = set.iter().map(|s| s.labels).collect();
    let mut order: Vec<usize> = (0..labels.len()).collect();
    if !labels.is_sorted() {
        order.sort_by(|a, b| labels[*a].cmp(labels[*b]));
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fetches(query: &str) -> Vec<(usize, i64, i64)> {
        let query = crate::parse(query).unwrap();
        let grid = Grid::range(1_000_000, 2_000_000, 60_000, 100).unwrap();
        let asked = Asked { start_ms: 1_000_000, end_ms: 2_000_000, step_ms: 60_000 };
        let plan = Plan::new(&query, &grid, &asked, &Options::default()).unwrap();
        assert!(plan.fetch_of.iter().all(Option::is_some));
        plan.fetches.iter().map(|f| (f.matchers.len(), f.start_ms, f.end_ms)).collect()
    }

    #[test]
    fn one_fetch_per_distinct_selector() {
        assert_eq!(fetches("x"), [(1, 700_000, 1_960_000)]);
        assert_eq!(fetches("rate(x[10m]) / x + {__name__=\"x\"}"), [(1, 400_000, 1_960_000)]);
        assert_eq!(fetches("x{a=\"1\",b=~\"2.\"} - x{b=~\"2.\",a=\"1\"} offset 5m"), [(3, 400_000, 1_960_000)]);
        assert_eq!(fetches("x - x offset 1d"), [(1, -85_700_000, -84_440_000), (1, 700_000, 1_960_000)]);
        assert_eq!(fetches("x - y"), [(1, 700_000, 1_960_000), (1, 700_000, 1_960_000)]);
        assert_eq!(fetches("x @ 500"), [(1, 200_000, 500_000)]);
        assert_eq!(fetches("x @ end() offset 10s"), [(1, 1_690_000, 1_990_000)]);
        assert_eq!(fetches("max_over_time(rate(x[1m])[10m:1m] offset 1m)"), [(1, 300_000, 1_860_000)]);
        assert_eq!(fetches("1 + time()"), []);
    }

    #[test]
    fn newest_samples_are_asked_for_where_they_will_do() {
        let check = |query: &str, newest: &[bool]| {
            let query = crate::parse(query).unwrap();
            let grid = Grid::range(7_200_000, 7_200_000, 60_000, 100).unwrap();
            let asked = Asked { start_ms: 7_200_000, end_ms: 7_200_000, step_ms: 0 };
            let plan = Plan::new(&query, &grid, &asked, &Options::default()).unwrap();
            let found: Vec<bool> = plan.windows.iter().map(|w| w.is_some_and(|w| w.newest)).collect();
            assert_eq!(found, newest, "{query:?}");
        };
        check("x", &[true]);
        check("sum(x) / count(x)", &[true]);
        check("timestamp(x)", &[true]);
        check("x - x offset 1m", &[false]);
        check("x - x offset 1h", &[true, true]);
        check("x + rate(x[5m])", &[false]);
        check("last_over_time(x[5m])", &[false]);
        // Of each of the windows.
        check("max_over_time(x[10m:1m])", &[true]);
    }

    #[test]
    fn folds_are_asked_for_where_they_will_do() {
        let check = |query: &str, align_ms: Option<i64>| {
            let query = crate::parse(query).unwrap();
            let grid = Grid::range(7_200_000, 72_000_000, 3_600_000, 100).unwrap();
            let asked = Asked { start_ms: 7_200_000, end_ms: 72_000_000, step_ms: 3_600_000 };
            let plan = Plan::new(&query, &grid, &asked, &Options::default()).unwrap();
            assert_eq!(
                plan.windows.iter().map(|w| w.map(|w| w.width_ms())).collect::<Vec<_>>(),
                [align_ms],
                "{query:?}"
            );
        };
        check("max_over_time(x[1h])", Some(3_600_000));
        check("sum by (a) (rate(x[2h] offset 30m))", Some(1_800_000));
        check("x", Some(3_600_000));
        check("x - x @ 7200", Some(300_000));
        check("x / max_over_time(x[1h])", Some(300_000));
        check("avg_over_time(x[1h] @ 600)", Some(600_000));
        check("max_over_time(x[1h]) - quantile_over_time(0.5, x[1h])", None);
        check("max_over_time(x[61m])", Some(60_000));
        check("absent_over_time(x[1h])", None);
        check("max_over_time(rate(x[30m])[1h:10m])", Some(600_000));
    }
}
