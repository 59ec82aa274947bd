//! PromQL: any text is refused at a place in it, or evaluated within the bounds.
#![no_main]

use procession_openmetrics::{Labels, METRIC_NAME, STALE_NAN};
use procession_promql::{
    Error, Options, Select, SelectError, Selection, SeriesSet, Value, describe_query, format_query, instant,
    matches_all, parse, range,
};
use std::time::{Duration, Instant};

const MAX_SAMPLES: usize = 20_000;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let query = match parse(text) {
        Ok(query) => query,
        Err(e) => return refused(text, &e),
    };
    can_be_written_anew(text);
    let options = Options {
        max_samples: MAX_SAMPLES,
        deadline: Some(Instant::now() + Duration::from_millis(500)),
        ..Options::default()
    };
    for outcome in [instant(&query, 600_000, &Few, &options), range(&query, 500_000, 700_000, 30_000, &Few, &options)] {
        match outcome {
            Ok(outcome) => {
                if let Value::Matrix(set) = outcome.value {
                    assert!(set.sample_count() <= MAX_SAMPLES);
                }
            }
            // Texts and ranges have no values over a range of time.
            Err(Error::Parse { message, .. }) => assert!(message.starts_with("invalid expression type"), "{message}"),
            Err(e) => assert!(!matches!(e, Error::Select(_)), "{e}"),
        }
    }
});

/// What is valid has a tree, and written anew it is valid and stays as it is.
fn can_be_written_anew(text: &str) {
    assert!(describe_query(text).is_ok());
    let anew = format_query(text).unwrap_or_else(|e| panic!("{e}"));
    // Indented, it may be longer than a query may be.
    if anew.len() <= 256 << 10 {
        assert_eq!(format_query(&anew).unwrap_or_else(|e| panic!("{e}")), anew);
    }
}

fn refused(text: &str, e: &Error) {
    let message = e.to_string();
    assert!(!message.is_empty() && !message.contains('\n'), "{message}");
    let (Error::Parse { position, .. } | Error::Unsupported { position, .. }) = e else { return };
    let Some(position) = position else {
        assert!(text.is_empty(), "{message}");
        return;
    };
    let line = text.split('\n').nth(position.line as usize - 1).unwrap_or_else(|| panic!("{message}"));
    assert!((1..=line.len() + 1).contains(&(position.column as usize)), "{message}");
}

/// A few series: counters with gaps and markers, a classic histogram, an info metric.
struct Few;

impl Select for Few {
    fn select(&self, selection: &Selection) -> Result<SeriesSet, SelectError> {
        let series = [
            [(METRIC_NAME, "x"), ("a", "1"), ("b", "2")],
            [(METRIC_NAME, "x"), ("a", "2"), ("b", "2")],
            [(METRIC_NAME, "y"), ("a", "1"), ("b", "3")],
            [(METRIC_NAME, "h_bucket"), ("le", "0.5"), ("a", "1")],
            [(METRIC_NAME, "h_bucket"), ("le", "+Inf"), ("a", "1")],
            [(METRIC_NAME, "target_info"), ("a", "1"), ("job", "2")],
        ];
        let mut set = SeriesSet::default();
        for (i, pairs) in series.iter().enumerate() {
            let labels = Labels::from_pairs(*pairs);
            if !matches_all(&selection.matchers, &labels) {
                continue;
            }
            for (n, time) in (0..=900_000).step_by(30_000).enumerate() {
                if selection.start_ms < time && time <= selection.end_ms && (n + i) % 7 != 0 {
                    let value = if n % 13 == i { STALE_NAN } else { (n * (i + 1) % 17) as f64 };
                    set.push_sample(time, value);
                }
            }
            set.finish_series(labels);
        }
        Ok(set)
    }
}
