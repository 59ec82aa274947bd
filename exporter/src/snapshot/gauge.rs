//! The quantities of the moment.

use super::values::{Values, quantities};

quantities! {
    /// Names of the quantities of the moment, and the index of each in [`Gauges`]: those that are on unless switched off, then those that
    /// are not, and last those that processes are read for in turns.
    Gauge {
        /// Resident memory, bytes.
        Resident,
        /// Virtual memory, bytes.
        Virtual,
        /// Swapped out memory, bytes.
        Swap,
        /// Threads.
        Threads,
        /// Open file descriptors.
        OpenFds,
        /// Soft limit of open file descriptors.
        FdLimit,
        /// Resident anonymous memory, bytes.
        Anonymous,
        /// Resident memory of mapped files, bytes.
        FileBacked,
        /// Resident shared memory (`tmpfs` and System V), bytes.
        Shared,
        /// From 0 to 1000 and more: how soon the kernel would end it when memory runs out.
        OomScore,
        /// Memory that may not be swapped out, bytes.
        Locked,
        /// Virtual memory for data, bytes.
        Data,
        /// Virtual memory for the stack of the main thread, bytes.
        Stack,
        /// Signals that wait for being delivered to the process or to its main thread.
        PendingSignals,
        /// How nice the main thread is to others when CPU time is shared out: from -20 to 19, kept as an `i64`.
        Nice,
        /// Real-time priority of the main thread: 1 to 99, 0 where it has none.
        RealtimePriority,
        /// How the main thread gets CPU time: a number of `sched(7)`.
        Policy,
        /// Resident memory, that which is shared divided by those who share it (PSS), bytes.
        Proportional,
        /// Swapped out memory, likewise, bytes.
        ProportionalSwap,
        /// Resident memory that nobody shares (USS), bytes.
        Unique,
        /// Resident memory that nobody shares and that is as it is in its file, bytes.
        PrivateClean,
        /// Resident memory that nobody shares and that was written to, bytes.
        PrivateDirty,
        /// Resident memory that others share and that is as it is in its file, bytes.
        SharedClean,
        /// Resident memory that others share and that was written to, bytes.
        SharedDirty,
        /// Resident memory that is marked as used of late, bytes.
        Referenced,
        /// Descriptors of files, directories and devices.
        FileFds,
        /// Descriptors of sockets.
        SocketFds,
        /// Descriptors of pipes.
        PipeFds,
        /// Descriptors of inotify.
        InotifyFds,
        /// Descriptors of eventfd.
        EventFds,
        /// Descriptors of timerfd.
        TimerFds,
        /// Descriptors of signalfd.
        SignalFds,
        /// Descriptors of epoll.
        EpollFds,
        /// Descriptors of other things.
        OtherFds,
        /// TCP sockets that are connected.
        TcpEstablished,
        /// TCP sockets that are connecting.
        TcpSynSent,
        /// TCP sockets that are being connected to.
        TcpSynReceived,
        /// TCP sockets whose own side is closed.
        TcpFinWait1,
        /// TCP sockets whose own side is closed, which the other side knows.
        TcpFinWait2,
        /// TCP sockets whose other side is closed, and their own is not.
        TcpCloseWait,
        /// TCP sockets whose both sides are closed, the own one last.
        TcpLastAck,
        /// TCP sockets that wait for connections.
        TcpListen,
        /// TCP sockets whose both sides were closed at once.
        TcpClosing,
        /// UDP sockets that send to one address.
        UdpConnected,
        /// UDP sockets that are bound only.
        UdpUnconnected,
        /// Unix sockets that are connected.
        UnixConnected,
        /// Unix sockets that wait for connections.
        UnixListen,
        /// Other Unix sockets.
        UnixUnconnected,
        /// Sockets of other protocols, and those that are neither bound nor connected.
        OtherSocket,
    }
}

impl Gauge {
    /// Those that are on unless switched off.
    const USUAL: usize = Gauge::OomScore as usize;
    /// Where those begin that processes are read for in turns.
    const IN_TURNS: usize = Gauge::Proportional as usize;

    /// Open file descriptors by what they are of.
    pub const FDS: [Gauge; 9] = part(Gauge::FileFds);

    /// Sockets by protocol and state. What a process has none of is not known, never 0: it would be most of them.
    pub const SOCKETS: [Gauge; 15] = part(Gauge::TcpEstablished);
}

/// So many gauges from one on.
const fn part<const N: usize>(first: Gauge) -> [Gauge; N] {
    let mut part = [first; N];
    let mut index = 0;
    while index < N {
        part[index] = Gauge::ALL[first as usize + index];
        index += 1;
    }
    part
}

/// The quantities of the moment, by [`Gauge`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gauges {
    usual: Values<{ Gauge::USUAL }>,
    /// Apart, since each process has room for all that is here.
    others: Option<Box<Values<{ Gauge::IN_TURNS - Gauge::USUAL }>>>,
    in_turns: Option<Box<Values<{ Gauge::ALL.len() - Gauge::IN_TURNS }>>>,
}

impl Gauges {
    /// The value of one quantity.
    pub fn get(&self, gauge: Gauge) -> Option<u64> {
        match gauge as usize {
            index @ ..Gauge::USUAL => self.usual.get(index),
            index @ Gauge::USUAL..Gauge::IN_TURNS => self.others.as_ref()?.get(index - Gauge::USUAL),
            index => self.in_turns.as_ref()?.get(index - Gauge::IN_TURNS),
        }
    }

    /// Sets the value of one quantity.
    pub fn set(&mut self, gauge: Gauge, value: Option<u64>) {
        match gauge as usize {
            index @ ..Gauge::USUAL => self.usual.set(index, value),
            index @ Gauge::USUAL..Gauge::IN_TURNS => {
                if value.is_some() || self.others.is_some() {
                    self.others.get_or_insert_default().set(index - Gauge::USUAL, value);
                }
            }
            index => {
                if value.is_some() || self.in_turns.is_some() {
                    self.in_turns.get_or_insert_default().set(index - Gauge::IN_TURNS, value);
                }
            }
        }
    }

    /// Nothing is known any more but what processes are read for in turns: that stands until the next turn. What was allocated is kept.
    pub fn begin(&mut self) {
        self.usual = Values::default();
        if let Some(others) = &mut self.others {
            **others = Values::default();
        }
    }

    /// Nothing is known any more. What was allocated is kept.
    pub fn clear(&mut self) {
        self.begin();
        if let Some(in_turns) = &mut self.in_turns {
            **in_turns = Values::default();
        }
    }

    /// What processes are read for in turns is not known any more.
    pub fn forget_turns(&mut self) {
        self.in_turns = None;
    }

    /// All that was asked for is known to be 0, apart from sockets.
    pub fn zero(&mut self) {
        let asked = match (&self.others, &self.in_turns) {
            (_, Some(_)) => Gauge::TcpEstablished as usize,
            (Some(_), None) => Gauge::IN_TURNS,
            (None, None) => Gauge::USUAL,
        };
        self.clear();
        for gauge in &Gauge::ALL[..asked] {
            if self.others.is_some() || !(Gauge::USUAL..Gauge::IN_TURNS).contains(&(*gauge as usize)) {
                self.set(*gauge, Some(0));
            }
        }
    }

    /// Adds each value of `more`, as [`Counters::add`](super::Counters::add) does.
    pub fn add(&mut self, more: &Gauges) {
        self.usual.add(&more.usual);
        if let Some(others) = &more.others {
            self.others.get_or_insert_default().add(others);
        }
        if let Some(in_turns) = &more.in_turns {
            self.in_turns.get_or_insert_default().add(in_turns);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_gauge_has_its_own_place() {
        assert!(Gauge::ALL.iter().enumerate().all(|(index, gauge)| *gauge as usize == index));
        assert_eq!(Gauge::SOCKETS.last(), Gauge::ALL.last());
        assert_eq!((Gauge::FDS[8], Gauge::SOCKETS[0]), (Gauge::OtherFds, Gauge::TcpEstablished));
        let mut gauges = Gauges::default();
        for (gauge, value) in Gauge::ALL.into_iter().zip(1..) {
            gauges.set(gauge, Some(value));
        }
        let mut twice = gauges.clone();
        twice.add(&gauges);
        assert!(Gauge::ALL.into_iter().zip(1..).all(|(gauge, value)| twice.get(gauge) == Some(2 * value)));
        twice.begin();
        assert_eq!((twice.get(Gauge::Resident), twice.get(Gauge::Nice)), (None, None));
        assert!(twice.get(Gauge::Proportional).is_some() && twice.get(Gauge::OtherSocket).is_some());
        twice.clear();
        assert!(Gauge::ALL.into_iter().all(|gauge| twice.get(gauge).is_none()));
    }

    #[test]
    fn what_nobody_asks_for_is_not_even_0() {
        let known = |asked: &[Gauge]| {
            let mut gauges = Gauges::default();
            for gauge in asked {
                gauges.set(*gauge, Some(7));
            }
            gauges.zero();
            Gauge::ALL.map(|gauge| gauges.get(gauge))
        };
        let check = |asked: &[Gauge], zeros: [std::ops::Range<usize>; 2]| {
            let expected: Vec<_> =
                (0..Gauge::ALL.len()).map(|i| zeros.iter().any(|z| z.contains(&i)).then_some(0)).collect();
            assert_eq!(known(asked).to_vec(), expected, "{asked:?}");
        };
        let sockets = Gauge::TcpEstablished as usize;
        check(&[], [0..Gauge::USUAL, 0..0]);
        check(&[Gauge::Nice], [0..Gauge::IN_TURNS, 0..0]);
        check(&[Gauge::TcpListen], [0..Gauge::USUAL, Gauge::IN_TURNS..sockets]);
        check(&[Gauge::Locked, Gauge::FileFds], [0..sockets, 0..0]);
    }
}
