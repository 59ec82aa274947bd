//! What processes send and receive: counted in the kernel, process by process, and collected here.

use std::fmt;
use std::time::Duration;

use aya::maps::{Map, MapData, MapError, PerCpuArray, PerCpuHashMap};
use aya::programs::links::FdLink;
use aya::programs::{BtfTracePoint, ProgramError};
use aya::{Btf, Ebpf, EbpfLoader};
use hashbrown::HashMap;

use super::programs::{said, try_again};
use crate::snapshot::{Counter, Counters};
use crate::source::{NetworkCosts, Refusal};

/// Compiled by `build.rs` from `bpf/network.bpf.c`.
static OBJECT: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/network.bpf.o"));

/// The programs, and the tracepoints of the kernel that they run at: the first two are there since Linux 6.3.
const PROGRAMS: [(&str, &str); 3] =
    [("sent", "sock_send_length"), ("received", "sock_recv_length"), ("connection", "inet_sock_set_state")];

/// The end of a process is told within some looks, else never.
const MOST_UNASKED: u32 = 8;

/// The process in maps, as `bpf/traffic.h` makes it of pid and start.
type Key = u64;
/// What has been counted, in the order of [`Counter::NETWORK`].
type Traffic = [u64; Counter::NETWORK.len()];
/// `struct traffic`: that of each program.
type ByProgram = [Traffic; PROGRAMS.len()];

/// The programs that count what processes send and receive, loaded.
pub(crate) struct Network {
    ebpf: Ebpf,
    processes: PerCpuHashMap<MapData, Key, ByProgram>,
    costs: PerCpuArray<MapData, u64>,
    /// While these are there, the programs run.
    links: Vec<FdLink>,
    /// What the last look has found.
    found: HashMap<Key, Found, foldhash::fast::RandomState>,
}

#[derive(Debug, Default)]
struct Found {
    traffic: Traffic,
    /// Looks since the process was last asked for.
    unasked: u32,
}

// Maps by CPU have none.
impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network").field("runs", &self.runs()).finish_non_exhaustive()
    }
}

impl Network {
    /// Loads them; they do not run yet.
    ///
    /// # Errors
    /// Where the kernel refuses, with what it says.
    pub(crate) fn load() -> Result<Network, Refusal> {
        let loaded = Network::load_by_types();
        procession_web::heap::give_back();
        loaded
    }

    fn load_by_types() -> Result<Network, Refusal> {
        let btf = Btf::from_sys_fs().map_err(|error| Refusal::NoBtf(said(&error)))?;
        let mut ebpf =
            EbpfLoader::new().btf(Some(&btf)).load(OBJECT).map_err(|error| Refusal::Refused(said(&error)))?;
        for (name, tracepoint) in PROGRAMS {
            let loaded = program(&mut ebpf, name).and_then(|program| try_again(|| program.load(tracepoint, &btf)));
            loaded.map_err(|error| refused(tracepoint, &error))?;
        }
        let maps = |ebpf: &mut Ebpf| {
            let map = |map: Option<Map>| map.ok_or(MapError::InvalidName { name: "of network.bpf.c".to_owned() });
            let processes = PerCpuHashMap::try_from(map(ebpf.take_map("processes"))?)?;
            Ok((processes, PerCpuArray::try_from(map(ebpf.take_map("costs"))?)?))
        };
        let (processes, costs) = maps(&mut ebpf).map_err(|error: MapError| Refusal::Refused(said(&error)))?;
        Ok(Network { ebpf, processes, costs, links: Vec::new(), found: HashMap::default() })
    }

    /// Has them run, or not. What they have counted stays.
    ///
    /// # Errors
    /// Where the kernel does not let one be attached; none runs then.
    pub(crate) fn run(&mut self, on: bool) -> Result<(), Refusal> {
        if !on {
            self.links.clear();
        }
        if !on || !self.links.is_empty() {
            return Ok(());
        }
        let Network { ebpf, links, .. } = self;
        for (name, tracepoint) in PROGRAMS {
            match program(ebpf, name).and_then(attach) {
                Ok(link) => links.push(link),
                Err(error) => {
                    links.clear();
                    return Err(refused(tracepoint, &error));
                }
            }
        }
        Ok(())
    }

    /// Whether they run.
    pub(crate) fn runs(&self) -> bool {
        !self.links.is_empty()
    }

    /// Looks at what has been counted. Processes that were not asked for after the last looks have ended unseen, and are forgotten.
    ///
    /// # Errors
    /// Where the kernel does not tell; what was known before stands.
    pub(crate) fn look(&mut self) -> Result<(), MapError> {
        let Network { processes, found, .. } = self;
        found.retain(|process, found| {
            found.unasked += 1;
            let ended = found.unasked > MOST_UNASKED;
            if ended {
                // It is not there any more where it is not: that is what was wanted.
                let _ = processes.remove(process);
            }
            !ended
        });
        for entry in processes.iter() {
            let (process, by_cpu) = entry?;
            found.entry(process).or_default().traffic = sum(by_cpu.iter().flatten());
        }
        Ok(())
    }

    /// What a process has sent and received, put among its counters. What it has never done is not known.
    pub(crate) fn tell(&mut self, pid: u32, start_ns: u64, counters: &mut Counters) {
        let Some(found) = self.found.get_mut(&key(pid, start_ns)) else { return };
        found.unasked = 0;
        put(&found.traffic, counters);
    }

    /// The same of one that has ended, as it is now. It is forgotten.
    pub(crate) fn tell_last(&mut self, pid: u32, start_ns: u64, counters: &mut Counters) {
        let process = key(pid, start_ns);
        self.found.remove(&process);
        let Ok(by_cpu) = self.processes.get(&process, 0) else { return };
        put(&sum(by_cpu.iter().flatten()), counters);
        // It was there, and nobody else takes it out.
        let _ = self.processes.remove(&process);
    }

    /// What it has cost since the start.
    pub(crate) fn costs(&self) -> NetworkCosts {
        let count = |which| self.costs.get(&which, 0).map_or(0, |by_cpu| by_cpu.iter().sum());
        let infos = || self.ebpf.programs().filter_map(|(_, program)| program.info().ok());
        let time = infos().map(|info| info.run_time()).sum();
        NetworkCosts { calls: count(0), lost: count(1), time: Some(time).filter(|time| *time > Duration::ZERO) }
    }
}

/// The pid below the start in units of 1,024 ns, of which the upper bits have no room.
fn key(pid: u32, start_ns: u64) -> Key {
    (start_ns >> 10) << 22 | u64::from(pid)
}

fn refused(what: &str, error: &ProgramError) -> Refusal {
    Refusal::Refused(format!("{what}: {}", said(error)))
}

fn program<'a>(ebpf: &'a mut Ebpf, name: &str) -> Result<&'a mut BtfTracePoint, ProgramError> {
    let missing = || ProgramError::IOError(std::io::Error::other(format!("the program {name} is not in the object")));
    ebpf.program_mut(name).ok_or_else(missing)?.try_into()
}

fn attach(program: &mut BtfTracePoint) -> Result<FdLink, ProgramError> {
    let link = program.attach()?;
    Ok(program.take_link(link)?.into())
}

fn put(traffic: &Traffic, counters: &mut Counters) {
    for (counter, count) in Counter::NETWORK.into_iter().zip(traffic) {
        // What one CPU has taken back another may not have added yet.
        counters.set(counter, Some(*count).filter(|count| (1..=u64::MAX / 2).contains(count)));
    }
}

/// What all CPUs and programs have counted. Two threads that are at one connection at the same time may add too much on one CPU and take it back on
/// another, so that single numbers may be below 0.
fn sum<'a>(by_cpu: impl Iterator<Item = &'a Traffic>) -> Traffic {
    by_cpu.fold([0; Counter::NETWORK.len()], |mut sum, one| {
        for (sum, one) in sum.iter_mut().zip(one) {
            *sum = sum.wrapping_add(*one);
        }
        sum
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_cpu_took_back_another_has_added() {
        let mut a = [0; Counter::NETWORK.len()];
        let mut b = a;
        (a[14], b[14], b[0]) = (0_u64.wrapping_sub(1400), 1400, 7);
        let sum = sum([a, b].iter());
        assert_eq!((sum[14], sum[0]), (0, 7));
    }
}
