//! What a start finds under `blocks/`, and how it is put in order.

use super::list::{MANIFEST_FORMAT, Manifest, manifest_path, write_manifest};
use super::meta::FORMAT;
use super::{Block, BlockList, Blocks, Meta, sync};
use crate::Error;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file with which a block describes itself.
pub(crate) const META_FILE: &str = "block.json";

/// A folder that a damaged block was renamed to begins so.
const DAMAGED: &str = "damaged-";

/// What was not as it should be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Healed {
    /// Blocks that were set aside, now or before, and are still there.
    pub(crate) damaged: usize,
    /// Blocks that the manifest names and nobody finds.
    pub(crate) missing: usize,
    /// Files and folders that are none of ours.
    pub(crate) foreign: usize,
}

/// Opens a folder of blocks of a store whose database has sealed blocks up to `sealed`, and closed the rows of block `closing`.
///
/// Removes what was not finished, sets aside what is damaged, forgets what was merged, and writes the manifest.
/// `verify_bytes` of files, the newest blocks first, are read as a whole; of the others only the length is looked at.
pub(crate) fn open(
    folder: &Path,
    (sealed, closing): (u32, u32),
    verify_bytes: u64,
    index_bytes: usize,
) -> Result<(Blocks, Healed), Error> {
    let folder = folder.to_owned();
    let io = |cause| Error::Folder { path: folder.clone(), cause };
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&folder).map_err(io)?;

    let mut healed = Healed::default();
    let mut numbers = Vec::new();
    for entry in fs::read_dir(&folder).map_err(io)? {
        let entry = entry.map_err(io)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if sync::is_unfinished(&name) {
            let path = entry.path();
            let is_folder = entry.file_type().map_err(io)?.is_dir();
            if is_folder { fs::remove_dir_all(&path) } else { fs::remove_file(&path) }.map_err(io)?;
        } else if let Some(number) = number_of(&name) {
            numbers.push(number);
        } else if name.starts_with(DAMAGED) {
            healed.damaged += 1;
        } else if entry.path() != manifest_path(&folder) {
            healed.foreign += 1;
            tracing::warn!(path = %entry.path().display(), "a foreign file lies among the blocks; it is left alone");
        }
    }
    numbers.sort_unstable();
    let highest = numbers.last().copied().unwrap_or(0);

    let mut left = verify_bytes;
    let mut whole: Vec<Arc<Block>> = Vec::new();
    for &number in numbers.iter().rev() {
        let path = folder.join(format!("{number:010}"));
        let before = left;
        match read(&path, number, &mut left) {
            Ok(meta) => {
                let block = Block::new(path, meta);
                if before - left == block.meta.bytes() {
                    block.was_checked();
                }
                whole.push(Arc::new(block));
            }
            Err(Unreadable::Newer(format)) => {
                return Err(Error::NewerBlock { path, format, known: FORMAT });
            }
            Err(Unreadable::Refused(path, cause)) => return Err(Error::Folder { path, cause }),
            Err(Unreadable::Damaged(reason)) => {
                let aside = aside(number);
                fs::rename(&path, folder.join(&aside)).map_err(io)?;
                healed.damaged += 1;
                tracing::error!(
                    block = number,
                    reason,
                    aside,
                    "a block is damaged and was set aside, the rest is served"
                );
            }
        }
    }
    whole.reverse();
    let leftover = |b: &Arc<Block>| whole.iter().any(|other| b.meta.is_part_of(&other.meta));
    let (gone, kept): (Vec<_>, Vec<_>) = whole.iter().cloned().partition(leftover);
    for block in &gone {
        sync::remove_folder(&block.folder).map_err(io)?;
    }
    sync::folder(&folder).map_err(io)?;

    // Without a manifest the blocks speak for themselves.
    let manifest =
        fs::read(manifest_path(&folder)).ok().and_then(|text| serde_json::from_slice::<Manifest>(&text).ok());
    let manifest = manifest.filter(|m| m.format == MANIFEST_FORMAT);
    for number in manifest.iter().flat_map(|m| &m.blocks) {
        let replaced = whole.iter().any(|b| b.meta.sources.contains(number));
        if !replaced && !numbers.contains(number) {
            healed.missing += 1;
            tracing::error!(block = number, "a block is missing, the rest is served");
        }
    }
    let next = (highest.max(sealed).max(closing) + 1).max(manifest.map_or(0, |m| m.next));
    if let Err(error) = write_manifest(&folder, &kept, next) {
        // On a full disk: the blocks count without it, and what is there must be served.
        tracing::warn!(%error, "the manifest of blocks could not be written");
    }

    // A database that was lost or is older than the blocks must not hide them.
    let sources = kept.iter().flat_map(|b| b.meta.sources.last().copied());
    let list = BlockList { sealed: sources.fold(sealed, u32::max), blocks: kept };
    Ok((Blocks::new(folder, list, next, index_bytes), healed))
}

/// The numbers of the blocks in a folder, ascending, whole or not.
pub(crate) fn stored_blocks(folder: &Path) -> io::Result<Vec<u32>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder)? {
        numbers.extend(number_of(&entry?.file_name().to_string_lossy()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// The numbers of the blocks that the manifest of a folder names; none where it has none.
pub(crate) fn listed_blocks(folder: &Path) -> Vec<u32> {
    let text = fs::read(manifest_path(folder)).ok();
    text.and_then(|text| serde_json::from_slice::<Manifest>(&text).ok()).map(|m| m.blocks).unwrap_or_default()
}

/// What the block in a folder says of itself, all of which was read, or why it is not whole.
pub(crate) fn read_whole(path: &Path, number: u32) -> Result<Meta, Unreadable> {
    read(path, number, &mut u64::MAX.clone())
}

/// The same in words, without the promise. So many bytes of it are read, files as
/// a whole; of the others only the length is looked at.
pub(crate) fn read_block(path: &Path, number: u32, bytes: u64) -> Result<Meta, String> {
    let mut left = bytes;
    read(path, number, &mut left).map_err(|unreadable| match unreadable {
        Unreadable::Newer(format) => format!("it is of format {format}, which this version does not know"),
        Unreadable::Damaged(reason) => reason,
        Unreadable::Refused(path, cause) => format!("{}: {cause}", path.display()),
    })
}

fn number_of(name: &str) -> Option<u32> {
    let digits = name.len() == 10 && name.bytes().all(|b| b.is_ascii_digit());
    name.parse().ok().filter(|_| digits)
}

/// The name of the folder of a block that is set aside now.
pub(super) fn aside(number: u32) -> String {
    format!("{DAMAGED}{number:010}-{}", jiff::Timestamp::now().strftime("%Y%m%dT%H%M%S%3fZ"))
}

/// Why a block cannot be used.
pub(crate) enum Unreadable {
    /// It is of a format that this version does not know.
    Newer(u32),
    /// What is wrong with it.
    Damaged(String),
    /// The system does not let us read this file; the block may be whole.
    Refused(PathBuf, io::Error),
}

/// Whether an error says nothing of the file itself: who we are, or how many files we have open, is the matter.
fn is_refusal(error: &io::Error) -> bool {
    #[cfg(unix)]
    if let Some(rustix::io::Errno::MFILE | rustix::io::Errno::NFILE) = rustix::io::Errno::from_io_error(error) {
        return true;
    }
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::OutOfMemory)
}

fn read(path: &Path, number: u32, left: &mut u64) -> Result<Meta, Unreadable> {
    let damaged = |reason: String| Unreadable::Damaged(reason);
    let failed = |name: &str, cause: io::Error| match is_refusal(&cause) {
        true => Unreadable::Refused(path.join(name), cause),
        false => damaged(format!("{name}: {cause}")),
    };
    let text = fs::read(path.join(META_FILE)).map_err(|e| failed(META_FILE, e))?;
    #[derive(serde::Deserialize)]
    struct Version {
        format: u32,
    }
    let version: Version = serde_json::from_slice(&text).map_err(|e| damaged(format!("{META_FILE}: {e}")))?;
    if version.format > FORMAT {
        return Err(Unreadable::Newer(version.format));
    }
    let meta: Meta = serde_json::from_slice(&text).map_err(|e| damaged(format!("{META_FILE}: {e}")))?;
    if meta.number != number || meta.sources.is_empty() || !meta.sources.is_sorted() {
        return Err(damaged(format!("{META_FILE} is of another block")));
    }
    for (name, expected) in meta.files() {
        let failed = |cause| failed(name, cause);
        let mut file = File::open(path.join(name)).map_err(failed)?;
        let bytes = file.metadata().map_err(failed)?.len();
        if bytes != expected.bytes {
            return Err(damaged(format!("{name} has {bytes} bytes instead of {}", expected.bytes)));
        }
        if bytes <= *left {
            *left -= bytes;
            if sync::sum(&mut file).map_err(failed)? != *expected {
                return Err(damaged(format!("{name} has another checksum")));
            }
        }
    }
    Ok(meta)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn what_the_system_refuses_is_no_damage() {
        use rustix::io::Errno;
        let check = |errno: Errno, expected| assert_eq!(is_refusal(&errno.into()), expected, "{errno}");
        _ = [Errno::ACCESS, Errno::PERM, Errno::MFILE, Errno::NFILE, Errno::NOMEM].map(|errno| check(errno, true));
        _ = [Errno::NOENT, Errno::IO, Errno::ISDIR].map(|errno| check(errno, false));
    }
}
