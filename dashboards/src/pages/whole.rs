//! The whole of a host, which its processes are a part of: load, CPUs, memory, as its exporter tells them.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::phrase::counted;
use crate::chart::Unit;
use crate::query::Sample;

/// What is known of one host; `None` where its exporter does not tell.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Whole {
    /// Threads that ran or waited: means over 1, 5 and 15 minutes.
    pub(super) load: [Option<f64>; 3],
    pub(super) cpus: Option<f64>,
    /// In bytes.
    pub(super) memory: Option<f64>,
    /// Memory that programs may still take, in bytes.
    pub(super) available: Option<f64>,
}

/// Asks for all of it at once; `matchers` begin with a comma where there are any.
pub(super) fn query(matchers: &str) -> String {
    format!("{{__name__=~\"procession_exporter_host_(load|cpus|memory_bytes|available_memory_bytes)\"{matchers}}}")
}

/// The hosts of an answer to [`query`], by their `instance`.
pub(super) fn by_instance(samples: Vec<Sample>) -> BTreeMap<String, Whole> {
    let mut hosts: BTreeMap<String, Whole> = BTreeMap::new();
    for Sample { mut labels, point } in samples {
        let mut label = |name: &str| labels.remove(name).unwrap_or_default();
        let whole = hosts.entry(label("instance")).or_default();
        let value = Some(point.value).filter(|value| value.is_finite());
        match label("__name__").trim_start_matches("procession_exporter_host_") {
            "cpus" => whole.cpus = value,
            "memory_bytes" => whole.memory = value,
            "available_memory_bytes" => whole.available = value,
            "load" => {
                let minutes = label("minutes");
                if let Some(place) = ["1", "5", "15"].iter().position(|known| *known == minutes) {
                    whole.load[place] = value;
                }
            }
            _ => {}
        }
    }
    hosts
}

impl Whole {
    /// The load of the last minute.
    pub(super) fn load_now(&self) -> Option<f64> {
        self.load[0]
    }

    /// All that is known of the load, in words.
    pub(super) fn load_in_words(&self) -> Option<String> {
        let means: Vec<String> = self.load.iter().flatten().map(|mean| Unit::Cores.format(*mean)).collect();
        let cpus = self.cpus.map(|cpus| format!(" on {}", counted(cpus as usize, "CPU"))).unwrap_or_default();
        (!means.is_empty()).then(|| format!("load {}{cpus}", means.join(" ")))
    }

    /// How much of the memory is used, from 0 to 1.
    pub(super) fn memory_used(&self) -> Option<f64> {
        let (memory, available) = (self.memory.filter(|memory| *memory > 0.0)?, self.available?);
        Some((1.0 - available / memory).clamp(0.0, 1.0))
    }

    /// All that is known of the memory, in words.
    pub(super) fn memory_in_words(&self) -> Option<String> {
        let of = self.memory.map(|memory| format!(" of {}", Unit::Bytes.format(memory))).unwrap_or_default();
        self.available.map(|available| format!("{}{of} memory available", Unit::Bytes.format(available)))
    }

    /// Both, among other words of a line; nothing where nothing is known.
    pub(super) fn in_line(&self) -> Markup {
        html! {
            @for words in [self.load_in_words(), self.memory_in_words()].into_iter().flatten() {
                span.mid { "\u{b7}" } (words)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::Point;

    fn sample(name: &str, minutes: &str, value: f64) -> Sample {
        let name = format!("procession_exporter_host_{name}");
        let labels = [("__name__", name.as_str()), ("instance", "a"), ("minutes", minutes)];
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Sample { labels, point: Point { at_ms: 0, value } }
    }

    #[test]
    fn a_host_in_words() {
        let hosts = by_instance(vec![
            sample("load", "1", 0.5),
            sample("load", "15", 1.25),
            sample("load", "7", 9.0),
            sample("cpus", "", 2.0),
            sample("memory_bytes", "", 8.0 * 1_073_741_824.0),
            sample("available_memory_bytes", "", 2.0 * 1_073_741_824.0),
        ]);
        let whole = hosts["a"];
        assert_eq!(whole.load_in_words().as_deref(), Some("load 0.50 1.25 on 2 CPUs"));
        assert_eq!(whole.memory_in_words().as_deref(), Some("2.00 GiB of 8.00 GiB memory available"));
        assert_eq!((whole.load_now(), whole.memory_used()), (Some(0.5), Some(0.75)));
        let nothing = Whole::default();
        assert_eq!((nothing.load_in_words(), nothing.memory_in_words(), nothing.memory_used()), (None, None, None));
        assert_eq!(nothing.in_line().into_string(), "");
    }
}
