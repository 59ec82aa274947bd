//! The quantities of a process: which there are, and their values.

/// Names of the quantities that only grow, and the index of each in [`Counters`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Counter {
    /// CPU time in user mode, nanoseconds, all threads, also ended ones.
    CpuUser,
    /// CPU time in kernel mode, nanoseconds, all threads, also ended ones.
    CpuSystem,
    /// Bytes fetched from storage.
    Read,
    /// Bytes sent to storage.
    Written,
    /// Bytes that calls such as `read` returned, from wherever.
    LogicalRead,
    /// Bytes that calls such as `write` took, to wherever.
    LogicalWritten,
    /// Calls such as `read`.
    ReadCalls,
    /// Calls such as `write`.
    WriteCalls,
    /// Page faults served without I/O.
    MinorFaults,
    /// Page faults that needed I/O.
    MajorFaults,
    /// Context switches because the main thread waited.
    Voluntary,
    /// Context switches because the main thread was pushed off its CPU.
    Involuntary,
    /// CPU time in user mode of children that it has waited for, and of theirs, nanoseconds.
    ChildrenUser,
    /// CPU time in kernel mode of children that it has waited for, and of theirs, nanoseconds.
    ChildrenSystem,
    /// Minor page faults of children that it has waited for, and of theirs: tells whether it has waited for a child.
    ChildrenMinorFaults,
    /// Major page faults of the same.
    ChildrenMajorFaults,
    /// Time that the main thread could have run and had no CPU, nanoseconds.
    RunQueue,
    /// Time that it has waited for storage or for swapped out memory, all threads, nanoseconds.
    BlockDelay,
    /// CPU time in both modes, nanoseconds, from a source that cannot tell them apart; the other two are then unknown.
    Cpu,
}

impl Counter {
    /// Every counter, in the order of the discriminants.
    pub const ALL: [Counter; 19] = [
        Counter::CpuUser,
        Counter::CpuSystem,
        Counter::Read,
        Counter::Written,
        Counter::LogicalRead,
        Counter::LogicalWritten,
        Counter::ReadCalls,
        Counter::WriteCalls,
        Counter::MinorFaults,
        Counter::MajorFaults,
        Counter::Voluntary,
        Counter::Involuntary,
        Counter::ChildrenUser,
        Counter::ChildrenSystem,
        Counter::ChildrenMinorFaults,
        Counter::ChildrenMajorFaults,
        Counter::RunQueue,
        Counter::BlockDelay,
        Counter::Cpu,
    ];
}

/// Names of the quantities of the moment, and the index of each in [`Gauges`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Gauge {
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
    /// Resident memory, that which is shared divided by those who share it (PSS), bytes.
    Proportional,
    /// Swapped out memory, likewise, bytes.
    ProportionalSwap,
    /// Resident memory that nobody shares (USS), bytes.
    Unique,
    /// Memory that may not be swapped out, bytes.
    Locked,
    /// Virtual memory for data, bytes.
    Data,
    /// Virtual memory for the stack of the main thread, bytes.
    Stack,
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

impl Gauge {
    /// Every gauge, in the order of the discriminants.
    pub const ALL: [Gauge; 31] = [
        Gauge::Resident,
        Gauge::Virtual,
        Gauge::Swap,
        Gauge::Threads,
        Gauge::OpenFds,
        Gauge::FdLimit,
        Gauge::Anonymous,
        Gauge::FileBacked,
        Gauge::Shared,
        Gauge::OomScore,
        Gauge::Proportional,
        Gauge::ProportionalSwap,
        Gauge::Unique,
        Gauge::Locked,
        Gauge::Data,
        Gauge::Stack,
        Gauge::TcpEstablished,
        Gauge::TcpSynSent,
        Gauge::TcpSynReceived,
        Gauge::TcpFinWait1,
        Gauge::TcpFinWait2,
        Gauge::TcpCloseWait,
        Gauge::TcpLastAck,
        Gauge::TcpListen,
        Gauge::TcpClosing,
        Gauge::UdpConnected,
        Gauge::UdpUnconnected,
        Gauge::UnixConnected,
        Gauge::UnixListen,
        Gauge::UnixUnconnected,
        Gauge::OtherSocket,
    ];

    /// Those before the sockets.
    const USUAL: usize = Gauge::ALL.len() - Gauge::SOCKETS.len();

    /// Sockets by protocol and state, the last ones of [`Gauge::ALL`]. What a process has none of is not known, never 0: it would be most of them.
    pub const SOCKETS: [Gauge; 15] = [
        Gauge::TcpEstablished,
        Gauge::TcpSynSent,
        Gauge::TcpSynReceived,
        Gauge::TcpFinWait1,
        Gauge::TcpFinWait2,
        Gauge::TcpCloseWait,
        Gauge::TcpLastAck,
        Gauge::TcpListen,
        Gauge::TcpClosing,
        Gauge::UdpConnected,
        Gauge::UdpUnconnected,
        Gauge::UnixConnected,
        Gauge::UnixListen,
        Gauge::UnixUnconnected,
        Gauge::OtherSocket,
    ];
}

/// The quantities that only grow, by [`Counter`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters(Values<{ Counter::ALL.len() }>);

/// The quantities of the moment, by [`Gauge`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gauges {
    usual: Values<{ Gauge::USUAL }>,
    /// [`Gauge::SOCKETS`]: apart, since hardly anybody asks for them, and each process has room for all that is here.
    sockets: Option<Box<Values<{ Gauge::SOCKETS.len() }>>>,
}

/// Numbers of which some are not known: half the size of as many `Option`s, which counts where there is a set per process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Values<const N: usize> {
    /// One bit for each.
    known: u32,
    /// 0 where it is not known.
    numbers: [u64; N],
}

impl<const N: usize> Default for Values<N> {
    fn default() -> Values<N> {
        Values { known: 0, numbers: [0; N] }
    }
}

impl<const N: usize> Values<N> {
    fn get(&self, index: usize) -> Option<u64> {
        (self.known & (1 << index) != 0).then(|| self.numbers[index])
    }

    fn set(&mut self, index: usize, value: Option<u64>) {
        self.numbers[index] = value.unwrap_or(0);
        self.known = self.known & !(1 << index) | u32::from(value.is_some()) << index;
    }

    /// What is not known counts nothing, and a sum only stays unknown where nothing is known.
    fn add(&mut self, more: &Values<N>) {
        self.known |= more.known;
        for (sum, number) in self.numbers.iter_mut().zip(more.numbers) {
            *sum = sum.saturating_add(number);
        }
    }
}

impl Counters {
    /// The value of one quantity.
    pub fn get(&self, counter: Counter) -> Option<u64> {
        self.0.get(counter as usize)
    }

    /// Sets the value of one quantity.
    pub fn set(&mut self, counter: Counter, value: Option<u64>) {
        self.0.set(counter as usize, value);
    }

    /// Adds each value of `more`: what is not known counts nothing, and a sum only stays unknown where nothing is known.
    pub fn add(&mut self, more: &Counters) {
        self.0.add(&more.0);
    }
}

impl Gauges {
    /// The value of one quantity.
    pub fn get(&self, gauge: Gauge) -> Option<u64> {
        match (gauge as usize).checked_sub(Gauge::USUAL) {
            None => self.usual.get(gauge as usize),
            Some(socket) => self.sockets.as_ref()?.get(socket),
        }
    }

    /// Sets the value of one quantity.
    pub fn set(&mut self, gauge: Gauge, value: Option<u64>) {
        match (gauge as usize).checked_sub(Gauge::USUAL) {
            None => self.usual.set(gauge as usize, value),
            Some(_) if value.is_none() && self.sockets.is_none() => {}
            Some(socket) => self.sockets.get_or_insert_default().set(socket, value),
        }
    }

    /// Adds each value of `more`, as [`Counters::add`] does.
    pub fn add(&mut self, more: &Gauges) {
        self.usual.add(&more.usual);
        if let Some(sockets) = &more.sockets {
            self.sockets.get_or_insert_default().add(sockets);
        }
    }

    /// Takes over the sockets of the last reading, which has none after that.
    pub fn keep_sockets(&mut self, last: &mut Gauges) {
        self.sockets = last.sockets.take();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_quantity_has_its_own_place() {
        assert!(Counter::ALL.iter().enumerate().all(|(index, counter)| *counter as usize == index));
        assert!(Gauge::ALL.iter().enumerate().all(|(index, gauge)| *gauge as usize == index));
        assert_eq!(Gauge::ALL[Gauge::USUAL..], Gauge::SOCKETS);
        let mut gauges = Gauges::default();
        for (gauge, value) in Gauge::ALL.into_iter().zip(1..) {
            gauges.set(gauge, Some(value));
        }
        let mut twice = gauges.clone();
        twice.add(&gauges);
        assert!(Gauge::ALL.into_iter().zip(1..).all(|(gauge, value)| twice.get(gauge) == Some(2 * value)));
    }

    #[test]
    fn what_is_not_known_counts_nothing_and_is_not_0() {
        let (mut sum, mut more) = (Counters::default(), Counters::default());
        more.set(Counter::Read, Some(7));
        more.set(Counter::Written, Some(1));
        more.set(Counter::Written, None);
        sum.set(Counter::CpuUser, Some(u64::MAX));
        sum.add(&more);
        sum.add(&more);
        let values = [Counter::CpuUser, Counter::Read, Counter::Written].map(|counter| sum.get(counter));
        assert_eq!(values, [Some(u64::MAX), Some(14), None]);
    }
}
