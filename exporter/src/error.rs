//! What can go wrong at the exporter's edges.

use std::io;
use std::path::PathBuf;

use crate::source::Refusal;

/// An error of this crate; its `Display` is one line for the user.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The proc root cannot be opened or does not look like one.
    #[error("{path}: not a proc filesystem: {reason}", path = .path.display())]
    NotProc {
        /// The path given as `--path.procfs`.
        path: PathBuf,
        /// What was missing or could not be read.
        reason: String,
    },
    /// The directory of processes could not be listed.
    #[error("{path}: cannot list the processes: {cause}", path = .path.display())]
    List {
        /// The path given as `--path.procfs`.
        path: PathBuf,
        /// The system's reason.
        cause: io::Error,
    },
    /// The source `sysinfo` cannot be had.
    #[error("the source sysinfo is not to be had: {0}")]
    Sysinfo(String),
    /// The source `bpf` cannot be had.
    #[error("the source bpf is not to be had: {0}")]
    NoBpf(#[from] Refusal),
    /// The BPF programs are loaded and tell nothing.
    #[error("the kernel does not tell of the processes: {0}")]
    Bpf(io::Error),
    /// The configuration file could not be read.
    #[error("{file}: {cause}", file = .file.display())]
    ConfigRead {
        /// The path given as `--config.file`.
        file: PathBuf,
        /// The system's reason.
        cause: io::Error,
    },
    /// The configuration file says something that is not understood.
    #[error("{file}{place}: {message}", file = .file.display())]
    Config {
        /// The path given as `--config.file`.
        file: PathBuf,
        /// `:LINE:COLUMN`, or empty where the parser knows none.
        place: String,
        /// What is wrong and what is expected.
        message: String,
    },
    /// The answer could not be written: compression failed, or nobody takes it.
    #[error("cannot write the answer: {0}")]
    Answer(io::Error),
    /// The exporter's own metrics could not be written.
    #[error("cannot write the exporter's own metrics")]
    OwnMetrics(#[from] std::fmt::Error),
}
