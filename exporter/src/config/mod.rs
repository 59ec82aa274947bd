//! The configuration: what the file says, compiled into what the exporter runs on.

mod raw;
mod rule;
mod span;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;
use crate::metric::{Families, Scheme};
use crate::preview::printable;
use crate::rules::Rules;
use crate::source::{Naming, Recheck};

pub use self::span::parse as parse_duration;

/// More than this is no configuration file.
const MAX_BYTES: u64 = 1 << 20;

/// What is exported.
#[derive(Debug, Clone)]
pub struct Config {
    /// The series of every process (`proc_*` with `pid`).
    pub per_process: bool,
    /// The series of every group (`proc_group_*`).
    pub groups: bool,
    /// How processes are named, and when again.
    pub naming: Naming,
    /// Whether a process that no rule takes goes to the group of its nearest ancestor that has one.
    pub children: bool,
    /// Whose names the families of groups have. With process-exporter's, series of processes are off unless the file says otherwise.
    pub scheme: Scheme,
    /// What is read and shown.
    pub families: Families,
    /// Never more series of processes than this.
    pub max_process_series: usize,
    /// Never more series of groups than this.
    pub max_group_series: usize,
    /// A group without a process is forgotten after this time.
    pub forget_after: Duration,
    /// Whether also processes that have not run since the last scan are read. The command line says it, not the file.
    pub full_scans: bool,
}

/// Series of processes, unless the file says otherwise: those of more than 20,000 processes.
const MAX_PROCESS_SERIES: usize = 750_000;
/// Series of groups, unless the file says otherwise: those of about 10,000 groups.
const MAX_GROUP_SERIES: usize = 300_000;
/// Groups without a process, unless the file says otherwise: what runs once a day keeps its counters.
const FORGET_AFTER: Duration = Duration::from_secs(25 * 3600);

impl Default for Config {
    /// What holds without a file: groups by name, and a series set per process.
    fn default() -> Config {
        Config {
            per_process: true,
            groups: true,
            naming: Naming::default(),
            children: true,
            scheme: Scheme::default(),
            families: Families::default(),
            max_process_series: MAX_PROCESS_SERIES,
            max_group_series: MAX_GROUP_SERIES,
            forget_after: FORGET_AFTER,
            full_scans: false,
        }
    }
}

impl Config {
    /// Reads and compiles a file.
    ///
    /// # Errors
    /// Where the file cannot be read, or [`Config::parse`] refuses it.
    pub fn load(file: &Path, scheme: Scheme) -> Result<Config, Error> {
        let mut text = String::new();
        std::fs::File::open(file)
            .and_then(|f| std::io::Read::read_to_string(&mut std::io::Read::take(f, MAX_BYTES), &mut text))
            .map_err(|cause| Error::ConfigRead { file: file.to_owned(), cause })?;
        Config::parse(&text, file, scheme)
    }

    /// What holds without a file.
    pub fn of_scheme(scheme: Scheme) -> Config {
        Config { scheme, per_process: scheme == Scheme::Procession, ..Config::default() }
    }

    /// Compiles the text of a file; `file` is what the message calls it.
    ///
    /// # Errors
    /// Where it is not YAML, has unknown keys or wrong values, or would export nothing: file, line, key, what is expected.
    pub fn parse(text: &str, file: &Path, scheme: Scheme) -> Result<Config, Error> {
        let raw = raw::File::parse(text).map_err(|(place, message)| Error::Config {
            file: file.to_owned(),
            place,
            // It quotes the file, which may hold line ends and worse.
            message: printable(&message),
        })?;
        let default = Config::of_scheme(scheme);
        let config = Config {
            per_process: raw.per_process.enabled.unwrap_or(default.per_process),
            groups: raw.groups.enabled.unwrap_or(default.groups),
            naming: Naming {
                rules: raw
                    .process_names
                    .map(|rules| Arc::new(Rules::new(rules.into_iter().map(|rule| rule.0).collect()))),
                recheck: match (raw.recheck, raw.recheck_with_time_limit) {
                    (_, Some(limit)) => Recheck::Young(limit.0),
                    (Some(true), None) => Recheck::Always,
                    (_, None) => Recheck::default(),
                },
            },
            children: raw.children.unwrap_or(default.children),
            scheme,
            families: {
                let on = raw.metrics.enable.iter().fold(default.families, |families, on| families.with(*on));
                raw.metrics.disable.iter().fold(on, |families, off| families.without(*off))
            },
            max_process_series: raw.per_process.max_series.map_or(default.max_process_series, |max| max.0),
            max_group_series: raw.groups.max_series.map_or(default.max_group_series, |max| max.0),
            full_scans: default.full_scans,
            forget_after: raw.groups.forget_after.map_or(default.forget_after, |span| span.0),
        };
        if !config.per_process && !config.groups {
            let message = "per_process.enabled and groups.enabled are both false: nothing would be exported".to_owned();
            return Err(Error::Config { file: file.to_owned(), place: String::new(), message });
        }
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is exported: of each process, of groups.
    fn check(text: &str) -> Result<(bool, bool), String> {
        let config = Config::parse(text, Path::new("exporter.yml"), Scheme::Procession).map_err(|e| e.to_string())?;
        Ok((config.per_process, config.groups))
    }

    fn refused(text: &str, message: &str) {
        assert_eq!(check(text), Err(message.to_owned()), "for {text:?}");
    }

    #[test]
    fn what_is_not_said_has_its_default() {
        for text in ["", "# only a comment\n", "groups: {}\n", "per_process:\n  enabled: true\n", "---\n"] {
            assert_eq!(check(text), Ok((true, true)), "for {text:?}");
        }
        assert_eq!(check("per_process: {enabled: false}\n"), Ok((false, true)));
        assert_eq!(check("groups: {enabled: false}\n"), Ok((true, false)));
    }

    #[test]
    fn with_the_names_of_process_exporter_there_are_groups_alone_unless_asked() {
        let check =
            |text: &str| Config::parse(text, Path::new("x"), Scheme::ProcessExporter).expect("valid").per_process;
        assert!(!check(""));
        assert!(check("per_process: {enabled: true}"));
    }

    #[test]
    fn when_processes_are_named_again() {
        let recheck =
            |text: &str| Config::parse(text, Path::new("x"), Scheme::Procession).expect("valid").naming.recheck;
        assert_eq!(recheck(""), Recheck::Young(Duration::from_secs(10)));
        assert_eq!(recheck("recheck: true"), Recheck::Always);
        assert_eq!(recheck("recheck: true\nrecheck_with_time_limit: 1m30s\n"), Recheck::Young(Duration::from_secs(90)));
        assert_eq!(recheck("recheck_with_time_limit: 0s"), Recheck::Young(Duration::ZERO));
    }

    #[test]
    fn every_rule_has_its_message() {
        refused(
            "per_proces:\n  enabled: true\n",
            "exporter.yml:1:1: unknown field `per_proces`, expected one of `per_process`, `groups`, `metrics`, `process_names`, \
             `children`, `recheck`, `recheck_with_time_limit`",
        );
        refused(
            "groups:\n  enabled: true\n\nper_process:\n  enable: false\n",
            "exporter.yml:5:3: per_process: unknown field `enable`, expected `enabled` or `max_series`",
        );
        refused(
            "groups:\n  enabled: maybe\n",
            "exporter.yml:2:12: groups.enabled: invalid type: string \"maybe\", expected a boolean",
        );
        refused("groups:\n  enabled: true\n  enabled: false\n", "exporter.yml:2:3: groups: duplicate field `enabled`");
        refused(
            "groups: \"\n",
            "exporter.yml:2:1: found unexpected end of stream at line 2 column 1, while scanning a quoted scalar at line 1 column 9",
        );
        refused("- a\n", "exporter.yml:1:1: invalid type: sequence, expected struct File");
        refused(
            "groups: {enabled: false}\nper_process: {enabled: false}\n",
            "exporter.yml: per_process.enabled and groups.enabled are both false: nothing would be exported",
        );
        refused(
            "metrics:\n  disable: [io, oi]\n",
            "exporter.yml:2:17: metrics.disable[1]: unknown variant `oi`, expected one of `cpu`, `children_cpu`, `run_queue`, \
             `memory`, `memory_kinds`, `swap`, `io`, `threads`, `open_fds`, `fd_limit`, `faults`, `switches`, `states`, `start`, \
             `lifecycle`, `info`, `oom_score`, `logical_io`, `block_delay`, `children_faults`, `memory_details`, \
             `shared_memory`, `thread_names`, `wait_channels`, `sockets`, `fd_types`, `threads_run_queue`, `guest_cpu`, \
             `pending_signals`, `scheduling`, `limits`, `uptime`, `command_line`, `network`, `peaks`",
        );
        refused(
            "groups: {max_series: 99}\n",
            "exporter.yml:1:22: groups.max_series: invalid value: integer `99`, expected a number of series from 100 on",
        );
        refused(
            "recheck_with_time_limit: soon\n",
            "exporter.yml:1:26: recheck_with_time_limit: invalid value: string \"soon\", expected a duration such as 10s or 1m30s",
        );
    }

    #[test]
    fn rules_that_are_wrong_are_refused_at_their_line() {
        refused(
            "process_names:\n- comm: [bash]\n- cmdline:\n  - x\n  - a(\n",
            "exporter.yml:5:5: process_names[1].cmdline[1]: bad regex \"a(\": unclosed group",
        );
        refused(
            "process_names:\n- comm: [bash]\n  name: '{{.Com}}'\n",
            "exporter.yml:3:9: process_names[0].name: bad name template \"{{.Com}}\": `{{.Com}}` is not supported, expected \
             .Comm, .ExeBase, .ExeFull, .Username, .Matches.NAME, .PID, .StartTime, .Cgroups, .Unit or .Container",
        );
        refused(
            "process_names:\n- comm: [bash]\n  name: \"{{.Co\\nm\\e}}\"\n",
            "exporter.yml:3:9: process_names[0].name: bad name template \"{{.Co\\nm\\u{1b}}}\": `{{.Co\\nm\\u{1b}}}` is not supported, \
             expected .Comm, .ExeBase, .ExeFull, .Username, .Matches.NAME, .PID, .StartTime, .Cgroups, .Unit or .Container",
        );
        refused(
            "process_names:\n- comm: [bash]\n- name: x\n",
            "exporter.yml:3:3: process_names[1]: a rule needs at least one of comm, exe, cmdline, user, cgroup, unit, container and parent",
        );
        refused(
            "process_names:\n- comms: [bash]\n",
            "exporter.yml:2:3: process_names[0]: unknown field `comms`, expected one of `name`, `comm`, `exe`, `cmdline`, \
             `user`, `cgroup`, `unit`, `container`, `parent`, `exclude`",
        );
        refused(
            "process_names:\n- cmdline: ['-p (?P<port>.*)']\n  name: '{{.Matches.prot}}'\n",
            "exporter.yml:2:3: process_names[0]: name \"{{.Matches.prot}}\" uses .Matches.prot, but no expression of cmdline \
             has a group (?P<prot>...)",
        );
        refused(
            "process_names:\n- comm: [x]\n  exclude: true\n  name: y\n",
            "exporter.yml:2:3: process_names[0]: a rule with `exclude: true` gives no name: its processes are not shown",
        );
        refused(
            "process_names:\n- comm: bash\n",
            "exporter.yml:2:9: process_names[0].comm: invalid type: string \"bash\", expected a sequence",
        );
    }

    /// The examples of process-exporter's README and of its packages, in our words where the text does not matter.
    #[test]
    fn files_of_process_exporter_are_accepted() {
        for text in [
            "process_names:\n  - name: \"{{.Comm}}\"\n    cmdline: \n    - '.+'\n",
            "process_names:\n- comm:\n  - bash\n- exe:\n  - postgres\n  - /usr/local/bin/prometheus\n\
             - name: \"{{.ExeFull}}:{{.Matches.Cfgfile}}\"\n  exe:\n  - /usr/local/bin/process-exporter\n  cmdline:\n  - -config.path\\s+(?P<Cfgfile>\\S+)\n",
            "process_names:\n- comm: [1, 2.5, true]\n  exe:\n- exe:\n  - /sbin/upstart\n  cmdline:\n  - --user\n  name: upstart:-user\n",
        ] {
            assert_eq!(check(text), Ok((true, true)), "for {text}");
        }
    }

    #[test]
    fn the_shipped_files_are_accepted() {
        let shipped = |name: &str| {
            Config::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../config").join(name), Scheme::Procession)
        };
        let says = |name: &str| {
            shipped(name).map(|c| (c.per_process, c.groups, c.naming.rules.is_some(), c.children)).expect("valid")
        };
        assert_eq!(says("exporter.yml"), (true, true, false, true));
        assert_eq!(says("exporter-groups.yml"), (false, true, false, true));
        assert_eq!(says("exporter-rules.yml"), (false, true, true, true));
        assert!(shipped("no-such-file.yml").is_err());
    }
}
