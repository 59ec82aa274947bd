//! What is written at the lines of values that matter.

use super::model::Chart;
use super::plot::Frame;
use super::ticks::ValueScale;

/// Two labels nearer to each other than this would overlap, in px.
const LINE: f64 = 14.0;

/// The label of each threshold inside the axis, with its baseline in px; of those that would stand on each other the first.
pub(super) fn labels(chart: &Chart, scale: &ValueScale, frame: Frame) -> Vec<(f64, String)> {
    let mut labels: Vec<(f64, String)> = Vec::new();
    for threshold in &chart.thresholds {
        let y = frame.y_of(scale, threshold.value);
        if !(frame.y..=frame.y + frame.height).contains(&y) {
            continue;
        }
        // Above its line, or below it where nothing is left above.
        let baseline = if y - LINE >= frame.y { y - 4.0 } else { y + 12.0 };
        let free = labels.iter().all(|(other, _)| (other - baseline).abs() >= LINE);
        if free && baseline <= frame.y + frame.height {
            labels.push((baseline, text(chart, threshold)));
        }
    }
    labels
}

/// What a threshold is called: its label, or its value.
pub(super) fn text(chart: &Chart, threshold: &super::Threshold) -> String {
    if threshold.label.is_empty() { chart.unit.format(threshold.value) } else { threshold.label.clone() }
}
