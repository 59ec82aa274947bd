//! Regular expressions as Go writes them, and so Prometheus, for the regex crate.

use crate::matcher::ANCHORS;
use regex::{Regex, RegexBuilder};

/// What one compiled expression may take; the regex crate refuses `((a{100}){100}){100}` by it.
const SIZE_BYTES: usize = 10 << 20;

/// An expression that must match a whole text, its dots also newlines. The error says what is wrong in one line.
pub(super) fn anchored(pattern: &str) -> Result<Regex, String> {
    compiled(pattern).map_err(|reason| {
        // A pattern can be as long as a query.
        let start: String = pattern.chars().take(100).collect();
        format!("error parsing regexp: {reason}: `{}`", start.escape_debug())
    })
}

fn compiled(pattern: &str) -> Result<Regex, String> {
    let translated = translated(pattern).ok_or(UNOPENED)?;
    let anchored = format!("{}{translated}{}", ANCHORS.0, ANCHORS.1);
    RegexBuilder::new(&anchored).size_limit(SIZE_BYTES).build().map_err(|e| reason(&e))
}

const UNOPENED: &str = "unexpected )";

fn reason(error: &regex::Error) -> String {
    let text = match error {
        regex::Error::CompiledTooBig(limit) => return format!("it compiles to more than {limit} bytes"),
        // The last line names the fault, those before it draw it.
        e => e.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned(),
    };
    // Where Go has other words for the same fault.
    match text.as_str() {
        "unclosed group" => "missing closing )".to_owned(),
        "unopened group" => UNOPENED.to_owned(),
        "unclosed character class" => "missing closing ]".to_owned(),
        "repetition operator missing expression" => "missing argument to repetition operator".to_owned(),
        _ => text,
    }
}

/// The same expression in the syntax of the regex crate, which differs from Go's in little:
/// braces that repeat nothing are themselves; `\d`, `\s`, `\w` and `\b` know ASCII alone; in a class brackets,
/// `&&`, `--` and `~~` are characters; `\<` and `\>` are characters; `\Q...\E` quotes.
///
/// `None` where a parenthesis closes what is not open: it would end the group of the anchors.
fn translated(pattern: &str) -> Option<String> {
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern;
    let mut open: usize = 0;
    while let Some(c) = rest.chars().next() {
        rest = match c {
            '\\' => escape(&rest[1..], &mut out),
            '[' => class(&rest[1..], &mut out),
            '{' if !is_repetition(rest) => {
                out.push_str("\\{");
                &rest[1..]
            }
            '}' if !out_ends_repetition(&out) => {
                out.push_str("\\}");
                &rest[1..]
            }
            c => {
                match c {
                    '(' => open += 1,
                    ')' => open = open.checked_sub(1)?,
                    _ => {}
                }
                out.push(c);
                &rest[c.len_utf8()..]
            }
        };
    }
    Some(out)
}

/// `{2}`, `{2,}`, `{2,5}`
fn is_repetition(text: &str) -> bool {
    let Some(inner) = text.get(1..).and_then(|t| t.split_once('}')).map(|(inner, _)| inner) else { return false };
    let (least, most) = inner.split_once(',').unwrap_or((inner, ""));
    !least.is_empty() && least.bytes().chain(most.bytes()).all(|b| b.is_ascii_digit())
}

/// Whether a closing brace ends `{2`, `{2,` or `{2,5`.
fn out_ends_repetition(out: &str) -> bool {
    let digits = out.trim_end_matches(|c: char| c.is_ascii_digit() || c == ',');
    digits.len() < out.len() && digits.ends_with('{') && !digits.ends_with("\\{")
}

/// What stands behind a backslash outside of a class; gives back the rest.
fn escape<'a>(rest: &'a str, out: &mut String) -> &'a str {
    let Some(c) = rest.chars().next() else {
        out.push('\\');
        return rest;
    };
    let after = &rest[c.len_utf8()..];
    match c {
        'd' => out.push_str("[0-9]"),
        'D' => out.push_str("[^0-9]"),
        's' => out.push_str("[\\t\\n\\f\\r ]"),
        'S' => out.push_str("[^\\t\\n\\f\\r ]"),
        'w' => out.push_str("[0-9A-Za-z_]"),
        'W' => out.push_str("[^0-9A-Za-z_]"),
        'b' => out.push_str("(?-u:\\b)"),
        // Between ASCII words: unlike `\b` it cannot be had without Unicode.
        '<' | '>' => out.push(c),
        'Q' => {
            let (quoted, after) = after.split_once("\\E").unwrap_or((after, ""));
            out.push_str(&regex::escape(quoted));
            return after;
        }
        'p' | 'P' | 'x' => return with_braces(rest, out),
        c => {
            out.push('\\');
            out.push(c);
        }
    }
    after
}

/// `\p{Greek}`, `\x{10FFFF}`: their braces repeat nothing and stay.
fn with_braces<'a>(rest: &'a str, out: &mut String) -> &'a str {
    let end = match rest[1..].strip_prefix('{').and_then(|inner| inner.find('}')) {
        Some(close) => 1 + 1 + close + 1,
        None => 1,
    };
    out.push('\\');
    out.push_str(&rest[..end]);
    &rest[end..]
}

/// A class behind its opening bracket; gives back what stands behind it.
fn class<'a>(mut rest: &'a str, out: &mut String) -> &'a str {
    out.push('[');
    if let Some(after) = rest.strip_prefix('^') {
        out.push('^');
        rest = after;
    }
    let mut is_first = true;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        rest = match c {
            ']' if !is_first => {
                out.push(']');
                return after;
            }
            '[' => match after.strip_prefix(':').and_then(|t| t.find(":]")) {
                Some(end) => {
                    let end = 1 + 1 + end + 2;
                    out.push_str(&rest[..end]);
                    &rest[end..]
                }
                None => {
                    out.push_str("\\[");
                    after
                }
            },
            '\\' => escape_in_class(after, out),
            // One that could begin or end `--` is written so that it cannot.
            '-' if is_first || after.starts_with(']') || out.ends_with('-') && !out.ends_with("\\-") => {
                out.push_str("\\-");
                after
            }
            '&' | '~' | ']' => {
                out.push('\\');
                out.push(c);
                after
            }
            c => {
                out.push(c);
                after
            }
        };
        is_first = false;
    }
    rest
}

fn escape_in_class<'a>(rest: &'a str, out: &mut String) -> &'a str {
    let Some(c) = rest.chars().next() else {
        out.push('\\');
        return rest;
    };
    match c {
        'd' => out.push_str("0-9"),
        's' => out.push_str("\\t\\n\\f\\r "),
        'w' => out.push_str("0-9A-Za-z_"),
        // A class in the class.
        'D' | 'S' | 'W' => return escape(rest, out),
        '<' | '>' => out.push(c),
        'p' | 'P' | 'x' => return with_braces(rest, out),
        c => {
            out.push('\\');
            out.push(c);
        }
    }
    &rest[c.len_utf8()..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_what_go_means() {
        for (pattern, matching, other) in [
            ("a.c", "a\nc", "ac"),
            ("a|b", "b", "ab"),
            ("a{2}", "aa", "a{2}"),
            ("a{2,}b{,3}", "aaab{,3}", "aab"),
            ("{{x}}", "{{x}}", "x"),
            ("a{x}{2}", "a{x}}", "a{x}"),
            (r"\d+", "12", "٣"),
            (r"[\w-]+", "a-b", "é"),
            (r"\W", "é", "e"),
            (r"[^\W]", "e", "é"),
            (r"\s", "\t", "\u{a0}"),
            (r"é\bx?", "éx", "é"),
            ("[[]", "[", "a"),
            ("[]a]", "]", "b"),
            ("[[:alpha:]_]+", "a_", ":"),
            ("[a&&b]+", "a&b", "c"),
            ("[+--]+", "+,-", "."),
            ("[--/]+", "-./", "0"),
            ("[a-]", "-", "b"),
            (r"\Qa.b\E.", "a.bc", "axbc"),
            (r"\p{Greek}\x{41}\x42", "αAB", "aAB"),
            (r"[\p{Greek}]", "α", "a"),
            (r"\<a\>", "<a>", "a"),
            (r"a\{2\}", "a{2}", "aa"),
            ("(?i)abc", "ABC", "ABD"),
            (r"[)]\)(a|(b))", "))b", "))"),
        ] {
            let regex = anchored(pattern).unwrap_or_else(|e| panic!("{pattern}: {e}"));
            assert!(regex.is_match(matching), "{pattern} {matching:?} {regex}");
            assert!(!regex.is_match(other), "{pattern} {other:?} {regex}");
        }
    }

    #[test]
    fn faults_are_one_line() {
        for (pattern, expected) in [
            ("(", "error parsing regexp: missing closing ): `(`"),
            ("a)", "error parsing regexp: unexpected ): `a)`"),
            ("a)|(b", "error parsing regexp: unexpected ): `a)|(b`"),
            ("*", "error parsing regexp: missing argument to repetition operator: `*`"),
            ("[a", "error parsing regexp: missing closing ]: `[a`"),
            (
                "((a{100}){100}){100}",
                "error parsing regexp: it compiles to more than 10485760 bytes: `((a{100}){100}){100}`",
            ),
        ] {
            assert_eq!(anchored(pattern).unwrap_err(), expected);
        }
    }
}
