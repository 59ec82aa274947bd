//! The BPF programs: loaded into the kernel, and read.

use std::fs::File;
use std::io::Read as _;

use aya::programs::{Iter, ProgramError};
use aya::{Btf, Ebpf, EbpfLoader};

use crate::source::NetworkCosts;

use super::Refusal;
use super::exits::{self, Exits};
use super::network::Network;
use super::record::{self, Record};

/// Compiled by `build.rs` from `bpf/tasks.bpf.c`.
pub(super) static OBJECT: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/tasks.bpf.o"));

/// Some records at a time; the kernel gives as many as it has ready.
const READ_BYTES: usize = 64 << 10;
/// A program is tried so often where signals come in between.
const LOAD_ATTEMPTS: usize = 20;
/// So much of what the verifier says is shown.
const LOG_LINES: usize = 4;
const LOG_CHARACTERS: usize = 1000;

/// The iterator over tasks, loaded, what tells of processes that have ended, and what counts what they send and receive.
#[derive(Debug)]
pub(crate) struct Programs {
    ebpf: Ebpf,
    buffer: Vec<u8>,
    exits: Result<Exits, String>,
    network: Network,
}

impl Programs {
    /// Loads them.
    ///
    /// # Errors
    /// Where the kernel refuses, with what it says.
    pub(crate) fn load() -> Result<Programs, Refusal> {
        Programs::load_with(None)
    }

    /// The same, with so many bytes for records of ended processes: a power of two, and whole pages.
    ///
    /// # Errors
    /// Likewise.
    pub(crate) fn load_with(exit_bytes: Option<u32>) -> Result<Programs, Refusal> {
        Programs::load_object(OBJECT, exit_bytes)
    }

    /// The same of other programs than ours.
    ///
    /// # Errors
    /// Likewise.
    pub(crate) fn load_object(object: &[u8], exit_bytes: Option<u32>) -> Result<Programs, Refusal> {
        let loaded = Programs::load_by_types(object, exit_bytes);
        // The kernel's types took some 16 MiB, in small pieces.
        procession_web::heap::give_back();
        loaded
    }

    fn load_by_types(object: &[u8], exit_bytes: Option<u32>) -> Result<Programs, Refusal> {
        let btf = Btf::from_sys_fs().map_err(|error| Refusal::NoBtf(said(&error)))?;
        let cpus = aya::util::nr_cpus().map_err(|(file, error)| Refusal::Refused(format!("{file}: {error}")))?;
        let mut loader = EbpfLoader::new();
        // The library has no type for what stands beside tasks, which only programs look at.
        loader.allow_unsupported_maps();
        let cpus = u32::try_from(cpus).unwrap_or(u32::MAX);
        loader.btf(Some(&btf)).override_global("cpus", &cpus, true);
        loader.map_max_entries("exits", exit_bytes.unwrap_or_else(|| exits::buffer_bytes(cpus)));
        let mut ebpf = loader.load(object).map_err(|error| refused(&error))?;
        let program = tasks(&mut ebpf).map_err(|error| refused(&error))?;
        try_again(|| program.load("task", &btf)).map_err(|error| refused(&error))?;
        let exits = Exits::attach(&mut ebpf, &btf).map_err(|error| said(&*error));
        let network = Network::of(&mut ebpf).map_err(|error| refused(&*error))?;
        Ok(Programs { ebpf, buffer: vec![0; READ_BYTES], exits, network })
    }

    /// Whether what processes send and receive is counted from now on.
    ///
    /// # Errors
    /// Where the kernel refuses that.
    pub(crate) fn count_network(&mut self, on: bool) -> Result<(), Refusal> {
        self.network.run(&mut self.ebpf, on)
    }

    /// Whether that is counted.
    pub(crate) fn counts_network(&self) -> bool {
        self.network.runs()
    }

    /// What that has cost, where it is counted.
    pub(crate) fn network_costs(&self) -> Option<NetworkCosts> {
        self.network.runs().then(|| self.network.costs(&self.ebpf))
    }

    /// What tells of processes that have ended, or why nothing does.
    pub(crate) fn exits(&self) -> Result<&Exits, &str> {
        self.exits.as_ref().map_err(String::as_str)
    }

    /// The same, to read it.
    pub(crate) fn exits_mut(&mut self) -> Option<&mut Exits> {
        self.exits.as_mut().ok()
    }

    /// Replaces `records` by one of each process, by ascending pid.
    ///
    /// # Errors
    /// Where the kernel gives none, or something else.
    pub(crate) fn read(&mut self, records: &mut Vec<Record>) -> Result<(), std::io::Error> {
        records.clear();
        let mut file = self.open().map_err(std::io::Error::other)?;
        let mut filled = 0;
        loop {
            let read = file.read(&mut self.buffer[filled..])?;
            if read == 0 {
                break;
            }
            filled += read;
            let whole = filled - filled % record::BYTES;
            for bytes in self.buffer[..whole].chunks_exact(record::BYTES) {
                records.push(Record::parse(bytes).ok_or_else(|| std::io::Error::other("a record of another size"))?);
            }
            self.buffer.copy_within(whole..filled, 0);
            filled -= whole;
        }
        // The iterator goes by the ids of threads: that of the main thread is the process's.
        if !records.is_sorted_by_key(|record| record.pid) {
            records.sort_by_key(|record| record.pid);
        }
        match records.is_empty() {
            true => Err(std::io::Error::other("it tells of no process")),
            false => Ok(()),
        }
    }

    fn open(&mut self) -> Result<File, ProgramError> {
        let program = tasks(&mut self.ebpf)?;
        let link = program.attach()?;
        let link = program.take_link(link)?;
        link.into_file().map_err(|error| ProgramError::IOError(std::io::Error::other(error)))
    }
}

/// Loads a program, again where a signal came while the kernel was looking through it: it then gives up.
pub(super) fn try_again(mut load: impl FnMut() -> Result<(), ProgramError>) -> Result<(), ProgramError> {
    for _ in 1..LOAD_ATTEMPTS {
        match load() {
            Err(ProgramError::LoadError { io_error, .. }) if io_error.kind() == std::io::ErrorKind::WouldBlock => {}
            loaded => return loaded,
        }
    }
    load()
}

/// Rights have been looked at before: where the kernel still says that it is not permitted, something else forbids it.
fn refused(error: &dyn std::error::Error) -> Refusal {
    let said = said(error);
    let forbidden = said.contains("Operation not permitted") || said.contains("Permission denied (os error");
    let hint = if forbidden { " (a lockdown, a security module or a seccomp filter may forbid it)" } else { "" };
    Refusal::Refused(said + hint)
}

fn tasks(ebpf: &mut Ebpf) -> Result<&mut Iter, ProgramError> {
    match ebpf.program_mut("tasks") {
        Some(program) => program.try_into(),
        None => Err(ProgramError::IOError(std::io::Error::other("the program tasks is not in the object"))),
    }
}

/// What an error and its last cause say, in one line. The log of the verifier can have thousands of lines, of which the last tell
/// what it did not like.
pub(super) fn said(error: &dyn std::error::Error) -> String {
    let text = error.to_string();
    let (what, log) = text.split_once("Verifier output:").unwrap_or((&text, ""));
    let mut lines: Vec<&str> =
        log.lines().map(str::trim).filter(|line| !line.is_empty()).rev().take(LOG_LINES).collect();
    lines.reverse();
    let shown = [&[what.trim()][..], &lines].concat().join(" / ");
    shown.chars().take(LOG_CHARACTERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_log_is_shown_by_its_end() {
        let log: String = (0..5000).map(|line| format!("{line}: (bf) r1 = r2\n")).collect();
        let error = std::io::Error::other(format!(
            "refused. Verifier output: {log}R1 invalid mem access\nprocessed 9 insns\n\n"
        ));
        assert_eq!(
            said(&error),
            "refused. / 4998: (bf) r1 = r2 / 4999: (bf) r1 = r2 / R1 invalid mem access / processed 9 insns"
        );
        assert_eq!(said(&std::io::Error::other("no log")), "no log");
    }

    #[test]
    fn who_may_have_forbidden_it_is_told() {
        // What the system calls say where a lockdown or a filter is in the way: EPERM, EACCES.
        for number in [1, 13] {
            let refusal = refused(&std::io::Error::from_raw_os_error(number));
            assert_eq!(refusal.as_str(), "refused");
            assert!(refusal.to_string().contains("a lockdown, a security module or a seccomp filter"), "{refusal}");
        }
        let refusal = refused(&std::io::Error::from_raw_os_error(22)).to_string();
        assert_eq!(refusal, "the kernel does not take the program: Invalid argument (os error 22)");
    }
}
