//! `scrape_protocols`: the exposition formats that a target is asked for.

use super::names::NameEscaping;
use super::scalar::parsed;
use serde::{Deserialize, Deserializer};

/// A format by Prometheus's name for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScrapeProtocol {
    /// `OpenMetricsText1.0.0`
    OpenMetrics1,
    /// `OpenMetricsText0.0.1`
    OpenMetrics0,
    /// `PrometheusText1.0.0`: 0.0.4 with names in quotes.
    Text1,
    /// `PrometheusText0.0.4`
    Text0,
}

/// What is asked for where nothing is written, the best first.
pub(super) const DEFAULT: [ScrapeProtocol; 4] =
    [ScrapeProtocol::OpenMetrics1, ScrapeProtocol::OpenMetrics0, ScrapeProtocol::Text1, ScrapeProtocol::Text0];

impl ScrapeProtocol {
    const fn name(self) -> &'static str {
        match self {
            ScrapeProtocol::OpenMetrics1 => "OpenMetricsText1.0.0",
            ScrapeProtocol::OpenMetrics0 => "OpenMetricsText0.0.1",
            ScrapeProtocol::Text1 => "PrometheusText1.0.0",
            ScrapeProtocol::Text0 => "PrometheusText0.0.4",
        }
    }

    /// The content type that stands for the format, also as the one to assume (`fallback_scrape_protocol`).
    pub const fn content_type(self) -> &'static str {
        match self {
            ScrapeProtocol::OpenMetrics1 => "application/openmetrics-text;version=1.0.0",
            ScrapeProtocol::OpenMetrics0 => "application/openmetrics-text;version=0.0.1",
            ScrapeProtocol::Text1 => "text/plain;version=1.0.0",
            ScrapeProtocol::Text0 => "text/plain;version=0.0.4",
        }
    }
}

/// The `Accept` header for formats in the order of preference, weighted as Prometheus 3 weighs them.
pub(super) fn accept_header(protocols: &[ScrapeProtocol], escaping: NameEscaping) -> String {
    let mut out = String::new();
    let mut weight = 6;
    for protocol in protocols {
        out.push_str(protocol.content_type());
        if matches!(protocol, ScrapeProtocol::OpenMetrics1 | ScrapeProtocol::Text1) {
            out.push_str(&format!(";escaping={}", escaping.0));
        }
        out.push_str(&format!(";q=0.{weight},"));
        weight -= 1;
    }
    out + &format!("*/*;q=0.{weight}")
}

impl<'de> Deserialize<'de> for ScrapeProtocol {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer, "a scrape protocol", |text| {
            if text == "PrometheusProto" {
                return Err("PrometheusProto is not supported: targets are asked for the text formats".to_owned());
            }
            DEFAULT.into_iter().find(|p| p.name() == text).ok_or_else(|| {
                let names = DEFAULT.map(ScrapeProtocol::name).join(", ");
                format!("{text:?} is not a scrape protocol: expected one of {names}")
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::names::ALLOW_UTF8;
    use super::*;

    #[test]
    fn asks_as_prometheus_3_does() {
        assert_eq!(
            accept_header(&DEFAULT, ALLOW_UTF8),
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
             application/openmetrics-text;version=0.0.1;q=0.5,\
             text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
             text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
        );
        assert_eq!(accept_header(&[ScrapeProtocol::Text0], ALLOW_UTF8), "text/plain;version=0.0.4;q=0.6,*/*;q=0.5");
    }
}
