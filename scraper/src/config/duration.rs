//! Durations in the configuration file.

use super::scalar::parsed;
use serde::de::{Deserialize, Deserializer};
use std::time::Duration;

pub use procession_web::duration::{format as format_duration, parse as parse_duration};

/// A duration in the configuration file; a wrong one is an error at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ConfigDuration(pub(super) Duration);

impl<'de> Deserialize<'de> for ConfigDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer, "a duration as in 15s or 1m30s", |text| parse_duration(text).map(ConfigDuration))
    }
}
