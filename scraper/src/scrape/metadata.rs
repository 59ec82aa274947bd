//! What a target says about its metric families: type, help, unit. Kept in memory, for the API.

use procession_openmetrics::MetricType;
use std::collections::{BTreeSet, HashMap};

/// A family that was not described for so many scrapes is forgotten, as in Prometheus.
const KEPT_SCRAPES: u32 = 10;

/// The description of a metric family.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FamilyMetadata {
    /// Its type.
    pub kind: MetricType,
    /// Its help text, escapes decoded.
    pub help: String,
    /// Its unit, empty where it has none.
    pub unit: String,
}

/// The families of one target.
#[derive(Debug, Default)]
pub(crate) struct MetadataStore {
    families: HashMap<String, (FamilyMetadata, u32), foldhash::fast::FixedState>,
    scrape: u32,
    /// Families that are described in another way than before.
    changed: BTreeSet<String>,
}

impl MetadataStore {
    /// Begins a page.
    pub(crate) fn begin(&mut self) {
        self.scrape = self.scrape.wrapping_add(1);
    }

    /// Notes a type.
    pub(crate) fn set_kind(&mut self, family: &str, kind: MetricType) {
        self.family(family, |f| std::mem::replace(&mut f.kind, kind) != kind);
    }

    /// Notes a help text.
    pub(crate) fn set_help(&mut self, family: &str, help: &str) {
        self.family(family, |f| {
            let changes = f.help != help;
            if changes {
                help.clone_into(&mut f.help);
            }
            changes
        });
    }

    /// Notes a unit.
    pub(crate) fn set_unit(&mut self, family: &str, unit: &str) {
        self.family(family, |f| {
            let changes = f.unit != unit;
            if changes {
                unit.clone_into(&mut f.unit);
            }
            changes
        });
    }

    fn family(&mut self, name: &str, change: impl FnOnce(&mut FamilyMetadata) -> bool) {
        let changes = match self.families.get_mut(name) {
            Some((family, scrape)) => {
                *scrape = self.scrape;
                change(family)
            }
            None => {
                let mut family = FamilyMetadata::default();
                change(&mut family);
                self.families.insert(name.to_owned(), (family, self.scrape));
                true
            }
        };
        if changes {
            self.changed.insert(name.to_owned());
        }
    }

    /// The families that were described in another way since this was last asked.
    pub(crate) fn take_changed(&mut self) -> Vec<(String, FamilyMetadata)> {
        let changed = std::mem::take(&mut self.changed).into_iter();
        changed.filter_map(|name| self.families.get(&name).map(|(family, _)| (name.clone(), family.clone()))).collect()
    }

    /// Ends a page that was read to its end.
    pub(crate) fn finish(&mut self) {
        let scrape = self.scrape;
        self.families.retain(|_, (_, last)| scrape.wrapping_sub(*last) < KEPT_SCRAPES);
    }

    /// The type of a family that is known.
    pub(crate) fn kind(&self, family: &str) -> Option<MetricType> {
        self.families.get(family).map(|(family, _)| family.kind)
    }

    /// The families by name, in any order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &FamilyMetadata)> {
        self.families.iter().map(|(name, (family, _))| (name.as_str(), family))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_changes_and_forgets() {
        let mut store = MetadataStore::default();
        for page in 0..30 {
            store.begin();
            store.set_kind("kept", MetricType::Gauge);
            store.set_help("kept", if page < 3 { "old" } else { "new" });
            if page == 5 {
                store.set_unit("gone_seconds", "seconds");
            }
            store.finish();
            let changed = store.take_changed().len();
            assert_eq!(changed, usize::from(matches!(page, 0 | 3 | 5)), "{page}");
            assert_eq!(store.iter().count(), if (5..15).contains(&page) { 2 } else { 1 }, "{page}");
        }
        let want = FamilyMetadata { kind: MetricType::Gauge, help: "new".to_owned(), unit: String::new() };
        assert_eq!(store.iter().collect::<Vec<_>>(), [("kept", &want)]);
    }
}
