//! What targets say about metric families: type, help and unit, kept so that it is known before the next scrape and after
//! a target has gone.

use crate::Error;
use crate::error::one_line;
use duckdb::{Connection, params};
use procession_openmetrics::MetricType;
use std::collections::BTreeMap;

/// Different descriptions of one family that are kept, the newest: versions of a program differ in them.
const PER_FAMILY: usize = 8;
/// Families that are kept; a target that makes up names must not fill the memory.
const MOST: usize = 100_000;

/// A description of a metric family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: MetricType,
    /// Its help text.
    pub help: String,
    /// Its unit, empty where it has none.
    pub unit: String,
}

/// All descriptions, and which of them are not on disk yet.
#[derive(Debug, Default)]
pub(crate) struct Families {
    known: BTreeMap<String, Vec<Family>>,
    waiting: Vec<Family>,
    /// The table is to be written anew: it failed to take some, or has some that went.
    replace: bool,
}

/// How the table must change.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum FamilyChange {
    /// These come behind what it holds.
    Append(Vec<Family>),
    /// It holds these and nothing else.
    Replace(Vec<Family>),
}

impl Families {
    /// Notes a description. One that is known is no news.
    pub(crate) fn note(&mut self, family: Family) {
        let is_full = self.known.len() >= MOST;
        let of_name = match self.known.get_mut(&family.name) {
            Some(of_name) => of_name,
            None if is_full => return,
            None => self.known.entry(family.name.clone()).or_default(),
        };
        if of_name.contains(&family) {
            return;
        }
        if of_name.len() >= PER_FAMILY {
            of_name.remove(0);
            self.replace = true;
        }
        of_name.push(family.clone());
        self.waiting.push(family);
    }

    /// All descriptions by name, the newest of each last.
    pub(crate) fn all(&self) -> Vec<Family> {
        self.known.values().flatten().cloned().collect()
    }

    /// What the table must be told, if anything. [`Families::was_written`] follows.
    pub(crate) fn take_change(&mut self) -> Option<FamilyChange> {
        let waiting = std::mem::take(&mut self.waiting);
        match std::mem::take(&mut self.replace) {
            true => Some(FamilyChange::Replace(self.all())),
            false => (!waiting.is_empty()).then_some(FamilyChange::Append(waiting)),
        }
    }

    /// How writing ended. What failed is made good by writing everything the next time.
    pub(crate) fn was_written(&mut self, succeeded: bool) {
        self.replace |= !succeeded;
    }

    /// Reads what the table holds.
    pub(crate) fn load(connection: &Connection) -> Result<Families, Error> {
        let rows = || -> duckdb::Result<Vec<Family>> {
            connection
                .prepare("SELECT name, type, help, unit FROM head_families ORDER BY rowid")?
                .query_map([], |r| {
                    let kind: String = r.get(1)?;
                    Ok(Family { name: r.get(0)?, kind: kind_of(&kind), help: r.get(2)?, unit: r.get(3)? })
                })?
                .collect()
        };
        let mut families = Families::default();
        rows().map_err(Error::query)?.into_iter().for_each(|family| families.note(family));
        families.waiting.clear();
        Ok(families)
    }
}

fn kind_of(text: &str) -> MetricType {
    use MetricType::{Counter, Gauge, GaugeHistogram, Histogram, Info, StateSet, Summary, Unknown};
    let all = [Counter, Gauge, Histogram, GaugeHistogram, Summary, Info, StateSet];
    all.into_iter().find(|kind| kind.as_str() == text).unwrap_or(Unknown)
}

/// Changes the table, in one transaction.
pub(crate) fn write(connection: &Connection, change: &FamilyChange) -> Result<(), String> {
    let run = || -> duckdb::Result<()> {
        let transaction = connection.unchecked_transaction()?;
        let rows = match change {
            FamilyChange::Append(rows) => rows,
            FamilyChange::Replace(rows) => {
                transaction.execute("DELETE FROM head_families", [])?;
                rows
            }
        };
        let mut appender = transaction.appender("head_families")?;
        for Family { name, kind, help, unit } in rows {
            appender.append_row(params![name, kind.as_str(), help, unit])?;
        }
        appender.flush()?;
        drop(appender);
        transaction.commit()
    };
    run().map_err(one_line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn family(name: &str, help: &str) -> Family {
        Family { name: name.to_owned(), kind: MetricType::Counter, help: help.to_owned(), unit: String::new() }
    }

    #[test]
    fn each_description_is_kept_once_and_not_too_many() {
        let mut families = Families::default();
        for help in ["one", "two", "one"] {
            families.note(family("a", help));
        }
        let both = vec![family("a", "one"), family("a", "two")];
        assert_eq!(families.take_change(), Some(FamilyChange::Append(both.clone())));
        families.was_written(false);
        assert_eq!(families.take_change(), Some(FamilyChange::Replace(both)));
        families.was_written(true);
        assert_eq!(families.take_change(), None);
        for i in 0..20 {
            families.note(family("a", &i.to_string()));
        }
        let helps: Vec<String> = families.all().into_iter().map(|f| f.help).collect();
        assert_eq!(helps, (12..20).map(|i| i.to_string()).collect::<Vec<_>>());
        assert!(matches!(families.take_change(), Some(FamilyChange::Replace(rows)) if rows.len() == PER_FAMILY));
    }

    #[test]
    fn kinds_are_read_as_they_are_written() {
        for kind in [MetricType::Counter, MetricType::Info, MetricType::GaugeHistogram, MetricType::Unknown] {
            assert_eq!(kind_of(kind.as_str()), kind);
        }
    }
}
