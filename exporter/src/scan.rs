//! One scrape's work: source -> snapshot -> groups -> text. All state between scrapes is here.

use std::io;
use std::time::Instant;

use procession_web::exposition::Format;

use crate::config::Config;
use crate::encode::{Compression, Exposition, ProcessLabels, ScrapeErrors};
use crate::error::Error;
use crate::group::{Groups, Selection, Threads, Waits};
use crate::metric::{Families, Family, PROCESS, Scheme, series_each};
use crate::own::{OwnMetrics, Phase, Stopwatch};
use crate::snapshot::{End, Snapshot};
use crate::source::{Exits, Refusal, Source};

/// Ended processes that there is always room for.
const MOST_ENDS_KEPT: usize = 1024;

/// Reads, adds up and writes. Blocks while it does: not for an async worker.
#[derive(Debug)]
pub struct Scanner {
    source: Source,
    config: Config,
    snapshot: Snapshot,
    /// Room for processes that have ended.
    ends: Vec<End>,
    groups: Groups,
    threads: Threads,
    waits: Waits,
    selection: Selection,
    labels: ProcessLabels,
    own: OwnMetrics,
    /// Scans in which the processes could not be listed.
    failed: u64,
}

impl Scanner {
    /// A scanner that has seen nothing yet.
    pub fn new(source: impl Into<Source>, config: Config) -> Scanner {
        let source = source.into();
        let exits = source.exits();
        let mut scanner = Scanner {
            own: OwnMetrics::new(source.name(), source.refusal().map(Refusal::as_str), &exits),
            source,
            config: Config::default(),
            snapshot: Snapshot::default(),
            ends: Vec::new(),
            groups: Groups::default(),
            threads: Threads::default(),
            waits: Waits::default(),
            selection: Selection::default(),
            labels: ProcessLabels::default(),
            failed: 0,
        };
        match exits {
            Exits::Bpf => scanner.groups.exits_are_told(),
            Exits::Taskstats => scanner.groups.exits_are_recorded(),
            Exits::Scans(_) => {}
        }
        scanner.configure(config);
        scanner
    }

    /// Takes in the processes that have ended since the last look, where the source is told of them. Part of each scan; to be called
    /// beside when [`Source::ends_ready`] says so.
    pub fn take_ends(&mut self) {
        let Scanner { source, snapshot, ends, groups, .. } = self;
        source.ends(snapshot, ends);
        groups.ended(ends);
        // The room for a storm of them is not kept.
        ends.clear();
        ends.shrink_to(MOST_ENDS_KEPT);
    }

    /// What is exported from the next answer on.
    pub fn configure(&mut self, config: Config) {
        if config.families != self.config.families {
            self.snapshot.forget_turns();
        }
        self.source.configure(config.naming.clone());
        self.source.read_for(config.families, config.per_process);
        self.source.scan_fully(config.full_scans);
        self.groups.configure(config.children);
        let on = |family| usize::from(config.families.has(family));
        let max_series = config.max_group_series / (1 + on(Family::ThreadNames) + on(Family::WaitChannels));
        self.groups.limit(max_series / series_each(config.scheme.groups(), config.families));
        self.threads.limit(max_series / series_each(config.scheme.threads(), Families::default()));
        self.waits.limit(max_series);
        if !config.families.has(Family::ThreadNames) {
            self.threads = Threads::default();
        }
        self.selection.configure(config.max_process_series / series_each(PROCESS, config.families));
        if !config.per_process {
            self.labels = ProcessLabels::default();
            self.selection = Selection::default();
        }
        if config.families.has(Family::Peaks) && self.source.name() != "bpf" {
            tracing::warn!("for peaks all processes are read once a second, which costs much without the source bpf");
        }
        self.config = config;
    }

    /// Looks at all processes. Past `deadline` no more are read, and the last readings stand in.
    ///
    /// # Errors
    /// Where the processes cannot be listed.
    pub fn scan(&mut self, deadline: Option<Instant>) -> Result<(), Error> {
        let mut watch = Stopwatch::start();
        // Before the listing: who ends in between is in neither, and among the ended next time.
        self.take_ends();
        if let Err(error) = self.source.list() {
            self.failed += 1;
            return Err(error);
        }
        self.own.lap(Phase::List, &mut watch);
        let Scanner { source, snapshot, groups, .. } = self;
        source.read_of(deadline, snapshot, |slot| groups.name_of(slot).is_some());
        self.own.lap(Phase::Read, &mut watch);
        // Also without series for groups: a process's series carry the label `group`, and counters go on when groups are switched on again.
        let Scanner { groups, threads, waits, selection, snapshot, config, .. } = self;
        if config.per_process {
            groups.update_with(snapshot, |process, used| selection.used(process, used));
            selection.update(snapshot, |process| groups.name_of(process.slot).is_some());
        } else {
            groups.update(snapshot);
        }
        groups.sample(config.families.has(Family::Peaks).then(Instant::now));
        groups.forget_gone(Instant::now(), config.forget_after);
        if config.families.has(Family::ThreadNames) {
            threads.update(snapshot, groups);
        }
        waits.update(snapshot, groups);
        self.own.lap(Phase::Group, &mut watch);
        self.own.scanned(
            &self.snapshot,
            &self.groups,
            self.selection.folded_processes(),
            self.source.vanished(),
            self.source.read_errors().into_iter(),
        );
        if let Some(costs) = self.source.network_costs() {
            self.own.counted(costs);
        }
        self.own.ends_lost(self.source.lost_ends());
        Ok(())
    }

    /// Where it has its readings from.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// What is exported, as far as the configuration says.
    pub fn families(&self) -> Families {
        self.config.families
    }

    /// Writes what the last scan saw, of these families alone, in pieces of some 64 KiB.
    ///
    /// # Errors
    /// Where compression or `outlet` fails.
    pub fn write(
        &mut self,
        format: Format,
        compression: Compression,
        families: Families,
        outlet: &mut dyn FnMut(Vec<u8>) -> io::Result<()>,
    ) -> Result<(), Error> {
        let mut watch = Stopwatch::start();
        let mut exposition = Exposition::through(format, compression, &mut *outlet).of(families);
        if self.config.groups {
            exposition.groups_as(self.config.scheme, &self.groups).map_err(Error::Answer)?;
            exposition.threads_as(self.config.scheme, &self.threads).map_err(Error::Answer)?;
            exposition.waits_as(self.config.scheme, &self.waits).map_err(Error::Answer)?;
        }
        if self.config.per_process {
            self.labels.update(&self.snapshot, &self.groups);
            exposition.processes_of(&self.selection, &self.snapshot, &self.labels).map_err(Error::Answer)?;
        }
        if self.config.scheme == Scheme::ProcessExporter {
            exposition.scrape_errors(self.scrape_errors());
        }
        self.own.written(exposition.compressing(), &mut watch);
        let own = self.own.text(format)?;
        let finished = exposition.finish(&own).map_err(Error::Answer)?;
        outlet(finished.rest).map_err(Error::Answer)?;
        // The end of an answer is too late for its own numbers; it is in those of the next one.
        self.own.written(finished.compressing, &mut watch);
        Ok(())
    }

    fn scrape_errors(&self) -> ScrapeErrors {
        let mut errors = ScrapeErrors { scrapes: self.failed, ..ScrapeErrors::default() };
        for failure in self.source.read_errors() {
            // Without this file nothing is known about a process.
            match failure.file {
                "stat" => errors.processes += failure.count,
                _ => errors.files += failure.count,
            }
        }
        errors
    }
}
