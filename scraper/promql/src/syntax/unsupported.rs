//! Names for what the parser takes as a mere syntax error: parts of the language behind feature flags in Prometheus.

use crate::Error;

const FEATURE_FLAG: &str = "Prometheus has it behind a feature flag";

/// What a refused query may have meant.
pub(super) fn named(query: &str) -> Option<Error> {
    let bare = without_texts(query);
    let unsupported = |what: &str| Some(Error::Unsupported { what: what.to_owned(), why: FEATURE_FLAG });
    let mut words = bare.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
    if let Some(word) = words.find(|w| ["anchored", "smoothed"].contains(w)) {
        return unsupported(&format!("the modifier {word:?}"));
    }
    let mut brackets = bare.split('[').skip(1).filter_map(|s| s.split(']').next());
    let arithmetic = brackets.any(|inside| inside.contains(['+', '-', '*', '/', '%', '^', '(']));
    if arithmetic { unsupported("arithmetic in a duration") } else { None }
}

/// The query with quoted texts, braces' content and comments left out.
fn without_texts(query: &str) -> String {
    let mut bare = String::with_capacity(query.len());
    let (mut quote, mut escaped, mut comment, mut braces) = (None, false, false, 0usize);
    for c in query.chars() {
        match (quote, c) {
            (Some(_), _) if escaped => escaped = false,
            (Some(q), '\\') if q != '`' => escaped = true,
            (Some(q), _) if q == c => quote = None,
            (Some(_), _) => {}
            (None, '\n') => comment = false,
            (None, _) if comment => {}
            (None, '#') => comment = true,
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, '{') => braces += 1,
            (None, '}') => braces = braces.saturating_sub(1),
            (None, _) if braces == 0 => bare.push(c),
            (None, _) => {}
        }
    }
    bare
}

#[cfg(test)]
mod tests {
    use crate::parse;

    #[test]
    fn names_what_is_behind_a_flag() {
        for (query, expected) in [
            (
                "rate(x[5m] anchored)",
                "the modifier \"anchored\" is not supported: Prometheus has it behind a feature flag",
            ),
            ("x smoothed", "the modifier \"smoothed\" is not supported: Prometheus has it behind a feature flag"),
            ("x[5m + 1m]", "arithmetic in a duration is not supported: Prometheus has it behind a feature flag"),
            ("x{a=\"anchored\"} y", "parse error: invalid promql query"),
            ("x # smoothed\n y", "parse error: invalid promql query"),
        ] {
            assert_eq!(parse(query).map(|_| ()).unwrap_err().to_string(), expected);
        }
    }
}
