//! The newest sample of each series, from what is noted beside its times: no sample is decoded for it.

use crate::Error;
use crate::head::{Newest, Shared};
use procession_promql::{Selection, SeriesSet};

/// The newest sample of each series that satisfies every matcher, `start_ms < timestamp <= end_ms`. `None` where more must be
/// asked: blocks may have such samples of series that are not in memory, or of one of them a newer sample is known.
pub(crate) fn newest(shared: &Shared, selection: &Selection) -> Result<Option<SeriesSet>, Error> {
    let series = shared.series.read();
    let numbers = series.resolve(&selection.matchers);
    let (mut found, mut timestamps, mut values) = (Vec::new(), Vec::new(), Vec::new());
    {
        let queue = shared.queue.lock();
        if !queue.times.knows_all_after(selection.start_ms) {
            return Ok(None);
        }
        for number in numbers {
            match queue.times.newest(number, selection.start_ms, selection.end_ms) {
                Newest::Sample(timestamp_ms, value) => {
                    found.push(number);
                    timestamps.push(timestamp_ms);
                    values.push(value);
                }
                Newest::None => {}
                Newest::Unknown => return Ok(None),
            }
        }
    }
    if selection.cancel.is_due() {
        return Err(Error::GivenUp);
    }
    let mut set = SeriesSet::default();
    set.came_from("recent samples", timestamps.len());
    let columns = set.add_columns(timestamps, values);
    for (at, number) in found.into_iter().enumerate() {
        if let Some(labels) = series.get(number) {
            set.add_series(labels.clone(), columns, at..at + 1);
        }
    }
    Ok(Some(set))
}
