//! What the parser reads from each format, and the message for what it refuses.

mod shown;

use procession_openmetrics::Format::{self, OpenMetrics, Text};
use procession_openmetrics::{Entry, Parser};
use shown::shown;

/// Reads a body and compares with one line for each entry; ` ;; ` stands for a line end in `expected`.
#[track_caller]
fn check(format: Format, body: impl AsRef<[u8]>, expected: &str) {
    let body = body.as_ref();
    assert_eq!(shown(body, format).trim_end(), expected.replace(" ;; ", "\n"), "{}", String::from_utf8_lossy(body));
}

/// The same in both formats; the body is without `# EOF`.
#[track_caller]
fn check_both(body: &str, expected: &str) {
    check(Text, body, expected);
    check(OpenMetrics, format!("{body}# EOF\n"), &format!("{expected} ;; EOF"));
}

/// The same error in both formats.
#[track_caller]
fn check_refused(body: impl AsRef<[u8]>, message: &str) {
    for format in [Text, OpenMetrics] {
        check(format, body.as_ref(), &format!("error at {message}"));
    }
}

#[test]
fn reads_series() {
    check_both("a 1\n", "a = 1.0");
    check_both("a{} 1\n", "a = 1.0");
    check_both(":a:b_9 1\n", ":a:b_9 = 1.0");
    check_both("a{b=\"c\",_d=\"\"} 1\n", "a{b=\"c\"} = 1.0");
    check_both("a{c=\"2\",b=\"1\",} 1\n", "a{b=\"1\",c=\"2\"} = 1.0");
    check_both("a{b=\"{}, # =\"} 1\n", "a{b=\"{}, # =\"} = 1.0");
    check_both("a{b=\"\u{e4}\\\\\\\"\\n\\x\"} 1\n", "a{b=\"\u{e4}\\\\\\\"\\n\\\\x\"} = 1.0");
    check_both("a{b=\"\0\"} 1\n", "a{b=\"\0\"} = 1.0");
    check_both("a{b=\"x\\\\\"} 1\na{b=\"\\\"\"} 2\n", "a{b=\"x\\\\\"} = 1.0 ;; a{b=\"\\\"\"} = 2.0");
}

#[test]
fn reads_names_in_quotes() {
    check_both("{\"a.b\"} 1\n", "{\"a.b\"} = 1.0");
    check_both("{\"a\"} 1\n", "a = 1.0");
    check_both("{\"a.b\",c=\"d\",\"l.n\"=\"v\"} 1\n", "{\"a.b\",c=\"d\",\"l.n\"=\"v\"} = 1.0");
    check_both("{c=\"d\",\"a.b\"} 1\n", "{\"a.b\",c=\"d\"} = 1.0");
    check_both("a{\"l n\"=\"v\"} 1\n", "a{\"l n\"=\"v\"} = 1.0");
    check_both("{\"a \\\"b\\\"\\n\",\"\\\\\"=\"v\"} 1\n", "{\"a \\\"b\\\"\\n\",\"\\\\\"=\"v\"} = 1.0");
    check_both("# TYPE \"a.b\" gauge\n# HELP \"a\\\"b\" x\n", "TYPE a.b gauge ;; HELP a\"b \"x\"");
    check_refused("{b=\"c\"} 1\n", "1:1 no metric name");
    check_refused("{} 1\n", "1:1 no metric name");
    check_refused("a{\"b\"} 1\n", "1:3 a second metric name");
    check_refused("{\"a\",\"b\"} 1\n", "1:6 a second metric name");
    check_refused("{\"\"} 1\n", "1:2 the name in quotes is empty");
    check_refused("a{\"\"=\"x\"} 1\n", "1:3 the name in quotes is empty");
    check_refused("{\"a\",\"b = \"c\"}\n", "1:12 expected `=` behind the label name, found `c`");
}

#[test]
fn reads_values() {
    check_both("a 1.5e+06\na -0.25\na +7\na 0042\n", "a = 1500000.0 ;; a = -0.25 ;; a = 7.0 ;; a = 42.0");
    check_both("a NaN\na +Inf\na -Inf\na inf\n", "a = NaN ;; a = inf ;; a = -inf ;; a = inf");
    check_refused("a true\n", "1:3 `true` is not a number");
    check_refused("a 0x1p-3\n", "1:3 `0x1p-3` is not a number: hexadecimal is not allowed");
    check_refused("a 1_2\n", "1:3 `1_2` is not a number");
    check_refused("a 1e999\n", "1:3 `1e999` is too big for a 64-bit float");
    check_refused("a{b=\"\u{e4}\u{f6}\"} x\n", "1:11 `x` is not a number");
}

#[test]
fn reads_timestamps() {
    check(Text, "a 1 1520879607789\na 1 0\na 1 -5\n", "a = 1.0 @1520879607789 ;; a = 1.0 @0 ;; a = 1.0 @-5");
    check(
        OpenMetrics,
        "a 1 1520879607.789\na 1 0\na 1 -0.005\na 1 1.5e3\na 1 1e300\n# EOF\n",
        "a = 1.0 @1520879607789 ;; a = 1.0 @0 ;; a = 1.0 @-5 ;; a = 1.0 @1500000 ;; a = 1.0 @9223372036854775807 ;; EOF",
    );
    check(Text, "a 1 1.5\n", "error at 1:5 `1.5` is not a timestamp, which is a whole number of milliseconds");
    check(
        Text,
        "a 1 9223372036854775808\n",
        "error at 1:5 `9223372036854775808` is not a timestamp, which is a whole number of milliseconds",
    );
    check(Text, "a 1 2 3\n", "error at 1:7 expected the end of the line, found `3`");
    check(OpenMetrics, "a 1 NaN\n", "error at 1:5 `NaN` is not a timestamp");
    check(OpenMetrics, "a 1 -Inf\n", "error at 1:5 `-Inf` is not a timestamp");
    check(OpenMetrics, "a 1 1z\n", "error at 1:5 `1z` is not a number");
    check(
        OpenMetrics,
        "a 1 2 3\n",
        "error at 1:6 expected the end of the line or an exemplar, ` # {...} value`, found a space",
    );
}

#[test]
fn reads_metadata() {
    check(
        Text,
        "# HELP a Two\\nlines \\\\ \\\" \\x.\n#\t TYPE a counter\n# HELP b\n# HELP c   \n# TYPE d untyped\n# TYPE e  gauge \n",
        "HELP a \"Two\\nlines \\\\ \\\\\\\" \\\\x.\" ;; TYPE a counter ;; HELP b \"\" ;; HELP c \"\" ;; TYPE d unknown ;; TYPE e gauge",
    );
    check(
        OpenMetrics,
        "# HELP a Two\\nlines \\\\ \\\" \\x.\n# TYPE a_s stateset\n# UNIT a_s s\n# UNIT b \n# HELP c \n# EOF",
        "HELP a \"Two\\nlines \\\\ \\\" \\\\x.\" ;; TYPE a_s stateset ;; UNIT a_s s ;; UNIT b  ;; HELP c \"\" ;; EOF",
    );
    check_both("# HELP a x\0y \u{2603}\n", "HELP a \"x\\0y \u{2603}\"");
    for kind in ["counter", "gauge", "histogram", "summary"] {
        check_both(&format!("# TYPE a {kind}\n"), &format!("TYPE a {kind}"));
    }
    for kind in ["gaugehistogram", "info", "stateset", "unknown"] {
        check(OpenMetrics, format!("# TYPE a {kind}\n# EOF\n"), &format!("TYPE a {kind} ;; EOF"));
        check(
            Text,
            format!("# TYPE a {kind}\n"),
            &format!("error at 1:10 expected counter, gauge, histogram, summary or untyped, found `{kind}`"),
        );
    }
    check(
        OpenMetrics,
        "# TYPE a untyped\n",
        "error at 1:10 expected the name of a metric type, such as counter, found `untyped`",
    );
    check(
        OpenMetrics,
        "# TYPE a gauge \n",
        "error at 1:10 expected the name of a metric type, such as counter, found `gauge `",
    );
    check(OpenMetrics, "# UNIT a_seconds ms\n", "error at 1:18 the unit `ms` is not the last part of the name");
    check(
        OpenMetrics,
        "# UNIT aseconds seconds\n",
        "error at 1:17 the unit `seconds` is not the last part of the name",
    );
    check(OpenMetrics, "# HELP  a x\n", "error at 1:8 expected a metric name behind HELP, found a space");
    check(Text, "# HELP #\n", "error at 1:8 expected a metric name behind HELP, found `#`");
    check(Text, "# TYPE \n", "error at 1:8 expected a metric name behind TYPE, found the end of the line");
}

#[test]
fn text_has_comments_and_blanks() {
    check(Text, "", "");
    check(Text, "\n  \n\t\n", "");
    check(Text, "#\n# EOF\n#HELP a x\n# HELP\n# HELPER a\n# UNIT a b\n# x\n  # HELP a x\n", "HELP a \"x\"");
    check(Text, "# HELP a.b A name that no sample can have.\na 1\n", "a = 1.0");
    check(Text, b"# \xff is not looked at\na 1\n", "a = 1.0");
    check(Text, "a 1", "a = 1.0");
    check(Text, " a \t 1 \t 2 \t \n", "a = 1.0 @2");
    check(Text, "a{b=\"c\"}1\n", "a{b=\"c\"} = 1.0");
    check(Text, "a { b = \"c\" , d\t=\t\"e\" , } 1\n", "a{b=\"c\",d=\"e\"} = 1.0");
    check(Text, "a{b=\"c\" d=\"e\"} 1\n", "a{b=\"c\",d=\"e\"} = 1.0");
    check(Text, "{ \"a.b\" , c=\"d\" } 1\n", "{\"a.b\",c=\"d\"} = 1.0");
    check(Text, "a{b=\"x\ny\"} 1\n", "a{b=\"x\\ny\"} = 1.0");
    check(Text, "a 1 # {b=\"c\"} 1\n", "error at 1:5 `#` is not a timestamp, which is a whole number of milliseconds");
    check(
        Text,
        "a 1\n\0",
        "a = 1.0 ;; error at 2:1 expected a metric name, `#` or a blank line, found the character \\u{0}",
    );
}

#[test]
fn openmetrics_has_neither() {
    check(OpenMetrics, "a 1\n\n# EOF\n", "a = 1.0 ;; error at 2:1 blank lines are not allowed");
    for comment in ["#\n", "# x\n", "#  TYPE a counter\n", "#\tTYPE a counter\n", "# TYPES a counter\n"] {
        let message =
            "error at 1:1 expected `# TYPE `, `# HELP `, `# UNIT ` or `# EOF`; other comments are not allowed";
        check(OpenMetrics, comment, message);
    }
    check(OpenMetrics, " a 1\n", "error at 1:1 expected a metric name or `# `, found a space");
    check(OpenMetrics, "a\t1\n", "error at 1:2 expected one space and a value, found a tab");
    check(OpenMetrics, "a  1\n", "error at 1:3 expected a value, found a space");
    check(OpenMetrics, "a 1 \n", "error at 1:5 expected a timestamp, found the end of the line");
    check(OpenMetrics, "a{b=\"c\"}1\n", "error at 1:9 expected one space and a value, found `1`");
    check(OpenMetrics, "a{ b=\"c\"} 1\n", "error at 1:3 expected a label name or `}`, found a space");
    check(
        OpenMetrics,
        "a{b=\"c\" d=\"e\"} 1\n",
        "error at 1:8 expected `,` or `}` behind the label value, found a space",
    );
    check(OpenMetrics, "a{b=\"x\ny\"} 1\n", "error at 1:5 the quotes that open here do not close on this line");
}

#[test]
fn openmetrics_ends_with_eof() {
    const MESSAGE: &str = "the exposition does not end with `# EOF`: it is cut off, or not OpenMetrics";
    check(OpenMetrics, "# EOF", "EOF");
    check(OpenMetrics, "# EOF\n", "EOF");
    check(OpenMetrics, "", &format!("error at 1:1 {MESSAGE}"));
    check(OpenMetrics, "a 1\n", &format!("a = 1.0 ;; error at 2:1 {MESSAGE}"));
    for cut in ["a 1", "a 1 2", "a 1 # {} 4", "# HELP a x", "# TYPE a coun", "# EO", "#"] {
        check(OpenMetrics, cut, &format!("error at 1:{} {MESSAGE}", cut.len() + 1));
    }
    for (behind, position) in [("\n", "2:1"), ("a 1\n", "2:1"), ("# EOF\n", "2:1")] {
        check(OpenMetrics, format!("# EOF\n{behind}"), &format!("error at {position} data behind `# EOF`"));
    }
    check(OpenMetrics, "# EOFa 1", "error at 1:6 data behind `# EOF`");
}

#[test]
fn reads_exemplars() {
    check(
        OpenMetrics,
        "a_total 1 # {} 0.5\na_total 1 2 # {b=\"c # \",} -1 3.25\na_total 1 # {\"l.n\"=\"v\"} 4 -1\n# EOF\n",
        "a_total = 1.0 # {} 0.5 ;; a_total = 1.0 @2000 # {b=\"c # \"} -1.0 @3250 ;; a_total = 1.0 # {\"l.n\"=\"v\"} 4.0 @-1000 ;; EOF",
    );
    let end = "expected the end of the line or an exemplar, ` # {...} value`";
    for (line, message) in [
        ("a 1 #", format!("1:4 {end}, found a space")),
        ("a 1 # {", "1:8 expected a label name or `}`, found the end of the line".to_owned()),
        ("a 1 # {a=b} 1", "1:10 expected a label value in double quotes, found `b`".to_owned()),
        ("a 1 # {a=\"b\"}", "1:14 expected one space and a value, found the end of the line".to_owned()),
        ("a 1 # {\"b\"} 1", "1:11 expected `=` behind the label name, found `}`".to_owned()),
        ("a 1 # {a=\"b\",,c=\"d\"} 1", "1:14 expected a label name or `}`, found `,`".to_owned()),
        ("a 1 # {} true", "1:10 `true` is not a number".to_owned()),
        ("a 1 # {} 1 NaN", "1:12 `NaN` is not a timestamp".to_owned()),
        ("a 1 # {} 1 1 1", "1:13 expected the end of the line, found a space".to_owned()),
        ("a 1 # {a=\"1\",a=\"2\"} 1", "1:14 the label `a` stands twice".to_owned()),
    ] {
        check(OpenMetrics, format!("{line}\n"), &format!("error at {message}"));
    }
}

#[test]
fn refuses_broken_series() {
    check_refused("a{b='c'} 1\n", "1:5 expected a label value in double quotes, found `'`");
    check_refused("a{b=c} 1\n", "1:5 expected a label value in double quotes, found `c`");
    check_refused("a{b} 1\n", "1:4 expected `=` behind the label name, found `}`");
    check_refused("a{b\"c\"} 1\n", "1:4 expected `=` behind the label name, found `\"`");
    check_refused("a{=\"c\"} 1\n", "1:3 expected a label name or `}`, found `=`");
    check_refused("a{,b=\"c\"} 1\n", "1:3 expected a label name or `}`, found `,`");
    check_refused("a{b=\"c\",,d=\"e\"} 1\n", "1:9 expected a label name or `}`, found `,`");
    check_refused("a{1=\"c\"} 1\n", "1:3 expected a label name or `}`, found `1`");
    check_refused("a{a:b=\"c\"} 1\n", "1:4 expected `=` behind the label name, found `:`");
    check_refused("a{b=\"c\"\n", "1:8 expected `,` or `}` behind the label value, found the end of the line");
    check_refused("a{b=\"c\",\n", "1:9 expected a label name or `}`, found the end of the line");
    check_refused("{a}0\n", "1:3 expected `=` behind the label name, found `}`");
    check_refused(b"a{\xff=\"c\"} 1\n", "1:3 expected a label name or `}`, found the byte 0xff, which is not UTF-8");
    check_refused(b"a{b=\"x\xff\"} 1\n", "1:7 the byte 0xff, which is not UTF-8, in a text that must be");
    check_refused(b"{\"\xc3\x28\"} 1\n", "1:3 the byte 0xc3, which is not UTF-8, in a text that must be");
    check_refused(b"# HELP a \xff\n", "1:10 the byte 0xff, which is not UTF-8, in a text that must be");
    check_refused("a{b=\"1\",c=\"2\",b=\"3\"} 1\n", "1:15 the label `b` stands twice");
    check_refused("a{b=\"1\",\"b\"=\"1\"} 1\n", "1:10 the label `b` stands twice");
    check_refused("a{__name__=\"b\"} 1\n", "1:3 the label `__name__` stands twice");
    check(Text, "a 1\n9 1\n", "a = 1.0 ;; error at 2:1 expected a metric name, `#` or a blank line, found `9`");
    check(Text, "a.b 1\n", "error at 1:2 `.b` is not a number");
    check(Text, "a{b=\"c\" \"d\" } 1\n", "error at 1:9 a second metric name");
}

#[test]
fn refuses_what_is_cut_or_mangled() {
    check(Text, "a", "error at 1:2 expected a value, found the end of the body");
    check(Text, "a{b=\"c\"}", "error at 1:9 expected a value, found the end of the body");
    check(Text, "a{b=\"c", "error at 1:5 the quotes that open here do not close");
    check(Text, "a{b=\"c\\", "error at 1:5 the quotes that open here do not close");
    check(Text, "a 1\r\n", "error at 1:3 the line ends with a carriage return; lines end with \\n alone");
    check(OpenMetrics, "a 1\r\n", "error at 1:3 the line ends with a carriage return; lines end with \\n alone");
    check(Text, "a 1 2\r\n", "error at 1:5 the line ends with a carriage return; lines end with \\n alone");
    check(Text, "\u{feff}a 1\n", "error at 1:1 expected a metric name, `#` or a blank line, found a byte order mark");
    check(Text, "<html>\n", "error at 1:1 expected a metric name, `#` or a blank line, found `<`");
    // The quotes of line 2 close on line 3, where nothing makes sense any more.
    check(
        Text,
        "a 1\na{b=\"c} 1\na{b=\"d\"} 2\n",
        "a = 1.0 ;; error at 2:5 quotes do not close on this line; read on, expected `=` behind the label name, found `\"`",
    );
}

#[test]
fn stops_after_an_error() {
    let mut parser = Parser::new(b"a 1\nb\nc 1\n", Text);
    assert!(parser.next_entry().unwrap().is_some());
    assert!(parser.next_entry().is_err());
    assert!(parser.next_entry().unwrap().is_none());
}

#[test]
fn gives_the_series_as_it_is_written() {
    let body = "a 1\na {b = \"\\\\\"}2\n{\"c\"} 3\n";
    let series: Vec<_> = Parser::new(body.as_bytes(), Text)
        .map(|entry| match entry.unwrap() {
            Entry::Sample(sample) => sample.series,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(series, ["a", "a {b = \"\\\\\"}", "{\"c\"}"]);
}

#[test]
fn a_sample_knows_its_place() {
    let body = b"# HELP a x\n a{b=\"c\"} 1\n";
    let Some(Ok(Entry::Sample(sample))) = Parser::new(body, Text).nth(1) else { panic!() };
    assert_eq!(sample.error("too many labels").to_string(), "line 2, column 2: too many labels");
    assert_eq!(
        format!("{sample:?}"),
        r#"Sample { series: "a{b=\"c\"}", value: 1.0, timestamp_ms: None, exemplar: None }"#
    );
}
