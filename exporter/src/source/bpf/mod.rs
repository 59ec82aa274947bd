//! Linux: the numbers of all processes as binary records, which a BPF program makes in the kernel, in one go. Formatting
//! them as text, file by file, is nearly all that reading `/proc` costs.
//!
//! Only what changes all the time comes this way. What names a process is read from `/proc` by [`procfs`](mod@super::procfs), which
//! also puts processes together; here are the loading, the bytes, and what can be in the way.

pub(crate) mod convert;
mod exits;
#[cfg(test)]
mod live;
mod network;
mod obstacle;
mod programs;
mod record;

use std::path::Path;

pub(crate) use self::exits::Exits;
pub(crate) use self::programs::Programs;
pub(crate) use self::record::{Mark, Record};
use super::Refusal;

/// Loads the programs, where nothing is in the way.
///
/// # Errors
/// What is.
pub(crate) fn load(proc_root: &Path) -> Result<Programs, Refusal> {
    obstacle::find(proc_root)?;
    Programs::load()
}
