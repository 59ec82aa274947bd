//! A small language for tests of queries, after Prometheus's promqltest:
//!
//! ```text
//! load 30s
//!   requests_total{path="/"} 0+10x20 _ stale 5
//!
//! eval instant at 5m rate(requests_total[5m])
//!   {path="/"} 0.3333
//!
//! eval range from 0 to 2m step 1m requests_total
//!   expect no_warn
//!   requests_total{path="/"} 0 20 40
//!
//! clear
//! ```
//!
//! An instant query is also run over a range around its instant, whose middle must agree.

mod answer;
mod block;
mod series;
mod source;

pub(crate) use source::Loaded;

use answer::Mismatch;
use block::{Block, Eval};
use std::fmt::Write as _;

/// What became of the evaluations of a script.
#[derive(Default)]
pub(crate) struct Report {
    pub passed: usize,
    /// Not run or refused, with the reason.
    pub unsupported: Vec<String>,
    pub wrong: Vec<String>,
}

/// Runs a script from an empty store.
pub(crate) fn run(name: &str, text: &str) -> Report {
    let mut loaded = Loaded::default();
    let mut report = Report::default();
    for block in block::read(text) {
        match block {
            Block::Clear => loaded = Loaded::default(),
            Block::Load(load) => loaded.load(&load),
            Block::Eval(eval) => judge(&mut report, name, &eval, &loaded),
            Block::Unknown { line, text } => report.wrong.push(format!("{name}:{line}: no command: {text}")),
        }
    }
    report
}

fn judge(report: &mut Report, name: &str, eval: &Eval, loaded: &Loaded) {
    let place = format!("{name}:{}: {}", eval.line, eval.query);
    if eval.has_histograms {
        report.unsupported.push(format!("{place}\n    native histograms"));
        return;
    }
    loaded.was_asked_for_histograms();
    match answer::check(eval, loaded) {
        Ok(()) => report.passed += 1,
        Err(Mismatch::Unsupported(why)) => report.unsupported.push(format!("{place}\n    {why}")),
        Err(Mismatch::Wrong(why)) if loaded.was_asked_for_histograms() => {
            report.unsupported.push(format!("{place}\n    native histograms are selected: {why}"));
        }
        Err(Mismatch::Wrong(why)) => {
            let mut text = place;
            let _ = write!(text, "\n    {why}");
            report.wrong.push(text);
        }
    }
}
