//! How every Procession service listens: addresses, TLS, who may ask, health, reload, its own metrics, graceful
//! shutdown, and the log.
//!
//! A service is a [`tower::Service`] over HTTP requests; [`serve()`] puts the common endpoints and the checks before it.
//! Listener, reload and shutdown are handed in, so that tests bind port 0 and stop what they started.

mod auth;
mod door;
pub mod duration;
mod endpoints;
pub mod exposition;
mod flags;
pub mod heap;
mod host;
mod listen;
mod log;
mod rate;
pub mod reload;
mod rules;
mod security;
mod serve;
mod shutdown;
mod tls;
pub mod yaml;

pub use auth::Asker;
pub use endpoints::{Endpoints, Ready};
pub use flags::WebFlags;
pub use listen::Bound;
pub use log::LogFlags;
pub use reload::{Reload, ReloadRequest, ReloadRequests};
pub use security::Security;
pub use serve::serve;
pub use shutdown::shutdown_signal;

use std::path::PathBuf;

/// What can go wrong before a service answers its first request. Each says what and where in one line.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An address that can't be understood or resolved.
    #[error("--web.listen-address {address:?}: {reason}")]
    Address {
        /// As it was given.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The address is taken, or not ours to take.
    #[error("cannot listen on {address}: {cause}")]
    Bind {
        /// The address, resolved where it was a name.
        address: String,
        /// The kernel's answer.
        cause: std::io::Error,
    },
    /// systemd was to hand sockets over and did not, or not such as we can use.
    #[error("--web.systemd-socket: {0}")]
    Systemd(std::io::Error),
    /// The web configuration file, or a file that it names, can't be read.
    #[error("{}: {cause}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// The kernel's answer.
        cause: std::io::Error,
    },
    /// The web configuration file does not say something that we can do.
    #[error("{}:{} {reason}", path.display(), line.map(|line| format!("{line}:")).unwrap_or_default())]
    Config {
        /// Which file.
        path: PathBuf,
        /// The line, from 1, of the key, where it is known and does not stand in the reason.
        line: Option<usize>,
        /// Key, line and what is expected.
        reason: String,
    },
}
