//! Regular expressions as Go writes them (RE2), compiled by the regex crate: both run in linear time.
//!
//! The two syntaxes differ in little: `\d`, `\w`, `\s` and `\b` mean ASCII in Go, brackets hold no nested sets and no
//! set operations there, a `{` that begins no repetition is itself, and `\Q...\E` quotes.

use regex::{Captures, Regex, RegexBuilder};

/// Bounds the memory of one compiled expression.
const MAX_COMPILED_BYTES: usize = 4 << 20;

/// A compiled expression.
#[derive(Debug, Clone)]
pub struct Pattern(Regex);

impl Pattern {
    /// Compiles what Go would.
    ///
    /// # Errors
    /// Where it is not valid, in one line.
    pub fn new(text: &str) -> Result<Pattern, String> {
        let built = RegexBuilder::new(&translated(text)).size_limit(MAX_COMPILED_BYTES).build();
        built.map(Pattern).map_err(|error| {
            // The crate draws the expression with a caret over several lines; the last one says what is wrong.
            let whole = error.to_string();
            let reason = whole.lines().last().unwrap_or_default().trim().trim_start_matches("error: ");
            format!("bad regex {text:?}: {reason}")
        })
    }

    /// The names of its capturing groups.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.capture_names().flatten()
    }

    /// Whether it matches anywhere in `text`.
    pub(crate) fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    /// What it captures in `text`, where it matches.
    pub(crate) fn captures<'t>(&self, text: &'t str) -> Option<Captures<'t>> {
        self.0.captures(text)
    }
}

/// Go's syntax as the regex crate's.
fn translated(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    // Whether inside of brackets, and then whether a `]` would be the first character.
    let (mut in_set, mut first) = (false, false);
    while let Some(c) = rest.chars().next() {
        let was_first = std::mem::take(&mut first);
        let mut length = c.len_utf8();
        match c {
            '\\' => length += escape(&rest[1..], in_set, &mut out),
            '[' if !in_set => {
                (in_set, first) = (true, true);
                out.push('[');
                if rest[1..].starts_with('^') {
                    out.push('^');
                    length += 1;
                }
            }
            '[' => match rest.starts_with("[:").then(|| rest.find(":]")).flatten() {
                Some(end) => {
                    length = end + 2;
                    out.push_str(&rest[..length]);
                }
                None => out.push_str("\\["),
            },
            ']' if in_set && was_first => out.push_str("\\]"),
            ']' => {
                in_set = false;
                out.push(']');
            }
            '&' | '~' if in_set => out.extend(['\\', c]),
            '{' if !in_set && !begins_repetition(rest) => out.push_str("\\{"),
            _ => out.push(c),
        }
        rest = &rest[length..];
    }
    out
}

/// Writes what follows a backslash; returns how many bytes of it that was.
fn escape(rest: &str, in_set: bool, out: &mut String) -> usize {
    let Some(c) = rest.chars().next() else {
        out.push('\\');
        return 0;
    };
    let ascii = match c {
        'd' => "0-9",
        'w' => "0-9A-Za-z_",
        's' => "\\t\\n\\f\\r\\x20",
        'D' => "^0-9",
        'W' => "^0-9A-Za-z_",
        'S' => "^\\t\\n\\f\\r\\x20",
        'b' if !in_set => {
            out.push_str("(?-u:\\b)");
            return 1;
        }
        'Q' => {
            let quoted = rest[1..].split("\\E").next().unwrap_or_default();
            out.push_str(&regex::escape(quoted));
            let end = 1 + quoted.len();
            return if rest[end..].starts_with("\\E") { end + 2 } else { end };
        }
        // `\p{Greek}`, `\P{L}`, `\x{1F600}`: the braces belong to them.
        'p' | 'P' | 'x' if rest[1..].starts_with('{') => {
            let end = rest.find('}').map_or(rest.len(), |at| at + 1);
            out.push('\\');
            out.push_str(&rest[..end]);
            return end;
        }
        // The beginning and end of a word to the crate, the characters themselves to Go.
        '<' | '>' => {
            out.push(c);
            return 1;
        }
        _ => {
            out.extend(['\\', c]);
            return c.len_utf8();
        }
    };
    match in_set && !ascii.starts_with('^') {
        true => out.push_str(ascii),
        false => out.extend(["[", ascii, "]"]),
    }
    1
}

/// `{2}`, `{2,}` or `{2,3}`.
fn begins_repetition(text: &str) -> bool {
    let Some((inside, _)) = text[1..].split_once('}') else { return false };
    let (least, most) = inside.split_once(',').unwrap_or((inside, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    !least.is_empty() && digits(least) && digits(most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(pattern: &str, matching: &[&str], others: &[&str]) {
        let compiled = Pattern::new(pattern).expect("valid");
        for text in matching {
            assert!(compiled.is_match(text), "{pattern} {text}");
        }
        for text in others {
            assert!(!compiled.is_match(text), "{pattern} {text}");
        }
    }

    #[test]
    fn what_go_means() {
        check(r"^\p{Greek}+\x{41}$", &["αβγA"], &["abcA", "αβγ"]);
        check(r"^[\p{L}\x{31}]\P{L}$", &["a1", "1-"], &["ab", "2-"]);
        check(r"^\d+$", &["12"], &["١٢", "a"]);
        check(r"^\w+$", &["a_1"], &["é"]);
        check(r"^\W$", &["é", "-"], &["a"]);
        check(r"^[\w.]+$", &["a.1"], &["é", "-"]);
        check(r"^[^\s]+$", &["a"], &["a b"]);
        check(r"^[\D]$", &["x"], &["1"]);
        check(r"\bx\b", &["éx y"], &["ax"]);
        check(r"^[a[b]$", &["[", "a"], &["c"]);
        check(r"^[]a]$", &["]", "a"], &["b"]);
        check(r"^[^]a]$", &["b"], &["]", "a"]);
        check(r"^[a&&b]$", &["&", "a", "b"], &["c"]);
        check(r"^[[:alpha:]-]$", &["x", "-"], &["1"]);
        check(r"^a{b}$", &["a{b}"], &[]);
        check(r"^{$", &["{"], &[]);
        check(r"^a{2,3}$", &["aa", "aaa"], &["a", "a{2,3}"]);
        check(r"^\Qa.b\E.$", &["a.bc"], &["axbc"]);
        check(r"^\Qa+", &["a+"], &["aa"]);
        check(r"^\<\/\>$", &["</>"], &[]);
        check(r"-D\s+.+?(?P<Path>[^/]+)(?:$|\s)", &["postmaster -D /data/pg"], &["postmaster -D"]);
        check(r"-config.path\s+(?P<Cfgfile>\S+)", &["x -config.path y"], &["x -config.path"]);
        check(r"(?i)^NGINX$", &["nginx"], &["apache"]);
    }

    #[test]
    fn what_is_wrong_is_said_in_one_line() {
        let refused = |text: &str| Pattern::new(text).expect_err("refused");
        assert_eq!(refused("a("), "bad regex \"a(\": unclosed group");
        assert!(refused("*").starts_with("bad regex \"*\": repetition operator missing expression"));
        assert!(refused("(?=x)").contains("look-around"), "{}", refused("(?=x)"));
        assert!(refused(r"(a{1000}){1000}").contains("size limit"));
        assert!(refused("a\\").contains("bad regex"));
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text: String) {
            let _ = Pattern::new(&text);
        }

        #[test]
        fn quoted_text_matches_itself(text in "[^\\\\]*") {
            let quoted = format!("^\\Q{text}\\E$");
            prop_assert!(Pattern::new(&quoted).expect("valid").is_match(&text));
        }
    }
}
