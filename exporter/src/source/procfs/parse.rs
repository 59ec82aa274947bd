//! Every parser of this folder at once, for whoever has bytes that may be anything.

use super::path::File;
use super::reading::Reading;
use super::reads::Reads;
use super::words::Words;
use super::{
    Units, boot, cgroup, cmdline, io, limits, links, loadavg, meminfo, name, schedstat, smaps, sockets, stat, status,
    uptime, users, vmstat, wchan,
};
use crate::metric::Families;
use crate::rules;
use crate::snapshot::{Counters, Gauge, Gauges, Limits};
use crate::source::name::{clean, whole};

/// Hands the same bytes to the parser of every file, and what they make of them to what comes next, as if a kernel had
/// said so. The number of files that these bytes can be.
///
/// # Panics
/// Never: whatever the bytes are.
pub fn try_all(bytes: &[u8]) -> usize {
    let of_process = File::ALL.into_iter().filter(|file| try_file(*file, bytes)).count();
    let of_host = [
        boot::parse(bytes).is_some(),
        uptime::parse(bytes).is_some(),
        loadavg::threads(bytes).is_some() && loadavg::load(bytes).is_some(),
        meminfo::total_bytes(bytes).is_some() && meminfo::available_bytes(bytes).is_some(),
        bytes.split(|b| *b == b'\n').any(|line| vmstat::oom_kills(line).is_some()),
        boot::cpus(bytes) > 0,
        !users::parse(bytes).is_empty(),
    ];
    of_process + of_host.into_iter().filter(|taken| *taken).count()
}

fn try_file(file: File, bytes: &[u8]) -> bool {
    match file {
        File::Stat => stat::parse(bytes).is_some_and(|stat| {
            let comm = clean(name::stable(&stat));
            whole(stat.comm, Some(&comm), None);
            let reading = Reading {
                reads: Reads::of(Families::all(), true),
                stat: &stat,
                status: status::parse(bytes),
                io: io::parse(bytes),
                schedstat: schedstat::parse(bytes),
                open_fds: None,
                threads_waited_ns: None,
                fd_limit: limits::parse(bytes),
                oom_score: None,
                block_delay: true,
            };
            for units in
                [Units { ticks_per_second: 100, page_bytes: 4096 }, Units { ticks_per_second: 1, page_bytes: u64::MAX }]
            {
                reading.counters(units, &mut Counters::default());
                reading.gauges(units, &mut Gauges::default());
                units.milliseconds(stat.start_ticks);
            }
            !comm.is_empty()
        }),
        File::Status => status::parse(bytes).is_some(),
        File::Io => io::parse(bytes).is_some(),
        File::Cmdline => {
            let line = cmdline::parse(bytes);
            line.argv0().is_some_and(|word| line.text.starts_with(word))
        }
        File::Cgroup => {
            let paths = cgroup::parse(bytes);
            rules::unit(&paths).is_some() || rules::container(&paths).is_some() || cgroup::path(&paths).is_some()
        }
        File::Comm => !clean(bytes).is_empty(),
        File::Limits => limits::parse(bytes).is_some() && limits::all(bytes) != Limits::default(),
        File::Schedstat => schedstat::parse(bytes).is_some(),
        File::SmapsRollup => smaps::parse(bytes).is_some(),
        File::Wchan => wchan::parse(bytes, None).is_some(),
        File::OomScore => Words::new(bytes).number().is_some(),
        File::NetNs => sockets::link(bytes, b"net").is_some(),
        File::Fd => sockets::link(bytes, b"socket").is_some() && links::kind(bytes) == Gauge::SocketFds,
        File::NetTcp | File::NetTcp6 | File::NetUdp | File::NetUdp6 | File::NetUnix => {
            bytes.split(|b| *b == b'\n').filter(|line| sockets::row(file, line).is_some()).count() > 0
        }
        // Bytes that mean nothing more.
        File::Exe => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What a kernel writes, to be cut and changed.
    const FILES: [&[u8]; 16] = [
        b"42 (a) b) S 1 2 3 -1 -1 4194304 102 5 7 9 300 40 11 12 20 0 6 0 97746 3133440 413 18446744073709551615 1 2\n",
        b"Name:\tcat\nState:\tR (running)\nUid:\t0\t1000\t0\t0\nVmSwap:\t      12 kB\nvoluntary_ctxt_switches:\t17\nnonvoluntary_ctxt_switches:\t1\n",
        b"rchar: 6976\nwchar: 5\nsyscr: 10\nsyscw: 0\nread_bytes: 4096\nwrite_bytes: 18446744073709551615\n",
        b"python3\0-m\0x\0",
        b"0::/system.slice/docker-8dde0b0d6e919baef8d635cd9399b22639ed1e400eaec1b1cb94ff3b216cf3c3.scope\n",
        b"Max open files            1024                 524288               files     \n",
        b"5 1500000000 3\n",
        b"cpu  1 2 3\nbtime 1508450329\n",
        b"root:x:0:0:root:/root:/bin/bash\n",
        b"0.00 0.01 0.05 1/80 301\n",
        b"MemTotal:       16 kB\nMemFree:         3 kB\nMemAvailable:    5 kB\n",
        b"drop_slab 0\noom_kill 2\n",
        b"socket:[4026531840]",
        b"   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 12345 1 0 100 0 0 10 0\n",
        b"00000000a1b2: 00000002 00000000 00010000 0001 01 12345 /run/x.sock\n",
        b"Pss: 452 kB\nPrivate_Clean: 264 kB\nPrivate_Dirty: 152 kB\nShared_Clean: 0 kB\nShared_Dirty: 0 kB\nReferenced: 9 kB\nSwapPss: 0 kB\n",
    ];

    #[test]
    fn what_a_kernel_writes_is_taken() {
        for file in FILES {
            // As its name, and as what it is.
            assert!(try_all(file) >= 2, "{}", String::from_utf8_lossy(file));
        }
        assert_eq!(try_all(b""), 1, "a process may have no name");
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            try_all(&bytes);
        }

        #[test]
        fn what_is_nearly_right_is_survived(file in 0..FILES.len(), at: prop::sample::Index, cut: usize, bytes: Vec<u8>) {
            let file = FILES[file];
            let (before, after) = file.split_at(at.index(file.len()));
            try_all(&[before, &bytes, &after[cut.min(after.len())..]].concat());
        }
    }
}
