//! `/proc/PID/cmdline`: `proc_pid_cmdline(5)`. The process can write anything there.

/// The words of a command line, broken UTF-8 replaced.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Cmdline {
    /// All words, joined by spaces; empty for kernel threads and zombies.
    pub(crate) text: String,
    /// Length in `text` of the first word.
    first: usize,
}

impl Cmdline {
    /// `argv[0]`; `None` where there is none.
    pub(crate) fn argv0(&self) -> Option<&str> {
        Some(&self.text[..self.first]).filter(|word| !word.is_empty())
    }
}

/// Parses a whole file: words end with NUL, the last one perhaps without it.
pub(crate) fn parse(bytes: &[u8]) -> Cmdline {
    let end = bytes.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
    let mut words = bytes[..end].split(|b| *b == 0);
    let mut text = words.next().map(|word| String::from_utf8_lossy(word).into_owned()).unwrap_or_default();
    let first = text.len();
    for word in words {
        text.push(' ');
        text.push_str(&String::from_utf8_lossy(word));
    }
    Cmdline { text, first }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(bytes: &[u8], argv0: Option<&str>, text: &str) {
        let cmdline = parse(bytes);
        assert_eq!((cmdline.argv0(), cmdline.text.as_str()), (argv0, text));
    }

    #[test]
    fn command_lines() {
        check(b"", None, "");
        check(b"\0\0", None, "");
        check(b"/bin/sh\0-c\0a b\0", Some("/bin/sh"), "/bin/sh -c a b");
        check(b"x\0\0y\0", Some("x"), "x  y");
        check(b"nginx: worker\0\0\0", Some("nginx: worker"), "nginx: worker");
        check(b"no end", Some("no end"), "no end");
        check(b"\xff\0a\xc3", Some("\u{fffd}"), "\u{fffd} a\u{fffd}");
        check(b"\0x", None, " x");
        let long = vec![b'x'; 2 << 20];
        assert_eq!(parse(&long).argv0().map(str::len), Some(2 << 20));
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            let cmdline = parse(&bytes);
            prop_assert!(!cmdline.text.contains('\0') && cmdline.argv0().is_none_or(|word| cmdline.text.starts_with(word)));
        }
    }
}
