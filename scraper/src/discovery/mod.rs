//! Discovery: groups of targets that come from elsewhere while the scraper runs.
//!
//! | file | its subject |
//! |---|---|
//! | `groups` | lists of groups as JSON and YAML, from bytes |
//! | `file`, `http`, `dns` | one source each: asked again and again, what was good is kept |
//! | `kubernetes` | the objects of a cluster, where the feature of that name is on |
//! | `following` | asking in time, and telling of changes |

mod dns;
mod file;
mod following;
mod groups;
mod http;
#[cfg(feature = "kubernetes")]
mod kubernetes;

pub(crate) use following::{Discoverers, Errors};

use crate::config::TargetGroup;
use std::collections::HashMap;

/// What discovery has found, by the job's name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found(HashMap<String, Vec<TargetGroup>>);

impl Found {
    /// The groups of a job.
    pub(crate) fn of(&self, job: &str) -> &[TargetGroup] {
        self.0.get(job).map_or(&[], Vec::as_slice)
    }
}

/// What a source says when it is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Answer {
    /// All groups, of now or, where something could not be read, of before.
    groups: Vec<TargetGroup>,
    /// What could not be read, in words.
    errors: Vec<String>,
}
