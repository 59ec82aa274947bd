//! A record in the terms in which `/proc` tells the same.

use super::Record;
use crate::metric::Family;
use crate::snapshot::{Counter, Counters, Gauge, Gauges, State};
use crate::source::procfs::{Reads, Units};

/// `PF_KTHREAD` and `PF_WQ_WORKER` of the kernel's `sched.h`.
pub(crate) const KERNEL_THREAD: u32 = 0x0020_0000;
pub(crate) const QUEUE_WORKER: u32 = 0x0000_0020;

/// What the kernel says in `stat`, as `task_state_index` makes it of both states.
pub(crate) fn state(record: &Record) -> State {
    // Of `include/linux/sched.h`: what is reported, idle as two bits, a lock of PREEMPT_RT, frozen.
    const REPORTED: u32 = 0x7f;
    const IDLE: u32 = 0x402;
    const LOCKED: u32 = 0x1000;
    const FROZEN: u32 = 0x8000;
    if record.state & IDLE == IDLE {
        return State::Idle;
    }
    let asleep = record.state & (LOCKED | FROZEN) != 0;
    let bits = (record.state | record.exit_state) & REPORTED;
    match if asleep { 2 } else { u32::BITS - bits.leading_zeros() } {
        0 => State::Running,
        1 => State::Sleeping,
        2 => State::DiskSleep,
        3 => State::Stopped,
        4 => State::Traced,
        5 => State::Dead,
        6 => State::Zombie,
        _ => State::Other,
    }
}

/// CPU time in the two modes, nanoseconds: what ran, divided as the kernel tells it (`cputime_adjust`: as the ticks fell, neither part
/// ever less than what it told before), and neither part less than what we have told: `before`. Where the kernel has told others of
/// another share than us meanwhile, the sum stays what ran.
pub(crate) fn cpu(record: &Record, before: Option<[u64; 2]>) -> [u64; 2] {
    let (ran, kernel_user, kernel_system) = (record.ran_ns, record.told_user_ns, record.told_system_ns);
    let [user_before, system_before] = before.unwrap_or_default();
    if user_before.saturating_add(system_before) >= ran {
        return [user_before, system_before];
    }
    let system = match (record.user_ns, record.system_ns) {
        (_, 0) => 0,
        (0, _) => ran,
        (user, system) => {
            let share = u128::from(system) * u128::from(ran) / (u128::from(user) + u128::from(system));
            u64::try_from(share).unwrap_or(ran)
        }
    };
    let system = system.clamp(kernel_system, ran.saturating_sub(kernel_user).max(kernel_system));
    let system = system.clamp(system_before, ran - user_before);
    [ran - system, system]
}

/// The quantities that only grow, those that are asked for; `counters` are those of the last record of the same process.
pub(crate) fn counters(record: &Record, reads: Reads, block_delay: bool, counters: &mut Counters) {
    let told = counters.get(Counter::CpuUser).zip(counters.get(Counter::CpuSystem));
    let [user, system] = cpu(record, told.map(|(user, system)| [user, system]));
    let on = |family| reads.families.has(family);
    counters.clear();
    for (counter, value, wanted) in [
        (Counter::CpuUser, user, true),
        (Counter::CpuSystem, system, true),
        (Counter::ChildrenUser, record.children_user_ns, true),
        (Counter::ChildrenSystem, record.children_system_ns, true),
        (Counter::MinorFaults, record.minor_faults, true),
        (Counter::MajorFaults, record.major_faults, true),
        (Counter::ChildrenMinorFaults, record.children_minor_faults, true),
        (Counter::ChildrenMajorFaults, record.children_major_faults, on(Family::ChildrenFaults)),
        (Counter::Read, record.read_bytes, reads.io),
        (Counter::Written, record.write_bytes, reads.io),
        (Counter::LogicalRead, record.logical_read_bytes, on(Family::LogicalIo)),
        (Counter::LogicalWritten, record.logical_write_bytes, on(Family::LogicalIo)),
        (Counter::ReadCalls, record.read_calls, on(Family::LogicalIo)),
        (Counter::WriteCalls, record.write_calls, on(Family::LogicalIo)),
        (Counter::Voluntary, record.voluntary, reads.status),
        (Counter::Involuntary, record.involuntary, reads.status),
        (Counter::RunQueue, record.run_delay_ns, on(Family::RunQueue)),
        (Counter::BlockDelay, record.block_delay_ns, on(Family::BlockDelay) && block_delay),
    ] {
        counters.set(counter, Some(value).filter(|_| wanted));
    }
}

/// The same of the last record of a process.
pub(crate) fn last_counters(record: &Record, reads: Reads, block_delay: bool, before: Option<&Counters>) -> Counters {
    let mut last = before.cloned().unwrap_or_default();
    counters(record, reads, block_delay, &mut last);
    last
}

/// What it has sent and received, as far as that was counted. What it has never done is not known, and neither is a number that one
/// CPU has taken something back from that another one has not added yet.
pub(crate) fn traffic(record: &Record, counters: &mut Counters) {
    for (counter, count) in Counter::NETWORK.into_iter().zip(record.traffic) {
        counters.set(counter, Some(count).filter(|count| (1..=u64::MAX / 2).contains(count)));
    }
}

/// The quantities of the moment, those that are asked for. What processes are read for in turns stays as it is.
pub(crate) fn gauges(record: &Record, reads: Reads, units: Units, gauges: &mut Gauges) {
    let [file, anonymous, swap, shared] = record.resident_pages.map(|pages| u64::try_from(pages).unwrap_or(0));
    let bytes = |pages: u64| pages.saturating_mul(units.page_bytes);
    let details = reads.families.has(Family::MemoryDetails);
    gauges.begin();
    for (gauge, value, wanted) in [
        (Gauge::Resident, bytes(file.saturating_add(anonymous).saturating_add(shared)), true),
        (Gauge::Virtual, bytes(record.virtual_pages), true),
        (Gauge::Threads, record.threads.into(), true),
        (Gauge::Swap, bytes(swap), reads.status),
        (Gauge::Anonymous, bytes(anonymous), reads.status),
        (Gauge::FileBacked, bytes(file), reads.status),
        (Gauge::Shared, bytes(shared), reads.status),
        (Gauge::Locked, bytes(record.locked_pages), details),
        (Gauge::Data, bytes(record.data_pages), details),
        (Gauge::Stack, bytes(record.stack_pages), details),
        (Gauge::OpenFds, record.open_fds, reads.fds),
        (Gauge::FdLimit, record.fd_limit, reads.families.has(Family::FdLimit)),
    ] {
        gauges.set(gauge, Some(value).filter(|_| wanted));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn states() {
        let check = |now: u32, exit: u32, expected: State| {
            let record = Record { state: now, exit_state: exit, ..Record::default() };
            assert_eq!(state(&record), expected, "{now:#x} {exit:#x}");
        };
        check(0, 0, State::Running);
        check(1, 0, State::Sleeping);
        check(2, 0, State::DiskSleep);
        check(0x102, 0, State::DiskSleep); // killable
        check(0x104, 0, State::Stopped);
        check(0x8, 0, State::Traced);
        check(0x80, 0x20, State::Zombie);
        check(0x80, 0x10, State::Dead);
        check(0x40, 0, State::Other); // parked
        check(0x402, 0, State::Idle);
        check(0x8000, 0, State::DiskSleep); // frozen
        check(0x1000, 0, State::DiskSleep);
    }

    #[test]
    fn modes_share_what_ran_as_the_ticks_fell() {
        let record = |user_ns, system_ns, ran_ns| Record { user_ns, system_ns, ran_ns, ..Record::default() };
        assert_eq!(cpu(&record(30, 10, 100), None), [75, 25]);
        assert_eq!(cpu(&record(0, 10, 100), None), [0, 100]);
        assert_eq!(cpu(&record(0, 0, 100), None), [100, 0]);
        assert_eq!(cpu(&record(30, 10, 100), Some([0, 40])), [60, 40], "what was told stays told");
        assert_eq!(cpu(&record(30, 10, 100), Some([80, 10])), [80, 20]);
        assert_eq!(cpu(&record(30, 10, 100), Some([90, 20])), [90, 20], "more was told than has run");
        let told = Record { told_user_ns: 90, ..record(30, 10, 100) };
        assert_eq!(cpu(&told, None), [90, 10], "by the kernel to others");
        let told = Record { told_user_ns: 40, told_system_ns: 50, ..record(30, 10, 100) };
        assert_eq!(cpu(&told, None), [50, 50], "likewise");
        assert_eq!(cpu(&told, Some([70, 10])), [70, 30], "and otherwise by us");
    }

    #[test]
    fn what_was_never_sent_is_not_known() {
        let mut record = Record::default();
        (record.traffic[0], record.traffic[1], record.traffic[15]) = (7, 0_u64.wrapping_sub(1), u64::MAX / 2);
        let mut counters = Counters::default();
        traffic(&record, &mut counters);
        let known = Counter::ALL.into_iter().filter_map(|counter| Some((counter, counters.get(counter)?)));
        let expected = [(Counter::TcpV4SentBytes, 7), (Counter::UdpV6ReceivedPackets, u64::MAX / 2)];
        assert_eq!(known.collect::<Vec<_>>(), expected);
    }

    proptest! {
        #[test]
        fn both_modes_only_grow(steps in proptest::collection::vec((0_u32.., 0_u32.., 0_u32.., 0_u64..=4), 1..20)) {
            let (mut record, mut before) = (Record::default(), None);
            for (user, system, ran, quarters) in steps {
                // In between the kernel tells somebody else, of shares of its own.
                let system_told = record.ran_ns / 4 * quarters;
                record.told_system_ns = record.told_system_ns.max(system_told);
                record.told_user_ns = record.ran_ns - record.told_system_ns;
                record.user_ns += u64::from(user);
                record.system_ns += u64::from(system);
                record.ran_ns += u64::from(ran);
                let now = cpu(&record, before);
                prop_assert_eq!(now[0] + now[1], record.ran_ns);
                prop_assert!(before.is_none_or(|before| now[0] >= before[0] && now[1] >= before[1]));
                before = Some(now);
            }
        }
    }
}
