//! What the exporter tells, as text.

use procession_exporter::encode::Compression;
use procession_exporter::scan::Scanner;
use procession_web::exposition::Format;

/// A page.
pub(crate) struct Page(pub(crate) String);

impl Page {
    /// That of the last scan.
    pub(crate) fn of(scanner: &mut Scanner) -> Page {
        let mut page = Vec::new();
        let mut outlet = |piece: Vec<u8>| {
            page.extend(piece);
            Ok(())
        };
        let families = scanner.families();
        scanner.write(Format::Text, Compression::None, families, &mut outlet).expect("memory");
        Page(String::from_utf8(page).expect("text"))
    }

    /// The sum of the series of a family for a group.
    pub(crate) fn of_group(&self, family: &str, group: &str) -> f64 {
        let label = format!("group=\"{group}\"");
        self.sum(&format!("{family}{{"), &label)
    }

    /// The line that begins so.
    pub(crate) fn line(&self, start: &str) -> &str {
        self.0.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("no {start} in {}", self.0))
    }

    /// What tells of processes that have ended.
    pub(crate) fn exits(&self) -> &str {
        self.line("procession_exporter_exits_info{")
    }

    /// CPU seconds of ended processes that are in no group.
    pub(crate) fn unattributed(&self) -> f64 {
        self.sum("procession_exporter_unattributed_seconds_total{", "")
    }

    /// Records of ended processes that found no room.
    pub(crate) fn lost(&self) -> f64 {
        value(self.line("procession_exporter_lost_exits_total"))
    }

    fn sum(&self, start: &str, label: &str) -> f64 {
        self.0.lines().filter(|line| line.starts_with(start) && line.contains(label)).map(value).sum()
    }
}

fn value(line: &str) -> f64 {
    line.rsplit(' ').next().and_then(|value| value.parse().ok()).expect("a number")
}
