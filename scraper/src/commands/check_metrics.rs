//! `check metrics`: says whether an exposition on standard input is valid, and what is wrong where.

use super::progress::Progress;
use anyhow::Context;
use procession_openmetrics::{Format, validate};
use std::io::{Read, Write};

/// An exposition that is larger is refused; no scrape takes one half as large.
const BODY_BYTES: u64 = 1 << 30;
/// So much is read at a time; less is checked before a line about it could be read.
const PIECE_BYTES: u64 = 1 << 20;
/// More errors than this help no one.
const MAX_ERRORS: usize = 50;

/// Flags of `check metrics`.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct CheckMetrics {
    /// The format of the exposition
    #[arg(long, value_enum, default_value_t = FormatName::Openmetrics)]
    pub format: FormatName,
}

/// An exposition format as the command line names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum FormatName {
    /// OpenMetrics 1.0
    Openmetrics,
    /// Prometheus text format 0.0.4
    Text,
}

impl CheckMetrics {
    /// Reads an exposition and writes what is wrong with it, a line for each error. True where it is valid.
    pub fn run(&self, input: impl Read, errors: &mut impl Write) -> anyhow::Result<bool> {
        let mut progress = Progress::on_terminal(None);
        let (mut body, mut input) = (Vec::new(), input.take(BODY_BYTES + 1));
        while input.by_ref().take(PIECE_BYTES).read_to_end(&mut body).context("cannot read the exposition")? > 0 {
            if progress.is_due() && body.len() as u64 >= PIECE_BYTES {
                progress.say(&format!("{} MiB are read", body.len() >> 20));
            }
        }
        if body.len() as u64 >= PIECE_BYTES {
            progress.say(&format!("{} MiB are being checked", body.len() >> 20));
        }
        anyhow::ensure!(body.len() as u64 <= BODY_BYTES, "the exposition is larger than {} MiB", BODY_BYTES >> 20);
        let format = match self.format {
            FormatName::Openmetrics => Format::OpenMetrics,
            FormatName::Text => Format::Text,
        };
        let checked = validate(&body, format);
        progress.end();
        let Err(found) = checked else { return Ok(true) };
        for error in found.iter().take(MAX_ERRORS) {
            writeln!(errors, "{error}")?;
        }
        if found.len() > MAX_ERRORS {
            writeln!(errors, "and {} more", found.len() - MAX_ERRORS)?;
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(format: FormatName, body: &str) -> (bool, String) {
        let mut errors = Vec::new();
        let valid = CheckMetrics { format }.run(body.as_bytes(), &mut errors).unwrap();
        (valid, String::from_utf8(errors).unwrap())
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        assert_eq!(check(FormatName::Openmetrics, "# TYPE a gauge\na 1\n# EOF\n"), (true, String::new()));
        assert_eq!(check(FormatName::Text, "# TYPE a gauge\na 1\n"), (true, String::new()));
        for (format, body, at) in [
            (FormatName::Openmetrics, "# TYPE a gauge\na 1\n", "line "),
            (FormatName::Openmetrics, "# TYPE a gauge\na one\n# EOF\n", "line 2, column 3: "),
            (FormatName::Text, "a 1\nb{c=\"d} 1\n", "line 2, column "),
        ] {
            let (valid, errors) = check(format, body);
            assert!(!valid && errors.starts_with(at), "{body:?} gave {errors:?}");
        }
    }
}
