//! A clock that jumps, and samples that come out of order or twice.

use crate::support::{all_of, batch, on_demand, open, series};
use procession_store::{Options, Store};
use std::time::Duration;

const HOUR_MS: i64 = 3_600_000;

#[test]
fn a_clock_that_jumps_back_an_hour_costs_that_hour_of_new_samples_and_nothing_old() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { retention: Some(Duration::from_secs(7200)), ..on_demand() };
    let store = Store::open(dir.path(), options).unwrap();
    let (old, new) = (series("m", 0), series("new", 0));
    let first = 10 * HOUR_MS;
    let mut kept = Vec::new();
    for minute in 0..60 {
        let t = first + minute * 60_000;
        store.append(batch(&store, &[(&old, t, Some(minute as f64))])).unwrap();
        kept.push((t, Some(minute as f64)));
    }
    store.seal().unwrap();
    let mut refused = 0;
    for minute in 0..65 {
        let t = first + minute * 60_000 - 5 * 60_000;
        let told = store.append(batch(&store, &[(&old, t, Some(-1.0)), (&new, t, Some(1.0))])).unwrap();
        refused += told.out_of_order + told.duplicates;
    }
    // Minute -5 to 59: five before the first, then every one there is, again. A series that is new begins where it is.
    assert_eq!(refused, 65);
    assert_eq!(all_of(&store, "new")[0].1.len(), 65);
    let t = first + 60 * 60_000;
    store.append(batch(&store, &[(&old, t, Some(60.0))])).unwrap();
    kept.push((t, Some(60.0)));
    store.flush().unwrap();
    assert_eq!(all_of(&store, "m")[0].1, kept);
    let stats = store.stats();
    assert_eq!(stats.out_of_order_samples + stats.duplicate_samples, 65);
    store.close().unwrap();
    assert_eq!(all_of(&open(dir.path()), "m")[0].1, kept);
}

#[test]
fn of_two_samples_at_a_moment_the_first_stays() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let m = series("m", 0);
    let told = store.append(batch(&store, &[(&m, 5, Some(1.0)), (&m, 5, Some(2.0)), (&m, 4, Some(3.0))])).unwrap();
    assert_eq!((told.stored, told.duplicates, told.out_of_order), (1, 1, 1));
    store.seal().unwrap();
    let told = store.append(batch(&store, &[(&m, 5, Some(4.0)), (&m, 3, Some(5.0)), (&m, 6, Some(6.0))])).unwrap();
    assert_eq!((told.stored, told.duplicates, told.out_of_order), (1, 1, 1));
    assert_eq!(all_of(&store, "m")[0].1, [(5, Some(1.0)), (6, Some(6.0))]);
}
