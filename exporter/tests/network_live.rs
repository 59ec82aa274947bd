//! What processes send and receive, counted by BPF, against what was sent and received: over loopback, to the byte.
#![cfg(all(target_os = "linux", feature = "bpf"))]
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what it expected")]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use procession_exporter::Error;
use procession_exporter::metric::{Families, Family};
use procession_exporter::snapshot::{Counter, Counters, Snapshot};
use procession_exporter::source::{Choice, Exits, Refusal, Source};

/// BPF with its network programs, where this machine lets a test have it. Says loudly where it does not; a program that is
/// refused fails the test.
fn counting() -> Option<Source> {
    match Source::open(Choice::Bpf, Path::new("/proc")) {
        Ok(mut source) => {
            source.read_for(Families::default().with(Family::Network), false);
            assert!(source.network_costs().is_some(), "the kernel takes the iterator, but not these programs");
            Some(source)
        }
        Err(Error::NoBpf(Refusal::Refused(reason))) => panic!("the kernel refuses: {reason}"),
        Err(error) => {
            // Not `eprintln`, which the harness keeps to itself.
            let _ = writeln!(std::io::stderr(), "\n!!! NOT TESTED, this takes BPF: {error}\n");
            None
        }
    }
}

/// What a process has sent and received so far; nothing where no scan has seen it.
fn counted(source: &mut Source, pid: u32) -> Counters {
    let mut snapshot = Snapshot::default();
    source.list().expect("listing");
    source.read(None, &mut snapshot);
    let process = snapshot.processes().find(|process| process.identity.pid == pid);
    process.map(|process| process.counters.clone()).unwrap_or_default()
}

/// A process of its own, ended with the test.
struct Peer(Child);

impl Peer {
    /// Runs a program in Python, which prints a line when it is ready, and one when it has done what it should; then it waits.
    fn start(program: &str, arguments: &[&str]) -> Peer {
        let mut command = Command::new("python3");
        command.args(["-c", program]).args(arguments);
        Peer(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("python3"))
    }

    fn line(&mut self) -> String {
        let stdout = self.0.stdout.as_mut().expect("a pipe");
        let (mut line, mut byte) = (Vec::new(), [0]);
        while stdout.read(&mut byte).expect("a pipe") == 1 && byte[0] != b'\n' {
            line.push(byte[0]);
        }
        String::from_utf8(line).expect("utf-8")
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Receives so many bytes over a connection, looks at the first ones beforehand, answers with 1,000 and then tells of its
/// segments: `struct tcp_info` has those that came and went as its 35th and 36th numbers of 32 bits after the first 8 bytes.
const TCP: &str = r#"
import socket, struct, sys
host, port, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
s = socket.create_connection((host, port))
print("ready", flush=True)
s.recv(10, socket.MSG_PEEK)
got = 0
while got < size:
    got += len(s.recv(min(65536, size - got), socket.MSG_WAITALL))
s.sendall(b"x" * 1000)
sys.stdin.readline()
s.setblocking(False)
try: s.recv(1)
except BlockingIOError: pass
info = s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 192)
print(*struct.unpack_from("II", info, 136), flush=True)
sys.stdin.readline()
"#;

#[test]
fn tcp_to_the_byte_in_both_families() {
    let Some(mut source) = counting() else { return };
    for (host, [sent, received]) in [
        ("127.0.0.1", [Counter::TcpV4SentBytes, Counter::TcpV4ReceivedBytes]),
        ("::1", [Counter::TcpV6SentBytes, Counter::TcpV6ReceivedBytes]),
        // A socket of IPv6 that talks to IPv4.
        ("::ffff:127.0.0.1", [Counter::TcpV4SentBytes, Counter::TcpV4ReceivedBytes]),
    ] {
        let listener = TcpListener::bind((host.trim_start_matches("::ffff:"), 0)).expect("loopback");
        let port = listener.local_addr().expect("an address").port().to_string();
        let size = 3_000_017;
        let mut peer = Peer::start(TCP, &[host, &port, &size.to_string()]);
        let (mut stream, _) = listener.accept().expect("the peer");
        assert_eq!(peer.line(), "ready");
        let before = counted(&mut source, std::process::id());
        stream.write_all(&vec![7; size]).expect("sent");
        let mut answer = Vec::new();
        (&mut stream).take(1000).read_to_end(&mut answer).expect("the answer");
        until_acknowledged(&stream);
        writeln!(peer.0.stdin.as_mut().expect("a pipe")).expect("the pipe");
        let segments = peer.line();
        let (ours, theirs) = (counted(&mut source, std::process::id()), counted(&mut source, peer.0.id()));
        let grown = |counter: Counter| ours.get(counter).unwrap_or(0) - before.get(counter).unwrap_or(0);
        assert_eq!((grown(sent), grown(received)), (size as u64, 1000), "here, {host}");
        assert_eq!((theirs.get(sent), theirs.get(received)), (Some(1000), Some(size as u64)), "there, {host}");
        let packets = |bytes: Counter| theirs.get(Counter::ALL[bytes as usize + 1]).unwrap_or(0);
        assert_eq!(segments, format!("{} {}", packets(sent), packets(received)), "{host}");
        let silent = Counter::NETWORK.into_iter().filter(|counter| theirs.get(*counter).is_none());
        assert_eq!(silent.count(), 12, "nothing of other protocols and families: {theirs:?}");
    }
}

/// The other side has all that was sent, and we know it: nothing more moves.
fn until_acknowledged(stream: &TcpStream) {
    let end = Instant::now() + Duration::from_secs(30);
    while unacknowledged(stream) != 0 {
        assert!(Instant::now() < end, "the peer does not acknowledge");
        std::thread::yield_now();
    }
}

/// What this connection has in its queue, as `/proc/net/tcp` has it.
fn unacknowledged(stream: &TcpStream) -> u64 {
    let port = format!(":{:04X} ", stream.local_addr().expect("an address").port());
    let tables =
        ["tcp", "tcp6"].map(|table| std::fs::read_to_string(format!("/proc/self/net/{table}")).expect("a table"));
    let of = |line: &str| {
        let mut words = line.split_ascii_whitespace().skip(3);
        // Established.
        (words.next()? == "01").then_some(())?;
        u64::from_str_radix(words.next()?.split(':').next()?, 16).ok()
    };
    tables.iter().flat_map(|table| table.lines()).filter(|line| line.contains(&port)).filter_map(of).sum()
}

/// Sends datagrams of these sizes, one with nothing in it.
const UDP: &str = r#"
import socket, sys
host, port = sys.argv[1], int(sys.argv[2])
s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
print("ready", flush=True)
for size in (1, 0, 1400, 60000):
    s.sendto(b"x" * size, (host, port))
s.connect((host, port))
s.send(b"y" * 77)
print("sent", flush=True)
sys.stdin.readline()
"#;

#[test]
fn udp_to_the_byte_and_the_datagram_in_both_families() {
    let Some(mut source) = counting() else { return };
    for (host, first_of) in [
        ("127.0.0.1", [Counter::UdpV4SentBytes, Counter::UdpV4ReceivedBytes]),
        ("::1", [Counter::UdpV6SentBytes, Counter::UdpV6ReceivedBytes]),
    ] {
        let socket = UdpSocket::bind((host.trim_start_matches("::ffff:"), 0)).expect("loopback");
        let port = socket.local_addr().expect("an address").port().to_string();
        let before = counted(&mut source, std::process::id());
        let mut peer = Peer::start(UDP, &[host, &port]);
        assert_eq!((peer.line(), peer.line()), ("ready".to_owned(), "sent".to_owned()));
        let mut buffer = vec![0; 70_000];
        for expected in [1, 0, 1400, 60_000, 77] {
            assert_eq!(socket.peek(&mut buffer).expect("a datagram"), expected);
            assert_eq!(socket.recv(&mut buffer).expect("a datagram"), expected);
        }
        let (ours, theirs) = (counted(&mut source, std::process::id()), counted(&mut source, peer.0.id()));
        let [sent, received] = first_of;
        let packets = |bytes: Counter| Counter::ALL[bytes as usize + 1];
        let bytes = 1 + 1400 + 60_000 + 77;
        assert_eq!((theirs.get(sent), theirs.get(packets(sent))), (Some(bytes), Some(5)), "{host}");
        let grown = |counter: Counter| ours.get(counter).unwrap_or(0) - before.get(counter).unwrap_or(0);
        assert_eq!((grown(received), grown(packets(received))), (bytes, 5), "{host}");
        let silent = Counter::NETWORK.into_iter().filter(|counter| theirs.get(*counter).is_none());
        assert_eq!(silent.count(), 14, "nothing of other protocols and families: {theirs:?}");
    }
}

#[test]
fn nothing_is_counted_while_it_is_off_and_what_was_counted_stays() {
    let Some(mut source) = counting() else { return };
    let socket = UdpSocket::bind(("127.0.0.1", 0)).expect("loopback");
    let to = socket.local_addr().expect("an address");
    let sent = |source: &mut Source| {
        socket.send_to(&[0; 100], to).expect("sent");
        counted(source, std::process::id()).get(Counter::UdpV4SentBytes)
    };
    let first = sent(&mut source).expect("counted");
    source.read_for(Families::default(), false);
    assert_eq!(source.network_costs(), None);
    assert_eq!(sent(&mut source), None);
    source.read_for(Families::default().with(Family::Network), false);
    assert_eq!(sent(&mut source), Some(first + 100));
    let costs = source.network_costs().expect("it is on");
    assert!(costs.calls >= 2 && costs.lost == 0, "{costs:?}");
}

#[test]
fn what_a_short_process_has_sent_is_told_when_it_has_ended() {
    let Some(mut source) = counting() else { return };
    if source.exits() != Exits::Bpf {
        let _ = writeln!(std::io::stderr(), "\n!!! NOT TESTED, no ends are told here\n");
        return;
    }
    let socket = UdpSocket::bind(("127.0.0.1", 0)).expect("loopback");
    let port = socket.local_addr().expect("an address").port().to_string();
    counted(&mut source, std::process::id());
    let mut peer = Peer::start(UDP, &["127.0.0.1", &port]);
    let pid = peer.0.id();
    writeln!(peer.0.stdin.as_mut().expect("a pipe")).expect("the pipe");
    assert!(peer.0.wait().expect("its end").success());
    // The kernel tells of it when nobody looks at it any more.
    let end = Instant::now() + Duration::from_secs(30);
    let (mut snapshot, mut ends) = (Snapshot::default(), Vec::new());
    let last = loop {
        ends.clear();
        source.ends(&mut snapshot, &mut ends);
        if let Some(last) = ends.iter().find(|end| end.identity.pid == pid) {
            break last;
        }
        assert!(Instant::now() < end, "its end is not told");
        std::thread::yield_now();
    };
    let sent = [Counter::UdpV4SentBytes, Counter::UdpV4SentPackets].map(|counter| last.counters.get(counter));
    assert_eq!(sent, [Some(1 + 1400 + 60_000 + 77), Some(5)]);
}

/// Sends a datagram, gives itself another program from a thread that is not the main one, and sends another datagram.
const EXEC: &str = r#"
import os, socket, sys, threading
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(b"x" * 1000, ("127.0.0.1", int(sys.argv[1])))
then = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'y' * 77, ('127.0.0.1', %s)); print('sent', flush=True); input()"
print("ready", flush=True)
sys.stdin.readline()
threading.Thread(target=lambda: os.execvp("python3", ["python3", "-c", then % sys.argv[1]])).start()
threading.Event().wait()
"#;

#[test]
fn what_was_sent_before_an_exec_by_another_thread_stays() {
    let Some(mut source) = counting() else { return };
    let socket = UdpSocket::bind(("127.0.0.1", 0)).expect("loopback");
    let port = socket.local_addr().expect("an address").port().to_string();
    let mut peer = Peer::start(EXEC, &[&port]);
    let sent = |counters: &Counters| [Counter::UdpV4SentBytes, Counter::UdpV4SentPackets].map(|of| counters.get(of));
    assert_eq!(peer.line(), "ready");
    assert_eq!(sent(&counted(&mut source, peer.0.id())), [Some(1000), Some(1)]);
    writeln!(peer.0.stdin.as_mut().expect("a pipe")).expect("the pipe");
    assert_eq!(peer.line(), "sent");
    assert_eq!(sent(&counted(&mut source, peer.0.id())), [Some(1077), Some(2)]);
}
