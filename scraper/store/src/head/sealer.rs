//! The thread that makes blocks, merges them and removes old ones. It alone touches `blocks/`.
//!
//! It stands beside the writer, since sorting and compressing a few million rows takes a second or more, in which
//! commits must go on. What it reads (the closed table, other blocks) nobody changes; what must change in the database
//! it asks of the writer, which stays the only one to write there.

use super::Shared;
use super::check::Round;
use super::retention::{limit_ms, now_ms, oldest_kept_ms};
use crate::blocks::{self, Block, Blocks, Source, next_merge};
use crate::database::Pool;
use crate::folder::{Folder, free_bytes};
use crate::recent::{KEPT_MS, Kept};
use crate::{Error, Options};
use duckdb::InterruptHandle;
use parking_lot::Mutex;
use procession_promql::Cancel;
use rustix::time::{ClockId, clock_gettime};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The pause after a pass that failed. The hot table grows meanwhile, which costs disk and nothing else.
const PAUSE: Duration = Duration::from_secs(60);

/// More bytes than a sealed sample takes, for a look at the room on the disk beforehand.
const BYTES_PER_SAMPLE: u64 = 4;

/// The sealer as seen from outside.
pub(crate) struct Sealer {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
    running: Arc<Mutex<Option<Arc<InterruptHandle>>>>,
    stop: Arc<AtomicBool>,
}

impl Sealer {
    pub(crate) fn start(
        shared: Arc<Shared>,
        pool: Arc<Pool>,
        folder: Arc<Folder>,
        options: Options,
    ) -> std::io::Result<Sealer> {
        let running = Arc::new(Mutex::new(None));
        let stop = Arc::new(AtomicBool::new(false));
        let canceled = Cancel { deadline: None, canceled: Some(stop.clone()) };
        let work = Work { shared: shared.clone(), pool, folder, options, running: running.clone(), stop: canceled };
        let thread = std::thread::Builder::new().name("store-sealer".to_owned()).spawn(move || work.run())?;
        Ok(Sealer { shared, thread: Mutex::new(Some(thread)), running, stop })
    }

    /// Returns when everything that is committed now is in blocks, and blocks that can be merged are.
    pub(crate) fn seal(&self) -> Result<(), Error> {
        let mut queue = self.shared.queue.lock();
        queue.sealing.wanted += 1;
        queue.sealing.hurry();
        let ticket = queue.sealing.wanted;
        let failures = queue.sealing.failures;
        self.shared.work.notify_one();
        self.shared.to_seal.notify_one();
        while queue.sealing.done < ticket {
            if queue.is_closed() || queue.sealing.ending {
                return Err(Error::Closed);
            }
            if queue.sealing.failures != failures {
                return Err(Error::Seal(queue.sealing.failure.clone().unwrap_or_default()));
            }
            self.shared.settled.wait(&mut queue);
        }
        Ok(())
    }

    /// Ends the thread. What it was at is given up: the next start begins it anew.
    pub(crate) fn close(&self) {
        let Some(thread) = self.thread.lock().take() else { return };
        self.shared.queue.lock().sealing.ending = true;
        self.stop.store(true, Ordering::Relaxed);
        self.shared.to_seal.notify_all();
        if let Some(running) = &*self.running.lock() {
            running.interrupt();
        }
        if thread.join().is_err() {
            tracing::error!("the thread that seals blocks panicked");
        }
        self.shared.settled.notify_all();
    }
}

impl Drop for Sealer {
    fn drop(&mut self) {
        self.close();
    }
}

/// The CPU time that this thread has used.
fn thread_cpu_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

/// What the thread does next.
enum Task {
    /// Seals the closed table, if there is one, and goes through the blocks; and which wish that fulfils.
    Pass(Option<u32>, u64),
    /// Reads a block to see whether it is whole.
    Check,
}

pub(crate) struct Work {
    pub(crate) shared: Arc<Shared>,
    pub(super) pool: Arc<Pool>,
    pub(super) folder: Arc<Folder>,
    pub(crate) options: Options,
    running: Arc<Mutex<Option<Arc<InterruptHandle>>>>,
    pub(super) stop: Cancel,
}

impl Work {
    fn run(self) {
        let _ended = Ended(self.shared.clone());
        // A file that was damaged after it was checked may make its reader panic.
        let kept = catch_unwind(AssertUnwindSafe(|| self.newest_of_blocks()));
        self.shared.recent.write().keep(kept.ok().flatten());
        let mut round = Round::new(&self.options);
        while let Some(task) = self.wait(round.due) {
            let Task::Pass(job, ticket) = task else {
                self.check_next(&mut round);
                continue;
            };
            let result = job.map_or(Ok(()), |number| self.seal(number)).and_then(|()| self.upkeep());
            let cpu_time = thread_cpu_time();
            let mut queue = self.shared.queue.lock();
            let sealing = &mut queue.sealing;
            sealing.counters.cpu_time = cpu_time;
            if sealing.ending {
                break;
            }
            match result {
                Ok(()) => {
                    sealing.failure = None;
                    sealing.done = ticket;
                }
                Err(failure) => {
                    tracing::error!(error = failure, retry_in = ?PAUSE, "sealing failed, nothing is lost by it");
                    sealing.failed(failure);
                    sealing.upkeep = true;
                    sealing.retry_at = Some(Instant::now() + PAUSE);
                }
            }
            drop(queue);
            self.shared.settled.notify_all();
        }
    }

    /// What blocks have of the last minutes, to be kept as if it had been sealed just now. Where one of them can't be read, a
    /// query will find that out.
    fn newest_of_blocks(&self) -> Option<Kept> {
        let blocks = &self.shared.blocks;
        let list = blocks.list();
        let newest_ms = list.newest_ms()?;
        let near = list.meeting(newest_ms.saturating_sub(KEPT_MS), newest_ms);
        let open = |block: Arc<Block>| {
            let index = blocks.indexes.get(&block)?;
            Ok((block, index))
        };
        let opened: Result<Vec<_>, Error> = near.into_iter().map(open).collect();
        Kept::read(&opened.ok()?, self.options.seal_samples, &self.stop).ok()?
    }

    /// What is to be done; `None` at the end.
    fn wait(&self, check_at: Option<Instant>) -> Option<Task> {
        let mut queue = self.shared.queue.lock();
        loop {
            let sealing = &mut queue.sealing;
            if sealing.ending {
                return None;
            }
            let asked = sealing.job.is_some() || sealing.upkeep;
            match sealing.retry_at {
                Some(at) if asked && Instant::now() < at => {
                    self.shared.to_seal.wait_until(&mut queue, at);
                }
                _ if asked => {
                    sealing.upkeep = false;
                    sealing.retry_at = None;
                    return Some(Task::Pass(sealing.job, sealing.closed));
                }
                _ => match check_at {
                    None => self.shared.to_seal.wait(&mut queue),
                    Some(at) if at <= Instant::now() => return Some(Task::Check),
                    Some(at) => _ = self.shared.to_seal.wait_until(&mut queue, at),
                },
            }
        }
    }

    fn seal(&self, number: u32) -> Result<(), String> {
        let begun = Instant::now();
        let blocks = &self.shared.blocks;
        let closed = self.shared.recent.read().closed().cloned();
        let block = match self.shared.blocks.list().blocks.iter().find(|b| b.meta.number == number) {
            Some(block) => block.clone(),
            None => {
                let closed = closed.ok_or("there is nothing to seal")?;
                self.write(number, &Source::Closed(&closed), closed.count().saturating_mul(BYTES_PER_SAMPLE))?
            }
        };
        let samples = block.meta.samples;
        tracing::info!(
            block = number,
            samples,
            series = block.meta.series,
            bytes = block.meta.bytes(),
            took = ?begun.elapsed(),
            "sealed a block"
        );
        self.shared.rollups.sealed(&block)?;
        // This thread alone adds blocks. Putting the series in order takes a while.
        let list = blocks.list();
        let others_until_ms = list.blocks.iter().filter(|b| b.meta.number != number).map(|b| b.meta.last_ms).max();
        let closed = self.shared.recent.read().closed().cloned();
        let kept = closed.map(|closed| Kept::new(closed, others_until_ms.unwrap_or(i64::MIN)));
        let kept_before = {
            // At one moment: a query sees the samples here or there.
            let mut recent = self.shared.recent.write();
            if !blocks.list().blocks.iter().any(|b| b.meta.number == number) {
                blocks.add_sealed(block);
            }
            recent.was_sealed(kept)
        };
        drop(kept_before);
        if let Err(error) = blocks.save() {
            // The block counts without it.
            tracing::warn!(%error, "the manifest of blocks could not be written");
        }
        let mut queue = self.shared.queue.lock();
        let sealing = &mut queue.sealing;
        sealing.counters.seals += 1;
        sealing.counters.sealed_samples += samples;
        sealing.counters.seal_time += begun.elapsed();
        sealing.job = None;
        sealing.record = Some(number);
        self.shared.work.notify_one();
        while queue.sealing.record.is_some() && !queue.sealing.ending && !queue.is_closed() {
            self.shared.to_seal.wait(&mut queue);
        }
        Ok(())
    }

    fn upkeep(&self) -> Result<(), String> {
        // First, as long as everything is there of which rows are to be made. Where there is no room for them, removing makes
        // some.
        let rolled_up = self.roll_up();
        self.remove_what_is_too_old()?;
        rolled_up?;
        self.thin_blocks()?;
        let windows: Vec<i64> = self.options.block_windows.iter().map(|w| w.as_millis() as i64).collect();
        while !self.is_ending()
            && let list = self.shared.blocks.list()
            && let Some(newest_ms) = list.newest_ms()
            && let Some(group) = next_merge(&list.blocks, &windows, newest_ms, self.options.max_block_samples)
        {
            self.merge(&group)?;
        }
        Ok(())
    }

    fn merge(&self, old: &[Arc<Block>]) -> Result<(), String> {
        let (begun, begun_cpu) = (Instant::now(), thread_cpu_time());
        let number = self.shared.blocks.take_number();
        let opened = self.open_whole(None, old)?;
        let bytes: u64 = old.iter().map(|b| b.meta.bytes()).sum();
        let block = self.write(number, &Source::Blocks(&opened), bytes.saturating_mul(2))?;
        drop(opened);
        let samples = block.meta.samples;
        tracing::info!(
            block = number,
            blocks = old.len(),
            samples,
            bytes = block.meta.bytes(),
            took = ?begun.elapsed(),
            "merged blocks"
        );
        self.replace(old, Some(block))?;
        let counters = &mut self.shared.queue.lock().sealing.counters;
        counters.merges += 1;
        counters.merged_samples += samples;
        counters.merge_time += begun.elapsed();
        counters.merge_cpu_time += thread_cpu_time().saturating_sub(begun_cpu);
        Ok(())
    }

    /// The moment before which rollups are not kept.
    pub(crate) fn oldest_rollup_ms(&self) -> i64 {
        let newest_ms = self.shared.queue.lock().newest_ms();
        oldest_kept_ms(newest_ms, self.options.rollup_retention)
    }

    /// Whole blocks, once all that is in them is older than is kept, or there is too much.
    fn remove_what_is_too_old(&self) -> Result<(), String> {
        let newest_ms = self.shared.queue.lock().newest_ms();
        let list = self.shared.blocks.list();
        let mut old: Vec<Arc<Block>> = Vec::new();
        if let Some(limit_ms) = self.shared.keep.read().longest().and_then(|r| limit_ms(newest_ms, now_ms(), r)) {
            old.extend(list.blocks.iter().filter(|b| b.meta.last_ms < limit_ms).cloned());
        }
        if let Some(limit) = self.options.retention_bytes {
            let mut rest: Vec<&Arc<Block>> = list.blocks.iter().filter(|b| !is_in(&old, b)).collect();
            rest.sort_by_key(|b| b.meta.last_ms);
            let mut bytes: u64 = rest.iter().map(|b| b.meta.bytes()).sum();
            for block in rest {
                if bytes <= limit {
                    break;
                }
                bytes -= block.meta.bytes();
                old.push(block.clone());
            }
        }
        if old.is_empty() {
            return Ok(());
        }
        tracing::info!(blocks = old.len(), "removing blocks that are older than is kept");
        self.shared.rollups.removed(&old)?;
        self.shared.recent.write().forget_kept();
        self.replace(&old, None)?;
        let mut queue = self.shared.queue.lock();
        queue.counters.deleted_samples += old.iter().map(|b| b.meta.samples).sum::<u64>();
        queue.sealing.counters.removed_blocks += old.len() as u64;
        Ok(())
    }

    /// The files of the old ones go once the list, the manifest and the views no longer name them.
    pub(super) fn replace(&self, old: &[Arc<Block>], new: Option<Arc<Block>>) -> Result<(), String> {
        self.replace_in(&self.shared.blocks, old, new)
    }

    pub(crate) fn replace_in(
        &self,
        blocks: &Blocks,
        old: &[Arc<Block>],
        new: Option<Arc<Block>>,
    ) -> Result<(), String> {
        blocks.replace(old, new).map_err(|error| format!("the manifest of blocks: {error}"))?;
        let mut queue = self.shared.queue.lock();
        queue.sealing.views = true;
        self.shared.work.notify_one();
        while queue.sealing.views {
            if queue.sealing.ending || queue.is_closed() {
                // The views still name the old files; the next start removes them after it has made the views anew.
                return Ok(());
            }
            self.shared.to_seal.wait(&mut queue);
        }
        drop(queue);
        old.iter().for_each(|block| block.forget());
        Ok(())
    }

    pub(super) fn write(&self, number: u32, source: &Source<'_>, wanted: u64) -> Result<Arc<Block>, String> {
        self.write_to(&self.shared.blocks, number, source, wanted)
    }

    pub(crate) fn write_to(
        &self,
        blocks: &Blocks,
        number: u32,
        source: &Source<'_>,
        wanted: u64,
    ) -> Result<Arc<Block>, String> {
        let lease = self.pool.get().map_err(|error| error.to_string())?;
        let free = free_bytes(self.folder.path()).unwrap_or(u64::MAX);
        let floor = self.options.min_free_bytes.saturating_add(wanted);
        if free < floor {
            let (free, floor) = (free >> 20, floor >> 20);
            return Err(format!("the disk is too full for a block: {free} MiB are free and {floor} MiB must be"));
        }
        *self.running.lock() = Some(lease.interrupt_handle());
        let result = blocks::write(&lease, blocks.folder(), number, source, &self.stop);
        *self.running.lock() = None;
        result
    }

    pub(crate) fn is_ending(&self) -> bool {
        self.shared.queue.lock().sealing.ending
    }
}

fn is_in(blocks: &[Arc<Block>], block: &Arc<Block>) -> bool {
    blocks.iter().any(|b| Arc::ptr_eq(b, block))
}

/// Tells who waits that the thread has ended, also when it panics.
struct Ended(Arc<Shared>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.queue.lock().sealing.ending = true;
        self.0.settled.notify_all();
    }
}
