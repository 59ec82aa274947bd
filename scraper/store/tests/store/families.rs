//! What is known of metric families survives a restart.

use crate::support::{batch, open, series};
use procession_openmetrics::MetricType;
use procession_store::Family;

#[test]
fn survive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let family = |name: &str, kind, help: &str| Family {
        name: name.to_owned(),
        kind,
        help: help.to_owned(),
        unit: "seconds".to_owned(),
    };
    let all = [
        family("a", MetricType::Counter, "What 'it' is; DROP"),
        family("a", MetricType::Gauge, "ünï"),
        family("b", MetricType::Histogram, ""),
    ];
    let store = open(dir.path());
    store.note_families([all[2].clone(), all[0].clone()]);
    store.append(batch(&store, &[(&series("m", 1), 1000, Some(1.0))])).unwrap();
    store.flush().unwrap();
    store.note_families(all.clone());
    assert_eq!(store.families(), all);
    store.close().unwrap();
    let store = open(dir.path());
    assert_eq!(store.families(), all);
    store.note_families(all.clone());
    assert_eq!(store.families(), all);
}
