//! Any values and any names give a well-formed document.

use proptest::prelude::*;
use roxmltree::Document;

use super::{NOON_MS, chart, look};
use crate::chart::{Event, Happening, KINDS, Point, Range, Series, Threshold, fluid, spark, standalone};
use crate::time::Span;

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -1e3..1e3f64,
        1 => any::<f64>(),
        1 => prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY), Just(f64::MAX), Just(f64::MIN), Just(0.0), Just(9_223_372_036_854_775_808.0)],
    ]
}

prop_compose! {
    fn series()(
        name in any::<String>(),
        others in any::<bool>(),
        values in prop::collection::vec((0i64..400_000, value()), 0..60),
    ) -> Series {
        let mut at_ms = NOON_MS - 3_600_000;
        let points: Vec<Point> = values.into_iter().map(|(step, value)| { at_ms += step; Point { at_ms, value } }).collect();
        let around = |(point, other): (&Point, &Point)| Range { at_ms: point.at_ms, low: point.value, high: other.value };
        let band = points.iter().zip(points.iter().rev()).map(around).collect();
        Series { name, points, others, band, ..Series::default() }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_data_is_well_formed(
        all in prop::collection::vec(series(), 0..6),
        title in any::<String>(),
        w in 120u32..1200, h in 60u32..600,
        kind in 0..KINDS.len(), fit in any::<bool>(),
        (min, max) in (prop::option::of(-1e300..1e300f64), prop::option::of(-1e300..1e300f64)),
        start in -2_000_000_000_000i64..4_000_000_000_000, length in 1_000i64..300_000_000_000,
        real in any::<bool>(), log in any::<bool>(),
        thresholds in prop::collection::vec((-1e300..1e300f64, any::<String>()), 0..4),
        events in prop::collection::vec((0i64..4_000_000, any::<String>()), 0..20),
        earlier in 0usize..3,
    ) {
        let mut chart = chart(1, 60, &[]);
        if !real {
            chart.span = Span { start_ms: start, end_ms: start + length };
        }
        chart.series = all;
        chart.title = title;
        chart.kind = KINDS[kind].1;
        chart.edges.fit = fit;
        chart.edges.log = log;
        chart.thresholds = thresholds.into_iter().map(|(value, label)| Threshold { value, label }).collect();
        let start_ms = chart.span.start_ms;
        chart.events = events
            .into_iter()
            .map(|(at_ms, title)| Event { at_ms: start_ms + at_ms, title, what: Happening::Exit })
            .collect();
        let now = chart.series.len().saturating_sub(earlier);
        chart.series[now..].iter_mut().for_each(|series| series.earlier = true);
        chart.edges.min = min;
        chart.edges.max = max;
        let svg = standalone::render(&chart, &look(w, h)).unwrap();
        prop_assert!(Document::parse(&svg).is_ok(), "{}", svg);
        prop_assert!(!svg.contains("NaN\"") && !svg.contains("inf\""), "{}", svg);
        let fluid::Fluid { gutter, plot } = fluid::render(&chart, 200).unwrap();
        prop_assert!(Document::parse(&gutter).is_ok() && Document::parse(&plot).is_ok());
        prop_assert!(Document::parse(&spark::render(&chart, 0).unwrap()).is_ok());
    }
}
