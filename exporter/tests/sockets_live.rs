//! The sockets of real processes, on loopback.
#![cfg(target_os = "linux")]
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what it expected")]

use std::io::Read as _;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, Command};

use procession_exporter::group::Groups;
use procession_exporter::metric::{Families, Family};
use procession_exporter::snapshot::{Gauge, Gauges, Process, Snapshot};
use procession_exporter::source::procfs::{Procfs, Units};

/// A process that sleeps and has these sockets open and no others, until it is dropped.
struct Holder(Child);

impl Holder {
    fn of(sockets: [OwnedFd; 3]) -> Holder {
        let [input, output, error] = sockets;
        let mut command = Command::new("sleep");
        Holder(command.arg("600").stdin(input).stdout(output).stderr(error).spawn().expect("sleep"))
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Watch {
    source: Procfs,
    snapshot: Snapshot,
}

impl Watch {
    fn new() -> Watch {
        let source = Procfs::open(Path::new("/proc"), Path::new("/etc/passwd"), Units::of_this_system()).expect("proc");
        let mut watch = Watch { source, snapshot: Snapshot::default() };
        watch.scan(|_| true);
        watch
    }

    fn switch_on(&mut self) {
        self.source.read_for(Families::none().with(Family::Sockets), false);
    }

    fn scan(&mut self, shown: impl Fn(u32) -> bool) {
        self.source.list().expect("listing");
        self.source.read_of(None, &mut self.snapshot, shown);
    }

    fn find(&self, holder: &Holder) -> &Process {
        let pid = holder.0.id();
        self.snapshot.processes().find(|process| process.identity.pid == pid).expect("it lives")
    }

    /// The sockets of a process, after a scan in which it alone has its turn.
    fn sockets(&mut self, holder: &Holder) -> Vec<(Gauge, u64)> {
        let slot = self.find(holder).slot;
        self.scan(|shown| shown == slot);
        known(&self.find(holder).gauges)
    }
}

fn known(gauges: &Gauges) -> Vec<(Gauge, u64)> {
    Gauge::SOCKETS.into_iter().filter_map(|gauge| Some((gauge, gauges.get(gauge)?))).collect()
}

/// Both ends of a connection on loopback.
fn connection(listener: &TcpListener) -> (TcpStream, TcpStream) {
    let one = TcpStream::connect(listener.local_addr().expect("bound")).expect("loopback");
    (one, listener.accept().expect("it is there").0)
}

#[test]
fn states_of_tcp_change_though_the_process_sleeps() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
    let (stays, far) = connection(&listener);
    let (mut closed, other_side) = connection(&listener);
    drop(other_side);
    assert_eq!(closed.read(&mut [0]).expect("the end"), 0, "from here on the kernel knows");
    let holder = Holder::of([listener.into(), stays.into(), closed.into()]);
    let mut watch = Watch::new();
    assert_eq!(known(&watch.find(&holder).gauges), [], "not asked for");
    watch.switch_on();
    let expected = [(Gauge::TcpEstablished, 1), (Gauge::TcpCloseWait, 1), (Gauge::TcpListen, 1)];
    assert_eq!(watch.sockets(&holder), expected);
    let mut groups = Groups::default();
    groups.update(&watch.snapshot);
    assert_eq!(known(&groups.get("sleep").expect("its group").totals.gauges)[..], expected);
    // The process does nothing, and its sockets are others all the same.
    drop(far);
    let expected = [(Gauge::TcpCloseWait, 2), (Gauge::TcpListen, 1)];
    assert_eq!(watch.sockets(&holder), expected);
    watch.scan(|_| false);
    assert_eq!(known(&watch.find(&holder).gauges), expected, "until its next turn");
    watch.source.read_for(Families::default(), false);
    watch.scan(|_| true);
    assert_eq!(known(&watch.find(&holder).gauges), [], "switched off");
}

#[test]
fn udp_and_unix_sockets() {
    let bound = UdpSocket::bind("127.0.0.1:0").expect("loopback");
    let to_it = UdpSocket::bind("127.0.0.1:0").expect("loopback");
    to_it.connect(bound.local_addr().expect("bound")).expect("an address");
    let (one, _far) = UnixStream::pair().expect("a pair");
    let holder = Holder::of([bound.into(), to_it.into(), one.into()]);
    let dir = tempfile::tempdir().expect("tempdir");
    // A path with a line end in it, which looks like a row of a table.
    let path = dir.path().join("a\nffff: 00000002 00000000 00010000 0001 01 1 b");
    let unix = UnixListener::bind(path).expect("a path");
    let twice = unix.try_clone().expect("a descriptor");
    let listening = Holder::of([unix.into(), twice.into(), std::fs::File::open("/dev/null").expect("it").into()]);
    let mut watch = Watch::new();
    watch.switch_on();
    let expected = [(Gauge::UdpConnected, 1), (Gauge::UdpUnconnected, 1), (Gauge::UnixConnected, 1)];
    assert_eq!(watch.sockets(&holder), expected);
    assert_eq!(watch.sockets(&listening), [(Gauge::UnixListen, 1)], "two descriptors, one socket");
}
