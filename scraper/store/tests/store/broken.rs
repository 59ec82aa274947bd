//! Blocks that break while the store is open, and blocks of the first format.

use crate::sql::lines;
use crate::support::{all_of, batch, on_demand, open, series, until};
use procession_openmetrics::Labels;
use procession_promql::{Cancel, Matcher, Select, Selection};
use procession_store::{Options, Store};
use ring::digest::{SHA256, digest};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Blocks of 1000 moments each, of one series: hours apart, so that a start reads the newest of them alone.
fn blocks(dir: &Path, count: i64) -> Store {
    let store = open(dir);
    let name = series("m", 0);
    for block in 0..count {
        let rows: Vec<_> =
            (block * 1000..block * 1000 + 1000).map(|t| (&name, t * 10_000, Some((t * t % 977) as f64))).collect();
        store.append(batch(&store, &rows)).unwrap();
        store.seal().unwrap();
    }
    store
}

fn count(store: &Store) -> usize {
    all_of(store, "m").iter().map(|(_, samples)| samples.len()).sum()
}

fn folder(dir: &Path, number: u32) -> PathBuf {
    dir.join(format!("blocks/{number:010}"))
}

fn everything() -> Selection {
    let matchers = vec![Matcher::equal("__name__", "m")];
    Selection { matchers, start_ms: i64::MIN, end_ms: i64::MAX, cancel: Cancel::default() }
}

/// Breaks block 2 of 3 before anything of it was read; the query must say so, and the next must be answered.
fn check(break_it: impl Fn(&Path), word: &str) {
    let dir = tempfile::tempdir().unwrap();
    blocks(dir.path(), 3).close().unwrap();
    let store = Store::open(dir.path(), on_demand()).unwrap();
    break_it(&folder(dir.path(), 2));
    let message = store.select(&everything()).unwrap_err().to_string();
    assert!(message.contains("blocks/0000000002 could not be read") && message.contains(word), "{message}");
    assert!(message.ends_with("it is set aside, the rest is served"), "{message}");
    assert_eq!(count(&store), 2000);
    assert_eq!((store.stats().blocks, store.stats().damaged_blocks), (2, 1));
    // It is not found again by the next start, and SQL does not look for it.
    store.seal().unwrap();
    store.close().unwrap();
    let sql = duckdb::Connection::open(dir.path().join("head.duckdb")).unwrap();
    let rows: i64 = sql.query_row("SELECT count(*) FROM samples", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 2000);
    drop(sql);
    assert_eq!(count(&open(dir.path())), 2000);
}

fn change(path: &Path, change: impl Fn(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_block_that_breaks_is_named_and_set_aside() {
    check(|block| change(&block.join("samples.parquet"), |b| b.truncate(b.len() / 2)), "");
    check(|block| change(&block.join("samples.parquet"), Vec::clear), "");
    check(|block| change(&block.join("samples.parquet"), |b| b[20..200].fill(0xa5)), "");
    check(
        |block| {
            fs::remove_file(block.join("series.index")).unwrap();
            change(&block.join("series.parquet"), |b| b.truncate(b.len() - 9));
        },
        "series.parquet has another checksum",
    );
    check(|block| fs::remove_file(block.join("samples.parquet")).unwrap(), "No such file");
    check(|block| fs::remove_dir_all(block).unwrap(), "No such file");
}

#[test]
fn without_its_index_the_series_of_a_block_are_read() {
    for break_it in [
        &|path: &Path| fs::remove_file(path).unwrap(),
        &|path: &Path| fs::write(path, "").unwrap(),
        &|path: &Path| change(path, |b| b.truncate(b.len() - 1)),
        &|path: &Path| change(path, |b| *b.last_mut().unwrap() ^= 1),
        &|path: &Path| _ = fs::copy(path.with_file_name("../0000000001/series.index"), path).unwrap(),
    ] as [&dyn Fn(&Path); 5]
    {
        let dir = tempfile::tempdir().unwrap();
        blocks(dir.path(), 3).close().unwrap();
        let store = Store::open(dir.path(), on_demand()).unwrap();
        let right = all_of(&store, "m");
        store.close().unwrap();
        let store = Store::open(dir.path(), on_demand()).unwrap();
        break_it(&folder(dir.path(), 2).join("series.index"));
        assert!(all_of(&store, "m") == right);
        assert_eq!((store.stats().blocks, store.stats().damaged_blocks), (3, 0));
    }
}

#[test]
fn blocks_of_earlier_versions_have_no_index() {
    let dir = tempfile::tempdir().unwrap();
    let store = blocks(dir.path(), 3);
    let right = all_of(&store, "m");
    store.close().unwrap();
    for number in 1..=3 {
        let about = folder(dir.path(), number).join("block.json");
        let mut meta: serde_json::Value = serde_json::from_slice(&fs::read(&about).unwrap()).unwrap();
        assert!(meta.as_object_mut().unwrap().remove("index_file").is_some());
        fs::write(&about, meta.to_string()).unwrap();
        fs::remove_file(folder(dir.path(), number).join("series.index")).unwrap();
    }
    let windows = vec![std::time::Duration::from_secs(1_000_000)];
    let store = Store::open(dir.path(), Options { block_windows: windows, ..on_demand() }).unwrap();
    assert!(all_of(&store, "m") == right);
    // What is merged of them has one.
    store.append(batch(&store, &[(&series("m", 0), 2_000_000_000, Some(1.0))])).unwrap();
    store.seal().unwrap();
    assert!(store.stats().merges >= 1);
    let of_block = |e: std::io::Result<fs::DirEntry>| e.unwrap().path().join("series.index");
    let indexes = fs::read_dir(dir.path().join("blocks")).unwrap().map(of_block).filter(|path| path.exists());
    assert_eq!(indexes.count(), store.stats().blocks);
}

/// Three blocks of numbers that do not compress, which stand in the files as they are: most bytes can flip and still decode.
fn noise(dir: &Path) -> Store {
    let store = open(dir);
    let name = series("m", 0);
    let value = |t: i64| ((t as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) as f64).sqrt();
    for block in 0..3 {
        let rows: Vec<_> = (block * 1000..block * 1000 + 1000).map(|t| (&name, t * 10_000, Some(value(t)))).collect();
        store.append(batch(&store, &rows)).unwrap();
        store.seal().unwrap();
    }
    store
}

/// The same, with a byte in the middle of the second that flipped.
fn with_a_flipped_byte(dir: &Path) {
    noise(dir).close().unwrap();
    flip_in_the_middle(&folder(dir, 2).join("samples.parquet"));
}

#[test]
fn no_query_answers_from_a_page_with_a_flipped_byte() {
    let dir = tempfile::tempdir().unwrap();
    let store = noise(dir.path());
    let right = all_of(&store, "m");
    store.close().unwrap();
    for name in ["samples.parquet", "series.parquet", "series.index", "pages.crc"] {
        let file = folder(dir.path(), 2).join(name);
        let whole = fs::read(&file).unwrap();
        let mut found = 0;
        // Where the index is whole nobody reads the file of series, and where it is not, that file stands in for it.
        let index = folder(dir.path(), 2).join("series.index");
        let index_bytes = fs::read(&index).unwrap();
        if name == "series.parquet" {
            change(&index, |bytes| bytes[20] ^= 1);
        }
        for at in (1..whole.len()).step_by(whole.len().div_ceil(6)) {
            change(&file, |bytes| bytes[at] ^= 1);
            let store = Store::open(dir.path(), Options { verify_bytes: 0, ..on_demand() }).unwrap();
            match store.select(&everything()) {
                // Nobody reads the number of a series in a row, which stands in the file for other programs.
                Ok(_) => assert!(all_of(&store, "m") == right, "{name}: byte {at} flipped unseen"),
                Err(error) => {
                    assert!(error.to_string().contains("could not be read"), "{name}: byte {at}: {error}");
                    assert_eq!((count(&store), store.stats().damaged_blocks), (2000, 1), "{name}: byte {at}");
                    found += 1;
                }
            }
            store.close().unwrap();
            let aside = fs::read_dir(dir.path().join("blocks")).unwrap().map(|e| e.unwrap().path());
            if let Some(aside) = aside.into_iter().find(|p| p.to_string_lossy().contains("damaged-")) {
                fs::rename(aside, folder(dir.path(), 2)).unwrap();
            }
            fs::write(&file, &whole).unwrap();
        }
        fs::write(&index, index_bytes).unwrap();
        assert!(if name == "series.index" { found == 0 } else { found >= 2 }, "{name}: {found}");
    }
}

/// Takes from block 2 what blocks of earlier versions do not have.
fn without_page_sums(dir: &Path) {
    let about = folder(dir, 2).join("block.json");
    let mut text: serde_json::Value = serde_json::from_slice(&fs::read(&about).unwrap()).unwrap();
    assert!(text.as_object_mut().unwrap().remove("pages_file").is_some());
    fs::write(about, text.to_string()).unwrap();
    fs::remove_file(folder(dir, 2).join("pages.crc")).unwrap();
}

fn flip_in_the_middle(file: &Path) {
    change(file, |bytes| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
    });
}

#[test]
fn blocks_without_checksums_of_pages_are_read_whole_once_and_then_by_pages() {
    for was_read in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        noise(dir.path()).close().unwrap();
        without_page_sums(dir.path());
        let file = folder(dir.path(), 2).join("samples.parquet");
        let options = Options { verify_bytes: 0, ..on_demand() };
        let store = Store::open(dir.path(), options.clone()).unwrap();
        if was_read {
            assert_eq!(count(&store), 3000);
        }
        flip_in_the_middle(&file);
        let message = store.select(&everything()).unwrap_err().to_string();
        let reason = match was_read {
            false => "samples.parquet has another checksum than block.json says",
            true => "samples.parquet: the page at byte ",
        };
        let start =
            format!("block {} could not be read: Parquet error: {reason}", folder(&store_path(&dir), 2).display());
        assert!(message.starts_with(&start), "{message}");
        assert!(message.ends_with("; it is set aside, the rest is served"), "{message}");
        assert_eq!(count(&store), 2000);
    }
}

/// The folder as the store names it.
fn store_path(dir: &tempfile::TempDir) -> PathBuf {
    fs::canonicalize(dir.path()).unwrap()
}

#[test]
fn sql_answers_from_no_file_with_a_flipped_byte() {
    for name in ["samples.parquet", "series.parquet"] {
        let dir = tempfile::tempdir().unwrap();
        noise(dir.path()).close().unwrap();
        let store = Store::open(dir.path(), Options { verify_bytes: 0, ..on_demand() }).unwrap();
        flip_in_the_middle(&folder(dir.path(), 2).join(name));
        // The block has no part in these, or only in so far as nothing is wrong with it.
        let newest = "SELECT count(*) FROM samples WHERE ts >= 20000000";
        assert_eq!(lines(&store, newest).unwrap(), ["1000"]);
        let series = lines(&store, "SELECT count(*) FROM series").map_err(|error| error.to_string());
        let said = format!(
            "block {} could not be read: Parquet error: {name} has another checksum than block.json says; it is set aside, the \
             rest is served",
            folder(&store_path(&dir), 2).display()
        );
        if name == "series.parquet" {
            assert_eq!(series.unwrap_err(), said);
        } else {
            assert_eq!(series.unwrap(), ["1"]);
            let message = lines(&store, "SELECT sum(value) FROM samples").unwrap_err().to_string();
            assert_eq!(message, said);
        }
        assert_eq!(lines(&store, "SELECT count(*) FROM samples").unwrap(), ["2000"]);
        assert_eq!((store.stats().blocks, store.stats().damaged_blocks), (2, 1));
        assert_eq!(count(&store), 2000);
    }
}

#[test]
fn a_byte_that_flipped_and_still_decodes_is_found_before_a_merge() {
    let dir = tempfile::tempdir().unwrap();
    with_a_flipped_byte(dir.path());
    let windows = vec![std::time::Duration::from_secs(1_000_000)];
    let merging = Options { verify_bytes: 0, block_windows: windows, ..on_demand() };
    let store = Store::open(dir.path(), merging).unwrap();
    store.append(batch(&store, &[(&series("m", 0), 2_000_000_000, Some(1.0))])).unwrap();
    let message = store.seal().unwrap_err().to_string();
    let wrong = "blocks/0000000002 could not be read: samples.parquet has another checksum; it is set aside, the rest is served";
    assert!(message.contains(wrong), "{message}");
    store.seal().unwrap();
    assert_eq!((count(&store), store.stats().damaged_blocks, store.stats().merges), (2001, 1, 1));
}

#[test]
fn a_byte_that_flipped_and_still_decodes_is_found_while_nobody_asks() {
    let dir = tempfile::tempdir().unwrap();
    with_a_flipped_byte(dir.path());
    let checking = Options { verify_bytes: 0, check_bytes_per_second: u64::MAX, ..on_demand() };
    let store = Store::open(dir.path(), checking).unwrap();
    until(&store, "the damage", |stats| stats.damaged_blocks > 0);
    assert_eq!((count(&store), store.stats().blocks), (2000, 2));
}

#[test]
fn a_query_that_nobody_waits_for_stops() {
    let dir = tempfile::tempdir().unwrap();
    let store = blocks(dir.path(), 2);
    let canceled = Some(Arc::new(AtomicBool::new(true)));
    let given_up = Selection { cancel: Cancel { deadline: None, canceled }, ..everything() };
    assert_eq!(store.select(&given_up).unwrap_err().to_string(), "the query was given up");
    let late = Cancel { deadline: Some(std::time::Instant::now()), canceled: None };
    assert_eq!(
        store.select(&Selection { cancel: late, ..everything() }).unwrap_err().to_string(),
        "the query was given up"
    );
    assert_eq!(count(&store), 2000);
}

/// Writes a block as the first format had it.
fn to_first_format(block: &Path) {
    let c = duckdb::Connection::open_in_memory().unwrap();
    let file = |name: &str| block.join(name).display().to_string();
    let (samples, names) = (file("samples.parquet"), file("series.parquet"));
    let (old_samples, old_names) = (file("samples.old"), file("series.old"));
    c.execute_batch(&format!(
        "COPY (SELECT series_id, ts, CASE WHEN stale THEN NULL WHEN divisor > 0 THEN number / divisor ELSE exact END AS value,
               stale FROM read_parquet('{samples}')) TO '{old_samples}'
         (FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT 1, ROW_GROUP_SIZE 122880);
         COPY (SELECT * EXCLUDE (divisor, stale_samples) FROM read_parquet('{names}')) TO '{old_names}'
         (FORMAT parquet, COMPRESSION zstd)"
    ))
    .unwrap();
    fs::rename(&old_samples, &samples).unwrap();
    fs::rename(&old_names, &names).unwrap();
    let path = block.join("block.json");
    let mut about: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    about["format"] = 1.into();
    for (key, file) in [("samples_file", &samples), ("series_file", &names)] {
        let bytes = fs::read(file).unwrap();
        let sum: String = digest(&SHA256, &bytes).as_ref().iter().map(|b| format!("{b:02x}")).collect();
        about[key] = serde_json::json!({ "bytes": bytes.len(), "sha256": sum });
    }
    about.as_object_mut().unwrap().remove("pages_file");
    fs::write(path, about.to_string()).unwrap();
}

#[test]
fn blocks_of_the_first_format_are_read_and_merged() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let names: Vec<Labels> = (0..3).map(|i| series("m", i)).collect();
    for block in 0..3i64 {
        for t in block * 100..block * 100 + 100 {
            let value = |i: usize| (t % 7 != i as i64).then_some(t as f64 / 8.0 - i as f64);
            let rows: Vec<_> = names.iter().enumerate().map(|(i, l)| (l, t, value(i))).collect();
            store.append(batch(&store, &rows)).unwrap();
        }
        store.seal().unwrap();
    }
    let expected = all_of(&store, "m");
    assert_eq!(expected.iter().map(|(_, s)| s.len()).sum::<usize>(), 900);
    store.close().unwrap();
    to_first_format(&folder(dir.path(), 1));
    to_first_format(&folder(dir.path(), 2));

    let store = open(dir.path());
    assert_eq!((store.stats().damaged_blocks, store.stats().blocks), (0, 3));
    assert_eq!(all_of(&store, "m"), expected);
    store.close().unwrap();
    let sql = duckdb::Connection::open(dir.path().join("head.duckdb")).unwrap();
    let (rows, sum): (i64, f64) =
        sql.query_row("SELECT count(*), sum(value) FROM samples", [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let values = expected.iter().flat_map(|(_, s)| s).filter_map(|(_, v)| *v);
    assert_eq!((rows, sum), (900, values.sum()));
    drop(sql);

    let windows = vec![std::time::Duration::from_millis(200)];
    let store = Store::open(dir.path(), Options { block_windows: windows, ..on_demand() }).unwrap();
    store.seal().unwrap();
    assert_eq!(store.stats().merges, 1);
    assert_eq!(all_of(&store, "m"), expected);
}
