//! One ink for one group, in every chart of the page.

use std::collections::HashMap;

use crate::chart::Chart;
use crate::chart::palette::INKS;

/// Gives each name the same ink in all charts, in the order in which the names first appear. With more names than
/// inks, a name takes one that its own chart has not yet used.
pub(super) fn share<'a>(charts: impl IntoIterator<Item = &'a mut Chart>) -> HashMap<String, u8> {
    let mut inks: HashMap<String, u8> = HashMap::new();
    for chart in charts {
        let known: Vec<Option<u8>> = chart.series.iter().map(|series| inks.get(&series.name).copied()).collect();
        let mut used: Vec<u8> = known.iter().flatten().copied().collect();
        for (series, known) in chart.series.iter_mut().zip(known) {
            if series.others {
                continue;
            }
            let ink = known.unwrap_or_else(|| {
                let fresh = (0..INKS as u8).find(|ink| !inks.values().any(|taken| taken == ink));
                let free = fresh.or_else(|| (0..INKS as u8).find(|ink| !used.contains(ink)));
                let ink = free.unwrap_or(0);
                used.push(ink);
                inks.insert(series.name.clone(), ink);
                ink
            });
            series.ink = Some(ink);
        }
    }
    inks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::{Edges, Series, Unit};
    use crate::time::Span;

    fn chart(names: &[&str]) -> Chart {
        let series = names.iter().map(|name| Series { name: (*name).to_owned(), ..Series::default() }).collect();
        Chart {
            title: String::new(),
            unit: Unit::Short,
            span: Span { start_ms: 0, end_ms: 1000 },
            step_ms: 1,
            zone: jiff::tz::TimeZone::UTC,
            series,
            stacked: false,
            edges: Edges::default(),
            note: String::new(),
        }
    }

    #[test]
    fn a_group_keeps_its_ink() {
        let mut charts = [chart(&["a", "b"]), chart(&["c", "a"])];
        let inks = share(&mut charts);
        assert_eq!((inks["a"], inks["b"], inks["c"]), (0, 1, 2));
        assert_eq!(charts[1].series[1].ink, Some(0));
    }

    #[test]
    fn a_chart_never_has_an_ink_twice() {
        let names: Vec<String> = (0..24).map(|n| n.to_string()).collect();
        let part = |range: std::ops::Range<usize>| chart(&names[range].iter().map(String::as_str).collect::<Vec<_>>());
        let mut charts = [part(0..8), part(8..16), part(16..24), part(4..12)];
        share(&mut charts);
        for chart in &charts[..3] {
            let mut inks: Vec<_> = chart.series.iter().map(|series| series.ink).collect();
            inks.sort_unstable();
            inks.dedup();
            assert_eq!(inks.len(), 8);
        }
    }
}
