//! The two text formats and the types of metrics.

/// An exposition format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// OpenMetrics text 1.0.0 (and 0.0.1, which is the same on the wire).
    OpenMetrics,
    /// The Prometheus text format 0.0.4.
    Text,
}

impl Format {
    /// The format that a `Content-Type` header names, or `None` where it is missing, broken or names anything else
    /// (protobuf, HTML). As in Prometheus the media type alone decides; parameters such as the version do not.
    pub fn from_content_type(content_type: &str) -> Option<Format> {
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        if media_type.eq_ignore_ascii_case("application/openmetrics-text") {
            Some(Format::OpenMetrics)
        } else if media_type.eq_ignore_ascii_case("text/plain") {
            Some(Format::Text)
        } else {
            None
        }
    }
}

/// The type of a metric family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum MetricType {
    /// Only grows, or starts again at 0.
    Counter,
    /// A current value.
    Gauge,
    /// Cumulative buckets of what was observed since the start.
    Histogram,
    /// Cumulative buckets of what there is now.
    GaugeHistogram,
    /// Count, sum and quantiles.
    Summary,
    /// Labels that describe; the value is 1.
    Info,
    /// Booleans, one series for each state.
    StateSet,
    /// Not known; the text format calls it `untyped`.
    #[default]
    Unknown,
}

impl MetricType {
    /// The name in OpenMetrics and in the Prometheus HTTP API.
    pub fn as_str(self) -> &'static str {
        match self {
            MetricType::Counter => "counter",
            MetricType::Gauge => "gauge",
            MetricType::Histogram => "histogram",
            MetricType::GaugeHistogram => "gaugehistogram",
            MetricType::Summary => "summary",
            MetricType::Info => "info",
            MetricType::StateSet => "stateset",
            MetricType::Unknown => "unknown",
        }
    }

    /// The type that a TYPE line names, or `None` where the format does not have it.
    pub(crate) fn from_name(name: &[u8], format: Format) -> Option<MetricType> {
        Some(match (name, format) {
            (b"counter", _) => MetricType::Counter,
            (b"gauge", _) => MetricType::Gauge,
            (b"histogram", _) => MetricType::Histogram,
            (b"summary", _) => MetricType::Summary,
            (b"untyped", Format::Text) => MetricType::Unknown,
            (b"unknown", Format::OpenMetrics) => MetricType::Unknown,
            (b"gaugehistogram", Format::OpenMetrics) => MetricType::GaugeHistogram,
            (b"info", Format::OpenMetrics) => MetricType::Info,
            (b"stateset", Format::OpenMetrics) => MetricType::StateSet,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_content_types() {
        for (content_type, format) in [
            ("application/openmetrics-text; version=1.0.0; charset=utf-8", Some(Format::OpenMetrics)),
            ("application/openmetrics-text;version=0.0.1", Some(Format::OpenMetrics)),
            ("Application/OpenMetrics-Text", Some(Format::OpenMetrics)),
            ("text/plain; version=0.0.4; charset=utf-8", Some(Format::Text)),
            ("text/plain;version=1.0.0;escaping=allow-utf-8", Some(Format::Text)),
            (" text/plain ", Some(Format::Text)),
            ("text/plainer", None),
            ("text/html", None),
            ("application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited", None),
            ("", None),
        ] {
            assert_eq!(Format::from_content_type(content_type), format, "{content_type}");
        }
    }
}
