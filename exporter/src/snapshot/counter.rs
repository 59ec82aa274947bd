//! The quantities that only grow while a process lives.

use super::values::{Values, quantities};

quantities! {
    /// Names of the quantities that only grow, and the index of each in [`Counters`]. Those that are off unless somebody asks stand last.
    Counter {
        /// CPU time in user mode, nanoseconds, all threads, also ended ones.
        CpuUser,
        /// CPU time in kernel mode, nanoseconds, all threads, also ended ones.
        CpuSystem,
        /// Bytes fetched from storage.
        Read,
        /// Bytes sent to storage.
        Written,
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
        /// Bytes that calls such as `read` returned, from wherever.
        LogicalRead,
        /// Bytes that calls such as `write` took, to wherever.
        LogicalWritten,
        /// Calls such as `read`.
        ReadCalls,
        /// Calls such as `write`.
        WriteCalls,
        /// Time that the main thread could have run and had no CPU, nanoseconds.
        RunQueue,
        /// The same of all threads, as far as readings saw them, nanoseconds.
        ThreadsRunQueue,
        /// Time that it has waited for storage or for swapped out memory, all threads, nanoseconds.
        BlockDelay,
        /// CPU time of a virtual CPU that it runs for a guest, which is in its time in user mode too, nanoseconds.
        Guest,
        /// CPU time in both modes, nanoseconds, from a source that cannot tell them apart; the other two are then unknown.
        Cpu,
        /// Bytes sent over TCP and IPv4, as far as they were counted.
        TcpV4SentBytes,
        /// Segments sent over TCP and IPv4, as far as they were counted.
        TcpV4SentPackets,
        /// Bytes sent over TCP and IPv6, as far as they were counted.
        TcpV6SentBytes,
        /// Segments sent over TCP and IPv6, as far as they were counted.
        TcpV6SentPackets,
        /// Bytes sent over UDP and IPv4, as far as they were counted.
        UdpV4SentBytes,
        /// Datagrams sent over UDP and IPv4, as far as they were counted.
        UdpV4SentPackets,
        /// Bytes sent over UDP and IPv6, as far as they were counted.
        UdpV6SentBytes,
        /// Datagrams sent over UDP and IPv6, as far as they were counted.
        UdpV6SentPackets,
        /// Bytes received over TCP and IPv4, as far as they were counted.
        TcpV4ReceivedBytes,
        /// Segments received over TCP and IPv4, as far as they were counted.
        TcpV4ReceivedPackets,
        /// Bytes received over TCP and IPv6, as far as they were counted.
        TcpV6ReceivedBytes,
        /// Segments received over TCP and IPv6, as far as they were counted.
        TcpV6ReceivedPackets,
        /// Bytes received over UDP and IPv4, as far as they were counted.
        UdpV4ReceivedBytes,
        /// Datagrams received over UDP and IPv4, as far as they were counted.
        UdpV4ReceivedPackets,
        /// Bytes received over UDP and IPv6, as far as they were counted.
        UdpV6ReceivedBytes,
        /// Datagrams received over UDP and IPv6, as far as they were counted.
        UdpV6ReceivedPackets,
    }
}

impl Counter {
    /// Those that are on unless switched off.
    const USUAL: usize = Counter::ChildrenMajorFaults as usize;
    const OTHERS: usize = Counter::TcpV4SentBytes as usize - Counter::USUAL;

    /// What is sent and received. What a process has never done is not known, never 0: it would be most of them.
    pub const NETWORK: [Counter; 16] = network();

    /// Whether it counts from the start of the process on. What is sent and received is counted from when the exporter began to.
    pub const fn is_of_whole_life(self) -> bool {
        (self as usize) < FIRST_OF_NETWORK
    }
}

const fn network() -> [Counter; 16] {
    let mut network = [Counter::TcpV4SentBytes; 16];
    let mut index = 0;
    while index < network.len() {
        network[index] = Counter::ALL[Counter::TcpV4SentBytes as usize + index];
        index += 1;
    }
    network
}

/// The quantities that only grow, by [`Counter`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counters {
    usual: Values<{ Counter::USUAL }>,
    /// Apart, since each process has room for all that is here.
    others: Option<Box<Values<{ Counter::OTHERS }>>>,
    /// Where something was sent or received.
    network: Option<Box<Values<{ Counter::NETWORK.len() }>>>,
}

impl Counters {
    /// The value of one quantity.
    pub fn get(&self, counter: Counter) -> Option<u64> {
        match counter as usize {
            index @ ..Counter::USUAL => self.usual.get(index),
            index @ Counter::USUAL..FIRST_OF_NETWORK => self.others.as_ref()?.get(index - Counter::USUAL),
            index => self.network.as_ref()?.get(index - FIRST_OF_NETWORK),
        }
    }

    /// Sets the value of one quantity.
    pub fn set(&mut self, counter: Counter, value: Option<u64>) {
        match counter as usize {
            index @ ..Counter::USUAL => self.usual.set(index, value),
            index @ Counter::USUAL..FIRST_OF_NETWORK => {
                if value.is_some() || self.others.is_some() {
                    self.others.get_or_insert_default().set(index - Counter::USUAL, value);
                }
            }
            index => {
                if value.is_some() || self.network.is_some() {
                    self.network.get_or_insert_default().set(index - FIRST_OF_NETWORK, value);
                }
            }
        }
    }

    /// Nothing is known any more. What was allocated is kept.
    pub fn clear(&mut self) {
        self.usual = Values::default();
        if let Some(others) = &mut self.others {
            **others = Values::default();
        }
        if let Some(network) = &mut self.network {
            **network = Values::default();
        }
    }

    /// Takes over all values. What was allocated is kept.
    pub fn copy(&mut self, from: &Counters) {
        self.usual = from.usual;
        copy(&mut self.others, &from.others);
        copy(&mut self.network, &from.network);
    }

    /// Adds each value of `more`: what is not known counts nothing, and a sum only stays unknown where nothing is known.
    pub fn add(&mut self, more: &Counters) {
        self.usual.add(&more.usual);
        if let Some(others) = &more.others {
            self.others.get_or_insert_default().add(others);
        }
        if let Some(network) = &more.network {
            self.network.get_or_insert_default().add(network);
        }
    }
}

const FIRST_OF_NETWORK: usize = Counter::TcpV4SentBytes as usize;

fn copy<const N: usize>(to: &mut Option<Box<Values<N>>>, from: &Option<Box<Values<N>>>) {
    match (to, from) {
        (Some(to), Some(from)) => **to = **from,
        (to, from) => to.clone_from(from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_counter_has_its_own_place() {
        assert!(Counter::ALL.iter().enumerate().all(|(index, counter)| *counter as usize == index));
        assert_eq!(Counter::NETWORK.last(), Counter::ALL.last());
        let mut counters = Counters::default();
        for (counter, value) in Counter::ALL.into_iter().zip(1..) {
            counters.set(counter, Some(value));
        }
        let mut twice = Counters::default();
        twice.copy(&counters);
        twice.add(&counters);
        assert!(Counter::ALL.into_iter().zip(1..).all(|(counter, value)| twice.get(counter) == Some(2 * value)));
        twice.copy(&counters);
        assert_eq!(twice, counters);
        twice.clear();
        assert!(Counter::ALL.into_iter().all(|counter| twice.get(counter).is_none()));
    }

    #[test]
    fn what_is_not_known_counts_nothing_and_is_not_0() {
        let (mut sum, mut more) = (Counters::default(), Counters::default());
        more.set(Counter::Read, Some(7));
        more.set(Counter::Written, Some(1));
        more.set(Counter::Written, None);
        more.set(Counter::Guest, None);
        sum.set(Counter::CpuUser, Some(u64::MAX));
        sum.add(&more);
        sum.add(&more);
        let values =
            [Counter::CpuUser, Counter::Read, Counter::Written, Counter::Guest].map(|counter| sum.get(counter));
        assert_eq!(values, [Some(u64::MAX), Some(14), None, None]);
    }
}
