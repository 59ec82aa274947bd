//! Samples in sealed blocks: the same to every query, readable from outside, and what befalls the files.

#![allow(clippy::single_range_in_vec_init, reason = "stretches of time, of which there is sometimes one")]

use crate::support::{Samples, all_of, batch, on_demand, open, select, series, tiny_blocks};
use procession_openmetrics::Labels;
use procession_promql::Matcher;
use procession_store::{Options, Store};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Three series with a sample at each of these moments; the last one is a staleness marker.
fn fill(store: &Store, times: std::ops::Range<i64>) {
    for t in times {
        let value = |i: usize| (t % 50 != 49).then_some(t as f64 + i as f64 / 10.0);
        let names: Vec<Labels> = (0..3).map(|i| series("m", i)).collect();
        let rows: Vec<_> = names.iter().enumerate().map(|(i, l)| (l, t, value(i))).collect();
        store.append(batch(store, &rows)).unwrap();
    }
}

fn expected(times: &[std::ops::Range<i64>]) -> Vec<(Labels, Samples)> {
    let of = |i: usize| -> Samples {
        let value = |t: i64| (t % 50 != 49).then_some(t as f64 + i as f64 / 10.0);
        times.iter().cloned().flatten().map(|t| (t, value(t))).collect()
    };
    (0..3).map(|i| (series("m", i), of(i))).collect()
}

fn blocks_in(dir: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(dir.join("blocks")).unwrap().map(|e| e.unwrap().path()).collect();
    found.retain(|path| path.file_name().unwrap().to_str().unwrap().bytes().all(|b| b.is_ascii_digit()));
    found.sort();
    found
}

/// Blocks of 100 moments each, which are not merged.
fn three_blocks(dir: &Path) -> Vec<PathBuf> {
    let store = open(dir);
    for begin in [0, 100, 200] {
        fill(&store, begin..begin + 100);
        store.seal().unwrap();
    }
    assert_eq!(store.stats().blocks, 3);
    store.close().unwrap();
    blocks_in(dir)
}

fn sql<T: duckdb::types::FromSql>(connection: &duckdb::Connection, sql: &str) -> T {
    connection.query_row(sql, [], |r| r.get(0)).unwrap()
}

#[test]
fn sealed_hot_and_waiting_samples_are_one() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    fill(&store, 0..100);
    store.seal().unwrap();
    fill(&store, 100..200);
    store.flush().unwrap();
    fill(&store, 200..250);
    assert_eq!(all_of(&store, "m"), expected(&[0..250]));
    let stats = store.stats();
    assert_eq!((stats.blocks, stats.block_samples, stats.sealed_samples), (1, 300, 300));
    assert_eq!((stats.min_time_ms, stats.max_time_ms), (Some(0), Some(249)));
    store.close().unwrap();

    let store = open(dir.path());
    assert_eq!(all_of(&store, "m"), expected(&[0..250]));
    assert_eq!(store.stats().min_time_ms, Some(0));
    store.seal().unwrap();
    store.close().unwrap();
    // Nothing is hot any more: the blocks name the series.
    let store = open(dir.path());
    assert_eq!(all_of(&store, "m"), expected(&[0..250]));
    assert_eq!(store.series(&[], 0, 1000, 0).unwrap().len(), 3);
    assert_eq!(store.series(&[], 0, 1000, 2).unwrap().len(), 2);
    assert_eq!(store.label_names(&[], 0, 1000).unwrap(), ["__name__", "i"]);
    assert_eq!(store.label_values("i", &[vec![Matcher::equal("__name__", "m")]], 0, 1000).unwrap(), ["0", "1", "2"]);
    assert!(store.label_values("i", &[], 250, 1000).unwrap().is_empty());
}

#[test]
fn hostile_names_come_back_as_they_were() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mut names = vec![
        Labels::empty(),
        Labels::from_pairs([("job", "no name")]),
        Labels::from_pairs([
            ("__name__", "quote'\"d"),
            ("nul\0", "a\0b"),
            ("new\nline", "\u{10ffff}"),
            ("", "empty name"),
        ]),
        Labels::from_pairs([("__name__", "m"), ("long", &*"x".repeat(100_000))]),
    ];
    // In another order by bytes than by letters, and neighbours of each other.
    names.extend(
        ["M", "m", "m\0", "m\u{ff}", "é", "\u{10ffff}"].map(|n| Labels::from_pairs([("__name__", n), ("a", "1")])),
    );
    let rows: Vec<_> = names.iter().map(|l| (l, 1, Some(f64::NEG_INFINITY))).collect();
    store.append(batch(&store, &rows)).unwrap();
    store.seal().unwrap();
    store.close().unwrap();
    let store = open(dir.path());
    for labels in &names {
        let name = Matcher::equal("__name__", labels.metric_name());
        let found = select(&store, vec![name], 0, 10);
        assert!(
            found.iter().any(|(l, s)| l == labels && s[..] == [(1, Some(f64::NEG_INFINITY))]),
            "{labels} {found:?}"
        );
    }
    assert_eq!(select(&store, vec![], 0, 10).len(), names.len());
}

#[test]
fn what_is_sealed_is_not_taken_again() {
    let dir = tempfile::tempdir().unwrap();
    three_blocks(dir.path());
    let store = open(dir.path());
    let a = series("m", 1);
    let told = store.append(batch(&store, &[(&a, 299, Some(1.0)), (&a, 50, Some(1.0)), (&a, 300, Some(1.0))])).unwrap();
    assert_eq!((told.stored, told.duplicates, told.out_of_order), (1, 1, 1));
    let new = series("new", 1);
    let told = store.append(batch(&store, &[(&new, 10, Some(1.0))])).unwrap();
    assert_eq!(told.stored, 1, "a series that no block has may begin in the past");
}

#[test]
fn outsiders_see_rows_wherever_they_lie() {
    let dir = tempfile::tempdir().unwrap();
    // A name that is a pattern, and hostile. (DuckDB itself opens no file in a folder with a question mark.)
    let dir = dir.path().join("it's [a] *store");
    let files = three_blocks(&dir);
    let store = open(&dir);
    fill(&store, 300..310);
    store.close().unwrap();
    let c = duckdb::Connection::open(dir.join("head.duckdb")).unwrap();
    assert_eq!(sql::<i64>(&c, "SELECT count(*) FROM samples"), 930);
    assert_eq!(sql::<i64>(&c, "SELECT count(*) FROM series"), 3);
    assert_eq!(
        sql::<i64>(&c, "SELECT count(DISTINCT series_id) FROM samples JOIN series USING (series_id, name, labels)"),
        3
    );
    assert_eq!(sql::<i64>(&c, "SELECT count(*) FROM samples WHERE stale AND value IS NULL"), 18);
    assert_eq!(
        sql::<f64>(&c, "SELECT max(value) FROM samples WHERE labels['i'] = '2' AND ts BETWEEN 120 AND 140"),
        140.2
    );
    assert_eq!(
        sql::<i64>(
            &c,
            "SELECT count(*) FROM duckdb_columns() WHERE comment IS NOT NULL AND table_name IN ('samples', 'series')"
        ),
        10
    );
    drop(c);

    // The files alone, in the order that they promise.
    let c = duckdb::Connection::open_in_memory().unwrap();
    fs::rename(&files[0], dir.with_file_name("alone")).unwrap();
    let file = |name: &str| dir.with_file_name("alone").join(name).display().to_string();
    let (samples, names) = (file("samples.parquet"), file("series.parquet"));
    c.execute_batch(&format!(
        "CREATE VIEW block AS SELECT * FROM read_parquet('{samples}') h JOIN read_parquet('{names}') s USING (series_id)"
    ))
    .unwrap();
    assert_eq!(sql::<i64>(&c, "SELECT count(*) FROM block WHERE name = 'm' AND labels['i'] = '1'"), 100);
    let unsorted = format!(
        "SELECT count(*) FROM (SELECT (series_id, ts) < lag((series_id, ts)) OVER () AS back \
         FROM read_parquet('{samples}')) WHERE back"
    );
    assert_eq!(sql::<i64>(&c, &unsorted), 0);
}

#[test]
fn windows_that_are_over_become_one_block() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), tiny_blocks()).unwrap();
    for begin in (0..90).step_by(5) {
        fill(&store, begin..begin + 5);
        store.seal().unwrap();
    }
    // 0 to 39 and 40 to 79 in one each, 80 to 84 and 85 to 89 in a window that is not over.
    let stats = store.stats();
    assert_eq!((stats.blocks, stats.block_samples, stats.failed_seals), (4, 270, 0), "{stats:?}");
    assert!(stats.merges >= 8 && stats.seals >= 18, "{stats:?}");
    assert!(stats.merge_cpu_time > Duration::ZERO && stats.merge_cpu_time < stats.seal_cpu_time, "{stats:?}");
    assert_eq!(all_of(&store, "m"), expected(&[0..90]));
    assert_eq!(blocks_in(dir.path()).len(), 4, "what was merged is removed");
    store.close().unwrap();
    let store = open(dir.path());
    assert_eq!(all_of(&store, "m"), expected(&[0..90]));
    assert_eq!((store.stats().missing_blocks, store.stats().damaged_blocks), (0, 0));
}

#[test]
fn old_blocks_are_removed_whole() {
    let dir = tempfile::tempdir().unwrap();
    let keep = |ms| Options { retention: Some(Duration::from_millis(ms)), ..on_demand() };
    let store = Store::open(dir.path(), keep(150)).unwrap();
    for begin in [0, 100, 200, 300] {
        fill(&store, begin..begin + 100);
        store.seal().unwrap();
    }
    assert_eq!(all_of(&store, "m"), expected(&[200..400]).as_slice());
    let stats = store.stats();
    assert_eq!((stats.removed_blocks, stats.deleted_samples, stats.min_time_ms), (2, 600, Some(200)));
    store.close().unwrap();
    assert_eq!(blocks_in(dir.path()).len(), 2);

    let store = Store::open(dir.path(), Options { retention_bytes: Some(1), ..on_demand() }).unwrap();
    store.seal().unwrap();
    assert_eq!((store.stats().blocks, all_of(&store, "m").len()), (0, 0));
}

#[test]
fn damage_is_set_aside_and_the_rest_is_served() {
    type Harm = fn(&Path);
    let harms: [(&str, Harm); 6] = [
        ("a flipped bit in the samples", |b| {
            let mut bytes = fs::read(b.join("samples.parquet")).unwrap();
            let middle = bytes.len() / 3;
            bytes[middle] ^= 1;
            fs::write(b.join("samples.parquet"), bytes).unwrap();
        }),
        ("a flipped bit in the series", |b| {
            let mut bytes = fs::read(b.join("series.parquet")).unwrap();
            bytes[20] ^= 1;
            fs::write(b.join("series.parquet"), bytes).unwrap();
        }),
        ("a block cut short", |b| {
            let bytes = fs::read(b.join("samples.parquet")).unwrap();
            fs::write(b.join("samples.parquet"), &bytes[..bytes.len() / 2]).unwrap();
        }),
        ("no samples", |b| fs::remove_file(b.join("samples.parquet")).unwrap()),
        ("no description", |b| fs::remove_file(b.join("block.json")).unwrap()),
        ("nonsense for a description", |b| fs::write(b.join("block.json"), "{\"format\": 1}").unwrap()),
    ];
    for (what, harm) in harms {
        let dir = tempfile::tempdir().unwrap();
        let files = three_blocks(dir.path());
        harm(&files[1]);
        for _ in 0..2 {
            let store = open(dir.path());
            assert_eq!(all_of(&store, "m"), expected(&[0..100, 200..300]), "{what}");
            let stats = store.stats();
            assert_eq!((stats.damaged_blocks, stats.missing_blocks, stats.blocks), (1, 0, 2), "{what}");
            store.close().unwrap();
        }
        let aside =
            fs::read_dir(dir.path().join("blocks")).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
        assert!(aside.into_iter().any(|name| name.starts_with("damaged-0000000002-")), "{what}");
        let c = duckdb::Connection::open(dir.path().join("head.duckdb")).unwrap();
        assert_eq!(sql::<i64>(&c, "SELECT count(*) FROM samples"), 600, "{what}");
    }
}

#[test]
fn what_is_missing_foreign_or_unfinished() {
    let dir = tempfile::tempdir().unwrap();
    let files = three_blocks(dir.path());
    let blocks = dir.path().join("blocks");
    fs::remove_dir_all(&files[0]).unwrap();
    fs::create_dir(blocks.join(".new-0000000009")).unwrap();
    fs::write(blocks.join(".new-0000000009/samples.parquet"), "half").unwrap();
    fs::create_dir(blocks.join(".gone-0000000008")).unwrap();
    fs::write(blocks.join("notes.txt"), "somebody's").unwrap();
    let store = open(dir.path());
    let stats = store.stats();
    assert_eq!((stats.missing_blocks, stats.foreign_files, stats.damaged_blocks, stats.blocks), (1, 1, 0, 2));
    assert_eq!(all_of(&store, "m"), expected(&[100..300]));
    store.close().unwrap();
    let left =
        fs::read_dir(&blocks).unwrap().filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().starts_with('.'));
    assert_eq!(left.count(), 0);
    assert!(blocks.join("notes.txt").exists());

    // The blocks speak for themselves where nobody lists them.
    fs::remove_file(blocks.join("manifest.json")).unwrap();
    let store = open(dir.path());
    assert_eq!((all_of(&store, "m"), store.stats().missing_blocks), (expected(&[100..300]), 0));
    store.close().unwrap();
    fs::write(blocks.join("manifest.json"), "nonsense").unwrap();
    assert_eq!(all_of(&open(dir.path()), "m"), expected(&[100..300]));
}

#[test]
fn a_block_from_the_future_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let files = three_blocks(dir.path());
    let path = files[2].join("block.json");
    let text = fs::read_to_string(&path).unwrap().replace("\"format\": 2", "\"format\": 7");
    fs::write(path, text).unwrap();
    let message = Store::open(dir.path(), on_demand()).err().unwrap().to_string();
    assert!(
        message.contains("0000000003 was written by a newer version, in format 7; this version knows up to 2"),
        "{message}"
    );
}

#[test]
fn blocks_outlive_their_database() {
    let dir = tempfile::tempdir().unwrap();
    three_blocks(dir.path());
    fs::remove_file(dir.path().join("head.duckdb")).unwrap();
    let store = open(dir.path());
    assert_eq!(all_of(&store, "m"), expected(&[0..300]));
    fill(&store, 300..400);
    store.seal().unwrap();
    assert_eq!(all_of(&store, "m"), expected(&[0..400]));
    store.close().unwrap();
    assert_eq!(all_of(&open(dir.path()), "m"), expected(&[0..400]));
}

#[test]
fn a_merged_block_and_what_it_was_made_of_count_once() {
    let dir = tempfile::tempdir().unwrap();
    let files = three_blocks(dir.path());
    let kept = dir.path().join("kept");
    fs::create_dir(&kept).unwrap();
    for file in &files[..2] {
        copy(file, &kept.join(file.file_name().unwrap()));
    }
    let windows = Options { block_windows: vec![Duration::from_millis(200)], ..on_demand() };
    let store = Store::open(dir.path(), windows).unwrap();
    store.seal().unwrap();
    assert_eq!((store.stats().merges, store.stats().blocks), (1, 2));
    store.close().unwrap();
    // As if it had ended before it removed them.
    for file in &files[..2] {
        copy(&kept.join(file.file_name().unwrap()), file);
    }
    let store = open(dir.path());
    assert_eq!(all_of(&store, "m"), expected(&[0..300]));
    assert_eq!((store.stats().blocks, blocks_in(dir.path()).len()), (2, 2));
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// Each moment between two steps of sealing, made by hand.
#[test]
fn sealing_goes_on_where_it_ended() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    fill(&store, 0..100);
    store.close().unwrap();
    let head = dir.path().join("head.duckdb");
    let c = duckdb::Connection::open(&head).unwrap();
    c.execute_batch(
        "BEGIN; DROP TABLE head_closed_runs; ALTER TABLE head_runs RENAME TO head_closed_runs;
         CREATE TABLE head_runs (batch UBIGINT NOT NULL, ts BIGINT NOT NULL, series_id UINTEGER NOT NULL, samples BLOB NOT NULL);
         UPDATE head_commit SET closing = 1; COMMIT;",
    )
    .unwrap();
    drop(c);
    let closed = fs::read(&head).unwrap();

    // Closed, and no block yet.
    let store = open(dir.path());
    assert_eq!(all_of(&store, "m"), expected(&[0..100]));
    fill(&store, 100..110);
    store.seal().unwrap();
    assert_eq!(all_of(&store, "m"), expected(&[0..110]));
    assert_eq!(store.stats().blocks, 2);
    store.close().unwrap();

    // The block is there, and the database does not say so. (The second block is of rows that this one never had.)
    fs::write(&head, closed).unwrap();
    fs::remove_dir_all(dir.path().join("blocks/0000000002")).unwrap();
    for _ in 0..2 {
        let store = open(dir.path());
        assert_eq!(all_of(&store, "m"), expected(&[0..100]));
        assert_eq!((store.stats().blocks, store.stats().damaged_blocks), (1, 0));
        store.close().unwrap();
    }
    let c = duckdb::Connection::open(&head).unwrap();
    assert_eq!(sql::<i64>(&c, "SELECT count(*) FROM samples"), 300);
    assert_eq!(sql::<i64>(&c, "SELECT count(*) FROM head_closed"), 0);
}
