//! Names with `*` for any run of characters: what units and containers are selected by.

/// A compiled glob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob(Vec<String>);

impl Glob {
    /// Anything is a glob; without `*` it matches itself alone.
    pub fn new(text: &str) -> Glob {
        Glob(text.split('*').map(str::to_owned).collect())
    }

    /// Whether it matches the whole of `text`.
    pub fn matches(&self, text: &str) -> bool {
        let Some((first, rest)) = self.0.split_first() else { return false };
        let Some(mut text) = text.strip_prefix(first.as_str()) else { return false };
        let Some((last, middle)) = rest.split_last() else { return text.is_empty() };
        for part in middle {
            // The leftmost place leaves the most for what follows.
            let Some(at) = text.find(part.as_str()) else { return false };
            text = &text[at + part.len()..];
        }
        text.ends_with(last.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        for (glob, text, expected) in [
            ("nginx.service", "nginx.service", true),
            ("nginx.service", "nginx.service2", false),
            ("*", "", true),
            ("*", "anything", true),
            ("getty@*.service", "getty@tty1.service", true),
            ("getty@*.service", "getty@.service", true),
            ("getty@*.service", "getty.service", false),
            ("a*b*a", "aba", true),
            ("a*b*a", "ab", false),
            ("a*a", "a", false),
            ("*x*", "axb", true),
            ("", "", true),
            ("", "x", false),
        ] {
            assert_eq!(Glob::new(glob).matches(text), expected, "{glob} {text}");
        }
    }
}
