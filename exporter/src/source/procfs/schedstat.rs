//! `/proc/PID/schedstat`: of the main thread, nanoseconds on a CPU, nanoseconds waiting for one, and times it was put on one
//! (`Documentation/scheduler/sched-stats.rst`).

use super::words::Words;

/// The whole file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Schedstat {
    /// Time on a CPU, as of the last tick or the last time it left one.
    pub(crate) ran_ns: u64,
    pub(crate) waited_ns: u64,
    /// How often it was put on a CPU; 0 for all where the kernel does not count.
    pub(crate) times: u64,
}

/// `None` where it is cut off or not one.
pub(crate) fn parse(text: &[u8]) -> Option<Schedstat> {
    // Nothing follows that could show a cut: captures lack the line end at times.
    let mut words = Words::new(text);
    let (ran_ns, waited_ns, times) = (words.number()?, words.number()?, words.number()?);
    Some(Schedstat { ran_ns, waited_ns, times })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_time_that_it_waited() {
        assert_eq!(parse(b"5126410 1013 27\n"), Some(Schedstat { ran_ns: 5_126_410, waited_ns: 1013, times: 27 }));
        for end in 0..14 {
            assert_eq!(parse(&b"5126410 1013 27\n"[..end]), None, "cut after {end} bytes");
        }
        assert_eq!(parse(b"1 -1 2\n"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            let _ = parse(&bytes);
        }
    }
}
