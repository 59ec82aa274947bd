//! Writing and removing so that a power cut leaves the old or the new, never a part.

use super::meta::FileSum;
use ring::digest::{Context, SHA256};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

/// Names that begin so are unfinished: written by someone who did not come to the end.
pub(crate) const UNFINISHED: &str = ".new-";
/// Names that begin so are being removed.
const REMOVED: &str = ".gone-";

/// Whether a name is of something that was being written or removed.
pub(crate) fn is_unfinished(name: &str) -> bool {
    name.starts_with(UNFINISHED) || name.starts_with(REMOVED)
}

/// Makes the entries of a folder survive a power cut.
pub(crate) fn folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Writes a file as a whole: beside it, synced, renamed.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a path without a file name"));
    };
    let beside = parent.join(format!("{UNFINISHED}{}", name.to_string_lossy()));
    let mut file = File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    folder(parent)
}

/// Writes a value as JSON, as [`write_file`] does.
pub(crate) fn write_json(path: &Path, value: &impl serde::Serialize) -> io::Result<()> {
    write_file(path, &serde_json::to_vec(value)?)
}

/// Removes a folder: under its name it is there whole or not at all.
pub(crate) fn remove_folder(path: &Path) -> io::Result<()> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return Ok(()) };
    let gone = parent.join(format!("{REMOVED}{}", name.to_string_lossy()));
    if gone.exists() {
        fs::remove_dir_all(&gone)?;
    }
    fs::rename(path, &gone)?;
    fs::remove_dir_all(&gone)?;
    folder(parent)
}

/// Syncs a file, and says how long it is and what its bytes add up to.
pub(crate) fn seal_file(path: &Path) -> io::Result<FileSum> {
    let mut file = File::open(path)?;
    file.sync_all()?;
    sum(&mut file)
}

/// The length and checksum of a file.
pub(crate) fn sum(file: &mut impl Read) -> io::Result<FileSum> {
    let mut digest = Context::new(&SHA256);
    let mut buffer = vec![0; 1 << 18];
    let mut bytes = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        bytes += read as u64;
        digest.update(&buffer[..read]);
    }
    let mut sha256 = String::with_capacity(64);
    for byte in digest.finish().as_ref() {
        // Writing into a String cannot fail.
        let _ = write!(sha256, "{byte:02x}");
    }
    Ok(FileSum { bytes, sha256 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_up_and_replaces_whole_files() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        write_file(&path, b"first").unwrap();
        write_file(&path, b"abc").unwrap();
        let sum = seal_file(&path).unwrap();
        assert_eq!(sum.bytes, 3);
        // The example of FIPS 180-2.
        assert_eq!(sum.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        let folder = dir.path().join("block");
        fs::create_dir(&folder).unwrap();
        remove_folder(&folder).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
