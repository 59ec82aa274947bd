//! What the value of a sample is.

use super::number::Number;
use crate::group::Totals;
use crate::metric::Quantity;
use crate::snapshot::{Counter, Counters, Gauge, Gauges, Limits, Process, Resource};

/// A counter or a gauge: processes, groups and threads have these.
pub(super) fn value(quantity: Quantity, counters: &Counters, gauges: &Gauges) -> Option<Number> {
    match quantity {
        Quantity::Counter(
            counter @ (Counter::CpuUser
            | Counter::CpuSystem
            | Counter::Cpu
            | Counter::Guest
            | Counter::ChildrenUser
            | Counter::ChildrenSystem
            | Counter::RunQueue
            | Counter::ThreadsRunQueue
            | Counter::BlockDelay),
        ) => Some(Number::Nano(counters.get(counter)?)),
        Quantity::Counter(counter) => Some(Number::Whole(counters.get(counter)?)),
        Quantity::Gauge(gauge) => Some(Number::Whole(gauges.get(gauge)?)),
        _ => None,
    }
}

/// What a group has.
pub(super) fn value_of_group(quantity: Quantity, totals: &Totals) -> Option<Number> {
    match quantity {
        Quantity::In(states) => {
            Some(Number::Whole(states.iter().filter_map(|state| totals.states[*state as usize]).sum()))
        }
        Quantity::WorstFdRatio => Some(Number::Nano(totals.worst_fd_ratio?)),
        Quantity::PeakCpu => Some(Number::Nano(totals.peaks.as_ref()?.cpu()?)),
        Quantity::PeakResident => Some(Number::Whole(totals.peaks.as_ref()?.resident()?)),
        Quantity::Starts => Some(Number::Whole(totals.starts)),
        Quantity::Exits => Some(Number::Whole(totals.exits)),
        Quantity::Start => Some(Number::Milli(totals.starts_ms.earliest()?)),
        Quantity::NewestStart => Some(Number::Milli(totals.starts_ms.latest()?)),
        Quantity::MeanStart => Some(Number::Milli(totals.starts_ms.mean()?)),
        other => value(other, &totals.counters, &totals.gauges),
    }
}

/// What a process has.
pub(super) fn value_of_process(quantity: Quantity, process: &Process) -> Option<Number> {
    match quantity {
        // 0 where a source could not tell.
        Quantity::Start => Some(Number::Milli(Some(process.identity.start_ms).filter(|start| *start > 0)?)),
        Quantity::Nice => Some(Number::Signed(process.gauges.get(Gauge::Nice)?.cast_signed())),
        Quantity::Policy(number) => {
            Some(Number::Whole(1)).filter(|_| process.gauges.get(Gauge::Policy) == Some(number))
        }
        Quantity::Limit(resource, bound) => match process.limits.as_ref()?.get(resource, bound)? {
            Limits::UNLIMITED => Some(Number::Infinite),
            microseconds if resource == Resource::RealtimeTimeout => Some(Number::Micro(microseconds)),
            limit => Some(Number::Whole(limit)),
        },
        other => value(other, &process.counters, &process.gauges),
    }
}

/// What processes without series of their own add up to.
pub(super) fn value_of_rest(quantity: Quantity, totals: &Totals) -> Option<Number> {
    match quantity {
        // What means nothing as a sum.
        Quantity::Gauge(Gauge::FdLimit | Gauge::OomScore | Gauge::RealtimePriority) => None,
        other => value(other, &totals.counters, &totals.gauges),
    }
}
