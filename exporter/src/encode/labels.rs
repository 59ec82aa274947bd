//! Label values: escaped once, kept as text.

use std::sync::Arc;

use crate::group::Groups;
use crate::snapshot::{Identity, Process, Snapshot};

/// Appends a label value as both formats escape it: backslash, quote and line end.
pub(crate) fn label_value(text: &mut Vec<u8>, value: &str) {
    let mut rest = value.as_bytes();
    while let Some(at) = memchr::memchr3(b'\\', b'"', b'\n', rest) {
        text.extend_from_slice(&rest[..at]);
        text.extend_from_slice(match rest[at] {
            b'\\' => b"\\\\",
            b'"' => b"\\\"",
            _ => b"\\n",
        });
        rest = &rest[at + 1..];
    }
    text.extend_from_slice(rest);
}

/// A label behind others.
fn label_of(text: &mut Vec<u8>, label: &str, value: &str) {
    text.push(b',');
    text.extend_from_slice(label.as_bytes());
    text.extend_from_slice(b"=\"");
    label_value(text, value);
    text.push(b'"');
}

/// The labels of every process, kept from scrape to scrape under the process's slot.
#[derive(Debug, Default)]
pub struct ProcessLabels(Vec<Entry>);

/// The labels of one process.
#[derive(Debug, Default, Clone)]
pub(crate) struct Entry {
    made_for: Option<(Arc<Identity>, Arc<str>)>,
    text: Box<[u8]>,
    /// Length of the part that every sample has.
    common: usize,
    /// Where the command line begins.
    command_line: usize,
}

impl Entry {
    /// `{pid="1",group="x"`, open for more labels.
    pub(crate) fn common(&self) -> &[u8] {
        &self.text[..self.common]
    }

    /// `,ppid="0",name="x",...`, of the info metric.
    pub(crate) fn identity(&self) -> &[u8] {
        &self.text[self.common..self.command_line]
    }

    /// `,command_line="..."`, of the metric that has it; empty where there is none.
    pub(crate) fn command_line(&self) -> &[u8] {
        &self.text[self.command_line..]
    }

    fn made_for(&self, identity: &Arc<Identity>, group: &Arc<str>) -> bool {
        self.made_for.as_ref().is_some_and(|(i, g)| Arc::ptr_eq(i, identity) && Arc::ptr_eq(g, group))
    }

    fn make(identity: &Arc<Identity>, group: &Arc<str>) -> Entry {
        let mut text = Vec::with_capacity(160);
        let mut digits = itoa::Buffer::new();
        text.extend_from_slice(b"{pid=\"");
        text.extend_from_slice(digits.format(identity.pid).as_bytes());
        text.extend_from_slice(b"\",group=\"");
        label_value(&mut text, group);
        text.push(b'"');
        let common = text.len();
        text.extend_from_slice(b",ppid=\"");
        text.extend_from_slice(digits.format(identity.ppid).as_bytes());
        text.push(b'"');
        for (label, value) in [
            ("name", identity.name.as_str()),
            ("executable", identity.executable.as_deref().unwrap_or_default()),
            ("user", identity.user.as_deref().unwrap_or_default()),
            ("unit", identity.unit.as_deref().unwrap_or_default()),
            ("container", identity.container.as_deref().unwrap_or_default()),
            ("cgroup", identity.cgroup.as_deref().unwrap_or_default()),
        ] {
            label_of(&mut text, label, value);
        }
        let command_line = text.len();
        if let Some(line) = identity.command_line.as_deref().filter(|line| !line.is_empty()) {
            label_of(&mut text, "command_line", line);
        }
        Entry { made_for: Some((identity.clone(), group.clone())), text: text.into_boxed_slice(), common, command_line }
    }
}

impl ProcessLabels {
    /// Makes the labels of processes that are new, or that have another name or group than before.
    pub fn update(&mut self, snapshot: &Snapshot, groups: &Groups) {
        for process in snapshot.processes() {
            let slot = process.slot as usize;
            if slot >= self.0.len() {
                self.0.resize_with(slot + 1, Entry::default);
            }
            let Some(group) = groups.name_of(process.slot) else {
                // It may have been in a group before the rules changed.
                self.0[slot].made_for = None;
                continue;
            };
            if !self.0[slot].made_for(&process.identity, group) {
                self.0[slot] = Entry::make(&process.identity, group);
            }
        }
    }

    /// The labels of a process; `None` where it was not in the snapshot of the last update, or is in no group.
    pub(crate) fn of(&self, process: &Process) -> Option<&Entry> {
        let entry = self.0.get(process.slot as usize)?;
        entry.made_for.as_ref().is_some_and(|(identity, _)| Arc::ptr_eq(identity, &process.identity)).then_some(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn escaped(value: &str) -> String {
        let mut text = Vec::new();
        label_value(&mut text, value);
        String::from_utf8(text).expect("utf-8")
    }

    #[test]
    fn escapes() {
        assert_eq!(escaped("plain"), "plain");
        assert_eq!(escaped("a\"b\\c\nd"), "a\\\"b\\\\c\\nd");
        assert_eq!(escaped("</svg><script>"), "</svg><script>");
    }

    proptest! {
        #[test]
        fn what_is_read_back_is_what_was_written(value: String) {
            let mut read = String::new();
            let text = escaped(&value);
            prop_assert!(!text.contains('\n'));
            let mut chars = text.chars();
            while let Some(c) = chars.next() {
                prop_assert_ne!(c, '"');
                read.push(match c {
                    '\\' => match chars.next() { Some('n') => '\n', Some(c) => c, None => '\0' },
                    c => c,
                });
            }
            prop_assert_eq!(read, value);
        }
    }
}
