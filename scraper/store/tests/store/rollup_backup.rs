//! Backups of rollups: a restored store answers from rows whose samples are gone.

use crate::rollups::{DAY_MS, DAYS, HOUR_MS, MINUTE_MS, Samples, ask, check_all, check_same, fill, filled, options};
use procession_promql::Select;
use procession_store::{BackedUp, Options, Store, restore, verify};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

const OF_ROWS: [&str; 5] =
    ["m", "max_over_time(m[1h])", "delta(m[3h])", "sum(increase(m{i=~\"[12]\"}[1d]))", "avg_over_time(m[6h])"];

/// What rows alone can answer, by hours and by 5 minutes.
fn answers(source: &dyn Select) -> Vec<Vec<(String, i64, f64)>> {
    let ask = |step_ms| OF_ROWS.map(|query| ask(source, query, HOUR_MS, 2 * DAY_MS, step_ms));
    [ask(HOUR_MS), ask(25 * MINUTE_MS)].into_iter().flatten().collect()
}

fn check_answers(store: &Store, expected: &[Vec<(String, i64, f64)>], exactly: bool, what: &str) {
    for (got, expected) in answers(store).iter().zip(expected) {
        assert!(!got.is_empty(), "{what}");
        check_same(got, expected, exactly, what);
    }
}

fn back_up(store: &Store, to: &Path, keep: Option<usize>) -> BackedUp {
    store.backup(to, keep, &|| false).unwrap()
}

fn flip(file: &Path) {
    let mut bytes = fs::read(file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(file, bytes).unwrap();
}

/// The folders of blocks of rows.
fn row_blocks(dir: &Path) -> Vec<PathBuf> {
    let of = |name| fs::read_dir(dir.join(name)).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_dir());
    ["rollups-1h", "rollups-5m"].into_iter().flat_map(of).collect()
}

#[test]
fn a_backup_has_rows_whose_samples_are_gone() {
    let dir = tempfile::tempdir().unwrap();
    let (data, to, old) = (dir.path().join("data"), dir.path().join("backup"), dir.path().join("old"));
    let store = filled(&data);
    let first = back_up(&store, &to, None);
    let same = back_up(&store, &to, None);
    // Of each width the four days are one block; the first midnight is of the day before.
    assert_eq!((first.rollups, same.rollups, same.copied_blocks), (4, 4, 0));
    let samples = answers(&Samples(&store));
    store.close().unwrap();

    let a_day = Options { retention: Some(Duration::from_secs(24 * 3600)), ..options() };
    let store = Store::open(&data, a_day.clone()).unwrap();
    fill(&store, DAYS * 1440 + 200..DAYS * 1440 + 400);
    store.seal().unwrap();
    assert!(answers(&Samples(&store)).iter().all(Vec::is_empty), "the samples are gone");
    check_answers(&store, &samples, false, "from rows alone");
    let rows = answers(&store);
    let last = back_up(&store, &to, None);
    assert!(last.rollups == 4 && last.blocks < first.blocks && last.copied_blocks < 4, "{last:?}");
    store.close().unwrap();
    fs::remove_dir_all(&data).unwrap();

    let restored = restore(&to, None, &data).unwrap();
    assert_eq!((restored.name, restored.samples, restored.rollups), (last.name, last.samples, 4));
    let store = Store::open(&data, a_day.clone()).unwrap();
    check_answers(&store, &rows, true, "restored");
    fill(&store, DAYS * 1440 + 400..DAYS * 1440 + 420);
    store.seal().unwrap();
    check_answers(&store, &rows, true, "it goes on");
    assert!(answers(&Samples(&store)).iter().all(Vec::is_empty));
    store.close().unwrap();
    for folder in [&data, &to] {
        let found = verify(folder).unwrap();
        assert_eq!((found.rollups, found.wrong), (4, vec![]), "{folder:?}");
    }

    // An older one, whose store then goes on in the same folder of backups.
    restore(&to, Some(&first.name), &old).unwrap();
    let store = Store::open(&old, options()).unwrap();
    check_all(&store, "restored");
    fill(&store, DAYS * 1440 + 300..DAYS * 1440 + 310);
    assert!(back_up(&store, &to, None).copied_blocks > 0);
    store.close().unwrap();
    let store = Store::open(&old, Options { rollup_retention: a_day.retention, ..a_day }).unwrap();
    store.seal().unwrap();
    let fewer = back_up(&store, &to, Some(1));
    assert!(fewer.rollups < 4, "{fewer:?}");
    assert_eq!(row_blocks(&to).len(), fewer.rollups, "rows of no backup are gone");

    let block = row_blocks(&to).remove(0);
    let number: u32 = block.file_name().unwrap().to_str().unwrap().parse().unwrap();
    flip(&block.join("samples.parquet"));
    let wrong = [format!("block {number} of rollups-1h: samples.parquet has another checksum")];
    assert_eq!(verify(&to).unwrap().wrong, wrong);
    let message = restore(&to, None, &dir.path().join("new")).unwrap_err().to_string();
    assert!(message.contains("rollups-1h/") && message.contains("another checksum"), "{message}");
    assert!(!dir.path().join("new").exists());
    fs::remove_dir_all(row_blocks(&data).remove(0)).unwrap();
    fs::write(data.join("rollups.json"), "{").unwrap();
    let wrong = verify(&data).unwrap().wrong.join("\n");
    assert!(wrong.contains(" of rollups-1h: the manifest names it, and it is missing"), "{wrong}");
    assert!(wrong.contains("rollups.json: EOF"), "{wrong}");
}
