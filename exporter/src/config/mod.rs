//! The configuration: what the file says, compiled into what the exporter runs on.

mod raw;

use std::path::Path;

use crate::error::Error;

/// More than this is no configuration file.
const MAX_BYTES: u64 = 1 << 20;

/// What is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// The series of every process (`proc_*` with `pid`).
    pub per_process: bool,
    /// The series of every group (`proc_group_*`).
    pub groups: bool,
}

impl Default for Config {
    /// What holds without a file: groups by name, and a series set per process.
    fn default() -> Config {
        Config { per_process: true, groups: true }
    }
}

impl Config {
    /// Reads and compiles a file.
    ///
    /// # Errors
    /// Where the file cannot be read, or [`Config::parse`] refuses it.
    pub fn load(file: &Path) -> Result<Config, Error> {
        let mut text = String::new();
        std::fs::File::open(file)
            .and_then(|f| std::io::Read::read_to_string(&mut std::io::Read::take(f, MAX_BYTES), &mut text))
            .map_err(|cause| Error::ConfigRead { file: file.to_owned(), cause })?;
        Config::parse(&text, file)
    }

    /// Compiles the text of a file; `file` is what the message calls it.
    ///
    /// # Errors
    /// Where it is not YAML, has unknown keys or wrong values, or would export nothing: file, line, key, what is expected.
    pub fn parse(text: &str, file: &Path) -> Result<Config, Error> {
        let raw = raw::File::parse(text).map_err(|(place, message)| Error::Config {
            file: file.to_owned(),
            place,
            message,
        })?;
        let default = Config::default();
        let config = Config {
            per_process: raw.per_process.enabled.unwrap_or(default.per_process),
            groups: raw.groups.enabled.unwrap_or(default.groups),
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

    fn check(text: &str) -> Result<Config, String> {
        Config::parse(text, Path::new("exporter.yml")).map_err(|e| e.to_string())
    }

    fn refused(text: &str, message: &str) {
        assert_eq!(check(text), Err(message.to_owned()), "for {text:?}");
    }

    #[test]
    fn what_is_not_said_has_its_default() {
        for text in ["", "# only a comment\n", "groups: {}\n", "per_process:\n  enabled: true\n", "---\n"] {
            assert_eq!(check(text), Ok(Config::default()), "for {text:?}");
        }
        assert_eq!(check("per_process: {enabled: false}\n"), Ok(Config { per_process: false, groups: true }));
        assert_eq!(check("groups: {enabled: false}\n"), Ok(Config { per_process: true, groups: false }));
    }

    #[test]
    fn every_rule_has_its_message() {
        refused(
            "per_proces:\n  enabled: true\n",
            "exporter.yml:1:1: unknown field `per_proces`, expected `per_process` or `groups`",
        );
        refused(
            "groups:\n  enabled: true\n\nper_process:\n  enable: false\n",
            "exporter.yml:5:3: per_process: unknown field `enable`, expected `enabled`",
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
    }

    #[test]
    fn the_shipped_files_are_accepted() {
        let shipped = |name: &str| Config::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../config").join(name));
        assert_eq!(shipped("exporter.yml").expect("valid"), Config::default());
        assert_eq!(shipped("exporter-groups.yml").expect("valid"), Config { per_process: false, groups: true });
        assert!(shipped("no-such-file.yml").is_err());
    }
}
