//! `/etc/passwd`: `passwd(5)`, user names by number. Users of a network directory (NSS) keep their number.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use hashbrown::HashMap;

/// More of the file than this is not read.
const MAX_BYTES: u64 = 4 << 20;

/// User names, read again when the file has changed and a number is unknown.
#[derive(Debug)]
pub(crate) struct Users {
    file: PathBuf,
    names: HashMap<u32, Arc<str>, foldhash::fast::RandomState>,
    read_at: Option<SystemTime>,
    /// At most one look at the file per scan.
    looked: bool,
}

impl Users {
    /// Users from `file`, which is first read when a name is first asked for.
    pub(crate) fn new(file: PathBuf) -> Users {
        Users { file, names: HashMap::default(), read_at: None, looked: false }
    }

    /// A new scan begins: the file may be looked at again.
    pub(crate) fn begin_scan(&mut self) {
        self.looked = false;
    }

    /// The name of a user, or the number as text.
    pub(crate) fn name(&mut self, uid: u32) -> Arc<str> {
        if let Some(name) = self.names.get(&uid) {
            return name.clone();
        }
        self.refresh();
        self.names.get(&uid).cloned().unwrap_or_else(|| uid.to_string().into())
    }

    fn refresh(&mut self) {
        if std::mem::replace(&mut self.looked, true) {
            return;
        }
        // A missing or unreadable file is no error: numbers are shown.
        let Ok(modified) = std::fs::metadata(&self.file).and_then(|m| m.modified()) else {
            return;
        };
        if self.read_at == Some(modified) {
            return;
        }
        let mut text = Vec::new();
        let read = std::fs::File::open(&self.file)
            .and_then(|f| std::io::Read::read_to_end(&mut std::io::Read::take(f, MAX_BYTES), &mut text));
        if read.is_ok() {
            self.names = parse(&text);
            self.read_at = Some(modified);
        }
    }
}

/// Number and name of each line; the first line of a number counts.
pub(crate) fn parse(text: &[u8]) -> HashMap<u32, Arc<str>, foldhash::fast::RandomState> {
    let mut names = HashMap::default();
    for line in text.split(|b| *b == b'\n') {
        let mut fields = line.split(|b| *b == b':');
        let (Some(name), Some(uid)) = (fields.next(), fields.nth(1).and_then(super::words::number)) else {
            continue;
        };
        let Ok(uid) = u32::try_from(uid) else { continue };
        if !name.is_empty() {
            names.entry(uid).or_insert_with(|| String::from_utf8_lossy(name).into());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_by_number() {
        let names =
            parse(b"root:x:0:0:root:/root:/bin/bash\ntoor:x:0:0::/:/bin/sh\n# note\nbroken\nn:x:y:0\nb\xff:x:7:7:::\n");
        let mut all: Vec<_> = names.iter().map(|(uid, name)| (*uid, name.to_string())).collect();
        all.sort();
        assert_eq!(all, [(0, "root".to_owned()), (7, "b\u{fffd}".to_owned())]);
    }

    #[test]
    fn unknown_users_are_numbers_and_new_ones_are_found() {
        let dir = tempfile::tempdir().expect("tempdir");
        let file = dir.path().join("passwd");
        let mut users = Users::new(file.clone());
        assert_eq!(&*users.name(1000), "1000");
        std::fs::write(&file, "ada:x:1000:1000::/:/bin/sh\n").expect("write");
        assert_eq!(&*users.name(1000), "1000", "one look per scan");
        users.begin_scan();
        assert_eq!(&*users.name(1000), "ada");
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            let _ = parse(&bytes);
        }
    }
}
