//! Processes that have ended between two scans.

use std::sync::Arc;

use super::{Counters, Identity};

/// A process that has ended, and what it had used then, as a source was told of it.
#[derive(Debug, Clone, Default)]
pub struct End {
    /// Its slot, where a scan has seen it. It is nobody's any more.
    pub slot: Option<u32>,
    /// What named it at its end; of one that no scan has seen, as far as that can still be known.
    pub identity: Arc<Identity>,
    /// The last of its counters, all of them from its start on.
    pub counters: Counters,
}
