//! `storage.retention`: for how long which series are kept, where it is not the time of `--storage.retention.time`.

use super::duration::ConfigDuration;
use super::scalar::parsed;
use procession_promql::{Matcher, parse_matchers};
use procession_store::RetentionRule;
use serde::{Deserialize, Deserializer};

/// One entry: the first whose selector a series satisfies decides.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a mapping with `match` and `keep`")]
pub(super) struct RawRetention {
    #[serde(rename = "match")]
    selector: Selector,
    keep: ConfigDuration,
}

impl RawRetention {
    pub(super) fn compile(self) -> RetentionRule {
        // As with the flag, zero means for ever.
        RetentionRule { matchers: self.selector.0, keep: Some(self.keep.0).filter(|keep| !keep.is_zero()) }
    }
}

#[derive(Debug)]
struct Selector(Vec<Matcher>);

impl<'de> Deserialize<'de> for Selector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer, "a selector as in '{job=\"x\"}'", |text| {
            parse_matchers(text).map(Selector).map_err(|error| format!("{text:?} is not a selector: {error}"))
        })
    }
}
