//! Any values and any names give a well-formed document.

use proptest::prelude::*;
use roxmltree::Document;

use super::{NOON_MS, chart, look};
use crate::chart::{KINDS, Point, Range, Series, fluid, spark, standalone};
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
        real in any::<bool>(),
    ) {
        let mut chart = chart(1, 60, &[]);
        if !real {
            chart.span = Span { start_ms: start, end_ms: start + length };
        }
        chart.series = all;
        chart.title = title;
        chart.kind = KINDS[kind].1;
        chart.edges.fit = fit;
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
