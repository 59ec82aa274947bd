//! Lines: the head of a family, and one sample after the other.

use super::Exposition;
use super::labels::label_value;
use super::number::Number;
use crate::metric::{Kind, Metric, Quantity, Samples};
use procession_web::exposition::Format;

impl Exposition<'_> {
    /// The samples of a family that are quantities, as far as `value` knows them; `start` writes the labels that they all have, open for more.
    pub(super) fn quantities(
        &mut self,
        metric: &Metric,
        value: impl Fn(Quantity) -> Option<Number>,
        begun: &mut bool,
        start: impl Fn(&mut Vec<u8>),
    ) {
        match metric.samples {
            Samples::One(quantity) => {
                if let Some(value) = value(quantity) {
                    self.begin(metric, begun);
                    start(&mut self.body.text);
                    self.body.text.extend_from_slice(b"} ");
                    self.value(value);
                }
            }
            Samples::By(label, by) => {
                for (name, quantity) in by {
                    if let Some(value) = value(*quantity).filter(|_| self.is_on(*quantity)) {
                        self.begin(metric, begun);
                        start(&mut self.body.text);
                        self.end(label, name, value);
                    }
                }
            }
            Samples::ByTwo([first, second], by) => {
                for ([one, other], quantity) in by {
                    if let Some(value) = value(*quantity).filter(|_| self.is_on(*quantity)) {
                        self.begin(metric, begun);
                        start(&mut self.body.text);
                        for part in [",", first, "=\"", one, "\""] {
                            self.body.text.extend_from_slice(part.as_bytes());
                        }
                        self.end(second, other, value);
                    }
                }
            }
            // Written by the callers, or by prometheus-client.
            Samples::States | Samples::Identity | Samples::CommandLine | Samples::Own(_) => {}
        }
    }

    /// The family's head before its first sample, and the sample's name.
    pub(super) fn begin(&mut self, metric: &Metric, begun: &mut bool) {
        let text = &mut self.body.text;
        if !std::mem::replace(begun, true) {
            // Text 0.0.4 knows neither units nor info, and calls the family as its samples.
            let (suffix, kind) = match (self.format, metric.kind) {
                (Format::OpenMetrics, kind) => ("", kind.as_str()),
                (Format::Text, Kind::Info) => ("_info", "gauge"),
                (Format::Text, Kind::BareCounter) => ("", "counter"),
                (Format::Text, kind) => (kind.suffix(), kind.as_str()),
            };
            let unit = match (self.format, metric.unit) {
                (Format::OpenMetrics, Some(unit)) => ["# UNIT ", metric.name, " ", unit, "\n"],
                _ => [""; 5],
            };
            for part in
                ["# HELP ", metric.name, suffix, " ", metric.help, "\n# TYPE ", metric.name, suffix, " ", kind, "\n"]
                    .into_iter()
                    .chain(unit)
            {
                text.extend_from_slice(part.as_bytes());
            }
        }
        text.extend_from_slice(metric.name.as_bytes());
        text.extend_from_slice(metric.kind.suffix().as_bytes());
    }

    /// The last label, whose value needs no escaping, and the value.
    pub(super) fn end(&mut self, label: &str, label_value: &str, value: Number) {
        for part in [",", label, "=\"", label_value, "\"} "] {
            self.body.text.extend_from_slice(part.as_bytes());
        }
        self.value(value);
    }

    /// The value of a sample, and the end of its line.
    pub(super) fn value(&mut self, value: Number) {
        value.write(&mut self.body.text);
        self.body.text.push(b'\n');
    }

    fn is_on(&self, quantity: Quantity) -> bool {
        quantity.family().is_none_or(|family| self.families.has(family))
    }
}

/// Two labels, open for more.
pub(super) fn two_labels(text: &mut Vec<u8>, labels: [&str; 2], values: [&str; 2]) {
    for (before, (label, value)) in ["{", "\","].into_iter().zip(labels.into_iter().zip(values)) {
        for part in [before, label, "=\""] {
            text.extend_from_slice(part.as_bytes());
        }
        label_value(text, value);
    }
    text.push(b'"');
}
