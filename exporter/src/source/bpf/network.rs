//! What processes send and receive: counted in the kernel, process by process, beside their main threads; their records tell it.

use std::fmt;
use std::time::Duration;

use aya::maps::{MapData, PerCpuArray};
use aya::programs::links::FdLink;
use aya::programs::{BtfTracePoint, ProgramError};
use aya::{Btf, Ebpf};

use super::programs::{said, try_again};
use crate::source::{NetworkCosts, Refusal};

/// The programs, and the tracepoints of the kernel that they run at: the first two are there since Linux 6.3.
const PROGRAMS: [(&str, &str); 4] = [
    ("sent", "sock_send_length"),
    ("received", "sock_recv_length"),
    ("connection", "inet_sock_set_state"),
    ("replaced", "sched_process_exit"),
];

/// The programs that count (`bpf/network.h`), which are loaded when they are first asked for.
pub(crate) struct Network {
    costs: PerCpuArray<MapData, u64>,
    loaded: bool,
    /// While these are there, the programs run.
    links: Vec<FdLink>,
}

// Maps by CPU have none.
impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network").field("runs", &self.runs()).finish_non_exhaustive()
    }
}

impl Network {
    /// Those of an object that has been loaded; they do not run yet.
    ///
    /// # Errors
    /// Where the object is another one.
    pub(crate) fn of(ebpf: &mut Ebpf) -> Result<Network, Box<dyn std::error::Error>> {
        let costs = ebpf.take_map("costs").ok_or("the map costs is not in the object")?;
        Ok(Network { costs: PerCpuArray::try_from(costs)?, loaded: false, links: Vec::new() })
    }

    /// Has them run, or not. What they have counted stays.
    ///
    /// # Errors
    /// Where the kernel does not let one be loaded or attached, with what it says; none runs then.
    pub(crate) fn run(&mut self, ebpf: &mut Ebpf, on: bool) -> Result<(), Refusal> {
        if !on {
            self.links.clear();
        }
        if !on || self.runs() {
            return Ok(());
        }
        if !self.loaded {
            let loaded = load(ebpf);
            // The kernel's types have been read for it.
            procession_web::heap::give_back();
            loaded?;
            self.loaded = true;
        }
        let links = PROGRAMS.into_iter().map(|(name, tracepoint)| {
            program(ebpf, name).and_then(attach).map_err(|error| refused(tracepoint, &error))
        });
        self.links = links.collect::<Result<_, _>>()?;
        Ok(())
    }

    /// Whether they run.
    pub(crate) fn runs(&self) -> bool {
        !self.links.is_empty()
    }

    /// What it has cost since the start.
    pub(crate) fn costs(&self, ebpf: &Ebpf) -> NetworkCosts {
        let count = |which| self.costs.get(&which, 0).map_or(0, |by_cpu| by_cpu.iter().sum());
        let info = |name| ebpf.program(name)?.info().ok();
        let time = PROGRAMS.into_iter().filter_map(|(name, _)| info(name)).map(|info| info.run_time()).sum();
        NetworkCosts { calls: count(0), lost: count(1), time: Some(time).filter(|time| *time > Duration::ZERO) }
    }
}

fn load(ebpf: &mut Ebpf) -> Result<(), Refusal> {
    let btf = Btf::from_sys_fs().map_err(|error| Refusal::NoBtf(said(&error)))?;
    for (name, tracepoint) in PROGRAMS {
        let loaded = program(ebpf, name).and_then(|program| match program.fd() {
            Ok(_) => Ok(()),
            Err(_) => try_again(|| program.load(tracepoint, &btf)),
        });
        loaded.map_err(|error| refused(tracepoint, &error))?;
    }
    Ok(())
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
