//! What strict validation says: one case for each rule.

use procession_openmetrics::Format::{self, OpenMetrics, Text};
use procession_openmetrics::{Summary, validate};

/// Validates and compares all errors, `line:column message`, with ` ;; ` between them; none means valid.
#[track_caller]
fn check(format: Format, body: &str, expected: &str) {
    let errors = validate(body.as_bytes(), format).err().unwrap_or_default();
    let shown: Vec<_> = errors.iter().map(|e| format!("{}:{} {}", e.line, e.column, e.message)).collect();
    assert_eq!(shown.join(" ;; "), expected, "{body}");
}

/// OpenMetrics without its last line.
#[track_caller]
fn om(body: &str, expected: &str) {
    check(OpenMetrics, &format!("{body}# EOF\n"), expected);
}

#[track_caller]
fn text(body: &str, expected: &str) {
    check(Text, body, expected);
}

#[test]
fn counts_what_it_sees() {
    let body = "# TYPE a counter\na_total 1 # {} 1\nb 1\nb{c=\"d\"} 2\n# HELP e Nothing yet.\n# EOF\n";
    let expected = Summary { families: 3, samples: 3, exemplars: 1 };
    assert_eq!(validate(body.as_bytes(), OpenMetrics), Ok(expected));
    assert_eq!(validate(b"", Text), Ok(Summary::default()));
}

#[test]
fn families_stand_in_one_piece() {
    om("# TYPE a gauge\na 1\nb 1\na{c=\"d\"} 1\n", "4:1 the metric family `a` stands in two places");
    om("# HELP a x\n# HELP b x\n# TYPE a gauge\n", "3:1 the metric family `a` stands in two places");
    om("a 1\n# TYPE a gauge\n", "2:1 the TYPE line of `a` stands behind its samples");
    om("# HELP a x\n# HELP a x\n", "2:1 a second HELP line for `a`");
    om(
        "# TYPE a counter\na_total 1\nb 1\na_created 1\n",
        "4:1 `a_created` stands apart from the rest of the metric family `a`",
    );
    om(
        "# TYPE a_sum gauge\na_sum 1\n# TYPE a summary\na_count 1\n",
        "3:1 `a_sum` could be a sample of both `a_sum` and `a`",
    );
    om("# TYPE a gauge\na_total 1\n", "");
    text("# TYPE a counter\na 1\nb 1\na{c=\"d\"} 1\n", "4:1 the metric family `a` stands in two places");
    text("a 1\n# HELP a x\n", "2:1 the HELP line of `a` stands behind its samples");
    text(
        "# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_count 1\nb 1\na_sum 1\n",
        "5:1 `a_sum` stands apart from the rest of the metric family `a`",
    );
}

#[test]
fn samples_are_named_by_type() {
    om("# TYPE a counter\na_total 1\na_created 1\n", "");
    om(
        "# TYPE a_total counter\na_total 1\n",
        "2:1 `a_total` is no sample of the counter `a_total`, whose samples are named `a_total_total`, `a_total_created`",
    );
    om("# TYPE a info\na_info{b=\"c\"} 1\n", "");
    om("# TYPE a info\na 1\n", "2:1 `a` is no sample of the info `a`, whose samples are named `a_info`");
    om("# TYPE a counter\na_created 1\n", "2:1 a counter without its `_total`");
    text("# TYPE a_total counter\na_total 1\n# TYPE a_created gauge\na_created 1\n", "");
    text(
        "# TYPE a histogram\na 1\n",
        "2:1 `a` is no sample of the histogram `a`, whose samples are named `a_bucket`, `a_count`, `a_sum`",
    );
}

#[test]
fn units_end_the_name() {
    om("# TYPE a_seconds gauge\n# UNIT a_seconds seconds\na_seconds 1\n", "");
    om("# UNIT a seconds\n", "1:10 the unit `seconds` is not the last part of the name");
    om("# TYPE a_s stateset\n# UNIT a_s s\n", "1:1 the stateset `a_s` has a unit");
    om("# UNIT a_s s\n# UNIT a_s s\n", "2:1 a second UNIT line for `a_s`");
}

#[test]
fn counters_count() {
    for (kind, name) in [("counter", "a_total"), ("summary", "a_count"), ("summary", "a_sum")] {
        for value in ["-1", "NaN", "-Inf"] {
            let column = name.len() + 2;
            om(
                &format!("# TYPE a {kind}\n{name} {value}\n"),
                &format!("2:{column} `{name}` must not be negative or NaN"),
            );
        }
    }
    om("# TYPE a summary\na_count 1.5\n", "2:9 `a_count` counts, so it must be a whole number");
    om("# TYPE a counter\na_total 1.5\n", "");
    om("# TYPE a counter\na_total 1\na_created NaN\n", "3:11 `a_created` must be a time");
    om("# TYPE a gauge\na{b=\"1\"} -1\na{b=\"2\"} NaN\n", "");
    text("# TYPE a counter\na -1\n", "2:3 `a` must not be negative or NaN");
}

#[test]
fn buckets_are_ordered_and_cumulative() {
    const HEAD: &str = "# TYPE a histogram\n";
    let bucket = |le: &str, value: &str| format!("a_bucket{{le=\"{le}\"}} {value}\n");
    let of = |buckets: &[(&str, &str)], rest: &str| {
        HEAD.to_owned() + &buckets.iter().map(|(le, value)| bucket(le, value)).collect::<String>() + rest
    };
    om(&of(&[("1", "1"), ("1e1", "1"), ("+Inf", "2")], "a_count 2\na_sum 3\na_created 1\n"), "");
    om(&of(&[("1", "1")], ""), "2:1 the histogram has no bucket le=\"+Inf\"");
    text(&of(&[("1", "1")], "a_count 1\n"), "2:1 the histogram has no bucket le=\"+Inf\"");
    for format in [om, text] {
        format(
            &of(&[("2", "1"), ("1", "1"), ("+Inf", "2")], "a_count 2\na_sum 1\n"),
            "3:1 buckets must stand in increasing order of `le`, each once",
        );
        format(
            &of(&[("1", "1"), ("1.0", "1"), ("+Inf", "2")], "a_count 2\na_sum 1\n"),
            "3:1 buckets must stand in increasing order of `le`, each once",
        );
        format(
            &of(&[("1", "3"), ("+Inf", "2")], "a_count 2\na_sum 1\n"),
            "3:21 `a_bucket` is smaller than the bucket before it; buckets are cumulative",
        );
        format(
            &of(&[("+Inf", "2")], "a_count 3\na_sum 1\n"),
            "3:1 the count is 3, the bucket le=\"+Inf\" is 2; they must be equal",
        );
        for le in ["NaN", "x", "+INF", "Inf", ""] {
            // The empty label is none.
            let message = if le.is_empty() {
                "2:1 `a_bucket` has no label `le`".to_owned()
            } else {
                format!("2:1 le=\"{le}\" is not the upper bound of a bucket: a number or +Inf")
            };
            format(&of(&[(le, "1"), ("+Inf", "2")], "a_count 2\na_sum 1\n"), &message);
        }
    }
    om(&of(&[("+Inf", "1.5")], ""), "2:21 `a_bucket` counts, so it must be a whole number");
    om(&of(&[("+Inf", "2")], "a_sum 1\n"), "3:1 a histogram with `_sum` must have `_count`");
    om(&of(&[("+Inf", "2")], "a_count 2\n"), "3:1 a histogram with `_count` must have `_sum`");
    om(&of(&[("+Inf", "2")], "a_count 2\na_sum -1\n"), "4:1 the sum must not be negative where no bucket's bound is");
    om(&of(&[("+Inf", "2")], "a_count 2\na_sum NaN\n"), "4:1 the sum of a histogram must not be NaN");
    om(
        &of(&[("-1", "1"), ("+Inf", "2")], "a_count 2\na_sum 1\n"),
        "5:1 a histogram with negative bounds must not have a sum: it would not be a counter",
    );
    om(&of(&[("-1", "1"), ("+Inf", "2")], "").replace(" histogram", " gaugehistogram"), "");
    om("# TYPE a gaugehistogram\na_bucket{le=\"-1\"} 1\na_bucket{le=\"+Inf\"} 2\na_gcount 2\na_gsum -3\n", "");
    om(
        &of(&[("+Inf", "2")], "a_count{le=\"1\"} 2\n"),
        "3:1 `a_count` must not have a label `le` ;; 3:1 the histogram has no bucket le=\"+Inf\"",
    );
    text(&of(&[("+Inf", "2")], ""), "2:1 the histogram has no `_count`");
    text(&of(&[("+Inf", "2")], "a_count 2\n"), "");
    // In the text format the samples of several histograms may be mixed.
    text(
        "# TYPE a histogram\na_bucket{b=\"1\",le=\"+Inf\"} 1\na_bucket{b=\"2\",le=\"+Inf\"} 2\na_count{b=\"1\"} 1\na_count{b=\"2\"} 2\n",
        "",
    );
}

#[test]
fn summaries_have_quantiles() {
    om("# TYPE a summary\na{quantile=\"0.5\"} NaN\na{quantile=\"0\"} 1\na_count 1\na_sum 1\n", "");
    om("# TYPE a summary\na 1\n", "2:1 `a` has no label `quantile`");
    for quantile in ["-1", "1.01", "NaN", "x"] {
        let message = format!("2:1 quantile=\"{quantile}\" is not a number from 0 to 1");
        om(&format!("# TYPE a summary\na{{quantile=\"{quantile}\"}} 1\n"), &message);
        text(&format!("# TYPE a summary\na{{quantile=\"{quantile}\"}} 1\n"), &message);
    }
    om("# TYPE a summary\na{quantile=\"0\"} -1\n", "2:17 `a` is a quantile and must not be negative");
    om("# TYPE a summary\na_sum{quantile=\"0\"} 1\n", "2:1 `a_sum` must not have a label `quantile`");
    text(
        "# TYPE a summary\na{quantile=\"0.9\"} 1\na{quantile=\"0.5\"} 1\n",
        "3:1 quantiles must stand in increasing order",
    );
}

#[test]
fn infos_and_states_are_booleans() {
    om("# TYPE a info\na_info{b=\"1\"} 1\na_info{b=\"2\"} 1.0\na_info{b=\"3\"} 2\n", "4:15 `a_info` must be 1");
    om("# TYPE a info\na_info{b=\"1\"} 1 1\na_info{b=\"2\"} 1 1\na_info{b=\"1\"} 1 2\n", "");
    om("# TYPE a stateset\na{a=\"x\"} 0\na{a=\"y\"} 1\na{a=\"z\"} 0.5\n", "4:10 `a` must be 0 or 1");
    om("# TYPE a stateset\na{b=\"x\"} 0\n", "2:1 `a` has no label `a`");
}

#[test]
fn exemplars_are_short_and_in_their_bucket() {
    om("# TYPE a counter\na_total 1 # {} -5\n", "");
    om("# TYPE a gauge\na 1 # {} 1\n", "2:7 only counters (`_total`) and buckets have exemplars");
    om("# TYPE a summary\na_count 1 # {} 1\n", "2:13 only counters (`_total`) and buckets have exemplars");
    om(
        "# TYPE a histogram\na_bucket{le=\"1\"} 1 # {} 1.5\na_bucket{le=\"+Inf\"} 1 # {} 9\n",
        "2:25 the exemplar's value is above the bucket's upper bound",
    );
    for (chars, expected) in [(128, ""), (129, "2:13 the exemplar's labels have 129 characters, 128 are allowed")] {
        om(&format!("# TYPE a counter\na_total 1 # {{b=\"{}\"}} 1\n", "\u{e4}".repeat(chars - 1)), expected);
    }
    om("# TYPE a counter\na_total 1 # {b=\"1\",} 1\n", "2:19 a comma behind the last label");
    om("# TYPE a counter\na_total 1 # {b=\"1\",b=\"2\"} 1\n", "2:20 the label `b` stands twice");
}

#[test]
fn metrics_stand_in_one_piece_and_in_time() {
    om("a{b=\"1\"} 1 1\na{b=\"1\"} 1 2\na{b=\"2\"} 1 1\n", "");
    om("a 1 1\na 1 1\na 1 1.0001\n", "");
    om("a 1 1.0002\na 1 1.0001\n", "2:5 the timestamp is before that of the sample above");
    om("a 1 -1\na 1 -1.5\n", "2:5 the timestamp is before that of the sample above");
    om("a 1 1\na 1\n", "2:1 the series `a` stands twice");
    om("# TYPE a counter\na_total 1 1\na_created 1\n", "3:1 samples of one metric with and without timestamps");
    om(
        "a{b=\"1\"} 1 1\na{b=\"2\"} 1 1\na{b=\"1\"} 1 2\n",
        "3:1 the samples of one metric of `a` do not stand together",
    );
    om("a{b=\"1\",c=\"2\"} 1\na{c=\"2\",b=\"1\"} 1\n", "2:1 the series `a{c=\"2\",b=\"1\"}` stands twice");
    om("a 1\na{b=\"\"} 1\n", "2:1 the series `a{b=\"\"}` stands twice");
    om(
        "# TYPE a histogram\na_bucket{le=\"+Inf\"} 1 1\na_bucket{le=\"+Inf\"} 2 2\na_count 3 2\na_sum 1 2\n",
        "4:1 the count is 3, the bucket le=\"+Inf\" is 2; they must be equal",
    );
    text("a 1 1\na 1 2\n", "2:1 the series `a` stands twice");
    text("a 1\nb 1\n", "");
}

#[test]
fn the_letter_of_the_format_counts() {
    om("a{b=\"1\",} 1\n", "1:8 a comma behind the last label");
    om("a{_b=\"1\"} 1\n", "1:1 the label name `_b` is reserved: it begins with an underscore");
    om("_a 1\n", "1:1 the name `_a` is reserved: it begins with an underscore");
    om("# HELP a x\r\na 1\n", "1:11 a carriage return; lines end with \\n alone");
    om("{\"a.b\",\"l.n\"=\"v\"} 1\n", "");
    check(OpenMetrics, "\u{feff}# EOF\n", "1:1 a byte order mark is not allowed");
    text("a{b=\"1\",} 1\n", "");
    text("a{b=\"1\" c=\"2\"} 1\n", "1:9 no comma before this label");
    text("{\"a\" , b=\"1\"} 1\n", "");
    text("a{b=\"x\ny\"} 1\n", "1:7 a line feed inside quotes, which must be written `\\n`");
    text("a{__b=\"1\"} 1\n", "1:1 the label name `__b` is reserved: it begins with an underscore");
    text("a{_b=\"1\"} 1\n", "");
    text("a 1", "1:4 the last line does not end with a line feed: it may be cut off");
    let errors = validate(b"# \xff\na 1\n", Text).unwrap_err();
    assert_eq!(errors[0].to_string(), "line 1, column 3: a byte that is not UTF-8");
}

#[test]
fn errors_are_sorted_and_bounded() {
    om(
        "# TYPE a histogram\na_bucket{le=\"1\"} -1\n# TYPE b gauge\nb 1 x\n",
        "2:1 the histogram has no bucket le=\"+Inf\" ;; 2:18 `a_bucket` must not be negative or NaN ;; 4:5 `x` is not a number",
    );
    let name = "\u{e4}\\n".repeat(10_000);
    let body = format!("# TYPE \"{name}\" counter\n{{\"{name}\",\"{name}\"=\"\"}} -1\n").repeat(2);
    for e in validate(body.as_bytes(), Text).unwrap_err() {
        assert!(e.message.len() < 1000 && !e.message.contains('\n'), "{e}");
    }
    let body: String = (0..1000).map(|i| format!("a{i} -1\n# TYPE a{i} counter\n")).collect();
    assert_eq!(validate(body.as_bytes(), Text).unwrap_err().len(), 100);
}
