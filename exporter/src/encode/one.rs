//! The samples of one group, and of one process.

use super::Exposition;
use super::labels::{ProcessLabels, label_value};
use super::number::Number;
use super::value::{value_of_group, value_of_process};
use crate::group::Group;
use crate::metric::{Metric, Samples, Scheme};
use crate::snapshot::{Process, State};

impl Exposition<'_> {
    /// The samples of a family that a group has.
    pub(super) fn group(&mut self, scheme: Scheme, metric: &Metric, group: &Group, begun: &mut bool) {
        let totals = &group.totals;
        let start = |text: &mut Vec<u8>| {
            for part in ["{", scheme.group_label(), "=\""] {
                text.extend_from_slice(part.as_bytes());
            }
            label_value(text, &group.name);
            text.push(b'"');
        };
        if let Samples::States = metric.samples {
            for state in State::ALL {
                if let Some(count) = totals.states[state as usize] {
                    self.begin(metric, begun);
                    start(&mut self.body.text);
                    self.end("state", state.as_str(), Number::Whole(count));
                }
            }
            return;
        }
        self.quantities(metric, |quantity| value_of_group(quantity, totals), begun, start);
    }

    /// The samples of a family that a process has.
    pub(super) fn process(&mut self, metric: &Metric, process: &Process, labels: &ProcessLabels, begun: &mut bool) {
        let Some(labels) = labels.of(process) else { return };
        let start = |text: &mut Vec<u8>| text.extend_from_slice(labels.common());
        let own = match metric.samples {
            Samples::States => {
                self.begin(metric, begun);
                start(&mut self.body.text);
                return self.end("state", process.state.as_str(), Number::Whole(1));
            }
            Samples::Identity => labels.identity(),
            Samples::CommandLine => labels.command_line(),
            _ => return self.quantities(metric, |quantity| value_of_process(quantity, process), begun, start),
        };
        // A process without a command line has no sample of it.
        if !own.is_empty() {
            self.begin(metric, begun);
            start(&mut self.body.text);
            self.body.text.extend_from_slice(own);
            self.body.text.extend_from_slice(b"} 1\n");
        }
    }
}
