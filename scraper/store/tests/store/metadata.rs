//! Series, label names and values.

use crate::support::{batch, open};
use procession_openmetrics::Labels;
use procession_promql::Matcher;

#[test]
fn answers_by_matchers_and_time() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let old = Labels::from_pairs([("__name__", "old"), ("job", "a"), ("only_old", "x")]);
    let up_a = Labels::from_pairs([("__name__", "up"), ("job", "a")]);
    let up_b = Labels::from_pairs([("__name__", "up"), ("job", "b")]);
    store.append(batch(&store, &[(&old, 1000, Some(1.0)), (&up_a, 1000, Some(1.0))])).unwrap();
    store.append(batch(&store, &[(&up_a, 9000, Some(1.0)), (&up_b, 9000, Some(1.0))])).unwrap();
    store.series_ref(&Labels::from_pairs([("__name__", "never"), ("without", "samples")]));
    let up = || vec![Matcher::equal("__name__", "up")];
    let job_a = || vec![Matcher::equal("job", "a")];

    for committed in [false, true] {
        let all = |sets: &[Vec<Matcher>], start, end, limit| {
            let mut found = store.series(sets, start, end, limit).unwrap();
            found.sort();
            found
        };
        if committed {
            store.flush().unwrap();
        }
        assert_eq!(all(&[], 0, 10_000, 0), [old.clone(), up_a.clone(), up_b.clone()]);
        assert_eq!(all(&[], 9000, 9000, 0), [up_a.clone(), up_b.clone()]);
        assert_eq!(all(&[up(), job_a()], 0, 10_000, 0), [old.clone(), up_a.clone(), up_b.clone()]);
        assert_eq!(all(&[up()], 0, 8999, 0), [up_a.clone()].as_slice());
        assert_eq!(all(&[], 0, 10_000, 2).len(), 2);
        assert_eq!(store.label_names(&[], 0, 10_000).unwrap(), ["__name__", "job", "only_old"]);
        assert_eq!(store.label_names(&[], 5000, 10_000).unwrap(), ["__name__", "job"]);
        assert_eq!(store.label_names(&[up()], 0, 10_000).unwrap(), ["__name__", "job"]);
        assert_eq!(store.label_values("job", &[], 0, 10_000).unwrap(), ["a", "b"]);
        assert_eq!(store.label_values("job", &[], 0, 8000).unwrap(), ["a"]);
        assert_eq!(store.label_values("__name__", &[job_a()], 0, 10_000).unwrap(), ["old", "up"]);
        assert_eq!(store.label_values("nothing", &[], 0, 10_000).unwrap(), [""; 0]);
    }

    let stats = store.stats();
    assert_eq!((stats.series, stats.active_series, stats.committed_samples), (4, 3, 4));
    assert_eq!((stats.min_time_ms, stats.max_time_ms), (Some(1000), Some(9000)));
    assert!(stats.disk_bytes > 0);
    store.close().unwrap();
    let stats = open(dir.path()).stats();
    assert_eq!((stats.series, stats.min_time_ms, stats.max_time_ms), (3, Some(1000), Some(9000)));
}
