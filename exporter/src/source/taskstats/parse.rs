//! Bytes of generic netlink, and of `struct taskstats` (`include/uapi/linux/taskstats.h`).

/// One attribute: its type and what is in it.
pub(crate) type Attribute<'a> = (u16, &'a [u8]);

/// A message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Message<'a> {
    /// The family, or 2 for an error.
    pub(crate) kind: u16,
    /// What follows the header.
    pub(crate) body: &'a [u8],
}

/// What a thread had used when it began to end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Thread {
    pub(crate) pid: u32,
    pub(crate) tgid: u32,
    pub(crate) ppid: u32,
    /// Real user.
    pub(crate) uid: u32,
    /// Seconds since the Unix epoch.
    pub(crate) start_s: u64,
    /// Ends at the first NUL.
    pub(crate) comm: Vec<u8>,
    /// Whether it has called no `exec` since it was forked, and whether it was the last thread of its process.
    pub(crate) forked: bool,
    pub(crate) last: bool,
    /// Nanoseconds on CPUs, and the microseconds in both modes as ticks saw them.
    pub(crate) ran_ns: u64,
    pub(crate) user_us: u64,
    pub(crate) system_us: u64,
    pub(crate) minor_faults: u64,
    pub(crate) major_faults: u64,
    /// Bytes and calls: logical ones read and written, calls of both kinds, storage ones read and written.
    pub(crate) io: [u64; 6],
    pub(crate) voluntary: u64,
    pub(crate) involuntary: u64,
}

impl Thread {
    /// Nanoseconds on CPUs in user and in kernel mode: what ran, divided as the ticks fell.
    pub(crate) fn cpu_ns(&self) -> [u64; 2] {
        let ticks = u128::from(self.user_us) + u128::from(self.system_us);
        let system = match (self.user_us, self.system_us) {
            (_, 0) => 0,
            (0, _) => self.ran_ns,
            (_, system) => u64::try_from(u128::from(system) * u128::from(self.ran_ns) / ticks).unwrap_or(self.ran_ns),
        };
        [self.ran_ns - system, system]
    }

    /// Adds another thread of the same process: what names it is what the main thread says, and its switches.
    pub(crate) fn add(&mut self, other: Thread) {
        let (mut whole, more) = match other.pid == other.tgid {
            true => (other, std::mem::take(self)),
            false => (std::mem::take(self), other),
        };
        for (sum, more) in whole.io.iter_mut().zip(more.io).chain([
            (&mut whole.ran_ns, more.ran_ns),
            (&mut whole.user_us, more.user_us),
            (&mut whole.system_us, more.system_us),
            (&mut whole.minor_faults, more.minor_faults),
            (&mut whole.major_faults, more.major_faults),
        ]) {
            *sum = sum.saturating_add(more);
        }
        *self = whole;
    }
}

/// The version that tells of processes and of their last threads (Linux 5.19). Later ones have more at the end.
const FIRST_VERSION: u16 = 12;
/// The one that has not (Linux 6.14 and 6.15): two more numbers follow each kind of delay. Version 16 took them to the end.
const WITHIN: u16 = 15;
/// Where the kinds of delays before the tgid end in all other versions.
const DELAYS_END: [usize; 6] = [32, 48, 64, 328, 344, 368];
/// Where the tgid is there: the last field that is read.
const TGID: usize = 368;

/// The messages in what was received; what is cut off is left out.
pub(crate) fn messages(mut bytes: &[u8]) -> impl Iterator<Item = Message<'_>> {
    std::iter::from_fn(move || {
        let length = u32_at(bytes, 0)? as usize;
        let kind = u16_at(bytes, 4)?;
        let body = bytes.get(16..length)?;
        bytes = bytes.get(aligned(length)..).unwrap_or(&[]);
        Some(Message { kind, body })
    })
}

/// The attributes in the body of a message or an attribute.
pub(crate) fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = Attribute<'_>> {
    std::iter::from_fn(move || {
        let length = usize::from(u16_at(bytes, 0)?);
        // The two highest bits are flags.
        let kind = u16_at(bytes, 2)? & 0x3fff;
        let value = bytes.get(4..length)?;
        bytes = bytes.get(aligned(length)..).unwrap_or(&[]);
        Some((kind, value))
    })
}

/// A number of 16 bits in the machine's order.
pub(crate) fn u16_at(bytes: &[u8], place: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(place..place.checked_add(2)?)?.try_into().ok()?))
}

/// The same of 32 bits.
pub(crate) fn u32_at(bytes: &[u8], place: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(place..place.checked_add(4)?)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], place: usize) -> Option<u64> {
    Some(u64::from_ne_bytes(bytes.get(place..place.checked_add(8)?)?.try_into().ok()?))
}

fn aligned(length: usize) -> usize {
    length.saturating_add(3) & !3
}

/// Whether the structs of a kernel can be read: their version, where they cannot.
pub(crate) fn version(stats: &[u8]) -> Result<(), u16> {
    match u16_at(stats, 0) {
        Some(version) if version >= FIRST_VERSION => Ok(()),
        version => Err(version.unwrap_or(0)),
    }
}

/// Where a field is in a version, by where it is in all others than one.
fn place_in(version: Option<u16>, place: usize) -> usize {
    match version {
        Some(WITHIN) => place + 16 * DELAYS_END.iter().filter(|end| place >= **end).count(),
        _ => place,
    }
}

/// A thread from its struct; `None` where that is too short or of another version.
pub(crate) fn thread(stats: &[u8]) -> Option<Thread> {
    const FORKED: u8 = 0x01;
    const LAST: u8 = 0x20;
    version(stats).ok()?;
    let version = u16_at(stats, 0);
    let number = |place| u64_at(stats, place_in(version, place));
    let short = |place| u32_at(stats, place_in(version, place));
    let comm = place_in(version, 80);
    let (flags, comm) = (stats.get(8)?, stats.get(comm..comm + 32)?);
    let end = comm.iter().position(|byte| *byte == 0).unwrap_or(comm.len());
    let mut io = [0; 6];
    for (value, place) in io.iter_mut().zip((216..).step_by(8)) {
        *value = number(place)?;
    }
    Some(Thread {
        pid: short(128)?,
        tgid: short(TGID)?,
        ppid: short(132)?,
        uid: short(120)?,
        start_s: number(344)?,
        comm: comm[..end].to_vec(),
        forked: flags & FORKED != 0,
        last: flags & LAST != 0,
        ran_ns: number(72)?,
        user_us: number(152)?,
        system_us: number(160)?,
        minor_faults: number(168)?,
        major_faults: number(176)?,
        io,
        voluntary: number(272)?,
        involuntary: number(280)?,
    })
}

/// How many messages found no room in the socket of generic netlink with this address, by the text of `/proc/net/netlink`.
pub(crate) fn drops(text: &str, address: u32) -> Option<u64> {
    const GENERIC: &str = "16";
    text.lines().find_map(|line| {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let is_it = words.get(1) == Some(&GENERIC) && words.get(2)?.parse() == Ok(address);
        is_it.then(|| words.get(8)?.parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let length = 4 + value.len();
        let mut bytes = [(length as u16).to_ne_bytes(), kind.to_ne_bytes()].concat();
        bytes.extend(value);
        bytes.resize(aligned(length), 0);
        bytes
    }

    fn stats(version: u16) -> Vec<u8> {
        let mut bytes = vec![0; TGID + 4];
        bytes[..2].copy_from_slice(&version.to_ne_bytes());
        bytes[8] = 0x21;
        bytes[80..84].copy_from_slice(b"cat\0");
        bytes[128..132].copy_from_slice(&7_u32.to_ne_bytes());
        bytes[256..264].copy_from_slice(&99_u64.to_ne_bytes());
        bytes[TGID..].copy_from_slice(&5_u32.to_ne_bytes());
        bytes
    }

    #[test]
    fn a_thread() {
        let seen = thread(&stats(13)).expect("a thread");
        assert_eq!((seen.pid, seen.tgid, seen.comm.as_slice(), seen.io[5]), (7, 5, &b"cat"[..], 99));
        assert!(seen.forked && seen.last);
        assert_eq!(thread(&stats(13)[1..]), None);
        assert_eq!(
            [0, 11, 12, 13, 14, 15, 16, 17].map(|number| version(&stats(number)).is_ok()),
            [false, false, true, true, true, true, true, true]
        );
    }

    /// Each field, with a value of its own, where C compilers put it for the header of version 15.
    #[test]
    fn the_version_that_has_more_within() {
        let mut bytes = vec![0; 468];
        bytes[..2].copy_from_slice(&15_u16.to_ne_bytes());
        bytes[128..132].copy_from_slice(b"cat\0");
        for (place, value) in [(168, 4_u32), (176, 7), (180, 3), (464, 5)] {
            bytes[place..place + 4].copy_from_slice(&value.to_ne_bytes());
        }
        let numbers = [120, 200, 208, 216, 224, 264, 272, 280, 288, 296, 304, 320, 328, 424];
        for (place, value) in numbers.into_iter().zip(20_u64..) {
            bytes[place..place + 8].copy_from_slice(&value.to_ne_bytes());
        }
        let expected = Thread {
            pid: 7,
            tgid: 5,
            ppid: 3,
            uid: 4,
            start_s: 33,
            comm: b"cat".to_vec(),
            forked: false,
            last: false,
            ran_ns: 20,
            user_us: 21,
            system_us: 22,
            minor_faults: 23,
            major_faults: 24,
            io: [25, 26, 27, 28, 29, 30],
            voluntary: 31,
            involuntary: 32,
        };
        assert_eq!(thread(&bytes), Some(expected));
        assert_eq!(thread(&bytes[..467]), None);
    }

    #[test]
    fn what_is_nested_comes_out() {
        let inner = [attribute(1, &7_u32.to_ne_bytes()), attribute(3, &stats(13))].concat();
        let outer = attribute(0x8004, &inner);
        let mut bytes =
            [((16 + 4 + outer.len()) as u32).to_ne_bytes().to_vec(), 31_u16.to_ne_bytes().to_vec(), vec![0; 10]]
                .concat();
        bytes.extend([2, 1, 0, 0]);
        bytes.extend(&outer);
        let message = messages(&bytes).next().expect("a message");
        assert_eq!(message.kind, 31);
        let (kind, nested) = attributes(&message.body[4..]).next().expect("an attribute");
        let kinds: Vec<u16> = attributes(nested).map(|(kind, _)| kind).collect();
        assert_eq!((kind, kinds), (4, vec![1, 3]));
        assert_eq!(messages(&bytes[..bytes.len() - 1]).count(), 0, "it is cut off");
    }

    #[test]
    fn threads_add_up() {
        let main = Thread { pid: 5, tgid: 5, comm: b"main".to_vec(), ran_ns: 10, voluntary: 3, ..Thread::default() };
        let comm = b"other".to_vec();
        let other = Thread { pid: 6, tgid: 5, comm, ran_ns: 7, io: [1; 6], voluntary: 9, ..Thread::default() };
        for (first, second) in [(&main, &other), (&other, &main)] {
            let mut sum = first.clone();
            sum.add(second.clone());
            assert_eq!(sum, Thread { ran_ns: 17, io: [1; 6], ..main.clone() });
        }
        let modes = |user_us, system_us| Thread { ran_ns: 100, user_us, system_us, ..Thread::default() }.cpu_ns();
        assert_eq!([modes(0, 0), modes(5, 0), modes(0, 5), modes(30, 10)], [[100, 0], [100, 0], [0, 100], [75, 25]]);
    }

    #[test]
    fn what_was_dropped() {
        let text = "sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode\n\
            0000 0 42 00000000 0 0 0 2 9 11\n0000 16 41 00000000 0 0 0 2 8 12\n0000 16 42 00000000 0 0 0 2 17 13\n";
        assert_eq!([41, 42, 43].map(|address| drops(text, address)), [Some(8), Some(17), None]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            for message in messages(&bytes) {
                for (_, value) in attributes(message.body) {
                    let _ = thread(value);
                }
            }
            let _ = thread(&bytes);
            let _ = drops(&String::from_utf8_lossy(&bytes), 1);
        }
    }
}
