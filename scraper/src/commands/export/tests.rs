use super::super::import::load_for_tests as load;
use super::*;
use procession_openmetrics::{Format, Labels, Parser, STALE_NAN};
use procession_store::Batch;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// The samples of each series: milliseconds and the bits of the value.
type Samples = BTreeMap<Labels, Vec<(i64, u64)>>;

fn store(samples: &Samples) -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Options { retention: None, ..Options::default() }).unwrap();
    let mut batch = Batch::default();
    for (labels, list) in samples {
        let series = store.series_ref(labels);
        list.iter().for_each(|(t, bits)| batch.push(series, *t, f64::from_bits(*bits)));
    }
    store.append(batch).unwrap();
    (dir, store)
}

fn export(store: &Store, flags: &[&str]) -> String {
    #[derive(clap::Parser)]
    struct Cli {
        #[command(flatten)]
        export: Export,
    }
    let all = ["export", "--storage.path", "unused"].iter().chain(flags);
    let export = <Cli as clap::Parser>::parse_from(all).export;
    let mut out = Vec::new();
    export.write(store, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn sample_set() -> Samples {
    let of = |pairs: &[(&str, &str)], list: &[(i64, f64)]| {
        (Labels::from_pairs(pairs.iter().copied()), list.iter().map(|(t, v)| (*t, v.to_bits())).collect::<Vec<_>>())
    };
    Samples::from([
        of(&[("__name__", "b_total"), ("x", "a\"b\\c\nd")], &[(-500, 1.5), (0, 1e21), (1, f64::NAN)]),
        of(&[("__name__", "a")], &[(1_700_000_000_000, f64::INFINITY), (1_700_000_000_001, STALE_NAN)]),
        // `X` sorts before `__name__`; the family must stand together all the same.
        of(&[("__name__", "b_total"), ("X", "</script>")], &[(10, -0.0)]),
        of(&[("__name__", "ü.name"), ("the.label", "é")], &[(20, 7.0)]),
    ])
}

#[test]
fn writes_family_by_family() {
    let (_dir, store) = store(&sample_set());
    assert_eq!(
        export(&store, &[]),
        concat!(
            "a +Inf 1700000000\n",
            "a nAN 1700000000.001\n",
            "b_total{X=\"</script>\"} -0 0.01\n",
            "b_total{x=\"a\\\"b\\\\c\\nd\"} 1.5 -0.5\n",
            "b_total{x=\"a\\\"b\\\\c\\nd\"} 1e+21 0\n",
            "b_total{x=\"a\\\"b\\\\c\\nd\"} NaN 0.001\n",
            "{\"ü.name\",\"the.label\"=\"é\"} 7 0.02\n",
            "# EOF\n"
        )
    );
    let some = export(
        &store,
        &["--match", "{X=\"</script>\"}", "--match", "a", "--min-time", "0.005", "--max-time=1700000000"],
    );
    assert_eq!(some, "a +Inf 1700000000\nb_total{X=\"</script>\"} -0 0.01\n# EOF\n");
    assert_eq!(export(&store, &["--match", "nothing"]), "# EOF\n");
}

#[test]
fn what_does_not_fit_is_fetched_in_portions() {
    let dir = tempfile::tempdir().unwrap();
    // Less than one series has, so that series and then stretches of time are told apart.
    let options = Options { retention: None, max_selected_samples: 7, ..Options::default() };
    let store = Store::open(dir.path(), options).unwrap();
    let (mut batch, mut want) = (Batch::default(), String::new());
    for (a, b, n) in [("1", "1", 3), ("1", "2", 20), ("2", "1", 5), ("3", "1", 1), ("4", "", 9)] {
        let labels = Labels::from_pairs([("__name__", "m"), ("a", a), ("b", b)]);
        let series = store.series_ref(&labels);
        (0..n).for_each(|i| batch.push(series, i * 1000, i as f64));
        (0..n).for_each(|i| want += &format!("{labels} {i} {i}\n"));
    }
    store.append(batch).unwrap();
    let text = export(&store, &[]);
    let (lines, want) = (text.lines().collect::<Vec<_>>(), want + "# EOF\n");
    let sorted = |text: &str| text.lines().map(str::to_owned).collect::<std::collections::BTreeSet<_>>();
    assert_eq!((sorted(&text), lines.len()), (sorted(&want), want.lines().count()));
    // Each series stands in one place, in the order of time.
    let series = |line: &&str| line.split(' ').next().unwrap_or("").to_owned();
    let blocks: Vec<_> = lines.chunk_by(|a, b| series(a) == series(b)).collect();
    assert_eq!(blocks.len(), 6);
    for block in blocks {
        let times: Vec<i64> = block.iter().filter_map(|line| line.rsplit(' ').next()?.parse().ok()).collect();
        assert!(times.is_sorted());
    }
}

proptest! {
    // Each case opens two stores.
    #![proptest_config(ProptestConfig::with_cases(10))]
    #[test]
    fn import_after_export_is_the_same_store(
        sets in proptest::collection::btree_map(
            ("[a-c:_]{1,3}|[\\PC]{1,4}", proptest::collection::btree_map("[xX]|\\PC{1,3}", "\\PC{1,4}|[\"\\\\\n]{1,3}", 0..3)),
            proptest::collection::btree_map(-9_000_000_000_000_000i64..9_000_000_000_000_000, any::<f64>(), 1..6),
            1..8,
        ),
        stale in any::<bool>(),
    ) {
        let mut samples = Samples::new();
        for ((name, labels), list) in sets {
            let mut pairs = labels;
            pairs.remove("__name__");
            pairs.insert("__name__".to_owned(), name);
            let mut list: Vec<_> = list.into_iter().map(|(t, v)| (t, if v.is_nan() { f64::NAN } else { v }.to_bits())).collect();
            if stale && let Some(last) = list.last_mut() {
                last.1 = STALE_NAN.to_bits();
            }
            samples.insert(Labels::from_pairs(&pairs), list);
        }
        let (_dir, before) = store(&samples);
        let text = export(&before, &[]);
        prop_assert!(Parser::new(text.as_bytes(), Format::OpenMetrics).all(|e| e.is_ok()), "{}", text);
        let (_dir, after) = store(&Samples::new());
        load(&after, text.as_bytes()).unwrap();
        prop_assert_eq!(export(&after, &[]), text);
        // And the text holds what was put in, bit by bit.
        let mut read = Samples::new();
        let mut fetch = Fetch::new(&after, i64::MIN, i64::MAX);
        for labels in after.series(&[], i64::MIN, i64::MAX, 0).unwrap() {
            let mut told = |s: SeriesView<'_>, _| {
                read.insert(s.labels.clone(), s.timestamps.iter().copied().zip(s.values.iter().map(|v| v.to_bits())).collect());
                Ok(())
            };
            fetch.each(std::slice::from_ref(&labels), &mut told).unwrap();
        }
        prop_assert_eq!(read, samples);
    }
}

#[test]
fn a_folder_without_a_store_is_refused_and_stays_empty() {
    let dir = tempfile::tempdir().unwrap();
    let export = |storage_path: std::path::PathBuf| {
        let export = Export { storage_path, selectors: Vec::new(), min_time: None, max_time: None };
        export.run(&mut Vec::new()).unwrap_err().to_string()
    };
    assert_eq!(export(dir.path().into()), format!("the folder {} holds no store", dir.path().display()));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    let missing = dir.path().join("missing");
    assert_eq!(export(missing.clone()), format!("there is no folder {}", missing.display()));
}
