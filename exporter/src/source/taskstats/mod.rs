//! Linux, where BPF is not to be had: the kernel tells of each thread that ends over netlink (`Documentation/accounting/taskstats.rst`).
//!
//! It tells when a thread begins to end, and CPU time as of the last tick or switch: the memory is still to be given back then. What is
//! missing the parent is credited with.

#[cfg(test)]
mod live;
mod parse;

use std::os::fd::{AsFd as _, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::net::netlink::{self, SocketAddrNetlink};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, bind, getsockname, recv, send, socket_with, sockopt,
};

pub(crate) use self::parse::Thread;
use super::Untold;

/// Of the kernel, for records that wait: one takes some 2 KiB.
const BUFFER_BYTES: usize = 16 << 20;
/// One message is much shorter.
const MESSAGE_BYTES: usize = 16 << 10;
/// So many are taken at a time, however fast others come.
const MOST_THREADS: usize = 1 << 17;
/// The kernel answers at once.
const PATIENCE: Duration = Duration::from_secs(5);

/// `include/uapi/linux/netlink.h`, `genetlink.h` and `taskstats.h`.
const ERROR: u16 = 2;
const REQUEST: u16 = 1;
const ACKNOWLEDGE: u16 = 4;
const CONTROLLER: u16 = 16;
const GET_FAMILY: u8 = 3;
const FAMILY_ID: u16 = 1;
const FAMILY_NAME: u16 = 2;
const GET: u8 = 1;
const REGISTER_CPUS: u16 = 3;
const OF_A_THREAD: u16 = 4;
const STATS: u16 = 3;
const OF_PID: u16 = 1;

/// A socket that the kernel sends records of ended threads to.
#[derive(Debug)]
pub(crate) struct Taskstats {
    socket: OwnedFd,
    family: u16,
    address: u32,
    buffer: Vec<u8>,
}

impl Taskstats {
    /// Has the kernel tell from now on, of all CPUs.
    ///
    /// # Errors
    /// Why it does not.
    pub(crate) fn open() -> Result<Taskstats, Untold> {
        Taskstats::open_with(BUFFER_BYTES)
    }

    /// The same, with so many bytes for records that wait.
    ///
    /// # Errors
    /// Likewise.
    pub(crate) fn open_with(buffer_bytes: usize) -> Result<Taskstats, Untold> {
        let broken = |errno: Errno| match errno {
            Errno::PERM | Errno::ACCESS => Untold::NotPermitted,
            errno => Untold::Taskstats(std::io::Error::from(errno).to_string()),
        };
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket =
            socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, Some(netlink::GENERIC)).map_err(broken)?;
        bind(&socket, &SocketAddrNetlink::new(0, 0)).map_err(broken)?;
        let address = getsockname(&socket).and_then(SocketAddrNetlink::try_from).map_err(broken)?.pid();
        let mut taskstats = Taskstats { socket, family: 0, address, buffer: vec![0; MESSAGE_BYTES] };
        let name = attribute(FAMILY_NAME, b"TASKSTATS\0");
        let family = taskstats.ask(CONTROLLER, GET_FAMILY, &name, |body| {
            parse::attributes(body).find(|(kind, _)| *kind == FAMILY_ID).and_then(|(_, value)| parse::u16_at(value, 0))
        });
        taskstats.family = match family.map_err(broken)? {
            Some(family) => family,
            None => return Err(Untold::Taskstats("the kernel does not say what it calls them".to_owned())),
        };
        let me = attribute(OF_PID, &std::process::id().to_ne_bytes());
        let version = taskstats.ask(taskstats.family, GET, &me, |body| stats(body).map(parse::version));
        match version.map_err(broken)? {
            Some(Ok(())) => {}
            Some(Err(version)) => return Err(Untold::Version(version)),
            None => return Err(Untold::Version(0)),
        }
        let cpus = std::fs::read_to_string("/sys/devices/system/cpu/possible").unwrap_or_default();
        let cpus = attribute(REGISTER_CPUS, [cpus.trim().as_bytes(), b"\0"].concat().as_slice());
        // What it refuses, it refuses for good; a small buffer only loses more.
        let _ = sockopt::set_socket_recv_buffer_size_force(&taskstats.socket, buffer_bytes);
        taskstats.ask(taskstats.family, GET, &cpus, |_| None::<()>).map_err(broken)?;
        Ok(taskstats)
    }

    /// Sends a request and waits for the answer, which `find` looks for something in, or for the acknowledgement.
    fn ask<T>(
        &mut self,
        family: u16,
        command: u8,
        attributes: &[u8],
        find: impl Fn(&[u8]) -> Option<T>,
    ) -> Result<Option<T>, Errno> {
        let length = (16 + 4 + attributes.len()) as u32;
        let mut request = length.to_ne_bytes().to_vec();
        request.extend([family.to_ne_bytes(), (REQUEST | ACKNOWLEDGE).to_ne_bytes()].concat());
        request.extend([0; 8]);
        request.extend([command, 1, 0, 0]);
        request.extend(attributes);
        send(&self.socket, &request, SendFlags::empty())?;
        let mut found = None;
        loop {
            let mut ready = [PollFd::new(&self.socket, PollFlags::IN)];
            let patience = Timespec::try_from(PATIENCE).map_err(|_| Errno::INVAL)?;
            if rustix::event::poll(&mut ready, Some(&patience))? == 0 {
                return Err(Errno::TIMEDOUT);
            }
            let (_, length) = recv(&self.socket, &mut self.buffer, RecvFlags::empty())?;
            for message in parse::messages(self.buffer.get(..length).unwrap_or_default()) {
                if message.kind == ERROR {
                    // An acknowledgement is the error 0.
                    return match parse::u32_at(message.body, 0).map(|code| code.cast_signed()) {
                        Some(0) => Ok(found),
                        Some(code) => Err(Errno::from_raw_os_error(-code)),
                        None => Err(Errno::BADMSG),
                    };
                }
                if message.kind == family && found.is_none() {
                    found = message.body.get(4..).and_then(&find);
                }
            }
        }
    }

    /// Adds the threads that have ended since the last call.
    pub(crate) fn take(&mut self, threads: &mut Vec<Thread>) {
        while threads.len() < MOST_THREADS {
            let length = match recv(&self.socket, &mut self.buffer, RecvFlags::empty()) {
                Ok((_, length)) => length,
                // Records were lost, which is counted elsewhere.
                Err(Errno::NOBUFS | Errno::INTR) => continue,
                Err(_) => return,
            };
            for message in parse::messages(self.buffer.get(..length).unwrap_or_default()) {
                if message.kind == self.family {
                    threads.extend(message.body.get(4..).and_then(stats).and_then(parse::thread));
                }
            }
        }
    }

    /// How many records found no room since the start.
    pub(crate) fn lost(&self) -> u64 {
        let text = std::fs::read_to_string("/proc/self/net/netlink").unwrap_or_default();
        parse::drops(&text, self.address).unwrap_or(0)
    }

    /// What can be read from when a thread has ended.
    pub(crate) fn ready(&self) -> Option<OwnedFd> {
        self.socket.as_fd().try_clone_to_owned().ok()
    }
}

/// The struct of one thread in the body of a message.
fn stats(body: &[u8]) -> Option<&[u8]> {
    let (_, of_a_thread) = parse::attributes(body).find(|(kind, _)| *kind == OF_A_THREAD)?;
    parse::attributes(of_a_thread).find(|(kind, _)| *kind == STATS).map(|(_, value)| value)
}

fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = [((4 + value.len()) as u16).to_ne_bytes(), kind.to_ne_bytes()].concat();
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}
