//! A disk that really is full: a small tmpfs, filled up by somebody else. Needs root; `disk.rs` has what anybody can run.

use crate::support::{all_of, on_demand, series, until};
use procession_openmetrics::Labels;
use procession_store::{Batch, Options, Store};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

const SERIES: usize = 200;
const FLOOR: u64 = 4 << 20;

/// A file system of its own, unmounted when dropped.
struct Disk(tempfile::TempDir);

impl Disk {
    fn mount() -> Option<Disk> {
        let dir = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=64m", "none"]).arg(dir.path()).output();
        if mounted.is_ok_and(|out| out.status.success()) {
            return Some(Disk(dir));
        }
        eprintln!("NOT TESTED: a full disk needs a tmpfs, and it could not be mounted (not root?)");
        None
    }

    fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    fn ballast(&self) -> PathBuf {
        self.0.path().join("ballast")
    }

    /// Leaves so much room.
    fn leave(&self, bytes: u64) {
        let mut file = OpenOptions::new().append(true).create(true).open(self.ballast()).unwrap();
        for size in [1 << 20, 4096] {
            while file.write_all(&vec![1; size]).is_ok() {}
        }
        file.set_len(file.metadata().unwrap().len() - bytes).unwrap();
    }

    fn empty(&self) {
        fs::remove_file(self.ballast()).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

fn options() -> Options {
    Options { min_free_bytes: FLOOR, block_windows: Vec::new(), ..on_demand() }
}

/// Values that do not compress.
fn value(series: usize, t: i64) -> f64 {
    let mixed = (t as u64 * 7919 + series as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((mixed ^ mixed >> 31).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 11) as f64
}

fn append(store: &Store, times: impl IntoIterator<Item = i64>) {
    let names: Vec<Labels> = (0..SERIES).map(|i| series("m", i)).collect();
    for t in times {
        let mut batch = Batch::default();
        names.iter().enumerate().for_each(|(i, l)| batch.push(store.series_ref(l), t, value(i, t)));
        store.append(batch).unwrap();
    }
}

/// Every series has every sample of these times, once.
fn check(store: &Store, times: std::ops::RangeInclusive<i64>) {
    let all = all_of(store, "m");
    assert_eq!(all.len(), SERIES);
    for (labels, samples) in all {
        let i = labels.get("i").unwrap().parse().unwrap();
        assert!(samples.iter().copied().eq(times.clone().map(|t| (t, Some(value(i, t))))), "{labels}");
    }
}

#[test]
fn commits_stop_and_go_on_by_themselves() {
    let Some(disk) = Disk::mount() else { return };
    let often = || Options { commit_interval: Duration::from_millis(5), ..options() };
    let store = Store::open(&disk.data(), often()).unwrap();
    append(&store, 1..=20);
    store.flush().unwrap();

    for round in 0..3 {
        let last = 20 + round * 10;
        // Once there is nothing left at all, once a little less than must stay.
        disk.leave(if round == 1 { FLOOR - 8192 } else { 0 });
        append(&store, last + 1..=last + 10);
        until(&store, "a failure", |stats| stats.failure.is_some());
        let stats = store.stats();
        let failure = stats.failure.unwrap();
        assert!(failure.starts_with("the disk of ") && failure.contains("is full: "), "{failure}");
        assert!(failure.ends_with(" MiB are free and 4 MiB must stay free"), "{failure}");
        assert!(stats.pending_samples > 0 && stats.failed_commits > 0, "{failure}");
        check(&store, 1..=last + 10);
        let message = store.flush().unwrap_err().to_string();
        assert!(message.contains("kept and tried again: the disk of "), "{message}");
        let message = store.seal().unwrap_err().to_string();
        assert!(message.contains("is full"), "{message}");

        disk.empty();
        until(&store, "a commit", |stats| stats.pending_samples == 0 && stats.failure.is_none());
        check(&store, 1..=last + 10);
    }
    store.close().unwrap();
    check(&Store::open(&disk.data(), often()).unwrap(), 1..=50);
}

#[test]
fn sealing_and_merging_wait_for_room() {
    let Some(disk) = Disk::mount() else { return };
    let merging = || Options { block_windows: vec![Duration::from_millis(500)], ..options() };
    let store = Store::open(&disk.data(), merging()).unwrap();
    for block in 0..4 {
        append(&store, block * 100 + 1..=block * 100 + 100);
        store.flush().unwrap();
        // Room for commits, none for a block.
        disk.leave(FLOOR + 8192);
        for _ in 0..2 {
            let message = store.seal().unwrap_err().to_string();
            let told = "samples could not be sealed, they stay in the hot database: the disk is too full for a block: ";
            assert!(message.starts_with(told), "{message}");
            check(&store, 1..=block * 100 + 100);
        }
        disk.empty();
        store.seal().unwrap();
    }
    assert_eq!((store.stats().blocks, store.stats().merges), (4, 0));

    // The window is over: what is in the hot table is sealed, and there is no room for the merge.
    append(&store, 501..=502);
    store.flush().unwrap();
    disk.leave(FLOOR + (64 << 10));
    let message = store.seal().unwrap_err().to_string();
    assert!(message.contains("too full for a block"), "{message}");
    assert_eq!((store.stats().blocks, store.stats().merges), (5, 0));
    let times = || (1..=400).chain(501..=502);
    let whole = |store: &Store| all_of(store, "m").iter().all(|(_, samples)| samples.iter().map(|s| s.0).eq(times()));
    assert!(whole(&store));
    disk.empty();
    store.seal().unwrap();
    assert_eq!((store.stats().blocks, store.stats().merges), (2, 1));
    assert!(whole(&store));
    store.close().unwrap();
    assert!(whole(&Store::open(&disk.data(), merging()).unwrap()));
}

#[test]
fn a_store_opens_and_answers_and_less_retention_makes_room() {
    let Some(disk) = Disk::mount() else { return };
    let store = Store::open(&disk.data(), options()).unwrap();
    for block in 0..8 {
        append(&store, block * 500 + 1..=block * 500 + 500);
        store.seal().unwrap();
    }
    append(&store, 4001..=4010);
    store.flush().unwrap();
    disk.leave(0);
    // There may be no room for a last checkpoint; the log has what it would write.
    store.close().unwrap();

    let store = Store::open(&disk.data(), options()).unwrap();
    check(&store, 1..=4010);
    store.close().unwrap();

    disk.leave(FLOOR / 2);
    let bytes = {
        let store = Store::open(&disk.data(), options()).unwrap();
        append(&store, 4011..=4011);
        let message = store.flush().unwrap_err().to_string();
        assert!(message.contains("is full: 1 MiB are free and 4 MiB must stay free"), "{message}");
        store.stats().block_bytes
    };
    assert!(bytes > FLOOR, "{bytes}");
    // Closing may have made room by writing the log into the table.
    disk.leave(FLOOR / 2);
    let less = Options { retention_bytes: Some(bytes / 3), commit_interval: Duration::from_millis(5), ..options() };
    let store = Store::open(&disk.data(), less).unwrap();
    append(&store, 4011..=4020);
    until(&store, "room and a commit", |stats| stats.failure.is_none() && stats.committed_samples > 0);
    store.flush().unwrap();
    let first = store.stats().min_time_ms.unwrap();
    assert!(first > 1 && first <= 4001, "the oldest are gone: {first}");
    check(&store, first..=4020);
    store.close().unwrap();
}
