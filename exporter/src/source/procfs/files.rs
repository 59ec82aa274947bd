//! The files of one process: read, parsed, and their failures counted.

use rustix::io::Errno;

use super::Buffers;
use super::failures::{Failure, Failures, Reason};
use super::fds::Counting;
use super::path::{File, PathBuffer};
use super::root::{Buffer, Root};
use super::sockets;

/// The process ended before it was read to the end.
#[derive(Debug)]
pub(crate) struct Vanished;

/// What the files of a process are read with.
pub(crate) struct Files<'a> {
    pub(crate) pid: u32,
    pub(crate) root: &'a mut Root,
    pub(crate) path: &'a mut PathBuffer,
    pub(crate) buffer: &'a mut Buffer,
    pub(crate) failures: &'a mut Failures,
}

impl Buffers {
    /// The files of one process.
    pub(crate) fn files<'a>(&'a mut self, pid: u32, root: &'a mut Root, failures: &'a mut Failures) -> Files<'a> {
        Files { pid, root, path: &mut self.path, buffer: &mut self.other, failures }
    }
}

impl Files<'_> {
    /// What a file says; `None` where it cannot be had though the process lives.
    pub(crate) fn get<T>(&mut self, file: File, parse: impl FnOnce(&[u8]) -> Option<T>) -> Result<Option<T>, Vanished> {
        self.of(self.pid, file, parse)
    }

    /// The same of another process, such as the parent.
    pub(crate) fn of<T>(
        &mut self,
        pid: u32,
        file: File,
        parse: impl FnOnce(&[u8]) -> Option<T>,
    ) -> Result<Option<T>, Vanished> {
        let read = parsed(self.root.read(self.path.of(pid, file), self.buffer), parse);
        self.outcome(pid, file, read)
    }

    /// What a file of one of its threads says; `None` where it cannot be had though the thread lives.
    pub(crate) fn of_thread<T>(
        &mut self,
        tid: u32,
        file: File,
        parse: impl FnOnce(&[u8]) -> Option<T>,
    ) -> Result<Option<T>, Vanished> {
        match parsed(self.root.read(self.path.of_thread(self.pid, tid, file), self.buffer), parse) {
            Ok(value) => Ok(Some(value)),
            Err(Failure::Missing | Failure::Vanished) => Err(Vanished),
            Err(Failure::Unreadable(reason)) => {
                self.failures.add(file, reason);
                Ok(None)
            }
        }
    }

    /// The number of open files.
    pub(crate) fn open(&mut self, counting: &mut Counting) -> Result<Option<u64>, Vanished> {
        let counted = counting.count(self.root, self.path, self.pid).map_err(Failure::from);
        self.outcome(self.pid, File::Fd, counted)
    }

    /// The path of the executable; threads of the kernel and zombies have none.
    pub(crate) fn executable(&mut self) -> Result<Option<String>, Vanished> {
        let target = self.root.link(self.path.of(self.pid, File::Exe));
        let path = |target: Vec<u8>| String::from_utf8_lossy(&target).into_owned();
        self.outcome(self.pid, File::Exe, target.map(path).map_err(Failure::from))
    }

    /// Hands the target of each open file, cut after 64 bytes, to `take`, which says whether it wants more. Whether it had all.
    pub(crate) fn links(&mut self, take: impl FnMut(&[u8]) -> bool) -> Result<Option<bool>, Vanished> {
        let read = self.root.links_in(self.path.of(self.pid, File::Fd), take).map_err(Failure::from);
        if read == Ok(false) {
            self.failures.add(File::Fd, Reason::Other);
        }
        self.outcome(self.pid, File::Fd, read)
    }

    /// The inode of its network namespace.
    pub(crate) fn namespace(&mut self) -> Result<Option<u64>, Vanished> {
        let mut target = None;
        let read =
            self.root.short_link(self.path.of(self.pid, File::NetNs), |link| target = sockets::link(link, b"net"));
        let number = read.map_err(Failure::from).and_then(|()| target.ok_or(Failure::Unreadable(Reason::Malformed)));
        self.outcome(self.pid, File::NetNs, number)
    }

    /// Hands each line of a file to `take`, which says whether it wants more. Whether it had all; `None` where there is no such file.
    pub(crate) fn lines(
        &mut self,
        file: File,
        buffer: &mut Buffer,
        take: impl FnMut(&[u8]) -> bool,
    ) -> Result<Option<bool>, Vanished> {
        match self.root.lines(self.path.of(self.pid, file), buffer, take).map_err(Failure::from) {
            Err(Failure::Unreadable(reason)) => {
                self.failures.add(file, reason);
                Ok(Some(false))
            }
            read => self.outcome(self.pid, file, read),
        }
    }

    fn outcome<T>(&mut self, pid: u32, file: File, read: Result<T, Failure>) -> Result<Option<T>, Vanished> {
        match read {
            Ok(value) => Ok(Some(value)),
            Err(Failure::Vanished) => Err(Vanished),
            // Either the process has gone or this kernel was built without the file; its `stat` tells which.
            Err(Failure::Missing) if self.root.size(self.path.of(pid, File::Stat)).is_ok() => Ok(None),
            Err(Failure::Missing) => Err(Vanished),
            Err(Failure::Unreadable(reason)) => {
                self.failures.add(file, reason);
                Ok(None)
            }
        }
    }
}

/// What the bytes of a file mean, where they could be read and mean something.
pub(crate) fn parsed<'b, T>(
    text: Result<&'b [u8], Errno>,
    parse: impl FnOnce(&'b [u8]) -> Option<T>,
) -> Result<T, Failure> {
    parse(text?).ok_or(Failure::Unreadable(Reason::Malformed))
}
