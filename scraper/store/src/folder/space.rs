//! How much disk there is, and how much of it the database takes.

use std::io;
use std::path::{Path, PathBuf};

/// Bytes that this process may still write to the folder's file system.
#[cfg(unix)]
pub(crate) fn free_bytes(folder: &Path) -> io::Result<u64> {
    let stat = rustix::fs::statvfs(folder)?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Not known here: nothing is refused for want of space before the system itself does.
#[cfg(not(unix))]
pub(crate) fn free_bytes(_folder: &Path) -> io::Result<u64> {
    Ok(u64::MAX)
}

/// The size of the files that exist.
pub(crate) fn disk_bytes(files: &[PathBuf]) -> u64 {
    files.iter().filter_map(|file| file.metadata().ok()).map(|m| m.len()).sum()
}
