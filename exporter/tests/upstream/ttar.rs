//! Unpacks the text archives in which prometheus/procfs keeps captured trees.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

/// Unpacks everything below `folder`.
pub(crate) fn unpack(archive: &str, folder: &Path) {
    let mut lines = archive.lines();
    let mut path = None;
    while let Some(line) = lines.next() {
        let Some((key, value)) = line.split_once(": ") else { continue };
        match key {
            "Directory" => fs::create_dir_all(folder.join(value)).expect("mkdir"),
            "Path" => path = Some(folder.join(value)),
            "SymlinkTo" => symlink(value, path.take().expect("a path before")).expect("symlink"),
            "Lines" => {
                let count = value.parse().expect("a number of lines");
                let bytes: Vec<u8> = lines.by_ref().take(count).flat_map(content).collect();
                fs::write(path.take().expect("a path before"), bytes).expect("write");
            }
            _ => {}
        }
    }
}

/// A line of a file: `NULLBYTE` stands for one, `EOF` for a missing line end, a backslash before either for itself.
fn content(line: &str) -> Vec<u8> {
    let (mut bytes, mut rest, mut end) = (Vec::new(), line, true);
    while !rest.is_empty() {
        let mut take = |mark: &str, stands_for: &str| {
            let found = rest.strip_prefix(mark);
            if let Some(after) = found {
                bytes.extend_from_slice(stands_for.as_bytes());
                rest = after;
            }
            found.is_some()
        };
        if take("\\NULLBYTE", "NULLBYTE") || take("\\EOF", "EOF") || take("NULLBYTE", "\0") {
            continue;
        }
        if take("EOF", "") {
            end = false;
            continue;
        }
        let length = rest.chars().next().map_or(0, char::len_utf8);
        let (first, after) = rest.split_at(length);
        bytes.extend_from_slice(first.as_bytes());
        rest = after;
    }
    if end {
        bytes.push(b'\n');
    }
    bytes
}

#[test]
fn lines_of_an_archive() {
    for (line, expected) in [
        ("plain", &b"plain\n"[..]),
        ("", b"\n"),
        ("aNULLBYTENULLBYTEbEOF", b"a\0\0b"),
        ("NULLBYTEEOF", b"\0"),
        ("\\EOF and \\NULLBYTE", b"EOF and NULLBYTE\n"),
    ] {
        assert_eq!(content(line), expected, "{line}");
    }
}
