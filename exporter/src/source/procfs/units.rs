//! How the kernel counts.

/// What one tick and one page are.
#[derive(Debug, Clone, Copy)]
pub struct Units {
    /// Clock ticks per second (`sysconf(_SC_CLK_TCK)`).
    pub ticks_per_second: u64,
    /// Bytes of a page of memory.
    pub page_bytes: u64,
}

impl Units {
    /// Those of the running system.
    pub fn of_this_system() -> Units {
        Units {
            ticks_per_second: rustix::param::clock_ticks_per_second().max(1),
            page_bytes: rustix::param::page_size() as u64,
        }
    }
}

impl Units {
    /// Clock ticks in nanoseconds.
    pub(crate) fn nanoseconds(self, ticks: u64) -> u64 {
        let exact = u128::from(ticks) * 1_000_000_000 / u128::from(self.ticks_per_second);
        u64::try_from(exact).unwrap_or(u64::MAX)
    }

    /// Whole clock ticks in nanoseconds, as the kernel rounds.
    #[cfg(feature = "bpf")]
    pub(crate) fn ticks(self, nanoseconds: u64) -> u64 {
        (u128::from(nanoseconds) * u128::from(self.ticks_per_second) / 1_000_000_000) as u64
    }

    /// Clock ticks in whole milliseconds.
    pub(crate) fn milliseconds(self, ticks: u64) -> u64 {
        self.nanoseconds(ticks) / 1_000_000
    }
}
