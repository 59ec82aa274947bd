//! Queries written anew, and what they consist of.

use super::{describe_query, format_query, parse};

fn check(query: &str, expected: &str) {
    let formatted = format_query(query).unwrap_or_else(|e| panic!("{query}: {e}"));
    assert_eq!(formatted, expected, "{query}");
    // What was written anew stays as it is.
    assert_eq!(format_query(&formatted).unwrap(), expected, "{formatted}");
}

#[test]
fn on_one_line() {
    for (query, expected) in [
        ("1+2 *3", "1 + 2 * 3"),
        ("((x))", "((x))"),
        ("-x ^ + 2", "-x ^ 2"),
        ("- 5m", "-5m"),
        ("-(1)", "-(1)"),
        ("Inf - nan", "+Inf - NaN"),
        ("-Inf ^ 2 ^ Inf", "-Inf ^ 2 ^ +Inf"),
        ("1e25 + 1E-9 + 0x1f", "10000000000000000000000000 + 0.000000001 + 31"),
        ("x[90m:] offset 26h @ 12.3456", "x[1h30m:] @ 12.346 offset 1d2h"),
        ("x[730d:1500ms] @ start () offset - 14d", "x[2y:1s500ms] @ start() offset -2w"),
        ("x[15d] offset 0s @ end()", "x[15d] @ end()"),
        ("{b='2', a=~\"1\", c!~'.+', d != `\\`}", "{a=~\"1\",b=\"2\",c!~\".+\",d!=\"\\\\\"}"),
        ("x{}", "x"),
        ("{'x.y', z=\"\u{7}é\u{a0}\u{301}\u{10ffff}\"}", "{__name__=\"x.y\",z=\"\\aé\\u00a0\u{301}\\U0010ffff\"}"),
        ("x{'b c'='\"'}", "x{\"b c\"=\"\\\"\"}"),
        ("SUM(x)by(b,a,'c d')", "sum by (b, a, \"c d\") (x)"),
        ("sum by () (x)", "sum(x)"),
        ("sum without () (x)", "sum without () (x)"),
        ("topk(3,x)", "topk(3, x)"),
        ("count_values('v',x)", "count_values(\"v\", x)"),
        ("rate(x[5m])", "rate(x[5m])"),
        ("time( )", "time()"),
        ("label_replace(x,'a','$1','b','(.*)')", "label_replace(x, \"a\", \"$1\", \"b\", \"(.*)\")"),
        ("x==bool 1", "x == bool 1"),
        ("x+ignoring()y", "x + y"),
        ("x+on()y", "x + on () y"),
        ("x*on(a)group_left y", "x * on (a) group_left () y"),
        ("x * ignoring() group_right(b) y", "x * ignoring () group_right (b) y"),
        ("x and on(a)y unless z", "x and on (a) y unless z"),
        ("histogram_avg(x)", "histogram_avg(x)"),
    ] {
        check(query, expected);
    }
}

#[test]
fn over_several_lines() {
    let (long, other) = ("a".repeat(60), "b".repeat(60));
    check(
        &format!("sum by (c) (rate({long}[5m]) / on(c) group_left(d) (rate({other}[5m] offset 1h)))"),
        &format!("sum by (c) (\n    rate({long}[5m])\n  / on (c) group_left (d)\n    (rate({other}[5m] offset 1h))\n)"),
    );
    check(
        &format!("quantile(0.9, -({long} + {other}))"),
        &format!("quantile(\n  0.9,\n  -(\n      {long}\n    +\n      {other}\n  )\n)"),
    );
    check(
        &format!("max_over_time(label_join({long}, \"c\", \"\", \"{other}\")[1h:5m] @ end())"),
        &format!(
            "max_over_time(\n  label_join(\n    {long},\n    \"c\",\n    \"\",\n    \"{other}\"\n  )[1h:5m] @ end()\n)"
        ),
    );
    // As long as a line may be.
    let exactly = format!("{long} + {}", "b".repeat(37));
    check(&exactly, &exactly);
    check(&format!("{exactly}b"), &format!("  {long}\n+\n  {}", "b".repeat(38)));
}

#[test]
fn wrong_ones_are_refused_as_anywhere() {
    for query in ["", "x{", "rate(x)", "nosuch(x)", "\"a\" + 1"] {
        let expected = parse(query).unwrap_err().to_string();
        assert_eq!(format_query(query).unwrap_err().to_string(), expected);
        assert_eq!(describe_query(query).unwrap_err().to_string(), expected);
    }
}

#[test]
fn means_the_same() {
    for query in ["a + b * c ^ d ^ -e", "a unless (b or c) and d", "-a ^ 2", "2 ^ -a", "a @ 5 offset 5m > bool b"] {
        let again = format_query(query).unwrap();
        // The places of the parts differ, what they are does not.
        assert_eq!(describe_query(query).unwrap(), describe_query(&again).unwrap(), "{query}: {again}");
    }
}

#[test]
fn parts_are_described() {
    let described = |query: &str| describe_query(query).unwrap();
    assert_eq!(described("1"), serde_json::json!({"type": "numberLiteral", "val": "1"}));
    let selector = described("x{a=~\"b|c\"} @ start() offset 5m");
    assert_eq!(
        selector,
        serde_json::json!({
            "type": "vectorSelector", "name": "x", "offset": 300_000, "offsetExpr": null,
            "matchers": [
                {"name": "a", "value": "b|c", "type": "=~"},
                {"name": "__name__", "value": "x", "type": "="},
            ],
            "timestamp": null, "startOrEnd": "start", "anchored": false, "smoothed": false,
        })
    );
    let binary = described("sum by (a) (x) / on (a) group_left (b) topk(2, y)");
    assert_eq!(
        binary["matching"],
        serde_json::json!({
            "card": "many-to-one", "labels": ["a"], "on": true, "include": ["b"], "fillValues": {"lhs": null, "rhs": null},
        })
    );
    assert_eq!((&binary["lhs"]["op"], &binary["lhs"]["param"]), (&"sum".into(), &serde_json::Value::Null));
    assert_eq!(binary["rhs"]["param"]["val"], "2");
    assert_eq!(described("x or y")["matching"]["card"], "many-to-many");
    assert_eq!(described("x > bool 1")["matching"], serde_json::Value::Null);
    let call = described("round(-x)");
    assert_eq!(
        call["func"],
        serde_json::json!({
            "name": "round", "argTypes": ["vector", "scalar"], "variadic": 1, "returnType": "vector",
        })
    );
    assert_eq!(call["args"][0]["op"], "-");
    let subquery = described("max_over_time((x)[1h:] @ 5)");
    assert_eq!(subquery["args"][0]["step"], 0);
    assert_eq!(subquery["args"][0]["timestamp"], 5_000);
    assert_eq!(subquery["args"][0]["expr"]["type"], "parenExpr");
}
