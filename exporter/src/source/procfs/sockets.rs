//! `/proc/PID/net/{tcp,tcp6,udp,udp6,unix}` (`proc_pid_net(5)`): the sockets of a process by protocol and state.
//!
//! Its links tell the inodes of its sockets, and the tables of a network namespace the state of each inode. Inodes of sockets are
//! numbered over all namespaces, so that one map does for them all.

use std::time::Instant;

use hashbrown::HashMap;

use super::failures::Reason;
use super::files::{Files, Vanished};
use super::path::File;
use super::root::Buffer;
use super::words::Words;
use crate::snapshot::Gauge;

/// So many rows are kept in one scan, over all namespaces: 8 MiB.
const MAX_ROWS: usize = 1 << 18;
/// The clock is looked at once in so many rows.
const ROWS_BETWEEN_LOOKS: usize = 1024;
/// Of a Unix socket that waits for connections (`__SO_ACCEPTCON`).
const ACCEPTS: u64 = 1 << 16;

/// The tables of a network namespace. A TCP socket goes first: what stands behind a path that has line ends in it can say anything.
const TABLES: [File; 5] = [File::NetTcp, File::NetTcp6, File::NetUdp, File::NetUdp6, File::NetUnix];

/// Sockets by [`Gauge::SOCKETS`].
pub(crate) type Counts = [u64; Gauge::SOCKETS.len()];

/// The sockets of the network namespaces that this scan has seen.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    by_inode: HashMap<u64, Gauge, foldhash::fast::RandomState>,
    /// Each namespace by its inode, and whether its tables were read to the end.
    namespaces: Vec<(u64, bool)>,
    lines: Buffer,
}

impl Tables {
    /// A new scan begins: nothing is known of any socket.
    pub(crate) fn begin(&mut self) {
        self.by_inode.clear();
        self.namespaces.clear();
    }

    /// The sockets of a process by their inodes; `None` where not all of them can be told.
    pub(crate) fn count(
        &mut self,
        files: &mut Files<'_>,
        inodes: &mut Vec<u64>,
        deadline: Option<Instant>,
    ) -> Result<Option<Counts>, Vanished> {
        let mut counts = [0; Gauge::SOCKETS.len()];
        if inodes.is_empty() {
            return Ok(Some(counts));
        }
        // Descriptors that were duplicated are one socket.
        inodes.sort_unstable();
        inodes.dedup();
        // A kernel without namespaces has one.
        let namespace = files.namespace()?.unwrap_or(0);
        let complete = match self.namespaces.iter().find(|(known, _)| *known == namespace) {
            Some((_, complete)) => *complete,
            None => {
                let Some(complete) = self.read(files, deadline)? else { return Ok(None) };
                self.namespaces.push((namespace, complete));
                complete
            }
        };
        for inode in inodes {
            let gauge = match self.by_inode.get(inode) {
                Some(gauge) => *gauge,
                None if complete => Gauge::OtherSocket,
                None => return Ok(None),
            };
            if let Some(place) = Gauge::SOCKETS.iter().position(|socket| *socket == gauge) {
                counts[place] += 1;
            }
        }
        Ok(Some(counts))
    }

    /// Reads the tables of the namespace of a process. Says whether they were read to the end; `None` where it has none, as one has
    /// that is ending.
    fn read(&mut self, files: &mut Files<'_>, deadline: Option<Instant>) -> Result<Option<bool>, Vanished> {
        let Tables { by_inode, lines, .. } = self;
        let (mut complete, mut any) = (true, false);
        for table in TABLES {
            let (mut rows, mut bad) = (0_usize, false);
            let whole = files.lines(table, lines, |line| {
                rows += 1;
                if rows > 1 {
                    match row(table, line) {
                        // 0: nobody has it open, as a connection that waits to be accepted.
                        Some((0, _)) => {}
                        Some((inode, gauge)) => drop(by_inode.entry(inode).or_insert(gauge)),
                        // Paths can have line ends in them.
                        None => bad |= table != File::NetUnix,
                    }
                }
                let late = rows.is_multiple_of(ROWS_BETWEEN_LOOKS)
                    && deadline.is_some_and(|deadline| Instant::now() >= deadline);
                by_inode.len() < MAX_ROWS && !late
            })?;
            if bad {
                files.failures.add(table, Reason::Malformed);
            }
            any |= whole.is_some();
            // Without IPv6 there is no table of it, and nothing is missing.
            complete &= !bad && whole != Some(false);
            complete &= whole.is_some() || matches!(table, File::NetTcp6 | File::NetUdp6);
        }
        Ok(any.then_some(complete))
    }
}

/// The inode that a link such as `socket:[12345]` names.
pub(crate) fn link(target: &[u8], kind: &[u8]) -> Option<u64> {
    let number = target.strip_prefix(kind)?.strip_prefix(b":[")?.strip_suffix(b"]")?;
    super::words::number(number)
}

/// The inode and the state of a row of a table; `None` where it is no row.
pub(crate) fn row(table: File, line: &[u8]) -> Option<(u64, Gauge)> {
    let mut words = Words::new(line);
    if table == File::NetUnix {
        // Num: RefCount Protocol Flags Type St Inode [Path]
        words.next()?.strip_suffix(b":")?;
        let flags = super::words::hexadecimal(words.nth(2)?)?;
        let state = super::words::hexadecimal(words.nth(1)?)?;
        let gauge = match (flags & ACCEPTS != 0, state) {
            (true, _) => Gauge::UnixListen,
            // SS_CONNECTED
            (false, 3) => Gauge::UnixConnected,
            (false, _) => Gauge::UnixUnconnected,
        };
        return Some((words.number()?, gauge));
    }
    // sl: local_address rem_address st tx_queue:rx_queue tr:when retrnsmt uid timeout inode ...
    words.next()?.strip_suffix(b":")?;
    let state = super::words::hexadecimal(words.nth(2)?)?;
    let inode = super::words::number(words.nth(5)?)?;
    // include/net/tcp_states.h
    let gauge = match (matches!(table, File::NetUdp | File::NetUdp6), state) {
        (true, 1) => Gauge::UdpConnected,
        (true, _) => Gauge::UdpUnconnected,
        (false, 1) => Gauge::TcpEstablished,
        (false, 2) => Gauge::TcpSynSent,
        (false, 3 | 12) => Gauge::TcpSynReceived,
        (false, 4) => Gauge::TcpFinWait1,
        (false, 5) => Gauge::TcpFinWait2,
        (false, 8) => Gauge::TcpCloseWait,
        (false, 9) => Gauge::TcpLastAck,
        (false, 10) => Gauge::TcpListen,
        (false, 11) => Gauge::TcpClosing,
        // TIME_WAIT has no owner any more; CLOSE, and what a later kernel may add.
        (false, _) => Gauge::OtherSocket,
    };
    Some((inode, gauge))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tcp(state: &str) -> String {
        format!(
            "   0: 0100007F:1F90 00000000:0000 {state} 00000000:00000000 00:00000000 00000000  1000        0 12345 1 0 100 0 0 10 0   "
        )
    }

    #[test]
    fn rows() {
        let check = |table: File, line: &str, expected: Option<Gauge>| {
            assert_eq!(row(table, line.as_bytes()), expected.map(|gauge| (12345, gauge)), "{line}");
        };
        for (state, expected) in [
            ("01", Gauge::TcpEstablished),
            ("02", Gauge::TcpSynSent),
            ("03", Gauge::TcpSynReceived),
            ("04", Gauge::TcpFinWait1),
            ("05", Gauge::TcpFinWait2),
            ("07", Gauge::OtherSocket),
            ("08", Gauge::TcpCloseWait),
            ("09", Gauge::TcpLastAck),
            ("0A", Gauge::TcpListen),
            ("0B", Gauge::TcpClosing),
            ("0C", Gauge::TcpSynReceived),
        ] {
            check(File::NetTcp, &tcp(state), Some(expected));
            check(File::NetTcp6, &tcp(state), Some(expected));
        }
        check(File::NetUdp, &tcp("07"), Some(Gauge::UdpUnconnected));
        check(File::NetUdp6, &tcp("01"), Some(Gauge::UdpConnected));
        check(File::NetTcp, &tcp("zz"), None);
        check(
            File::NetTcp,
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
            None,
        );
        check(File::NetTcp, "", None);
        check(File::NetTcp, tcp("01").split("  1000").next().expect("it is there"), None);
        for (line, expected) in [
            ("ffff8880: 00000002 00000000 00010000 0001 01 12345 /run/a b", Some(Gauge::UnixListen)),
            ("ffff8880: 00000003 00000000 00000000 0001 03 12345", Some(Gauge::UnixConnected)),
            ("ffff8880: 00000003 00000000 00000000 0002 01 12345 @x", Some(Gauge::UnixUnconnected)),
            ("ffff8880: 00000003 00000000 00000000 0002 01", None),
            ("Num       RefCount Protocol Flags    Type St Inode Path", None),
        ] {
            check(File::NetUnix, line, expected);
        }
    }

    #[test]
    fn links() {
        assert_eq!(link(b"socket:[18446744073709551615]", b"socket"), Some(u64::MAX));
        assert_eq!(link(b"net:[4026531840]", b"net"), Some(4_026_531_840));
        for other in [&b"pipe:[1]"[..], b"socket:[]", b"socket:[1", b"/tmp/socket:[1]", b"socket:[-1]", b""] {
            assert_eq!(link(other, b"socket"), None);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            for table in TABLES {
                let _ = row(table, &bytes);
            }
            let _ = link(&bytes, b"socket");
        }
    }
}
