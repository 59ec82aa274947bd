//! One owner for a folder. DuckDB locks its file too, but says only a number, and only while the file is open.

use crate::Error;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// How much of a lock file is read: what we write is far shorter.
const HOLDER_LIMIT_BYTES: u64 = 256;

/// The locked file `lock` of a folder. The kernel frees the lock when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing is not enough: a process that is being started just now may still share the descriptor.
        let _ = self.file.unlock();
    }
}

impl Lock {
    /// Locks the folder and writes down who holds it, or says who does.
    pub(crate) fn take(folder: &Path) -> Result<Lock, Error> {
        let path = folder.join("lock");
        let io = |cause| Error::Folder { path: path.clone(), cause };
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::InUse { path: folder.to_owned(), holder: holder(&file) });
            }
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
        match write_holder(&mut file) {
            // Who holds it is good to know; a store on a full disk must open without.
            Err(error) if error.kind() == ErrorKind::StorageFull => {}
            written => written.map_err(io)?,
        }
        Ok(Lock { file })
    }
}

fn write_holder(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    let now = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%S UTC");
    writeln!(file, "process {} ({}) since {now}", std::process::id(), program())
}

fn holder(file: &File) -> String {
    let mut text = String::new();
    // The file may be between the holder's lock and its line; then nobody is named, which is still an answer.
    let _ = file.take(HOLDER_LIMIT_BYTES).read_to_string(&mut text);
    let line = text.lines().next().unwrap_or("").trim();
    if line.is_empty() { "another process".to_owned() } else { line.to_owned() }
}

fn program() -> String {
    std::env::current_exe()
        .ok()
        .and_then(|path| path.file_name().map(|name| name.to_string_lossy().into_owned()))
        .unwrap_or_else(|| "unknown program".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_refused_and_told_who_holds_it() {
        let dir = tempfile::tempdir().unwrap();
        let first = Lock::take(dir.path()).unwrap();
        let message = Lock::take(dir.path()).unwrap_err().to_string();
        assert!(message.contains(&format!("in use by process {}", std::process::id())), "{message}");
        assert!(message.contains(" since 20"), "{message}");
        drop(first);
        Lock::take(dir.path()).unwrap();
    }
}
