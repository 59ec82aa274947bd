//! What is read, and what is refused in which words. The words and places are those of Prometheus 3.

use super::{parse, parse_matchers};

#[test]
fn selectors_of_match() {
    let matchers = |s| parse_matchers(s).map(|m| m.len());
    assert_eq!(matchers(r#"up{job="x"}"#).unwrap(), 2);
    assert_eq!(matchers(r#"{__name__=~"proc_.+"}"#).unwrap(), 1);
    assert_eq!(matchers(r#"{"a name", b!="c"}"#).unwrap(), 2);
    // Without a text there is no position in it.
    let empty = parse_matchers("").unwrap_err().to_string();
    assert_eq!(empty, "unknown position: parse error: unexpected end of input");
    assert_eq!(parse_matchers(" ").unwrap_err().to_string(), "1:2: parse error: unexpected end of input");
    for bad in ["", "up[5m]", "up offset 5m", "up @ 1", "sum(up)", "{}", "{a=\"\"}", "up{", "1"] {
        assert!(matchers(bad).is_err(), "{bad}");
    }
}

#[test]
fn the_whole_language_is_read() {
    for text in [
        // Numbers, durations and texts.
        "1_000 + 0x1F - .5e-3 * Inf / nAn ^ 0x1p4 % 0b11 + 5m",
        "\"a\\\"\\n\\x41\\u00e9\"",
        "'it\\'s'",
        "`a\\`",
        // Selectors.
        "x{a=\"b\",c!=\"d\",e=~\"f\",g!~\"h\",}",
        "{\"my.metric\", 'l.n'=`v`, __name__!=\"y\"}",
        "{__name__=\"x\"}",
        "a:b{on=\"c\", sum = 'd' # by\n}",
        "x offset -5m @ 1e3 + x @ end() offset 1h30m - x @ -5 + x @ start()",
        "rate(x[5m] offset 300 @ 0) == bool x",
        "rate(x[1_0])",
        // Words that are names where nothing else can stand.
        "sum + avg - offset offset 5m * by / without % group",
        "and and or or unless unless start - end",
        "anchored + smoothed + fill + fill_left + step + range + max_of + topk{a=\"b\"}",
        "sum by (by, on, offset, bool, group_left, sum, atan2, start, and) (x)",
        "max without (\"l.n\", `a b`,) (x)",
        "SUM BY (a) (x) + sum(x) WITHOUT (a) OR x And x UNLESS x",
        "x + ON (a, b) GROUP_LEFT (c,) y * Ignoring () group_right y > bool on () z",
        "x * on (a) group_left (y) (z)",
        // Subqueries.
        "max_over_time(rate(x[5m])[1h:] offset 1m @ end()) + sum_over_time((1 * x)[5m:10s])",
        // Functions.
        "time() - start() + end() * step() / range() + max_of(1, 2) - min_of(1, 2)",
        "info(x, {}) or info(x) or info(x, {a=~\".*\"})",
        "topk(scalar(x), -+-y) or count_values('v', x) or limit_ratio(-0.5, x)",
        "label_join(x, 'd', '-', 'a', 'b', 'c') or sort_by_label(x) or hour() or round(x, 5)",
        "# only\n1 # a comment",
    ] {
        if let Err(e) = parse(text) {
            panic!("{text}: {e}");
        }
    }
}

#[test]
fn precedence_is_that_of_prometheus() {
    let value = |text: &str| {
        let crate::Value::Scalar { value, .. } =
            crate::instant(&parse(text).unwrap(), 0, &Nothing, &crate::Options::default()).unwrap().value
        else {
            panic!("{text} is no scalar")
        };
        value
    };
    for (text, expected) in [
        ("1 + 2 * 3 ^ 2 ^ 0.5 - 4 % 3", 1.0 + 2.0 * 3f64.powf(2f64.powf(0.5)) - 1.0),
        ("-2 ^ 2", -4.0),
        ("2 ^ -1 * 4", 2.0),
        ("2 ^ -1 ^ 2 ^ 2", 0.5),
        ("8 / 4 / 2", 1.0),
        ("7 - 2 - 1", 4.0),
        ("- - -1 - -+2", 1.0),
        ("-2 * 3 == bool -6", 1.0),
        ("1 + 1 > bool 1 * 1", 1.0),
        ("1 atan2 1 * 4", std::f64::consts::PI),
        ("5m + 0x10 + 010", 324.0),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
}

struct Nothing;

impl crate::Select for Nothing {
    fn select(&self, _: &crate::Selection) -> Result<crate::SeriesSet, crate::SelectError> {
        Ok(crate::SeriesSet::default())
    }
}

#[test]
fn faults_are_named_with_their_place() {
    for (text, message) in [
        ("", "unknown position: parse error: no expression found in input"),
        ("# a comment\n", "1:1: parse error: no expression found in input"),
        ("1 +", "1:4: parse error: unexpected end of input"),
        ("sum(", "1:5: parse error: unclosed left parenthesis"),
        ("sum(x +)", "1:8: parse error: unexpected \")\" in aggregation"),
        ("abs(x +)", "1:8: parse error: unexpected \")\""),
        ("x[5m", "1:5: parse error: unclosed left bracket"),
        ("x\n  y", "2:3: parse error: unexpected identifier \"y\""),
        ("é", "1:1: parse error: unexpected character: 'é'"),
        ("{a=\"é\"} y", "1:10: parse error: unexpected identifier \"y\""),
        (
            "x{a=\"b\" or c=\"d\"}",
            "1:9: parse error: unexpected identifier \"or\" in label matching, expected \",\" or \"}\"",
        ),
        ("x{a=b}", "1:5: parse error: unexpected identifier \"b\" in label matching, expected string"),
        ("x{,}", "1:3: parse error: unexpected \",\" in label matching, expected identifier or \"}\""),
        ("x{a=~\"(\"}", "1:3: parse error: error parsing regexp: missing closing ): `(`"),
        ("{}", "1:1: parse error: vector selector must contain at least one non-empty matcher"),
        ("x{__name__=\"y\"}", "1:1: parse error: metric name must not be set twice: \"x\" or \"y\""),
        ("\"\\z\"", "1:1: parse error: unknown escape sequence U+007A 'z'"),
        ("x[0s]", "1:3: parse error: duration must be greater than 0"),
        ("x[5m][5m]", "1:6: parse error: ranges only allowed for vector selectors"),
        ("x offset 5m[5m]", "1:12: parse error: no offset modifiers allowed before range"),
        (
            "x offset y",
            "1:10: parse error: unexpected identifier \"y\" in offset, expected number, duration, step(), or range()",
        ),
        ("x @ y", "1:5: parse error: unexpected identifier \"y\" in @, expected timestamp"),
        ("x @ 1 @ 2", "1:1: parse error: @ <timestamp> may not be set multiple times"),
        ("x @ Inf", "1:1: parse error: timestamp out of bounds for @ modifier: +Inf"),
        ("sum by x (y)", "1:8: parse error: unexpected identifier \"x\" in grouping opts, expected \"(\""),
        ("sum by (without) (y)", "1:9: parse error: unexpected <without> in grouping opts, expected label"),
        ("topk(x)", "1:1: parse error: wrong number of arguments for aggregate expression provided, expected 2, got 1"),
        ("sum(x,)", "1:6: parse error: trailing commas not allowed in function call args"),
        ("floor(1)", "1:7: parse error: expected type instant vector in call to function \"floor\", got scalar"),
        ("floor()", "1:1: parse error: expected 1 argument(s) in call to \"floor\", got 0"),
        ("nothing_like_it(x)", "1:1: parse error: unknown function with name \"nothing_like_it\""),
        ("1 == 1", "1:3: parse error: comparisons between scalars must use BOOL modifier"),
        ("x > bool on (a) 1", "1:1: parse error: vector matching only allowed between instant vectors"),
        ("x + on (a) group_left (a) y", "1:3: parse error: label \"a\" must not occur in ON and GROUP clause at once"),
        (
            "-x[5m:1m]",
            "1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, \
             got \"range vector\"",
        ),
        ("info(x, y)", "1:9: parse error: expected label selectors only, got vector selector instead"),
        ("x[5m:][5m:]", "1:1: parse error: subquery is only allowed on instant vector, got matrix instead"),
        (&"(".repeat(100), "1:65: parse error: nested deeper than 64 brackets"),
        (&"a or ".repeat(200), "1:1: parse error: nested deeper than 150 levels"),
        (&" ".repeat(300_000), "1:262145: parse error: the query is longer than 262144 bytes"),
        (&"{a=~\"b\"} or ".repeat(101), "1:1202: parse error: more than 100 regular expressions"),
    ] {
        assert_eq!(parse(text).map(|_| ()).unwrap_err().to_string(), message, "{:.80}", text);
    }
}

#[test]
fn what_is_not_evaluated_is_refused_by_name() {
    const FLAG: &str = "is not supported: Prometheus has it behind a feature flag";
    const HISTOGRAMS: &str = "histograms, and samples here are floats";
    for (text, message) in [
        ("rate(x[5m] anchored)", format!("1:12: the modifier \"anchored\" {FLAG}")),
        ("x smoothed", format!("1:3: the modifier \"smoothed\" {FLAG}")),
        ("x + fill(0) y", format!("1:5: the modifier \"fill\" {FLAG}")),
        ("x[5m + 1m]", format!("1:6: a duration expression {FLAG}")),
        ("x offset (5m)", format!("1:10: a duration expression {FLAG}")),
        ("x[step()]", format!("1:3: a duration expression {FLAG}")),
        ("x </ 5", format!("1:3: the operator \"</\" is not supported: it is for native {HISTOGRAMS}")),
        (
            "1 + histogram_avg(x)",
            format!("1:5: the function \"histogram_avg\" is not supported: it works on native {HISTOGRAMS}"),
        ),
        (
            "x{a=\"\\xff\"}",
            "1:5: a text of bytes that are not UTF-8 is not supported: labels here are Unicode".to_owned(),
        ),
    ] {
        assert_eq!(parse(text).map(|_| ()).unwrap_err().to_string(), message, "{text}");
    }
}
