//! The link from a chart of a page to the same chart as an image.

use super::link::Link;
use super::timeframe::DEFAULT_FROM;
use crate::chart::{Kind, Unit};
use crate::parameters::encoded;

/// What the image is asked for beside the range.
#[derive(Debug)]
pub(super) struct Image<'a> {
    pub(super) title: &'a str,
    pub(super) unit: Unit,
    pub(super) kind: Kind,
    /// Queries, each with the template of its legend.
    pub(super) queries: &'a [(String, String)],
}

impl Image<'_> {
    /// The image over the range of `view`.
    pub(super) fn href(&self, view: &Link) -> String {
        let mut href = String::from("/chart.svg?");
        for (query, legend) in self.queries {
            href.push_str(&format!("query={}&legend={}&", encoded(query), encoded(legend)));
        }
        href.push_str(&format!(
            "unit={}&title={}&kind={}&w=1200&h=400",
            encoded(&self.unit.to_string()),
            encoded(&self.title.chars().take(200).collect::<String>()),
            self.kind.name(),
        ));
        let from = view.get("from").unwrap_or(DEFAULT_FROM);
        for (name, value) in [
            ("from", Some(from)),
            ("until", view.get("until")),
            ("tz", view.get("tz")),
            ("compare", view.get("compare")),
        ] {
            if let Some(value) = value {
                href.push_str(&format!("&{name}={}", encoded(value)));
            }
        }
        href
    }
}
