//! `/proc/PID/fd`: how many files a process has open.

use rustix::io::Errno;

use super::path::{File, PathBuffer};
use super::root::Root;

/// How the number is had: since Linux 6.2 it is the size of the directory (4 us), before that its entries
/// must be listed (23 us, and more with more files).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counting {
    /// Not known yet: every size seen so far was 0, and so was every listing.
    Unknown,
    /// The size says it.
    Size,
    /// An old kernel, or a tree of ordinary files, in which a size means something else.
    Listing,
}

impl Counting {
    /// What is known before the first process.
    pub(crate) fn of(root: &Root) -> Counting {
        if root.is_proc { Counting::Unknown } else { Counting::Listing }
    }

    /// The number of open files of `pid`.
    pub(crate) fn count(&mut self, root: &mut Root, path: &mut PathBuffer, pid: u32) -> Result<u64, Errno> {
        let path = path.of(pid, File::Fd);
        if *self == Counting::Listing {
            return root.entries(path);
        }
        let size = root.size(path)?;
        if size > 0 {
            *self = Counting::Size;
        }
        if *self == Counting::Size {
            return Ok(size);
        }
        let listed = root.entries(path)?;
        if listed > 0 {
            *self = Counting::Listing;
        }
        Ok(listed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn the_size_and_the_listing_agree_on_a_live_process() {
        let mut root = Root::open(Path::new("/proc")).expect("proc");
        let mut path = PathBuffer::default();
        let pid = std::process::id();
        let mut by_size = Counting::of(&root);
        assert_eq!(by_size, Counting::Unknown);
        // Other tests of this process open and close files meanwhile: compare with a process that holds still.
        let mut child = std::process::Command::new("sleep").arg("60").spawn().expect("sleep");
        let still = child.id();
        by_size.count(&mut root, &mut path, pid).expect("readable");
        assert_ne!(by_size, Counting::Unknown, "this process has files open");
        let counted = by_size.count(&mut root, &mut path, still);
        let listed = Counting::Listing.count(&mut root, &mut path, still);
        child.kill().expect("kill");
        child.wait().expect("wait");
        assert!(counted.is_ok());
        assert_eq!(counted, listed);
    }

    #[test]
    fn sizes_mean_nothing_in_a_tree_of_ordinary_files() {
        let dir = tempfile::tempdir().expect("tempdir");
        std::fs::create_dir_all(dir.path().join("7/fd")).expect("mkdir");
        for name in ["0", "1", "2"] {
            std::fs::write(dir.path().join("7/fd").join(name), "").expect("write");
        }
        let mut root = Root::open(dir.path()).expect("open");
        let mut counting = Counting::of(&root);
        assert_eq!(counting.count(&mut root, &mut PathBuffer::default(), 7), Ok(3));
        assert_eq!(counting.count(&mut root, &mut PathBuffer::default(), 8), Err(Errno::NOENT));
    }
}
