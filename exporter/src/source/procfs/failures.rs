//! Files that could not be read: what each failure means, and the counts that are exported.

use rustix::io::Errno;

use super::path::File;

/// Why a file of a living process gave nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Reason {
    /// Not allowed (`EACCES`, `EPERM`).
    Permission,
    /// Read, but not understood: cut off or of another shape.
    Malformed,
    /// Any other error of the system.
    Other,
}

impl Reason {
    pub(crate) const ALL: [Reason; 3] = [Reason::Permission, Reason::Malformed, Reason::Other];

    /// The value of the label `reason`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Reason::Permission => "permission",
            Reason::Malformed => "malformed",
            Reason::Other => "other",
        }
    }
}

/// What a system call's error says about the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The file is not there: the process has ended, or this kernel has no such file.
    Missing,
    /// The process ended while it was read.
    Vanished,
    /// The process lives, the file stays closed.
    Unreadable(Reason),
}

impl From<Errno> for Failure {
    fn from(error: Errno) -> Failure {
        match error {
            Errno::NOENT => Failure::Missing,
            Errno::SRCH => Failure::Vanished,
            Errno::ACCESS | Errno::PERM => Failure::Unreadable(Reason::Permission),
            _ => Failure::Unreadable(Reason::Other),
        }
    }
}

/// How often each file could not be read, since the start.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Failures([[u64; Reason::ALL.len()]; File::ALL.len()]);

impl Failures {
    pub(crate) fn add(&mut self, file: File, reason: Reason) {
        self.0[file as usize][reason as usize] += 1;
    }

    /// Every count, also the zeros.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (File, Reason, u64)> + '_ {
        File::ALL.into_iter().flat_map(move |file| {
            Reason::ALL.into_iter().map(move |reason| (file, reason, self.0[file as usize][reason as usize]))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_and_what_they_mean() {
        assert_eq!(Failure::from(Errno::NOENT), Failure::Missing);
        assert_eq!(Failure::from(Errno::SRCH), Failure::Vanished);
        assert_eq!(Failure::from(Errno::ACCESS), Failure::Unreadable(Reason::Permission));
        assert_eq!(Failure::from(Errno::PERM), Failure::Unreadable(Reason::Permission));
        assert_eq!(Failure::from(Errno::IO), Failure::Unreadable(Reason::Other));
    }

    #[test]
    fn counts_are_kept_apart() {
        let mut failures = Failures::default();
        failures.add(File::Io, Reason::Permission);
        failures.add(File::Io, Reason::Permission);
        failures.add(File::Exe, Reason::Other);
        let some: Vec<_> = failures.counts().filter(|(.., n)| *n > 0).collect();
        assert_eq!(some, [(File::Io, Reason::Permission, 2), (File::Exe, Reason::Other, 1)]);
        assert_eq!(failures.counts().count(), File::ALL.len() * Reason::ALL.len());
    }
}
