//! `/proc/PID/stat`: `proc_pid_stat(5)`.

use super::words::Words;
use crate::snapshot::State;

/// Flag of a kernel thread (`PF_KTHREAD` in the kernel's `sched.h`).
const KERNEL_THREAD: u64 = 0x0020_0000;
/// Flag of a worker of a kernel work queue (`PF_WQ_WORKER`).
const QUEUE_WORKER: u64 = 0x0000_0020;

/// The fields of one line that are used, in the kernel's units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Stat<'a> {
    /// The name as the kernel has it: any bytes, also `)` and line ends.
    pub(crate) comm: &'a [u8],
    pub(crate) state: State,
    pub(crate) ppid: u32,
    pub(crate) kernel_thread: bool,
    pub(crate) queue_worker: bool,
    pub(crate) minor_faults: u64,
    /// Those of children that ended and were waited for.
    pub(crate) waited_minor_faults: u64,
    pub(crate) major_faults: u64,
    pub(crate) waited_major_faults: u64,
    /// CPU time of the whole thread group, ended threads too, in clock ticks.
    pub(crate) user_ticks: u64,
    pub(crate) system_ticks: u64,
    /// CPU time of children that ended and were waited for, in clock ticks; signed, and on old kernels below 0 at times.
    pub(crate) children_user_ticks: Option<u64>,
    pub(crate) children_system_ticks: Option<u64>,
    /// Of the main thread.
    pub(crate) nice: i64,
    pub(crate) threads: u64,
    /// Start in clock ticks after boot.
    pub(crate) start_ticks: u64,
    pub(crate) virtual_bytes: u64,
    pub(crate) resident_pages: u64,
    /// What follows the limit of the resident memory.
    rest: &'a [u8],
}

/// The fields of the end of the line that are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tail {
    /// Of the main thread: 1 to 99, 0 where it has none.
    pub(crate) realtime_priority: u64,
    /// Of the main thread: a number of `sched(7)`.
    pub(crate) policy: u64,
    /// Time spent waiting for storage, all threads, in clock ticks.
    pub(crate) block_delay_ticks: u64,
    /// Time for virtual CPUs, all threads, in clock ticks; it is in the time in user mode too.
    pub(crate) guest_ticks: u64,
}

impl Stat<'_> {
    /// The end of the line, which few ask for; `None` where it is cut off.
    pub(crate) fn tail(&self) -> Option<Tail> {
        let mut words = Words::new(self.rest);
        let realtime_priority = super::words::number(words.nth(14)?)?; // after startcode to processor
        let (policy, block_delay_ticks, guest_ticks) = (words.number()?, words.number()?, words.number()?);
        words.next()?; // cguest_time: without it the line may have been cut inside the number
        Some(Tail { realtime_priority, policy, block_delay_ticks, guest_ticks })
    }
}

/// Parses a whole `stat` file. `None` where it is cut off or not one.
///
/// The name ends at the LAST `)`: it may itself hold any of `)`, ` ` and line ends, and nothing after it can hold a `)`.
pub(crate) fn parse(text: &[u8]) -> Option<Stat<'_>> {
    let open = memchr::memchr(b'(', text)?;
    let close = memchr::memrchr(b')', text)?;
    let comm = text.get(open + 1..close)?;
    let mut words = Words::new(&text[close + 1..]);
    let state = match words.next()? {
        b"R" => State::Running,
        b"S" => State::Sleeping,
        b"D" => State::DiskSleep,
        b"T" => State::Stopped,
        b"t" => State::Traced,
        b"Z" => State::Zombie,
        b"X" | b"x" => State::Dead,
        b"I" => State::Idle,
        _ => State::Other,
    };
    let ppid = u32::try_from(words.number()?).ok()?;
    words.nth(3)?; // pgrp, session, tty_nr, tpgid (may be negative)
    let flags = words.number()?;
    let minor_faults = words.number()?;
    let waited_minor_faults = words.number()?;
    let major_faults = words.number()?;
    let waited_major_faults = words.number()?;
    let user_ticks = words.number()?;
    let system_ticks = words.number()?;
    let children_user_ticks = not_negative(words.next()?)?;
    let children_system_ticks = not_negative(words.next()?)?;
    words.next()?; // priority
    let nice = std::str::from_utf8(words.next()?).ok()?.parse().ok()?;
    let threads = words.number()?;
    words.next()?; // itrealvalue
    let start_ticks = words.number()?;
    let virtual_bytes = words.number()?;
    let resident_pages = words.number()?;
    words.next()?; // rsslim: without it the line may have been cut inside the number before
    Some(Stat {
        comm,
        state,
        ppid,
        kernel_thread: flags & KERNEL_THREAD != 0,
        queue_worker: flags & QUEUE_WORKER != 0,
        minor_faults,
        waited_minor_faults,
        major_faults,
        waited_major_faults,
        user_ticks,
        system_ticks,
        children_user_ticks,
        children_system_ticks,
        nice,
        threads,
        start_ticks,
        virtual_bytes,
        resident_pages,
        rest: words.rest(),
    })
}

/// A signed number: `Some(None)` where it is below 0, `None` where it is none.
fn not_negative(word: &[u8]) -> Option<Option<u64>> {
    match word.strip_prefix(b"-") {
        Some(digits) => super::words::number(digits).map(|_| None),
        None => super::words::number(word).map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TAIL: &str =
        "S 1 2 3 -1 -1 4194304 102 5 7 9 300 40 11 12 15 -5 6 0 97746 3133440 413 18446744073709551615 1 2";

    fn line(comm: &[u8], tail: &str) -> Vec<u8> {
        [b"42 (", comm, b") ", tail.as_bytes(), b"\n"].concat()
    }

    #[test]
    fn every_field_that_is_used() {
        let text = line(b"cat", TAIL);
        assert_eq!(
            parse(&text),
            Some(Stat {
                comm: b"cat",
                state: State::Sleeping,
                ppid: 1,
                kernel_thread: false,
                queue_worker: false,
                minor_faults: 102,
                waited_minor_faults: 5,
                major_faults: 7,
                waited_major_faults: 9,
                user_ticks: 300,
                system_ticks: 40,
                children_user_ticks: Some(11),
                children_system_ticks: Some(12),
                nice: -5,
                threads: 6,
                start_ticks: 97746,
                virtual_bytes: 3_133_440,
                resident_pages: 413,
                rest: b" 1 2\n",
            })
        );
        let whole = line(b"cat", &format!("{TAIL}{}", " 0".repeat(12) + " 50 2 77 5 0 0"));
        let tail = Tail { realtime_priority: 50, policy: 2, block_delay_ticks: 77, guest_ticks: 5 };
        assert_eq!(parse(&whole).map(|s| s.tail()), Some(Some(tail)));
        assert_eq!(parse(&text).map(|s| s.tail()), Some(None));
    }

    #[test]
    fn names_that_look_like_the_rest_of_the_line() {
        for comm in [&b"(sd-pam)"[..], b") R 1 (", b"a\nb", b"", b"say \"hi\"", b"\xff\xc3", b"x) S 0 0"] {
            let text = line(comm, TAIL);
            let stat = parse(&text).expect("valid");
            assert_eq!((stat.comm, stat.user_ticks, stat.resident_pages), (comm, 300, 413));
        }
    }

    #[test]
    fn states() {
        let state = |c: &str| parse(&line(b"x", &TAIL.replacen('S', c, 1))).map(|s| s.state);
        for (text, expected) in "RSDTtZXxIK".chars().zip([
            State::Running,
            State::Sleeping,
            State::DiskSleep,
            State::Stopped,
            State::Traced,
            State::Zombie,
            State::Dead,
            State::Dead,
            State::Idle,
            State::Other,
        ]) {
            assert_eq!(state(&text.to_string()), Some(expected));
        }
    }

    #[test]
    fn numbers_at_the_limit_of_64_bits() {
        let max = TAIL.replacen("3133440", "18446744073709551615", 1);
        assert_eq!(parse(&line(b"x", &max)).map(|s| s.virtual_bytes), Some(u64::MAX));
        let over = TAIL.replacen("3133440", "18446744073709551616", 1);
        assert_eq!(parse(&line(b"x", &over)), None);
    }

    #[test]
    fn a_cut_line_is_refused_wherever_it_is_cut() {
        let text = line(b"cat", "S 1 2 3 -1 -1 4194304 102 5 7 9 300 40 11 12 20 0 6 0 97746 3133440 413");
        for end in 0..text.len() {
            assert_eq!(parse(&text[..end]), None, "cut after {end} bytes");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            let _ = parse(&bytes);
        }

        #[test]
        fn any_name_survives(comm: Vec<u8>) {
            let text = line(&comm, TAIL);
            prop_assert_eq!(parse(&text).map(|s| s.comm.to_vec()), Some(comm));
        }
    }
}
