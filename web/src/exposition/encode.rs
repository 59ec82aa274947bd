//! A registry as text. prometheus-client writes OpenMetrics only; text 0.0.4 is made of it.

use super::Format;
use prometheus_client::registry::Registry;
use std::fmt::{self, Write};

/// The registry's metrics in a format; `# EOF` ends OpenMetrics only.
pub fn encode(registry: &Registry, format: Format) -> Result<String, fmt::Error> {
    let mut openmetrics = String::new();
    prometheus_client::encoding::text::encode(&mut openmetrics, registry)?;
    match format {
        Format::OpenMetrics => Ok(openmetrics),
        Format::Text => to_text(&openmetrics),
    }
}

/// Rewrites OpenMetrics as prometheus-client prints it into text 0.0.4: families of counters are named with `_total`, of
/// infos with `_info`; types that 0.0.4 does not know become those that it does; units, exemplars and `# EOF` go.
pub fn to_text(openmetrics: &str) -> Result<String, fmt::Error> {
    let mut out = String::with_capacity(openmetrics.len());
    let mut help: Option<(&str, &str)> = None;
    for line in openmetrics.lines() {
        if let Some((family, text)) =
            line.strip_prefix("# HELP ").map(|rest| rest.split_once(' ').unwrap_or((rest, "")))
        {
            // HELP stands before TYPE, which tells the name to write it under.
            help = Some((family, text));
        } else if let Some((family, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            let (suffix, kind) = match kind {
                "counter" => ("_total", "counter"),
                "info" => ("_info", "gauge"),
                "stateset" => ("", "gauge"),
                "unknown" => ("", "untyped"),
                other => ("", other),
            };
            if let Some((_, text)) = help.take().filter(|(name, _)| *name == family) {
                // 0.0.4 escapes no quotes in help, OpenMetrics does.
                writeln!(out, "# HELP {family}{suffix} {}", text.replace("\\\"", "\""))?;
            }
            writeln!(out, "# TYPE {family}{suffix} {kind}")?;
        } else if !line.starts_with('#') {
            writeln!(out, "{}", without_exemplar(line))?;
        }
    }
    Ok(out)
}

/// A sample line up to its exemplar; a ` # ` inside of a quoted label value is not one.
fn without_exemplar(line: &str) -> &str {
    let (mut quoted, mut escaped) = (false, false);
    for (i, byte) in line.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'#' if !quoted => return line[..i].trim_end(),
            _ => {}
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::metrics::{counter::Counter, gauge::Gauge, info::Info};
    use prometheus_client::registry::Unit;

    #[test]
    fn writes_both_formats() {
        let mut registry = Registry::default();
        let scrapes = Counter::<u64>::default();
        scrapes.inc_by(3);
        registry.register("scrapes", "Scrapes \"served\"", scrapes);
        registry.register_with_unit("age", "Age", Unit::Seconds, Gauge::<i64>::default());
        registry.register("x_build", "Build", Info::new([("version", "1 # \"x")]));
        assert_eq!(
            encode(&registry, Format::Text).unwrap(),
            "# HELP scrapes_total Scrapes \"served\".\n# TYPE scrapes_total counter\nscrapes_total 3\n\
             # HELP age_seconds Age.\n# TYPE age_seconds gauge\nage_seconds 0\n\
             # HELP x_build_info Build.\n# TYPE x_build_info gauge\nx_build_info{version=\"1 # \\\"x\"} 1\n"
        );
        assert!(encode(&registry, Format::OpenMetrics).unwrap().ends_with("\n# EOF\n"));
    }

    #[test]
    fn drops_exemplars_only() {
        assert_eq!(without_exemplar(r#"a_bucket{le="1"} 3 # {id="x"} 0.5"#), r#"a_bucket{le="1"} 3"#);
        assert_eq!(without_exemplar(r#"a{l="\" # "} 3"#), r#"a{l="\" # "} 3"#);
    }
}
