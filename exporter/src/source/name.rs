//! From what a system calls a process to a name that can stand in a label.

use crate::rules::base_name;

/// The name as text: broken UTF-8 becomes U+FFFD. Different bytes may so become the same name.
pub(crate) fn clean(comm: &[u8]) -> String {
    if comm.is_empty() {
        // An empty label value would mean "no label" to Prometheus.
        return "(unnamed)".to_owned();
    }
    String::from_utf8_lossy(comm).into_owned()
}

/// So much of a command line is a label: they can have megabytes.
const MAX_COMMAND_LINE_BYTES: usize = 4096;

/// The part of a command line that is a label.
pub(crate) fn begin(command_line: &str) -> &str {
    &command_line[..command_line.floor_char_boundary(MAX_COMMAND_LINE_BYTES)]
}

/// Length of a name that the kernel may have cut.
pub(crate) const CUT_BYTES: usize = 15;

/// Length of the longest file name (`NAME_MAX` of limits.h).
const NAME_MAX: usize = 255;

/// The whole of a name that the kernel has cut: the base name of the executable or of the command line's first word,
/// where that begins with it. A process may call itself as it likes; then neither does, and the name stays as it is.
pub(crate) fn whole(comm: &[u8], executable: Option<&str>, argv0: Option<&str>) -> Option<String> {
    if comm.len() != CUT_BYTES {
        return None;
    }
    // What the kernel appends to the path of a file that has been replaced, by an upgrade for instance.
    let executable = executable.map(|path| path.strip_suffix(" (deleted)").unwrap_or(path));
    // A title that a process has given itself goes on after its name: `NAME: worker 7`.
    let argv0 = argv0.map(|word| word.split([' ', ':']).next().unwrap_or_default());
    // A command line's first word may be as long as its owner likes; a file's name may not.
    let begins = |base: &&str| (comm.len() + 1..=NAME_MAX).contains(&base.len()) && base.as_bytes().starts_with(comm);
    [executable, argv0].into_iter().flatten().map(base_name).find(begins).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_lines_have_an_end() {
        assert_eq!(begin("sleep 1"), "sleep 1");
        assert_eq!(begin(&"\u{e9}x".repeat(4000)).len(), 4095);
        assert_eq!(begin(&format!("x{}", "\u{1f600}".repeat(4000))).len(), 4093);
    }

    #[test]
    fn cut_names_are_made_whole() {
        let check = |comm: &str, executable: Option<&str>, argv0: Option<&str>, expected: Option<&str>| {
            assert_eq!(
                whole(comm.as_bytes(), executable, argv0).as_deref(),
                expected,
                "{comm} {executable:?} {argv0:?}"
            );
        };
        let scraper = "procession-scra";
        check(scraper, Some("/usr/bin/procession-scraper"), None, Some("procession-scraper"));
        check(scraper, Some("/usr/bin/procession-scraper (deleted)"), None, Some("procession-scraper"));
        check(scraper, None, Some("./procession-scraper"), Some("procession-scraper"));
        check(scraper, Some("/usr/bin/python3"), Some("/opt/procession-scraper.py"), Some("procession-scraper.py"));
        check(scraper, None, Some("procession-scraper: worker /7"), Some("procession-scraper"));
        check(scraper, Some("/usr/bin/python3"), Some("python3"), None);
        check(scraper, Some("/usr/bin/procession-scra"), None, None);
        check("nginx", Some("/usr/bin/nginx-debug"), None, None);
        check(scraper, None, Some(&format!("{scraper}{}", "x".repeat(NAME_MAX))), None);
        // cut in the middle of a character
        assert_eq!(
            whole(b"abcdefghijklmn\xc3", Some("/b/abcdefghijklmn\u{e9}"), None).as_deref(),
            Some("abcdefghijklmn\u{e9}")
        );
    }

    #[test]
    fn broken_text_is_cleaned() {
        assert_eq!(clean(b"a\xff\xfeb"), "a\u{fffd}\u{fffd}b");
        // "é" cut in the middle, as the kernel cuts names after 15 bytes
        assert_eq!(clean(b"caf\xc3"), "caf\u{fffd}");
        assert_eq!(clean(b""), "(unnamed)");
        assert_eq!(clean(b"a\n\"b\\"), "a\n\"b\\");
    }
}
