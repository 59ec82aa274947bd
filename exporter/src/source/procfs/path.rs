//! Paths of a process's files relative to the proc root, written into one buffer again and again.

use std::ffi::CStr;

/// The files and directories of a process that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum File {
    Stat,
    Status,
    Io,
    Fd,
    Exe,
    Cmdline,
    Cgroup,
    Comm,
    Limits,
    Schedstat,
    OomScore,
    SmapsRollup,
    Wchan,
    NetNs,
    NetTcp,
    NetTcp6,
    NetUdp,
    NetUdp6,
    NetUnix,
}

impl File {
    pub(crate) const ALL: [File; 19] = [
        File::Stat,
        File::Status,
        File::Io,
        File::Fd,
        File::Exe,
        File::Cmdline,
        File::Cgroup,
        File::Comm,
        File::Limits,
        File::Schedstat,
        File::OomScore,
        File::SmapsRollup,
        File::Wchan,
        File::NetNs,
        File::NetTcp,
        File::NetTcp6,
        File::NetUdp,
        File::NetUdp6,
        File::NetUnix,
    ];

    /// Its name in the directory of the process, and the value of the label `file`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            File::Stat => "stat",
            File::Status => "status",
            File::Io => "io",
            File::Fd => "fd",
            File::Exe => "exe",
            File::Cmdline => "cmdline",
            File::Cgroup => "cgroup",
            File::Comm => "comm",
            File::Limits => "limits",
            File::Schedstat => "schedstat",
            File::OomScore => "oom_score",
            File::SmapsRollup => "smaps_rollup",
            File::Wchan => "wchan",
            File::NetNs => "ns/net",
            File::NetTcp => "net/tcp",
            File::NetTcp6 => "net/tcp6",
            File::NetUdp => "net/udp",
            File::NetUdp6 => "net/udp6",
            File::NetUnix => "net/unix",
        }
    }
}

/// Room for the longest path: 10 digits, `/task/`, 10 digits, `/`, `schedstat`, NUL.
#[derive(Debug)]
pub(crate) struct PathBuffer([u8; 48]);

impl Default for PathBuffer {
    fn default() -> PathBuffer {
        PathBuffer([0; 48])
    }
}

impl PathBuffer {
    /// `PID/FILE` as the system calls want it.
    pub(crate) fn of(&mut self, pid: u32, file: File) -> &CStr {
        self.join(&[itoa::Buffer::new().format(pid), "/", file.as_str()])
    }

    /// `PID/task`: the directory of the threads.
    pub(crate) fn threads(&mut self, pid: u32) -> &CStr {
        self.join(&[itoa::Buffer::new().format(pid), "/task"])
    }

    /// `PID/task/TID/FILE`.
    pub(crate) fn of_thread(&mut self, pid: u32, tid: u32, file: File) -> &CStr {
        let (mut process, mut thread) = (itoa::Buffer::new(), itoa::Buffer::new());
        self.join(&[process.format(pid), "/task/", thread.format(tid), "/", file.as_str()])
    }

    fn join(&mut self, parts: &[&str]) -> &CStr {
        let mut length = 0;
        for part in parts.iter().map(|part| part.as_bytes()).chain([&b"\0"[..]]) {
            self.0[length..length + part.len()].copy_from_slice(part);
            length += part.len();
        }
        CStr::from_bytes_until_nul(&self.0).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_fit_and_leave_nothing_of_the_last_one() {
        let mut path = PathBuffer::default();
        assert_eq!(path.of(u32::MAX, File::OomScore).to_bytes(), b"4294967295/oom_score");
        assert_eq!(path.of(1, File::Io).to_bytes(), b"1/io");
        assert_eq!(path.of(23, File::Stat).to_bytes(), b"23/stat");
    }
}
