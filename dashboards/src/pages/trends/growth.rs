//! What memory and open files are coming to, in words: how fast they grow, and when a limit is reached.

use super::slope::{Slope, slope};
use super::{Drawn, Metrics, Subject};
use crate::chart::Unit;
use crate::pages::phrase::lasting;
use crate::pages::timeframe::Timeframe;
use crate::query::promql::quoted;
use crate::query::{Client, Error};

/// Limits at the end of the range; none where nobody tells them.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Limits {
    /// Memory that the host has left, in bytes.
    left: Option<f64>,
    /// What a process may have open, at most.
    files: Option<f64>,
}

/// A forecast reaches no further than so many times the points behind it.
const FORESIGHT: f64 = 30.0;

/// Asks for the limits and tells, from charts that are there already, what grows; an answer that is missing costs the
/// limit, not the growth.
pub(super) async fn sentences(client: &Client, subject: &Subject, frame: &Timeframe, charts: &[Drawn]) -> Vec<String> {
    let found = slopes(subject, charts);
    if found.is_empty() {
        return Vec::new();
    }
    let limits = limits(client, subject, frame.span.end_ms).await.unwrap_or_else(|error| {
        tracing::debug!(%error, "no limits");
        Limits::default()
    });
    found.into_iter().map(|(what, slope)| sentence(what, slope, limits)).collect()
}

/// What may grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Memory,
    Files,
    /// The part of its limit that the process has open which is nearest to it.
    FileShare,
}

fn slopes(subject: &Subject, charts: &[Drawn]) -> Vec<(What, Slope)> {
    let files = match subject.metrics {
        Metrics::Process => (What::Files, "files", "open files"),
        Metrics::Group => (What::FileShare, "fd_ratio", "of the limit"),
    };
    [(What::Memory, "memory", "resident"), files]
        .into_iter()
        .filter_map(|(what, id, name)| {
            let chart = charts.iter().find(|drawn| drawn.trend.id == id)?.chart.as_ref().ok()?;
            Some((what, slope(&chart.series.iter().find(|series| series.name == name)?.points)?))
        })
        .collect()
}

async fn limits(client: &Client, subject: &Subject, at_ms: i64) -> Result<Limits, Error> {
    // A node_exporter's figure, where one is scraped under the same host name, is for hosts whose exporter tells none.
    let node = quoted(&format!("{}(:[0-9]+)?", regex::escape(host_name(&subject.instance))));
    let left = format!(
        "min(procession_exporter_host_available_memory_bytes{{instance={}}}) or min(node_memory_MemAvailable_bytes{{instance=~{node}}})",
        quoted(&subject.instance)
    );
    let files = format!("min(proc_fd_limit{{{}}})", subject.matcher);
    let (left, files) = tokio::try_join!(client.instant(&left, at_ms), async {
        if subject.metrics == Metrics::Process { client.instant(&files, at_ms).await } else { Ok(Vec::new()) }
    })?;
    let only = |samples: Vec<crate::query::Sample>| {
        samples.first().map(|sample| sample.point.value).filter(|value| value.is_finite() && *value > 0.0)
    };
    Ok(Limits { left: only(left), files: only(files) })
}

/// `web-1` of `web-1:9956`.
fn host_name(instance: &str) -> &str {
    match instance.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => instance,
    }
}

fn sentence(what: What, slope: Slope, limits: Limits) -> String {
    let (subject, unit, least) = match what {
        What::Memory => ("Memory", Unit::Bytes, 1_048_576.0),
        What::Files => ("The number of open files", Unit::Short, 1.0),
        What::FileShare => ("What is used of the limit of open files", Unit::Ratio, 0.01),
    };
    let grows = slope.per_second > 0.0;
    let hourly = slope.per_second.abs() * 3600.0;
    let (by, every) = if hourly >= least { (hourly, "an hour") } else { (hourly * 24.0, "a day") };
    let verb = if grows { "grows" } else { "shrinks" };
    let mut text = format!("{subject} {verb} by {} {every}", unit.format(by));
    if !grows {
        return text + ".";
    }
    // What is in the way, and how far away it is.
    let obstacle = match what {
        What::Memory => {
            limits.left.map(|left| (left, format!("the {} that this host has left are used up", unit.format(left))))
        }
        What::Files => limits.files.map(|limit| (limit - slope.end, format!("the limit of {limit} is reached"))),
        What::FileShare => Some((1.0 - slope.end, "it is reached".to_owned())),
    };
    if let Some((room, end)) = obstacle {
        let seconds = room / slope.per_second;
        if room <= 0.0 {
            text += "; the limit is reached";
        } else if seconds <= slope.seconds * FORESIGHT {
            text += &format!("; at this rate {end} in {}", lasting((seconds / 60.0).round() as i64 * 60_000));
        }
    }
    text + "."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_in_words() {
        const MIB: f64 = 1_048_576.0;
        let slope = |hourly: f64, end: f64| Slope { per_second: hourly / 3600.0, end, seconds: 6.0 * 3600.0 };
        let left = |bytes: f64| Limits { left: Some(bytes), files: Some(1024.0) };
        for (what, slope, limits, expected) in [
            (What::Memory, slope(12.0 * MIB, 100.0 * MIB), Limits::default(), "Memory grows by 12.0 MiB an hour."),
            (
                What::Memory,
                slope(12.0 * MIB, 100.0 * MIB),
                left(864.0 * MIB),
                "Memory grows by 12.0 MiB an hour; at this rate the 864 MiB that this host has left are used up in 3 d.",
            ),
            // Six hours tell nothing of the next year.
            (What::Memory, slope(MIB, 100.0 * MIB), left(1e5 * MIB), "Memory grows by 1.00 MiB an hour."),
            (What::Memory, slope(-0.5 * MIB, 100.0 * MIB), left(MIB), "Memory shrinks by 12.0 MiB a day."),
            (
                What::Files,
                slope(36.0, 1000.0),
                left(MIB),
                "The number of open files grows by 36 an hour; at this rate the limit of 1024 is reached in 40 min.",
            ),
            (
                What::FileShare,
                slope(0.1, 0.5),
                Limits::default(),
                "What is used of the limit of open files grows by 10.0% an hour; at this rate it is reached in 5 h.",
            ),
        ] {
            assert_eq!(sentence(what, slope, limits), expected);
        }
    }

    #[test]
    fn hosts_without_ports() {
        for (instance, host) in [("web-1:9956", "web-1"), ("web-1", "web-1"), ("[::1]:9956", "[::1]"), ("a:b", "a:b")] {
            assert_eq!(host_name(instance), host);
        }
    }
}
