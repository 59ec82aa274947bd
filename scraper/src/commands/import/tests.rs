use super::*;
use procession_openmetrics::is_stale;
use procession_promql::{Cancel, Matcher, Select, Selection};

fn store() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Options { retention: None, ..Options::default() }).unwrap();
    (dir, store)
}

fn load_text(store: &Store, text: &str) -> (Imported, Option<String>) {
    let (imported, result) = load(store, std::io::Cursor::new(text.to_owned()), &mut Progress::hidden(None));
    (imported, result.err().map(|e| format!("{e:#}")))
}

/// All samples, as `series timestamp value`.
fn all(store: &Store, name: &str) -> Vec<String> {
    let matchers = vec![Matcher::equal("__name__", name)];
    let set =
        store.select(&Selection { matchers, start_ms: i64::MIN, end_ms: i64::MAX, cancel: Cancel::default() }).unwrap();
    let mut lines: Vec<String> = set
        .iter()
        .flat_map(|s| {
            s.timestamps.iter().zip(s.values).map(move |(t, v)| {
                let value = if is_stale(*v) { "stale".to_owned() } else { v.to_string() };
                format!("{} {t} {value}", s.labels)
            })
        })
        .collect();
    lines.sort();
    lines
}

#[test]
fn takes_series_by_series_and_time_by_time() {
    for text in [
        "# TYPE a counter\na_total{x=\"1\"} 1 10\na_total{x=\"1\"} 2 20.5\na_total{x=\"2\"} 3 10\na_total{x=\"2\"} NaN 20.5\n# EOF\n",
        "# TYPE a counter\na_total{x=\"1\"} 1 10\na_total{x=\"2\"} 3 10\na_total{x=\"1\"} 2 20.5\na_total{x=\"2\"} NaN 20.5\n# EOF",
    ] {
        let (_dir, store) = store();
        assert_eq!(load_text(&store, text), (Imported { samples: 4, ..Imported::default() }, None));
        assert_eq!(
            all(&store, "a_total"),
            [
                "a_total{x=\"1\"} 10000 1",
                "a_total{x=\"1\"} 20500 2",
                "a_total{x=\"2\"} 10000 3",
                "a_total{x=\"2\"} 20500 NaN"
            ]
        );
    }
}

#[test]
fn takes_1970_and_earlier_and_markers() {
    let (_dir, store) = store();
    let text = "a -1 -0.5\na 0 0\na 1 0.001\na nAN 1\n# EOF\n";
    assert_eq!(load_text(&store, text).1, None);
    assert_eq!(all(&store, "a"), ["a -500 -1", "a 0 0", "a 1 1", "a 1000 stale"]);
}

#[test]
fn metadata_and_exemplars_are_passed_over() {
    let (_dir, store) = store();
    let text = "# HELP a_seconds Time.\n# TYPE a_seconds histogram\n# UNIT a_seconds seconds\n\
                a_seconds_bucket{le=\"+Inf\"} 3 10 # {trace_id=\"x # y\"} 0.5 9\na_seconds_count 3 10\na_seconds_sum 1.5 10\n# EOF\n";
    assert_eq!(load_text(&store, text), (Imported { samples: 3, ..Imported::default() }, None));
    assert_eq!(all(&store, "a_seconds_bucket"), ["a_seconds_bucket{le=\"+Inf\"} 10000 3"]);
}

#[test]
fn the_first_sample_stays_and_what_is_left_out_is_counted() {
    let (_dir, store) = store();
    let (imported, error) = load_text(&store, "a 1 10\na 2 10\na 3 5\na 4 11\n# EOF\n");
    assert_eq!((imported, error), (Imported { samples: 2, duplicates: 1, out_of_order: 1, out_of_bounds: 0 }, None));
    assert_eq!(all(&store, "a"), ["a 10000 1", "a 11000 4"]);
}

#[test]
fn errors_name_the_line_and_keep_what_stands_before() {
    for (text, samples, want) in [
        ("a 1 1\na 2\n# EOF\n", 1, "line 2: the sample has no timestamp; only samples with one can be imported"),
        ("a 1 1\n\na 2 2\n# EOF\n", 1, "line 2, column 1: blank lines are not allowed"),
        ("a 1 1\na{x=\"1\",x=\"2\"} 2 2\n# EOF\n", 1, "line 2, column 9: the label `x` stands twice"),
        ("a 1 1\na x 2\n# EOF\n", 1, "line 2, column 3: `x` is not a number"),
        (
            "a 1 1\na 2 2",
            1,
            "line 2: the text ends without # EOF, so it may have been cut short; the samples before it are imported",
        ),
        (
            "a 1 1\na 2 2\n",
            2,
            "line 3: the text ends without # EOF, so it may have been cut short; the samples before it are imported",
        ),
        ("a 1 1\n# EOF\nb 1 1\n# EOF\n", 1, "line 3, column 1: data behind `# EOF`"),
        (
            "",
            0,
            "line 1: the text ends without # EOF, so it may have been cut short; the samples before it are imported",
        ),
    ] {
        let (_dir, store) = store();
        let (imported, error) = load_text(&store, text);
        assert_eq!((imported.samples, error.as_deref()), (samples, Some(want)), "{text:?}");
        assert_eq!(all(&store, "a").len() as u64, samples);
    }
}

#[test]
fn lines_are_counted_across_pieces() {
    let (_dir, store) = store();
    let lines = 200_000;
    let mut text: String =
        (0..lines).map(|i| format!("some_rather_long_name_of_a_metric{{label=\"value\"}} 1 {i}\n")).collect();
    text.push_str("a 1\n# EOF\n");
    let (imported, error) = load_text(&store, &text);
    assert_eq!(imported.samples, lines);
    assert!(error.is_some_and(|e| e.starts_with("line 200001: the sample has no timestamp")));
}

#[test]
fn series_may_be_sealed_and_forgotten_between_two_samples() {
    let (_dir, store) = store();
    let names = Names::default();
    let mut samples = Samples::new(&store, &names);
    let mut take = |text: &str| {
        let mut batch = Batch::default();
        samples.read(pieces::Piece { bytes: text.as_bytes().to_vec(), first_line: 1 }, &mut batch).unwrap();
        let told = names.append(&store, batch).unwrap();
        store.seal().unwrap();
        told
    };
    take("a{i=\"1\"} 1 0\na{i=\"2\"} 1 0\n");
    take("b 1 1000\n");
    assert_eq!(store.stats().series, 1, "the others were forgotten");
    let told = take("a{i=\"2\"} 2 2000\na{i=\"1\"} 2 2000\na{i=\"2\"} 3 0\n");
    assert_eq!((told.stored, told.out_of_order), (2, 1));
    let expected = ["a{i=\"1\"} 0 1", "a{i=\"1\"} 2000000 2", "a{i=\"2\"} 0 1", "a{i=\"2\"} 2000000 2"];
    assert_eq!(all(&store, "a"), expected);
}
