//! Scraping: one loop for each target, apart from all others.
//!
//! | file | its subject |
//! |---|---|
//! | `schedule` | when a target is due |
//! | `fetch` | bytes from the network, bounded in size and time |
//! | `unpack` | gzip, zstd and the format |
//! | `ingest`, `labels`, `cache`, `metadata` | from text to columns of samples; staleness |
//! | `starts`, `exemplars` | what else a page says: since when counters count, and references |
//! | `budget` | how many series may be active |
//! | `worker` | one scrape from its page to the store, on a thread that may block |
//! | `renew` | series that the store has forgotten meanwhile |
//! | `looping` | a target's scrapes one after the other |
//! | `thread` | where the asynchronous half runs |
//! | `pools` | which targets there are: starting, stopping, reloading |
//!
//! Fetching is asynchronous, everything after it is not: reading a page runs on blocking threads, as many at a time as
//! there are cores.

mod budget;
mod buffers;
mod cache;
mod error;
mod exemplars;
mod fetch;
mod ingest;
mod labels;
mod looping;
mod metadata;
mod pools;
mod renew;
mod schedule;
mod starts;
#[cfg(test)]
mod tests;
mod thread;
mod unpack;
mod worker;

pub(crate) use budget::{Budget, BudgetState};
pub(crate) use ingest::Samples;
pub(crate) use looping::{Clock, Shared};
pub use metadata::FamilyMetadata;
pub(crate) use pools::Pools;
pub use pools::Targets;
pub(crate) use thread::ScrapeThread;
pub(crate) use worker::{Outcome, Refused, Sink};
