//! The store as its callers see it.

mod exemplars;
mod families;
mod starts;

use crate::blocks::{self, Healed, views_sql};
use crate::database::{self, Pool};
use crate::exemplars::Exemplars;
use crate::families::Families;
use crate::folder::{Folder, disk_bytes};
use crate::head::{
    ACTIVE_MS, Committer, Keep, Queue, Sealer, Shared, Span, Times, Writer, committed_batches, oldest_kept_ms,
    sealed_and_closing,
};
use crate::recent::{self, Recent};
use crate::rollup::{self, Rollups};
use crate::{
    Appended, BackedUp, Batch, CacheBytes, Error, Forgotten, Options, RetentionRule, SeriesRef, SqlLimits, Stats,
    backup, query, series, sql,
};
use duckdb::arrow::array::RecordBatch;
use parking_lot::{Condvar, Mutex, RwLock};
use procession_openmetrics::Labels;
use procession_promql::{Matcher, Select, SelectError, Selection, SeriesSet, Windows};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// A folder of samples, opened. Clones are handles to the same store; it ends with the last of them, or with
/// [`close`](Store::close).
///
/// Every method blocks: none is for a thread that runs asynchronous tasks.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

/// In the order in which it must be dropped: the sealer and the writer end, and their connections close; the folder is free.
struct Inner {
    sealer: Sealer,
    writer: Writer,
    shared: Arc<Shared>,
    options: Options,
    folder: Arc<Folder>,
    pool: Arc<Pool>,
    healed: Healed,
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
        let before = sealed_and_closing(&connection).map_err(|error| damaged(Error::query(error)))?;
        let (blocks, healed) =
            blocks::open(&folder.path().join("blocks"), before, options.verify_bytes, options.index_bytes)?;
        let (rollups, healed) =
            Rollups::open(folder.path(), (&blocks, healed), options.verify_bytes, options.index_bytes)?;
        let mut times = Times::load(&connection).map_err(damaged)?;
        let index = series::load(&connection, |number| times.get(number) != Span::NONE).map_err(damaged)?;
        let batches = committed_batches(&connection).map_err(|error| damaged(Error::query(error)))?;
        tracing::info!(
            folder = %folder.path().display(),
            series = index.len(),
            took = ?begun.elapsed(),
            "opened the store"
        );

        for block in &blocks.list().blocks {
            times.add_unread(Span { first_ms: block.meta.first_ms, last_ms: block.meta.last_ms });
        }
        let keep = Keep::new(options.retention_rules.clone(), options.retention);
        let cut_ms = oldest_kept_ms(times.all().last_ms, keep.longest());
        let exemplars = Exemplars::load(&connection, options.max_exemplars, cut_ms).map_err(damaged)?;
        let families = Families::load(&connection).map_err(damaged)?;
        let committer = Committer::new(connection.try_clone().map_err(Error::query)?, index.numbers());
        let mut queue = Queue::new(times, batches, options.max_pending_samples);
        finish_sealing(&committer, &blocks, &rollups, before, &mut queue)
            .map_err(|message| damaged(Error::Query(message)))?;
        let table = |name| recent::load(&connection, name, &index).map_err(damaged);
        let closed = if queue.sealing.job.is_some() { table("head_closed_runs")? } else { Default::default() };
        let recent = Recent::new(table("head_runs")?, closed);
        recent.each_last(|number, timestamp_ms, value| queue.times.was_read(number, timestamp_ms, value));
        let shared = Arc::new(Shared {
            recent: RwLock::new(recent),
            series: RwLock::new(index),
            queue: Mutex::new(queue),
            work: Condvar::new(),
            settled: Condvar::new(),
            to_seal: Condvar::new(),
            blocks,
            exemplars: Mutex::new(exemplars),
            keep: RwLock::new(keep),
            families: Mutex::new(families),
            rollups,
        });
        let pool = Arc::new(Pool::new(connection, options.max_concurrent_queries));
        let thread = |cause| Error::Folder { path: folder.path().to_owned(), cause };
        let writer = Writer::start(shared.clone(), committer, pool.clone(), folder.clone(), options.clone());
        let writer = writer.map_err(thread)?;
        let sealer = Sealer::start(shared.clone(), pool.clone(), folder.clone(), options.clone()).map_err(thread)?;
        Ok(Store { inner: Arc::new(Inner { sealer, writer, shared, options, folder, pool, healed }) })
    }

    /// The number that stands for a label set; a label set that is new gets the next one. It is written with its first
    /// sample.
    ///
    /// A series that has ended is forgotten once its samples are sealed; then [`append`](Store::append) refuses its number
    /// with [`Error::Forgotten`], and this gives it a new one.
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
    /// The batch is malformed, too much is waiting, the store is closed, or has forgotten some of the series (then the batch
    /// comes back in the error): nothing of it was taken.
    pub fn append(&self, batch: Batch) -> Result<Appended, Error> {
        let (series, timestamps, values) = (batch.series.len(), batch.timestamps_ms.len(), batch.values.len());
        if series != timestamps || series != values {
            return Err(Error::UnevenBatch { series, timestamps, values });
        }
        let shared = &self.inner.shared;
        // Whether a series has an old sample already, blocks know that are not in memory.
        let unread = shared.queue.lock().times.to_look_up(&batch);
        if !unread.is_empty() {
            query::look_up(shared, &unread)?;
        }
        // Held until the batch is in the queue: from then on its series stay.
        let known = shared.series.read();
        let mut queue = shared.queue.lock();
        let is_gone = |s: &&SeriesRef| !queue.times.has(s.0) && known.get(s.0).is_none();
        let gone: Vec<SeriesRef> = batch.series.iter().filter(is_gone).copied().collect();
        if !gone.is_empty() {
            return Err(Error::Forgotten(Box::new(Forgotten { series: gone, batch })));
        }
        let was_idle = queue.pending_samples() == 0;
        let told = queue.append(batch, Instant::now())?;
        let wake = was_idle || queue.is_urgent();
        drop((queue, known));
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

    /// Seals everything that is committed into a block now, and merges the blocks that can be. It happens by itself in
    /// time; this is for those who need the files, and for tests.
    ///
    /// # Errors
    /// A commit or the sealing failed, or the store is closed. Nothing is lost.
    pub fn seal(&self) -> Result<(), Error> {
        self.flush()?;
        self.inner.sealer.seal()
    }

    /// Changes which series are kept for another time than the others; see [`Options::retention_rules`].
    pub fn keep_by(&self, rules: Vec<RetentionRule>) {
        let shared = &self.inner.shared;
        *shared.keep.write() = Keep::new(rules, self.inner.options.retention);
        shared.queue.lock().sealing.upkeep = true;
        shared.to_seal.notify_one();
    }

    /// What its parts share.
    #[cfg(test)]
    pub(crate) fn shared(&self) -> &Shared {
        &self.inner.shared
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
        query::series(&self.inner.shared, &query::Limits::STORE, sets, start_ms, end_ms, limit)
    }

    /// The label names of the series that [`series`](Store::series) returns, sorted.
    pub fn label_names(&self, sets: &[Vec<Matcher>], start_ms: i64, end_ms: i64) -> Result<Vec<String>, Error> {
        query::label_names(&self.inner.shared, &query::Limits::STORE, sets, start_ms, end_ms)
    }

    /// The values that the label `name` has in the series that [`series`](Store::series) returns, sorted.
    pub fn label_values(
        &self,
        name: &str,
        sets: &[Vec<Matcher>],
        start_ms: i64,
        end_ms: i64,
    ) -> Result<Vec<String>, Error> {
        query::label_values(&self.inner.shared, &query::Limits::STORE, name, sets, start_ms, end_ms)
    }

    /// Copies all that is committed or waits, the rollups, the exemplars and what is known of metrics into a folder of backups: seals it first, and copies the
    /// blocks that the folder does not have. The newest `keep` backups stay, all of them where it is `None`. Commits and queries go on.
    ///
    /// # Errors
    /// The sealing failed; the folder cannot be written, is in use, or is another store's; `stop` said so.
    pub fn backup(&self, to: &Path, keep: Option<usize>, stop: &dyn Fn() -> bool) -> Result<BackedUp, Error> {
        self.seal()?;
        backup::take(backup::Content::of(&self.inner.shared), to, keep, stop)
    }

    /// Runs SQL that a user wrote, which can only read, over the views `samples`, `series`, `processes` and `groups`.
    /// `each` is told of the rows as they come, at least once, also where there are none, so that it knows the columns.
    ///
    /// The query ends when `stop` says so, which is asked from another thread all the while, and when `each` fails.
    ///
    /// # Errors
    /// The text is wrong or asks for what is not allowed, the query fails or takes more than it may, it was stopped, or
    /// `each` failed.
    pub fn sql(
        &self,
        text: &str,
        limits: &SqlLimits,
        stop: &(dyn Fn() -> bool + Sync),
        each: &mut dyn FnMut(&RecordBatch) -> io::Result<()>,
    ) -> Result<(), Error> {
        let Inner { shared, folder, .. } = &*self.inner;
        sql::run((shared, folder), text, limits, stop, each)
    }

    /// Figures for the scraper's own metrics.
    pub fn stats(&self) -> Stats {
        let Inner { shared, folder, healed, pool, .. } = &*self.inner;
        let list = shared.blocks.list();
        let block_bytes = list.blocks.iter().map(|b| b.meta.bytes()).sum();
        let series = shared.series.read().len();
        let disk_bytes = disk_bytes(&[folder.database(), folder.log()]) + block_bytes;
        let cache_bytes = CacheBytes {
            recent_samples: shared.recent.read().memory_bytes(),
            block_indexes: shared.blocks.indexes.memory_bytes(),
            rollup_indexes: shared.rollups.index_bytes(),
            duckdb: pool.now().and_then(|connection| database::memory_bytes(&connection)),
        };
        let queue = shared.queue.lock();
        let all = queue.times.all();
        let any = all.first_ms <= all.last_ms;
        let counters = queue.counters.clone();
        let sealing = queue.sealing.counters.clone();
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
            blocks: list.blocks.len(),
            block_bytes,
            block_samples: list.blocks.iter().map(|b| b.meta.samples).sum(),
            sealed_samples: sealing.sealed_samples,
            seals: sealing.seals,
            seal_time: sealing.seal_time,
            merged_samples: sealing.merged_samples,
            merges: sealing.merges,
            merge_time: sealing.merge_time,
            merge_cpu_time: sealing.merge_cpu_time,
            seal_cpu_time: sealing.cpu_time,
            removed_blocks: sealing.removed_blocks,
            failed_seals: queue.sealing.failures,
            damaged_blocks: healed.damaged + shared.blocks.count_set_aside() + shared.rollups.count_set_aside(),
            missing_blocks: healed.missing,
            foreign_files: healed.foreign,
            disk_bytes,
            cache_bytes,
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
        self.inner.sealer.close();
        self.inner.writer.close()
    }
}

/// Ends what the last process was at when it ended: rows whose block is there leave the database; others are to be sealed.
/// The views name the files where they are now.
fn finish_sealing(
    committer: &Committer,
    blocks: &blocks::Blocks,
    rollups: &Rollups,
    (sealed, closing): (u32, u32),
    queue: &mut Queue,
) -> Result<(), String> {
    let list = blocks.list();
    let views = views_sql(&list.blocks) + &rollup::views_sql(&rollups.lists());
    let sealing = &mut queue.sealing;
    sealing.upkeep = true;
    let is_whole = list.blocks.iter().any(|b| b.meta.sources.contains(&closing));
    let told = if closing != 0 && is_whole {
        sealing.record = Some(closing);
        committer.record(list.sealed, &views).map(|()| sealing.record = None)
    } else {
        let mut number = closing;
        if list.sealed > sealed {
            // The database is older than the blocks, which must be neither hidden nor counted before their time.
            number = if closing != 0 && list.sealed >= closing { blocks.take_number() } else { closing };
            committer.renumber(list.sealed, number)?;
        }
        sealing.job = (number != 0).then_some(number);
        committer.rewrite_views(&views)
    };
    if let Err(error) = told {
        // A disk that is full now may have room later; the writer tries again. Until then queries take the rows.
        tracing::warn!(error, "the database could not be told of its blocks, it is tried again");
        sealing.views = true;
    }
    Ok(())
}

impl Select for Store {
    fn select(&self, selection: &Selection) -> Result<SeriesSet, SelectError> {
        let Inner { shared, options, .. } = &*self.inner;
        query::select(shared, selection, options.max_selected_samples, options.read_threads)
            .map_err(|error| SelectError(error.to_string()))
    }

    fn select_windows(&self, selection: &Selection, windows: &Windows) -> Result<SeriesSet, SelectError> {
        let Inner { shared, options, .. } = &*self.inner;
        if windows.newest && windows.spaced.is_none() {
            let newest = query::newest(shared, selection).map_err(|error| SelectError(error.to_string()))?;
            if let Some(set) = newest.filter(|set| set.sample_count() <= options.max_selected_samples) {
                return Ok(set);
            }
        }
        let rolled = rollup::select_windows(shared, selection, windows, options);
        match rolled.map_err(|error| SelectError(error.to_string()))? {
            Some(set) => Ok(set),
            None => self.select(selection),
        }
    }
}
