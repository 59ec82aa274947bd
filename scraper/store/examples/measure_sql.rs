//! What SQL costs on a store: the first time, when blocks are still to be checked, and afterwards.
//!
//! `cargo run --release -p procession-store --example measure_sql -- FOLDER [SQL ...]`
//!
//! No scraper may run on the folder. Of each statement all rows are read.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a tool for developers: it prints, and stops at an error")]

use procession_store::{Options, SqlLimits, Store};
use std::path::Path;
use std::time::Instant;

/// Unless others are given: the newest moments, all of one metric, names alone, nothing.
const STATEMENTS: [&str; 5] = [
    "SELECT 1",
    "SELECT count(*) FROM series",
    "SELECT name, count(*), avg(value) FROM samples WHERE ts > 1735775700000 GROUP BY name",
    "SELECT labels['instance'], max(value) FROM samples WHERE name = 'proc_memory_bytes' GROUP BY ALL",
    "SELECT count(*) FROM samples",
];

fn main() {
    let mut args = std::env::args().skip(1);
    let folder = args.next().unwrap();
    let given: Vec<String> = args.collect();
    let statements = if given.is_empty() { STATEMENTS.map(str::to_owned).to_vec() } else { given };
    // Nothing is read before it is asked for.
    let options = Options { verify_bytes: 0, check_bytes_per_second: 0, retention: None, ..Options::default() };
    for sql in statements {
        let store = Store::open(Path::new(&folder), options.clone()).unwrap();
        let mut times = Vec::new();
        let mut rows = 0;
        for _ in 0..7 {
            rows = 0;
            let begun = Instant::now();
            let limits = SqlLimits { max_rows: usize::MAX, ..SqlLimits::default() };
            store
                .sql(&sql, &limits, &|| false, &mut |batch| {
                    rows += batch.num_rows();
                    Ok(())
                })
                .unwrap();
            times.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        let first = times[0];
        times.sort_by(f64::total_cmp);
        println!("first {first:.1} ms, median {:.1} ms, {rows} rows: {sql}", times[3]);
        store.close().unwrap();
    }
}
