//! Which format and which coding a scraper gets (RFC 9110, 12.5).

/// The exposition formats that we write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// OpenMetrics 1.0.0.
    OpenMetrics,
    /// Prometheus text 0.0.4.
    Text,
}

impl Format {
    /// The value of the Content-Type header.
    pub fn content_type(self) -> &'static str {
        match self {
            Format::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Format::Text => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// One element of an Accept-like header: its value, its parameters and its weight from 0 to 1000.
struct Element<'a> {
    value: &'a str,
    version: Option<&'a str>,
    weight: u16,
}

fn elements(header: &str) -> impl Iterator<Item = Element<'_>> {
    header.split(',').map(|element| {
        let mut parts = element.split(';').map(str::trim);
        let mut found = Element { value: parts.next().unwrap_or(""), version: None, weight: 1000 };
        for (name, value) in parts.filter_map(|p| p.split_once('=')) {
            let value = value.trim().trim_matches('"');
            match name.trim().to_ascii_lowercase().as_str() {
                "version" => found.version = Some(value),
                // A weight that is no number counts as none: the element is not wanted.
                "q" => found.weight = value.parse::<f32>().map_or(0, |q| (q.clamp(0.0, 1.0) * 1000.0) as u16),
                _ => {}
            }
        }
        found
    })
}

/// The format that an Accept header likes best; OpenMetrics where it likes both alike, text where it names neither.
pub fn negotiate(accept: Option<&str>) -> Format {
    let (mut openmetrics, mut text) = (0, 0);
    for e in elements(accept.unwrap_or("")) {
        match (e.value.to_ascii_lowercase().as_str(), e.version) {
            ("application/openmetrics-text", None | Some("1.0.0" | "0.0.1")) => openmetrics = openmetrics.max(e.weight),
            ("text/plain", None | Some("0.0.4")) => text = text.max(e.weight),
            _ => {}
        }
    }
    if openmetrics > 0 && openmetrics >= text { Format::OpenMetrics } else { Format::Text }
}

/// Whether an Accept-Encoding header allows gzip.
pub fn accepts_gzip(accept_encoding: Option<&str>) -> bool {
    let (mut gzip, mut any) = (None, 0);
    for e in elements(accept_encoding.unwrap_or("")) {
        match e.value.to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => gzip = Some(e.weight),
            "*" => any = e.weight,
            _ => {}
        }
    }
    gzip.unwrap_or(any) > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chooses_by_weight() {
        let prometheus_2 = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        let prometheus_3 = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        for (accept, want) in [
            (None, Format::Text),
            (Some(""), Format::Text),
            (Some("*/*"), Format::Text),
            (Some("text/html,application/xhtml+xml,*/*;q=0.8"), Format::Text),
            (Some(prometheus_2), Format::OpenMetrics),
            (Some(prometheus_3), Format::OpenMetrics),
            (Some("application/openmetrics-text;q=0.2, text/plain;q=0.3"), Format::Text),
            (Some("application/openmetrics-text;q=0, text/plain;q=0"), Format::Text),
            (Some("Application/OpenMetrics-Text; Version=\"1.0.0\""), Format::OpenMetrics),
            (Some("application/openmetrics-text;version=2.0.0"), Format::Text),
            (Some("application/openmetrics-text;q=nonsense"), Format::Text),
        ] {
            assert_eq!(negotiate(accept), want, "{accept:?}");
        }
    }

    #[test]
    fn gzip_by_weight() {
        for (header, want) in [
            (None, false),
            (Some("gzip"), true),
            (Some("deflate, GZIP;q=0.5"), true),
            (Some("gzip;q=0"), false),
            (Some("*"), true),
            (Some("gzip;q=0, *"), false),
            (Some("identity"), false),
        ] {
            assert_eq!(accepts_gzip(header), want, "{header:?}");
        }
    }
}
