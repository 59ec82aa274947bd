//! What a configuration makes of the processes that are there: which rule takes which of them, and how many series that gives.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use procession_web::exposition::Format;

use crate::config::Config;
use crate::encode::{Compression, Exposition, Finished, ProcessLabels};
use crate::error::Error;
use crate::group::{Groups, Selection, Threads, Waits};
use crate::metric::{PROCESS, series_each};
use crate::snapshot::{Membership, Snapshot};
use crate::source::Source;

/// So many processes of a group are shown by name.
const SHOWN: usize = 5;

/// The outcome for one host; its `Display` is a table for people.
#[derive(Debug)]
pub struct Preview {
    rows: BTreeMap<(Taker, String), Vec<(u32, String)>>,
    group_series: usize,
    process_series: usize,
}

/// Who has put a process where it is, in the order of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Taker {
    Name,
    Rule(u32),
    Parent,
    Excluding(u32),
    Nobody,
}

impl fmt::Display for Taker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Taker::Name => f.pad("by name"),
            Taker::Rule(number) => f.pad(&format!("rule {number}")),
            Taker::Parent => f.pad("by parent"),
            Taker::Excluding(number) => f.pad(&format!("rule {number}")),
            Taker::Nobody => f.pad("no rule"),
        }
    }
}

impl Preview {
    /// Looks at all processes once. Blocks while it does.
    ///
    /// # Errors
    /// Where the processes cannot be listed.
    pub fn of(config: &Config, source: impl Into<Source>) -> Result<Preview, Error> {
        let mut source = source.into();
        let (mut snapshot, mut groups) = (Snapshot::default(), Groups::default());
        source.configure(config.naming.clone());
        source.read_for(config.families, config.per_process);
        groups.configure(config.children);
        groups.limit(config.max_group_series / series_each(config.scheme.groups(), config.families));
        let mut selection = Selection::default();
        selection.configure(config.max_process_series / series_each(PROCESS, config.families));
        source.list()?;
        source.read(None, &mut snapshot);
        groups.update_with(&snapshot, |process, used| selection.used(process, used));
        selection.update(&snapshot, |process| groups.name_of(process.slot).is_some());
        let mut rows: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for process in snapshot.processes() {
            let group = groups.name_of(process.slot).map(|name| name.to_string());
            let taker = match (&process.identity.membership, &group) {
                (Membership::ByName, _) => Taker::Name,
                (Membership::Rule { rule, .. }, _) => Taker::Rule(*rule),
                (Membership::Excluded { rule }, _) => Taker::Excluding(*rule),
                (Membership::Untaken, Some(_)) => Taker::Parent,
                (Membership::Untaken, None) => Taker::Nobody,
            };
            let key = (taker, group.unwrap_or_default());
            rows.entry(key).or_default().push((process.identity.pid, process.identity.name.clone()));
        }
        let series = |write: &mut dyn FnMut(&mut Exposition<'_>) -> std::io::Result<()>| {
            let mut exposition = Exposition::new(Format::Text, Compression::None).of(config.families);
            write(&mut exposition).and_then(|()| exposition.finish("")).map_err(Error::Answer).map(
                |Finished { rest: text, .. }| {
                    text.split(|b| *b == b'\n').filter(|line| !line.is_empty() && !line.starts_with(b"#")).count()
                },
            )
        };
        let mut labels = ProcessLabels::default();
        labels.update(&snapshot, &groups);
        let mut threads = Threads::default();
        threads.update(&snapshot, &groups);
        let mut waits = Waits::default();
        waits.update(&snapshot, &groups);
        let mut write = |exposition: &mut Exposition<'_>| {
            exposition.groups_as(config.scheme, &groups)?;
            exposition.threads_as(config.scheme, &threads)?;
            exposition.waits_as(config.scheme, &waits)
        };
        let group_series = if config.groups { series(&mut write)? } else { 0 };
        let process_series =
            if config.per_process { series(&mut |e| e.processes_of(&selection, &snapshot, &labels))? } else { 0 };
        Ok(Preview { rows, group_series, process_series })
    }
}

impl fmt::Display for Preview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.rows.keys().map(|(taker, group)| shown(*taker, group)).collect();
        let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).clamp(5, 60);
        writeln!(f, "{:9}  {:width$}  processes", "taken", "group")?;
        for ((key, processes), name) in self.rows.iter().zip(&names) {
            let mut some = String::new();
            for (pid, name) in processes.iter().take(SHOWN) {
                let comma = if some.is_empty() { "" } else { ", " };
                let _ = write!(some, "{comma}{pid} {}", printable(name));
            }
            let more = processes.len().saturating_sub(SHOWN);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            writeln!(f, "{:9}  {name:width$}  {:>5}: {some}{more}", key.0, processes.len())?;
        }
        let shown = |(taker, _): &&(Taker, String)| !matches!(taker, Taker::Excluding(_) | Taker::Nobody);
        let groups: std::collections::BTreeSet<&str> =
            self.rows.keys().filter(shown).map(|(_, g)| g.as_str()).collect();
        let count = |all: bool| -> usize {
            self.rows.iter().filter(|(key, _)| all || shown(key)).map(|(_, processes)| processes.len()).sum()
        };
        writeln!(
            f,
            "\n{} of {} processes are shown, in {} groups: {} series of groups, {} of processes",
            count(false),
            count(true),
            groups.len(),
            self.group_series,
            self.process_series
        )
    }
}

fn shown(taker: Taker, group: &str) -> String {
    match taker {
        Taker::Excluding(_) => "(excluded)".to_owned(),
        Taker::Nobody => "(not shown)".to_owned(),
        _ => printable(group),
    }
}

/// Names are hostile on terminals too: control characters, and what turns the direction of writing, are escaped.
pub(crate) fn printable(text: &str) -> String {
    let hostile = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().flat_map(|c| if hostile(c) { c.escape_default().collect::<Vec<_>>() } else { vec![c] }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::Scheme;
    use crate::source::procfs::{Procfs, Units};
    use std::path::Path;

    fn check(config: &str, expected: &str) {
        let config = Config::parse(config, Path::new("exporter.yml"), Scheme::Procession).expect("valid");
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/proc");
        let units = Units { ticks_per_second: 100, page_bytes: 4096 };
        let source = Procfs::open(&root, Path::new("/nonexistent"), units).expect("the captured tree");
        let table = Preview::of(&config, source).expect("listed").to_string();
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/preview.txt"), &table).expect("write");
        }
        assert_eq!(table, expected);
    }

    #[test]
    fn who_is_taken_by_which_rule() {
        let rules = "per_process: {enabled: false}\nprocess_names:\n- {comm: [kthreadd], exclude: true}\n\
            - {name: 'web {{.Username}}', comm: [nginx]}\n- {name: 'of {{.PID}}', user: ['0'], comm: ['kworker/u8:0', two]}\nchildren: false\n";
        check(rules, include_str!("../fixtures/preview.txt"));
    }

    #[test]
    fn names_cannot_write_to_the_terminal() {
        assert_eq!(printable("\u{202e}x"), "\\u{202e}x");
        assert_eq!(printable("a\x1b[2J\nb\u{9b}é"), "a\\u{1b}[2J\\nb\\u{9b}é");
    }
}
