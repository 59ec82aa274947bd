//! Reading files under the open directory of the proc root. Everything that touches the kernel is here;
//! what the bytes mean is the parsers' business.

use std::ffi::CStr;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, Mode, OFlags, RawDir, SeekFrom};
use rustix::io::Errno;

/// A file of the kernel that never ends would otherwise fill the memory.
const MAX_FILE_BYTES: usize = 1 << 20;
/// Room for names in one call; the kernel fills as much as it can.
const LISTING_BYTES: usize = 32 << 10;
/// A file that is handed on line by line is read in pieces of this size.
const LINES_BYTES: usize = 64 << 10;
/// The type of filesystem that the kernel calls proc.
const PROC_MAGIC: u64 = 0x9fa0;

/// The proc root, kept open: later mounts over its path do not change what is read.
#[derive(Debug)]
pub(crate) struct Root {
    dir: OwnedFd,
    /// Real proc, or a tree of ordinary files (a capture).
    pub(crate) is_proc: bool,
    names: Vec<u8>,
}

/// A process in the listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Listed {
    pub(crate) pid: u32,
    /// The number of its directory's inode. The kernel makes one for each process and gives no number twice before 2^32
    /// others: where the number has stayed, so has the process. (It may change while the process lives.)
    pub(crate) inode: u64,
}

/// Where the bytes of one file go; grows to the longest file seen and is then reused.
#[derive(Debug)]
pub(crate) struct Buffer(Vec<u8>);

impl Buffer {
    pub(crate) fn new() -> Buffer {
        // `status`, the longest of the usual files, has about 1,500 bytes.
        Buffer(vec![0; 4096])
    }
}

impl Default for Buffer {
    fn default() -> Buffer {
        Buffer::new()
    }
}

impl Root {
    pub(crate) fn open(path: &Path) -> std::io::Result<Root> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = rustix::fs::open(path, flags, Mode::empty())?;
        let is_proc = rustix::fs::fstatfs(&dir).is_ok_and(|s| s.f_type as u64 == PROC_MAGIC);
        Ok(Root { dir, is_proc, names: Vec::with_capacity(LISTING_BYTES) })
    }

    /// Replaces `listed` by the processes in the root, by ascending pid.
    pub(crate) fn list(&mut self, listed: &mut Vec<Listed>) -> Result<(), Errno> {
        listed.clear();
        rustix::fs::seek(&self.dir, SeekFrom::Start(0))?;
        numbered(&self.dir, &mut self.names, listed)
    }

    /// Replaces `listed` by the numbered directories in another one, by ascending number.
    pub(crate) fn list_in(&mut self, path: &CStr, listed: &mut Vec<Listed>) -> Result<(), Errno> {
        listed.clear();
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = rustix::fs::openat(&self.dir, path, flags, Mode::empty())?;
        numbered(&dir, &mut self.names, listed)
    }

    /// Reads a whole file. One `read` where it fits: the kernel's files are made whole in one call, so an answer
    /// shorter than the buffer is all there is, and asking again for the end would cost another call per file.
    pub(crate) fn read<'b>(&self, path: &CStr, buffer: &'b mut Buffer) -> Result<&'b [u8], Errno> {
        let file = rustix::fs::openat(&self.dir, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
        let bytes = &mut buffer.0;
        let mut filled = 0;
        loop {
            match rustix::io::read(&file, &mut bytes[filled..]) {
                Ok(n) => filled += n,
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error),
            }
            if filled < bytes.len() || bytes.len() >= MAX_FILE_BYTES {
                return Ok(&bytes[..filled]);
            }
            bytes.resize(bytes.len() * 2, 0);
        }
    }

    /// The target of a symbolic link.
    pub(crate) fn link(&self, path: &CStr) -> Result<Vec<u8>, Errno> {
        Ok(rustix::fs::readlinkat(&self.dir, path, Vec::new())?.into_bytes())
    }

    /// Hands the target of a symbolic link, cut after 64 bytes, to `take`.
    pub(crate) fn short_link(&self, path: &CStr, take: impl FnOnce(&[u8])) -> Result<(), Errno> {
        short_link(&self.dir, path, take)
    }

    /// Hands the target of each link in a directory, cut after 64 bytes, to `take`, until that wants no more. Whether it had all.
    pub(crate) fn links_in(&mut self, path: &CStr, mut take: impl FnMut(&[u8]) -> bool) -> Result<bool, Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = rustix::fs::openat(&self.dir, path, flags, Mode::empty())?;
        let mut entries = RawDir::new(&dir, self.names.spare_capacity_mut());
        while let Some(entry) = entries.next() {
            let mut more = true;
            match short_link(&dir, entry?.file_name(), |target| more = take(target)) {
                // Closed meanwhile, or `.` and `..`.
                Ok(()) | Err(Errno::NOENT | Errno::INVAL) => {}
                Err(error) => return Err(error),
            }
            if !more {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Hands each line of a file to `take`, until that wants no more, so that the file never stands in memory as a whole. Whether
    /// it had all.
    pub(crate) fn lines(
        &self,
        path: &CStr,
        buffer: &mut Buffer,
        mut take: impl FnMut(&[u8]) -> bool,
    ) -> Result<bool, Errno> {
        let file = rustix::fs::openat(&self.dir, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
        let bytes = &mut buffer.0;
        // The kernel looks for its place in the table anew in each call.
        bytes.resize(bytes.len().max(LINES_BYTES), 0);
        let mut filled = 0;
        loop {
            let read = match rustix::io::read(&file, &mut bytes[filled..]) {
                Err(Errno::INTR) => continue,
                read => read?,
            };
            if read == 0 {
                return Ok(filled == 0);
            }
            filled += read;
            let mut begin = 0;
            while let Some(length) = memchr::memchr(b'\n', &bytes[begin..filled]) {
                if !take(&bytes[begin..begin + length]) {
                    return Ok(false);
                }
                begin += length + 1;
            }
            bytes.copy_within(begin..filled, 0);
            filled -= begin;
            if filled == bytes.len() {
                return Ok(false);
            }
        }
    }

    /// The size that a file or directory says it has.
    pub(crate) fn size(&self, path: &CStr) -> Result<u64, Errno> {
        let stat = rustix::fs::statat(&self.dir, path, AtFlags::empty())?;
        Ok(stat.st_size.try_into().unwrap_or(0))
    }

    /// The number of entries in a directory, without `.` and `..`.
    pub(crate) fn entries(&mut self, path: &CStr) -> Result<u64, Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = rustix::fs::openat(&self.dir, path, flags, Mode::empty())?;
        let mut entries = RawDir::new(&dir, self.names.spare_capacity_mut());
        let mut count = 0;
        while let Some(entry) = entries.next() {
            if !matches!(entry?.file_name().to_bytes(), b"." | b"..") {
                count += 1;
            }
        }
        Ok(count)
    }
}

fn short_link(dir: &OwnedFd, path: &CStr, take: impl FnOnce(&[u8])) -> Result<(), Errno> {
    let mut target = [0; 64];
    let length = rustix::fs::readlinkat_raw(dir, path, &mut target)?;
    take(&target[..length]);
    Ok(())
}

fn numbered(dir: &OwnedFd, names: &mut Vec<u8>, listed: &mut Vec<Listed>) -> Result<(), Errno> {
    let mut entries = RawDir::new(dir, names.spare_capacity_mut());
    while let Some(entry) = entries.next() {
        let entry = entry?;
        let pid = super::words::number(entry.file_name().to_bytes()).and_then(|pid| u32::try_from(pid).ok());
        listed.extend(pid.map(|pid| Listed { pid, inode: entry.ino() }));
    }
    // The kernel lists in this order already; a tree of ordinary files does not.
    if !listed.is_sorted() {
        listed.sort_unstable();
    }
    Ok(())
}
