//! The store as its callers see it.

use crate::database::{self, Pool};
use crate::folder::{Folder, disk_bytes};
use crate::head::{Committer, Queue, Shared, Span, Times, Writer, committed_batches};
use crate::{Appended, Batch, Error, Options, SeriesRef, Stats, query, series};
use parking_lot::{Condvar, Mutex, RwLock};
use procession_openmetrics::Labels;
use procession_promql::{Matcher, Select, SelectError, Selection, SeriesSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// How long a series counts as active after its last sample: as long as a query looks back.
const ACTIVE_MS: i64 = 300_000;

/// A folder of samples, opened. Clones are handles to the same store; it ends with the last of them, or with
/// [`close`](Store::close).
///
/// Every method blocks: none is for a thread that runs asynchronous tasks.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

/// In the order in which it must be dropped: the writer ends, the connections close, the folder is free.
struct Inner {
    writer: Writer,
    pool: Arc<Pool>,
    shared: Arc<Shared>,
    options: Options,
    folder: Arc<Folder>,
}

impl Store {
    /// Opens the folder `dir`, which is created where it is missing, applies migrations, and reads the series and the
    /// time of their last samples into memory.
    ///
    /// # Errors
    /// The folder cannot be used or another process has it open (the error names it); the database is damaged, foreign
    /// or from a newer version; the disk is full.
    pub fn open(dir: &Path, options: Options) -> Result<Store, Error> {
        let begun = Instant::now();
        let folder = Arc::new(Folder::open(dir)?);
        let connection = database::open(&folder, &options)?;
        // What cannot be read now is damage in the file, not somebody's query.
        let damaged = |error: Error| match error {
            Error::Query(message) => Error::Open { path: folder.database(), message },
            other => other,
        };
        let times = Times::load(&connection).map_err(damaged)?;
        let index = series::load(&connection, |number| times.get(number) != Span::NONE).map_err(damaged)?;
        let batches = committed_batches(&connection).map_err(|error| damaged(Error::query(error)))?;
        tracing::info!(
            folder = %folder.path().display(),
            series = index.len(),
            took = ?begun.elapsed(),
            "opened the store"
        );

        let committer = Committer::new(connection.try_clone().map_err(Error::query)?, index.next_number());
        let shared = Arc::new(Shared {
            series: RwLock::new(index),
            queue: Mutex::new(Queue::new(times, batches, options.max_pending_samples)),
            work: Condvar::new(),
            settled: Condvar::new(),
        });
        let pool = Arc::new(Pool::new(connection, options.max_concurrent_queries));
        let writer = Writer::start(shared.clone(), committer, pool.clone(), folder.clone(), options.clone())
            .map_err(|cause| Error::Folder { path: folder.path().to_owned(), cause })?;
        Ok(Store { inner: Arc::new(Inner { writer, pool, shared, options, folder }) })
    }

    /// The number that stands for a label set; a label set that is new gets the next one. It is written with its first
    /// sample.
    pub fn series_ref(&self, labels: &Labels) -> SeriesRef {
        let series = &self.inner.shared.series;
        let known = series.read().find(labels);
        SeriesRef(known.unwrap_or_else(|| series.write().intern(labels)))
    }

    /// Hands samples to the writer. Queries see them from now on; they are on disk after the next commit.
    ///
    /// A sample that is not newer than the last one of its series is left out and counted.
    ///
    /// # Errors
    /// The batch is malformed, too much is waiting, or the store is closed: then nothing of it was taken.
    pub fn append(&self, batch: Batch) -> Result<Appended, Error> {
        let (series, timestamps, values) = (batch.series.len(), batch.timestamps_ms.len(), batch.values.len());
        if series != timestamps || series != values {
            return Err(Error::UnevenBatch { series, timestamps, values });
        }
        let shared = &self.inner.shared;
        {
            let known = shared.series.read();
            if let Some(unknown) = batch.series.iter().find(|s| known.get(s.0).is_none()) {
                return Err(Error::UnknownSeries(unknown.0));
            }
        }
        let mut queue = shared.queue.lock();
        let was_idle = queue.pending_samples() == 0;
        let told = queue.append(batch, Instant::now())?;
        let wake = was_idle || queue.is_urgent();
        drop(queue);
        if wake {
            shared.work.notify_one();
        }
        Ok(told)
    }

    /// Returns when all that was appended before is committed: a crash or a power cut cannot take it any more.
    ///
    /// # Errors
    /// The commit failed. Its samples are kept and tried again.
    pub fn flush(&self) -> Result<(), Error> {
        self.inner.writer.flush()
    }

    /// The label sets of the series that satisfy one of the sets of matchers (all series where `sets` is empty) and have
    /// samples from `start_ms` to `end_ms`, both included. At most `limit`, where that is not 0.
    pub fn series(
        &self,
        sets: &[Vec<Matcher>],
        start_ms: i64,
        end_ms: i64,
        limit: usize,
    ) -> Result<Vec<Labels>, Error> {
        Ok(query::series(&self.inner.shared, sets, start_ms, end_ms, limit))
    }

    /// The label names of the series that [`series`](Store::series) returns, sorted.
    pub fn label_names(&self, sets: &[Vec<Matcher>], start_ms: i64, end_ms: i64) -> Result<Vec<String>, Error> {
        Ok(query::label_names(&self.inner.shared, sets, start_ms, end_ms))
    }

    /// The values that the label `name` has in the series that [`series`](Store::series) returns, sorted.
    pub fn label_values(
        &self,
        name: &str,
        sets: &[Vec<Matcher>],
        start_ms: i64,
        end_ms: i64,
    ) -> Result<Vec<String>, Error> {
        Ok(query::label_values(&self.inner.shared, name, sets, start_ms, end_ms))
    }

    /// Figures for the scraper's own metrics.
    pub fn stats(&self) -> Stats {
        let Inner { shared, folder, .. } = &*self.inner;
        let series = shared.series.read().len();
        let disk_bytes = disk_bytes(&[folder.database(), folder.log()]);
        let queue = shared.queue.lock();
        let all = queue.times.all();
        let any = all.first_ms <= all.last_ms;
        let counters = queue.counters.clone();
        Stats {
            series,
            active_series: if any { queue.times.alive_since(all.last_ms - ACTIVE_MS) } else { 0 },
            pending_samples: queue.pending_samples(),
            committed_samples: counters.committed_samples,
            out_of_order_samples: counters.told.out_of_order,
            duplicate_samples: counters.told.duplicates,
            out_of_bounds_samples: counters.told.out_of_bounds,
            deleted_samples: counters.deleted_samples,
            refused_batches: counters.refused_batches,
            commits: counters.commits,
            failed_commits: counters.failed_commits,
            commit_time: counters.commit_time,
            commit_time_max: counters.commit_time_max,
            checkpoints: counters.checkpoints,
            checkpoint_time: counters.checkpoint_time,
            failure: queue.failure.clone(),
            disk_bytes,
            min_time_ms: any.then_some(all.first_ms),
            max_time_ms: any.then_some(all.last_ms),
        }
    }

    /// Commits what waits, writes the log into the table, and ends the writer. Other handles can still be asked, but
    /// take nothing more.
    ///
    /// # Errors
    /// The last commit failed; what it held is lost.
    pub fn close(self) -> Result<(), Error> {
        self.inner.writer.close()
    }
}

impl Select for Store {
    fn select(&self, selection: &Selection) -> Result<SeriesSet, SelectError> {
        let Inner { shared, pool, options, .. } = &*self.inner;
        query::select(shared, pool, selection, options.max_selected_samples)
            .map_err(|error| SelectError(error.to_string()))
    }
}
