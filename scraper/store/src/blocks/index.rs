//! The series of a block, read on demand, the most recently used ones kept.

use super::{Block, NUMBER_SHIFT, path_literal};
use crate::Error;
use crate::head::Span;
use crate::series::labels_of;
use duckdb::Connection;
use duckdb::arrow::array::{Array, AsArray};
use duckdb::arrow::datatypes::{Int64Type, UInt64Type};
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use parking_lot::Mutex;
use procession_openmetrics::Labels;
use procession_promql::{MatchOp, Matcher, matches_all};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// Label sets and times of a block's series by their place in the block: by metric name, then by labels.
#[derive(Debug)]
pub(crate) struct BlockIndex {
    labels: Vec<Labels>,
    spans: Vec<Span>,
    places: OnceLock<HashMap<Labels, u32, RandomState>>,
}

impl BlockIndex {
    /// Reads a block's file of series. `known` gives the copy of a label set that is in memory anyway.
    fn read(connection: &Connection, block: &Block, known: impl Fn(&Labels) -> Option<Labels>) -> Result<Self, Error> {
        let failed = |message: String| Error::Query(format!("block {}: {message}", block.folder.display()));
        let sql = format!(
            "SELECT series_id, name, labels, first_ts, last_ts FROM read_parquet({}) ORDER BY series_id",
            path_literal(&block.series())
        );
        let mut statement = connection.prepare(&sql).map_err(|e| failed(crate::error::one_line(e)))?;
        drop(statement.query_arrow([]).map_err(|e| failed(crate::error::one_line(e)))?);
        let mut index = BlockIndex { labels: Vec::new(), spans: Vec::new(), places: OnceLock::new() };
        while let Some(rows) = statement.step().map_err(|e| failed(crate::error::one_line(e)))? {
            let [ids, names, maps, first, last] = rows.columns() else {
                return Err(failed("five columns were asked for".to_owned()));
            };
            let (Some(ids), Some(names), Some(maps), Some(first), Some(last)) = (
                ids.as_primitive_opt::<UInt64Type>(),
                names.as_string_opt::<i32>(),
                maps.as_map_opt(),
                first.as_primitive_opt::<Int64Type>(),
                last.as_primitive_opt::<Int64Type>(),
            ) else {
                return Err(failed("its series have columns of unexpected types".to_owned()));
            };
            for i in 0..rows.len() {
                let place = u64::from(block.meta.number) << NUMBER_SHIFT | index.labels.len() as u64;
                if ids.value(i) != place {
                    return Err(failed(format!("series {} stands where {place} belongs", ids.value(i))));
                }
                let labels = labels_of(names.value(i), maps, i)?;
                index.labels.push(known(&labels).unwrap_or(labels));
                index.spans.push(Span { first_ms: first.value(i), last_ms: last.value(i) });
            }
        }
        if index.labels.len() as u64 != block.meta.series {
            return Err(failed(format!("{} series instead of {}", index.labels.len(), block.meta.series)));
        }
        Ok(index)
    }

    pub(crate) fn labels(&self, place: u32) -> &Labels {
        &self.labels[place as usize]
    }

    /// The places of the series that satisfy every matcher and may have samples from `first_ms` to `last_ms`, ascending.
    pub(crate) fn resolve(&self, matchers: &[Matcher], first_ms: i64, last_ms: i64) -> Vec<u32> {
        self.within(matchers)
            .filter(|&at| self.spans[at].meets(first_ms, last_ms) && matches_all(matchers, &self.labels[at]))
            .map(|at| at as u32)
            .collect()
    }

    /// The last moment of a series, if it is in the block.
    pub(crate) fn span(&self, labels: &Labels) -> Option<Span> {
        let places = self.places.get_or_init(|| self.labels.iter().cloned().zip(0..).collect());
        places.get(labels).map(|&at| self.spans[at as usize])
    }

    /// Those with the metric name that the matchers ask for: they stand together.
    fn within(&self, matchers: &[Matcher]) -> Range<usize> {
        let name = matchers.iter().find_map(|m| match &m.op {
            MatchOp::Equal(name) if m.name == procession_openmetrics::METRIC_NAME => Some(name.as_str()),
            _ => None,
        });
        let Some(name) = name else { return 0..self.labels.len() };
        let begin = self.labels.partition_point(|labels| labels.metric_name() < name);
        let length = self.labels[begin..].partition_point(|labels| labels.metric_name() == name);
        begin..begin + length
    }
}

/// The indexes that were used last, up to a number of series in all.
#[derive(Debug)]
pub(crate) struct IndexCache {
    /// The most recently used one stands last.
    kept: Mutex<Vec<(u32, Arc<BlockIndex>)>>,
    limit: usize,
}

impl IndexCache {
    pub(crate) fn new(limit: usize) -> IndexCache {
        IndexCache { kept: Mutex::new(Vec::new()), limit }
    }

    /// The index of a block, read where it is not kept.
    pub(crate) fn get(
        &self,
        connection: &Connection,
        block: &Block,
        known: impl Fn(&Labels) -> Option<Labels>,
    ) -> Result<Arc<BlockIndex>, Error> {
        let number = block.meta.number;
        {
            let mut kept = self.kept.lock();
            if let Some(at) = kept.iter().position(|(n, _)| *n == number) {
                let found = kept.remove(at);
                kept.push(found.clone());
                return Ok(found.1);
            }
        }
        // Without the lock: others may read theirs meanwhile, at worst the same one twice.
        let index = Arc::new(BlockIndex::read(connection, block, known)?);
        let mut kept = self.kept.lock();
        kept.retain(|(n, _)| *n != number);
        kept.push((number, index.clone()));
        let mut series: usize = kept.iter().map(|(_, index)| index.labels.len()).sum();
        while series > self.limit && kept.len() > 1 {
            series -= kept.remove(0).1.labels.len();
        }
        Ok(index)
    }

    /// Lets go of the indexes of blocks that are no longer there.
    pub(crate) fn retain(&self, is_there: impl Fn(u32) -> bool) {
        self.kept.lock().retain(|(number, _)| is_there(*number));
    }
}
