//! Targets from files that others write: `file_sd_configs`.
//!
//! Files are looked at once a second rather than watched: that also works on network file systems and through the
//! symbolic links of mounted configuration, and costs one `stat` for each file.

use super::{Answer, groups};
use crate::config::{FileDiscovery, ListFormat, TargetGroup};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// From one look to the next.
pub(super) const LOOK: Duration = Duration::from_secs(1);

/// A larger file is refused.
const MAX_BYTES: u64 = 64 << 20;

/// The files of one entry, with what they held when they were last good.
#[derive(Debug)]
pub(super) struct Files {
    config: FileDiscovery,
    known: BTreeMap<PathBuf, Known>,
    read_all: Option<Instant>,
}

#[derive(Debug, Default)]
struct Known {
    stamp: Option<Stamp>,
    groups: Vec<TargetGroup>,
    error: Option<String>,
}

/// What changes when a file does.
type Stamp = (SystemTime, u64);

impl Files {
    /// Nothing read yet.
    pub(super) fn new(config: FileDiscovery) -> Self {
        Files { config, known: BTreeMap::new(), read_all: None }
    }

    /// Looks at all files and reads those that changed; every one where the refresh interval has passed. Blocks.
    pub(super) fn look(&mut self) -> Answer {
        let all = self.read_all.is_none_or(|at| at.elapsed() >= self.config.refresh_interval);
        if all {
            self.read_all = Some(Instant::now());
        }
        self.read(all)
    }

    fn read(&mut self, all: bool) -> Answer {
        let mut before = std::mem::take(&mut self.known);
        let mut answer = Answer::default();
        for pattern in &self.config.patterns {
            // Checked when the configuration was read.
            let Ok(paths) = glob::glob(&pattern.to_string_lossy()) else { continue };
            let mut matched = false;
            for path in paths {
                matched = true;
                match path {
                    Ok(path) => {
                        let mut known = before.remove(&path).unwrap_or_default();
                        known.look(&path, all);
                        self.known.entry(path).or_insert(known);
                    }
                    Err(e) => answer.errors.push(e.to_string()),
                }
            }
            if !matched {
                answer.errors.push(format!("{}: no such file", pattern.display()));
            }
        }
        for known in self.known.values() {
            answer.groups.extend(known.groups.iter().cloned());
            answer.errors.extend(known.error.clone());
        }
        answer
    }
}

impl Known {
    fn look(&mut self, path: &Path, anyway: bool) {
        let stamp = std::fs::metadata(path).and_then(|m| Ok((m.modified()?, m.len()))).ok();
        if !anyway && stamp.is_some() && stamp == self.stamp {
            return;
        }
        match read(path) {
            Ok(groups) => (self.groups, self.error) = (groups, None),
            // What was good stays.
            Err(reason) => self.error = Some(format!("{}: {reason}", path.display())),
        }
        self.stamp = stamp;
    }
}

fn read(path: &Path) -> Result<Vec<TargetGroup>, String> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|e| e.to_string())?;
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(format!("larger than {} MiB", MAX_BYTES >> 20));
    }
    let is_json = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json"));
    let format = if is_json { ListFormat::Json } else { ListFormat::Yaml };
    groups::read(&bytes, format, "__meta_filepath", &path.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_followed_and_what_was_good_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let write = |name: &str, text: &str| std::fs::write(path(name), text).unwrap();
        let mut files = Files::new(FileDiscovery {
            patterns: vec![path("*.json"), path("one.yml")],
            refresh_interval: Duration::from_secs(300),
        });
        let mut check = |want: &[&str], errors: &[&str]| {
            let answer = files.look();
            let targets: Vec<String> = answer.groups.iter().flat_map(|g| g.targets.clone()).collect();
            assert_eq!(targets, want);
            let errors: Vec<String> = errors.iter().map(|e| format!("{}/{e}", folder.path().display())).collect();
            assert_eq!(answer.errors, errors);
            answer
        };
        check(&[], &["*.json: no such file", "one.yml: no such file"]);
        write("a.json", r#"[{"targets": ["a:1"]}]"#);
        write("one.yml", "- targets: [y:1]\n");
        let answer = check(&["a:1", "y:1"], &[]);
        let origin = path("a.json").display().to_string();
        assert_eq!(answer.groups[0].labels, [("__meta_filepath".to_owned(), origin)]);
        write("b.json", r#"[{"targets": ["b:1"]}]"#);
        write("a.json", r#"[{"targets": ["a:1", "a:2"]}]"#);
        check(&["a:1", "a:2", "b:1", "y:1"], &[]);
        write("a.json", r#"[{"targets": ["a:"#);
        check(&["a:1", "a:2", "b:1", "y:1"], &["a.json: EOF while parsing a string at line 1 column 17"]);
        // Files that are gone take their targets along.
        std::fs::remove_file(path("b.json")).unwrap();
        write("a.json", "[]");
        check(&["y:1"], &[]);
    }

    #[test]
    fn a_file_that_stays_is_read_again_only_after_the_refresh_interval() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.yml");
        std::fs::write(&file, "- targets: [a:1]\n").unwrap();
        let stamped = std::fs::metadata(&file).unwrap().modified().unwrap();
        let config = FileDiscovery { patterns: vec![file.clone()], refresh_interval: Duration::from_secs(300) };
        let mut files = Files::new(config);
        let before = files.look();
        // The same length and time: nothing tells of the change.
        std::fs::write(&file, "- targets: [b:1]\n").unwrap();
        File::options().write(true).open(&file).unwrap().set_modified(stamped).unwrap();
        assert_eq!(files.look(), before);
        assert_eq!(files.read(true).groups[0].targets, ["b:1"]);
    }
}
