//! Values over steps.

use crate::Error;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use procession_openmetrics::{Labels, METRIC_NAME, STALE_NAN, is_stale};

/// Stands where a series has no value at a step. It is the staleness marker, which selectors never give and no
/// operation computes; it must not be computed with, since that may quieten it into an ordinary NaN.
pub(crate) const ABSENT: f64 = STALE_NAN;

/// Whether nothing is there.
#[inline]
pub(crate) fn is_absent(value: f64) -> bool {
    is_stale(value)
}

/// Whether a label tells about the metric itself, so that it goes when the value no longer is that metric's.
pub(crate) fn drop_metadata(name: &str) -> bool {
    matches!(name, METRIC_NAME | "__type__" | "__unit__")
}

/// One series' values at consecutive steps of a grid, from its first to its last; between them some may be absent.
/// A series that lives for an hour of a month costs an hour.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    /// With the metric name, also where it will be dropped.
    pub(crate) labels: Labels,
    /// The metric name goes when the query is answered, not before, so that it still tells series apart.
    pub(crate) drop_name: bool,
    first: usize,
    values: Vec<f64>,
}

impl Column {
    /// A column of values of which the first belongs to a given step; absent ones at the ends are cut. `None` where
    /// all are absent.
    pub(crate) fn starting_at(labels: Labels, drop_name: bool, first: usize, values: &[f64]) -> Option<Self> {
        let start = values.iter().position(|v| !is_absent(*v))?;
        let end = values.iter().rposition(|v| !is_absent(*v))? + 1;
        Some(Column { labels, drop_name, first: first + start, values: values[start..end].to_vec() })
    }

    /// The same after values became absent.
    pub(crate) fn trimmed(self) -> Option<Self> {
        let ends = [self.values.first(), self.values.last()];
        if ends.iter().all(|v| v.is_some_and(|v| !is_absent(*v))) {
            return Some(self);
        }
        Column::starting_at(self.labels, self.drop_name, self.first, &self.values)
    }

    /// The step of the first value.
    pub(crate) fn first(&self) -> usize {
        self.first
    }

    /// The step after the last value.
    pub(crate) fn end(&self) -> usize {
        self.first + self.values.len()
    }

    /// The number of steps from the first value to the last.
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// The value at a step, or [`ABSENT`].
    #[inline]
    pub(crate) fn at(&self, step: usize) -> f64 {
        step.checked_sub(self.first).and_then(|i| self.values.get(i)).copied().unwrap_or(ABSENT)
    }

    pub(crate) fn values(&self) -> &[f64] {
        &self.values
    }

    pub(crate) fn values_mut(&mut self) -> &mut [f64] {
        &mut self.values
    }

    /// The values that are there, with their steps.
    pub(crate) fn present(&self) -> impl Iterator<Item = (usize, f64)> {
        self.values.iter().enumerate().filter(|(_, v)| !is_absent(**v)).map(|(i, v)| (self.first + i, *v))
    }

    /// Changes every value; what comes out is no longer the metric.
    pub(crate) fn map(mut self, f: impl Fn(f64) -> f64) -> Self {
        self.drop_name = true;
        for value in self.values.iter_mut().filter(|v| !is_absent(**v)) {
            *value = f(*value);
        }
        self
    }

    /// The metric name dropped where it has to be.
    pub(crate) fn finished(mut self) -> Self {
        if self.drop_name && self.labels.iter().any(|(name, _)| drop_metadata(name)) {
            let mut builder = self.labels.to_builder();
            builder.retain(|name| !drop_metadata(name));
            self.labels = builder.build();
        }
        self.drop_name = false;
        self
    }

    fn absorb(&mut self, other: &Column) -> Result<(), Error> {
        let (first, end) = (self.first.min(other.first), self.end().max(other.end()));
        let mut values = vec![ABSENT; end - first];
        values[self.first - first..self.end() - first].copy_from_slice(&self.values);
        for (step, value) in other.present() {
            let place = &mut values[step - first];
            if !is_absent(*place) {
                return Err(Error::same_labelset());
            }
            *place = value;
        }
        (self.first, self.values) = (first, values);
        Ok(())
    }
}

/// Puts columns of one series together, at the place of the first of them. Two values at one step are an error.
/// A metric and what was computed of it (and will lose the name) are two series, as they are to the asker.
pub(crate) fn merge(columns: Vec<Column>) -> Result<Vec<Column>, Error> {
    let mut places: HashMap<(Labels, bool), usize, foldhash::fast::RandomState> = HashMap::default();
    places.reserve(columns.len());
    let mut merged: Vec<Column> = Vec::with_capacity(columns.len());
    for column in columns {
        match places.entry((column.labels.clone(), column.drop_name)) {
            Entry::Occupied(place) => merged[*place.get()].absorb(&column)?,
            Entry::Vacant(place) => {
                place.insert(merged.len());
                merged.push(column);
            }
        }
    }
    Ok(merged)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, first: usize, values: &[f64]) -> Column {
        Column::starting_at(Labels::from_pairs([("n", name)]), false, first, values).unwrap()
    }

    #[test]
    fn trims_and_addresses_by_step() {
        let c = column("a", 2, &[ABSENT, 1.0, ABSENT, f64::NAN, ABSENT]);
        assert_eq!((c.first(), c.end(), c.len()), (3, 6, 3));
        assert_eq!(c.at(3), 1.0);
        assert!(is_absent(c.at(2)) && is_absent(c.at(4)) && is_absent(c.at(6)) && !is_absent(c.at(5)));
        assert_eq!(c.present().map(|(step, _)| step).collect::<Vec<_>>(), [3, 5]);
        assert!(Column::starting_at(Labels::empty(), false, 0, &[ABSENT; 3]).is_none());
    }

    #[test]
    fn merges_unless_values_meet() {
        let merged =
            merge(vec![column("a", 4, &[4.0]), column("b", 0, &[9.0]), column("a", 1, &[1.0, ABSENT, 3.0])]).unwrap();
        assert_eq!(merged.len(), 2);
        assert_eq!(merged[0].present().collect::<Vec<_>>(), [(1, 1.0), (3, 3.0), (4, 4.0)]);
        assert!(merge(vec![column("a", 0, &[1.0, 2.0]), column("a", 1, &[1.0])]).is_err());
    }
}
