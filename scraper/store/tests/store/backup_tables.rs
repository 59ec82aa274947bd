//! Backups of what stands beside the samples: exemplars, and what targets said of their metrics.

use crate::support::{all_of, batch, on_demand, open, series};
use procession_openmetrics::{Labels, MetricType};
use procession_store::{BackedUp, Exemplar, Family, Options, SeriesExemplars, Store, restore, verify};
use std::fs;
use std::path::{Path, PathBuf};

fn exemplar(trace: &str, timestamp_ms: i64, value: f64) -> Exemplar {
    Exemplar { labels: Labels::from_pairs([("trace_id", trace)]), timestamp_ms, value }
}

fn family(name: &str, kind: MetricType, help: &str, unit: &str) -> Family {
    Family { name: name.to_owned(), kind, help: help.to_owned(), unit: unit.to_owned() }
}

/// Appends what is to come back.
fn fill(store: &Store, at_ms: i64) {
    let (a, b) = (series("m", 1), series("m'*", 2));
    store.append(batch(store, &[(&a, at_ms, Some(1.0)), (&b, at_ms, Some(2.0))])).unwrap();
    store.append_exemplars([
        (store.series_ref(&b), exemplar("quote\"d; DROP", at_ms, f64::NEG_INFINITY)),
        (store.series_ref(&a), exemplar("x", at_ms, 0.1)),
    ]);
}

fn families() -> [Family; 3] {
    [
        family("m", MetricType::Counter, "What 'it' is; ünï", "seconds"),
        family("m", MetricType::Gauge, "", ""),
        family("n", MetricType::Histogram, "two\nlines", "bytes"),
    ]
}

fn exemplars(store: &Store) -> Vec<SeriesExemplars> {
    store.exemplars(&[vec![]], i64::MIN, i64::MAX)
}

fn take(store: &Store, to: &Path, keep: Option<usize>) -> BackedUp {
    store.backup(to, keep, &|| false).unwrap()
}

/// The files of a table.
fn files(backup: &Path, name: &str) -> Vec<PathBuf> {
    fs::read_dir(backup.join(name)).unwrap().map(|e| e.unwrap().path()).collect()
}

/// A path with what SQL and patterns take for their own.
fn hostile(dir: &tempfile::TempDir) -> PathBuf {
    dir.path().join("back'up[1]*")
}

#[test]
fn they_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let to = hostile(&dir);
    let store = open(&dir.path().join("data"));
    fill(&store, 1000);
    fill(&store, 2000);
    store.note_families(families());
    take(&store, &to, None);
    let expected = exemplars(&store);
    assert_eq!(expected.iter().map(|s| s.exemplars.len()).sum::<usize>(), 4);

    let new = dir.path().join("new");
    let restored = restore(&to, None, &new).unwrap();
    assert_eq!((restored.samples, restored.exemplars, restored.families), (4, 4, 3));
    let check = |again: &Store| {
        assert_eq!((exemplars(again), again.families()), (expected.clone(), families().to_vec()));
        assert_eq!((all_of(again, "m"), again.stats().damaged_blocks), (all_of(&store, "m"), 0));
    };
    let again = open(&new);
    check(&again);
    again.close().unwrap();
    let again = open(&new);
    check(&again);
    // It goes on, and so does the folder of backups.
    fill(&again, 3000);
    let done = take(&again, &to, None);
    assert_eq!((done.samples, exemplars(&again).len()), (6, 2));
    assert_eq!(restore(&to, None, &dir.path().join("third")).unwrap().exemplars, 6);
}

#[test]
fn what_has_not_changed_is_there_once() {
    let dir = tempfile::tempdir().unwrap();
    let to = hostile(&dir);
    let store = open(&dir.path().join("data"));
    let none = take(&store, &to, None);
    assert_eq!((none.copied_bytes, files(&to, "exemplars").len(), files(&to, "families").len()), (0, 0, 0));
    fill(&store, 1000);
    store.note_families(families());
    assert!(take(&store, &to, None).copied_bytes > 0);
    assert_eq!(take(&store, &to, None).copied_bytes, 0);
    assert_eq!((files(&to, "exemplars").len(), files(&to, "families").len()), (1, 1));
    fill(&store, 2000);
    assert!(take(&store, &to, None).copied_bytes > 0);
    assert_eq!((files(&to, "exemplars").len(), files(&to, "families").len()), (2, 1));
    // Those that only older backups had go with them.
    fs::write(to.join("exemplars/mine.txt"), "x").unwrap();
    assert_eq!(take(&store, &to, Some(1)).removed, 4);
    assert_eq!((files(&to, "exemplars").len(), files(&to, "families").len()), (2, 1));
    assert_eq!(verify(&to).unwrap().wrong, [""; 0]);
}

#[test]
fn damage_is_found_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("backup");
    let store = open(&dir.path().join("data"));
    fill(&store, 1000);
    let name = take(&store, &to, None).name;
    let whole = verify(&to).unwrap();
    let file = files(&to, "exemplars").remove(0);
    assert!(whole.bytes > fs::metadata(&file).unwrap().len() && whole.wrong.is_empty());
    let bytes = fs::read(&file).unwrap();
    let new = dir.path().join("new");
    let check = |damage: &dyn Fn(), reason: &str| {
        damage();
        assert_eq!(verify(&to).unwrap().wrong, [format!("backup {name}: exemplars: {reason}")]);
        let message = restore(&to, None, &new).unwrap_err().to_string();
        assert_eq!(message, format!("{}: {reason}", file.display()));
        assert!(!new.exists());
    };
    let changed = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = bytes.clone();
        change(&mut bytes);
        fs::write(&file, bytes).unwrap();
    };
    check(&|| changed(&|b| b[60] ^= 1), "it has another checksum");
    check(&|| changed(&|b| b.truncate(60)), "it has another checksum");
    check(&|| fs::remove_file(&file).unwrap(), "No such file or directory (os error 2)");
    // The next backup mends it.
    take(&store, &to, None);
    assert_eq!(verify(&to).unwrap().wrong, [""; 0]);
    assert_eq!(restore(&to, Some(&name), &new).unwrap().exemplars, 2);
}

#[test]
fn a_backup_of_an_earlier_version_comes_back_without_them() {
    let dir = tempfile::tempdir().unwrap();
    let (to, new) = (dir.path().join("backup"), dir.path().join("new"));
    let store = open(&dir.path().join("data"));
    fill(&store, 1000);
    store.note_families(families());
    let name = take(&store, &to, None).name;
    let path = to.join(format!("backups/{name}.json"));
    let mut list: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert!(list.as_object_mut().unwrap().remove("tables").is_some());
    fs::write(&path, list.to_string()).unwrap();
    _ = ["exemplars", "families"].map(|name| fs::remove_dir_all(to.join(name)).unwrap());

    assert_eq!(verify(&to).unwrap().wrong, [""; 0]);
    let restored = restore(&to, None, &new).unwrap();
    assert_eq!((restored.samples, restored.exemplars, restored.families), (2, 0, 0));
    let again = Store::open(&new, Options { max_exemplars: 5, ..on_demand() }).unwrap();
    assert_eq!((exemplars(&again).len(), again.families().len(), all_of(&again, "m").len()), (0, 0, 1));
    assert!(take(&again, &to, Some(1)).copied_bytes == 0);
}
