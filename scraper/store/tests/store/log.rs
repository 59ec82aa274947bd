//! A write-ahead log that a power cut or a disk has left damaged: what stands before the damage is there.

use crate::support::{all_of, batch, on_demand, open, series};
use procession_store::Store;
use std::collections::BTreeSet;
use std::fs;

const BATCHES: i64 = 400;

/// What a crash would leave of a folder with some hundred batches, all of them in the log.
struct Left {
    file: Vec<u8>,
    log: Vec<u8>,
}

impl Left {
    fn make() -> Left {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        let names: Vec<_> = (0..50).map(|i| series("m", i)).collect();
        for t in 1..=BATCHES {
            let rows: Vec<_> = names.iter().map(|l| (l, t, Some(t as f64))).collect();
            store.append(batch(&store, &rows)).unwrap();
            store.flush().unwrap();
        }
        let [file, log] = ["head.duckdb", "head.duckdb.wal"].map(|name| fs::read(dir.path().join(name)).unwrap());
        Left { file, log }
    }

    /// Opens the folder with this log. Returns how many batches are there, each of them whole, and the logs set aside.
    fn open_with(&self, log: &[u8]) -> (i64, Vec<Vec<u8>>) {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("head.duckdb"), &self.file).unwrap();
        fs::write(dir.path().join("head.duckdb.wal"), log).unwrap();
        let store = Store::open(dir.path(), on_demand()).unwrap();
        let all = all_of(&store, "m");
        let last = all.first().map_or(0, |(_, samples)| samples.len() as i64);
        assert_eq!(all.len(), if last > 0 { 50 } else { 0 });
        assert!(all.iter().all(|(_, samples)| samples.iter().map(|s| s.0).eq(1..=last)), "whole batches only");

        // It goes on as if nothing had been.
        store.append(batch(&store, &[(&series("m", 0), 999, Some(1.0))])).unwrap();
        store.close().unwrap();
        assert_eq!(all_of(&open(dir.path()), "m")[0].1.last(), Some(&(999, Some(1.0))));

        let paths = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path());
        let aside = paths.filter(|path| path.to_string_lossy().contains("head.duckdb.wal.damaged-"));
        (last, aside.map(|path| fs::read(path).unwrap()).collect())
    }
}

#[test]
fn is_replayed_up_to_the_damage_and_set_aside() {
    let left = Left::make();
    let log = &left.log;
    let (mut seen, mut set_aside) = (BTreeSet::new(), 0);
    for i in 1..=12 {
        let at = i * log.len() / 12 - 7;
        // The log just ends: the usual end of a power cut. Nothing is wrong with what is there.
        let (batches, aside) = left.open_with(&log[..at]);
        assert!(aside.is_empty());
        seen.insert(batches);
        // It was made longer, but its last pages were not written; or a bit has flipped.
        let zeros = [&log[..at], &vec![0; log.len() - at]].concat();
        let flipped = [&log[..at], &[log[at] ^ 0x55], &log[at + 1..]].concat();
        for damaged in [zeros, flipped] {
            let (found, aside) = left.open_with(&damaged);
            assert_eq!(found, batches, "damaged at {at}: as much as if it ended there");
            set_aside += aside.len();
            assert!(aside.iter().all(|copy| *copy == damaged), "the copy is the log as it was found");
        }
    }
    // Damage that looks like the end of the log: in its header, and in the length of its first entry.
    for at in [0, 3, 7, 12, 15] {
        let damaged = [&log[..at], &[log[at] ^ 0x55], &log[at + 1..]].concat();
        assert_eq!(left.open_with(&damaged), (0, vec![damaged]), "damaged at {at}");
    }
    assert_eq!(left.open_with(&[0x61; 5000]), (0, vec![vec![0x61; 5000]]));
    assert!(seen.len() > 8 && set_aside > 12, "{seen:?}, {set_aside}");
    assert_eq!(left.open_with(log), (BATCHES, Vec::new()));
    assert_eq!(left.open_with(&[]), (0, Vec::new()));
}
