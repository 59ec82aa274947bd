//! One ink for one group, in every chart of the page and, as far as there are inks, on every page.

use std::collections::HashMap;

use crate::chart::palette::INKS;
use crate::chart::{Chart, Series};

/// Gives each name the same ink in all charts. The ink follows from the name, or is the next free one where another name
/// of the page has it; so a name keeps its ink when ranks change. With more names than inks, inks are given again; no
/// chart has one twice, so there a name may have to change its ink.
pub(super) fn share<'a>(charts: impl IntoIterator<Item = &'a mut Chart>) -> HashMap<String, u8> {
    let mut inks: HashMap<String, u8> = HashMap::new();
    for chart in charts {
        let mut used: Vec<u8> = Vec::new();
        for series in chart.series.iter_mut().filter(|series| is_named(series)) {
            series.ink = inks.get(&series.name).copied().filter(|ink| !used.contains(ink));
            used.extend(series.ink);
        }
        let mut bare: Vec<_> =
            chart.series.iter_mut().filter(|series| is_named(series) && series.ink.is_none()).collect();
        bare.sort_by(|a, b| a.name.cmp(&b.name));
        for series in bare {
            let mut next = (0..INKS as u8).map(|by| (preferred(&series.name) + by) % INKS as u8);
            let fresh = next.clone().find(|ink| !inks.values().any(|taken| taken == ink));
            let ink = fresh.or_else(|| next.find(|ink| !used.contains(ink))).unwrap_or(0);
            used.push(ink);
            series.ink = Some(ink);
            inks.entry(series.name.clone()).or_insert(ink);
        }
        // A line of a time before was given the place of the line that it is compared with.
        let given: Vec<Option<u8>> = chart.series.iter().map(|series| series.ink).collect();
        for series in chart.series.iter_mut().filter(|series| series.earlier) {
            series.ink = series.ink.and_then(|place| given.get(usize::from(place)).copied().flatten());
        }
    }
    inks
}

fn is_named(series: &Series) -> bool {
    !series.others && !series.earlier
}

/// The ink that a name has where nobody else has it.
fn preferred(name: &str) -> u8 {
    (crate::assets::fnv1a(name.as_bytes()) % INKS as u64) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::Unit;
    use crate::time::Span;

    fn chart(names: &[&str]) -> Chart {
        let series = names.iter().map(|name| Series { name: (*name).to_owned(), ..Series::default() }).collect();
        Chart { series, ..Chart::new(Unit::Short, Span { start_ms: 0, end_ms: 1000 }, 1, jiff::tz::TimeZone::UTC) }
    }

    #[test]
    fn a_group_keeps_its_ink() {
        let mut charts = [chart(&["a", "b"]), chart(&["c", "a"])];
        let inks = share(&mut charts);
        assert_eq!(charts[1].series[1].ink, charts[0].series[0].ink);
        // Whoever overtakes whom: the same names have the same inks.
        let again = share(&mut [chart(&["b", "a"]), chart(&["a", "c"])]);
        assert_eq!(inks, again);
        assert_eq!(share(&mut [chart(&["a"])])["a"], preferred("a"));
    }

    #[test]
    fn a_line_of_the_week_before_has_the_ink_of_its_line() {
        let mut chart = chart(&["a", "b"]);
        chart.series.push(Series { earlier: true, ink: Some(1), ..Series::default() });
        chart.series.push(Series { earlier: true, others: true, ..Series::default() });
        let mut charts = [chart];
        let inks = share(&mut charts);
        assert_eq!(charts[0].series[2].ink, Some(inks["b"]));
        assert_eq!((charts[0].series[3].ink, inks.len()), (None, 2));
    }

    #[test]
    fn a_chart_never_has_an_ink_twice() {
        let names: Vec<String> = (0..24).map(|n| n.to_string()).collect();
        let part = |range: std::ops::Range<usize>| chart(&names[range].iter().map(String::as_str).collect::<Vec<_>>());
        let mut charts = [part(0..8), part(8..16), part(16..24), part(4..12)];
        share(&mut charts);
        let mut mixed = [part(0..8), part(8..16), part(16..24), chart(&["0", "8", "16", "1", "9", "17"])];
        share(&mut mixed);
        for chart in charts.iter().chain(&mixed) {
            let mut inks: Vec<_> = chart.series.iter().map(|series| series.ink).collect();
            inks.sort_unstable();
            inks.dedup();
            assert_eq!(inks.len(), chart.series.len());
        }
    }
}
