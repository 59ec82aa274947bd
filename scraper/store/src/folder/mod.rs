//! The directory that `--storage.path` names, and who owns it.

mod lock;
mod space;

pub(crate) use lock::Lock;
pub(crate) use space::{disk_bytes, free_bytes};

use crate::Error;
use std::fs::{self, DirBuilder, File};
use std::path::{Path, PathBuf};

/// The file of the hot database.
pub(crate) const DATABASE: &str = "head.duckdb";

/// A storage folder that this process owns until the value is dropped.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    _lock: Lock,
}

impl Folder {
    /// Creates the folder where it is missing, readable to its owner alone (process names are nobody else's business),
    /// and takes ownership of it.
    pub(crate) fn open(path: &Path) -> Result<Folder, Error> {
        let error = |path: &Path| {
            let path = path.to_owned();
            move |cause| Error::Folder { path, cause }
        };
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path).map_err(error(path))?;
        // An absolute path: what is logged and what DuckDB gets stays right when the process changes its directory.
        let path = fs::canonicalize(path).map_err(error(path))?;
        let folder = Folder { _lock: Lock::take(&path)?, path };
        // What queries spilled before a crash is of no use to anyone.
        let spill = folder.spill();
        if spill.exists() {
            fs::remove_dir_all(&spill).map_err(error(&spill))?;
        }
        // Nor is a copy that was not finished.
        let copy = folder.database_copy();
        for part in [copy.with_extension("new.wal"), copy] {
            if part.exists() {
                fs::remove_file(&part).map_err(error(&part))?;
            }
        }
        Ok(folder)
    }

    /// The folder itself.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The hot database.
    pub(crate) fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }

    /// The hot database's write-ahead log.
    pub(crate) fn log(&self) -> PathBuf {
        self.path.join("head.duckdb.wal")
    }

    /// What the hot database is copied to before the copy takes its place.
    pub(crate) fn database_copy(&self) -> PathBuf {
        self.path.join("head.duckdb.new")
    }

    /// Where queries spill.
    pub(crate) fn spill(&self) -> PathBuf {
        self.path.join("spill")
    }

    /// Makes new entries of the folder survive a power cut.
    pub(crate) fn sync(&self) -> Result<(), Error> {
        File::open(&self.path)
            .and_then(|dir| dir.sync_all())
            .map_err(|cause| Error::Folder { path: self.path.clone(), cause })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn is_private_and_forgets_spilled_files() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b");
        let folder = Folder::open(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        fs::create_dir(folder.spill()).unwrap();
        fs::write(folder.spill().join("x"), "x").unwrap();
        drop(folder);
        assert!(!Folder::open(&path).unwrap().spill().exists());
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        fs::write(&path, "").unwrap();
        let message = Folder::open(&path).unwrap_err().to_string();
        assert!(message.contains("cannot use the storage folder") && message.contains("file"), "{message}");
    }
}
