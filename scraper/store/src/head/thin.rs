//! Retention by series: a block that holds series of which it is too old, and others, is written anew without the former.
//!
//! It goes as merging does: the new block stands beside the old one, has the same sources and a higher number, and takes its
//! place in the list; a start that finds both keeps the new one.

use super::retention::now_ms;
use super::sealer::Work;
use crate::blocks::{Block, Source, write_whole};
use procession_openmetrics::{Labels, LabelsBuilder};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// By block, the judgement under which it was looked through and found to hold nothing that must go. Where this is lost,
/// the blocks are looked through again.
type Reviewed = BTreeMap<u32, String>;

impl Work {
    pub(super) fn thin_blocks(&self) -> Result<(), String> {
        let keep = self.shared.keep.read().clone();
        let newest_ms = self.shared.queue.lock().newest_ms();
        let list = self.shared.blocks.list();
        let before = self.reviewed();
        let mut reviewed: Reviewed = before
            .iter()
            .filter(|(n, _)| list.blocks.iter().any(|b| b.meta.number == **n))
            .map(|(n, j)| (*n, j.clone()))
            .collect();
        let mut result = Ok(());
        for block in &list.blocks {
            let Some(overdue) = keep.overdue(block.meta.last_ms, newest_ms, now_ms()) else { continue };
            let judgement = overdue.name();
            if reviewed.get(&block.meta.number) == Some(&judgement) {
                continue;
            }
            if self.is_ending() {
                break;
            }
            match self.thin(block, |labels| !overdue.has(labels)) {
                Ok(Some(number)) => {
                    reviewed.remove(&block.meta.number);
                    reviewed.insert(number, judgement);
                }
                Ok(None) => _ = reviewed.remove(&block.meta.number),
                Err(failure) => {
                    result = Err(failure);
                    break;
                }
            }
        }
        if reviewed != before
            && let Err(error) = write_whole(&self.reviewed_path(), &reviewed)
        {
            tracing::warn!(%error, "which blocks were looked through for retention could not be written down");
        }
        result
    }

    /// Writes a block anew without the series that go. Returns the number of what stays, if anything does.
    fn thin(&self, block: &Arc<Block>, stays: impl Fn(&Labels) -> bool) -> Result<Option<u32>, String> {
        let opened = self.open_whole(None, std::slice::from_ref(block))?.remove(0);
        let index = &opened.1;
        let all = block.meta.series as u32;
        let mut builder = LabelsBuilder::default();
        let kept: Vec<u32> = (0..all).filter(|&place| stays(&index.labels(place, &mut builder))).collect();
        if kept.len() == all as usize {
            return Ok(Some(block.meta.number));
        }
        let old = std::slice::from_ref(block);
        let before = block.meta.samples;
        let new = if kept.is_empty() {
            None
        } else {
            let number = self.shared.blocks.take_number();
            Some(self.write(number, &Source::Kept(&opened, &kept), block.meta.bytes().saturating_mul(2))?)
        };
        let number = new.as_ref().map(|b| b.meta.number);
        let deleted = before - new.as_ref().map_or(0, |b| b.meta.samples);
        tracing::info!(
            block = block.meta.number,
            deleted,
            series = all as usize - kept.len(),
            "removed series that are older than is kept"
        );
        self.shared.rollups.removed(old)?;
        self.shared.recent.write().forget_kept();
        self.replace(old, new)?;
        let mut queue = self.shared.queue.lock();
        queue.counters.deleted_samples += deleted;
        queue.sealing.counters.removed_blocks += u64::from(number.is_none());
        Ok(number)
    }

    fn reviewed_path(&self) -> PathBuf {
        self.folder.path().join("retention.json")
    }

    fn reviewed(&self) -> Reviewed {
        std::fs::read(self.reviewed_path()).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
    }
}
