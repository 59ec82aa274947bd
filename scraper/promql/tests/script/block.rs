//! Scripts to blocks.

use super::series;
use procession_openmetrics::Labels;
use procession_promql::parse_duration_ms;

pub(crate) enum Block {
    Clear,
    Load(Load),
    Eval(Box<Eval>),
    Unknown { line: usize, text: String },
}

pub(crate) struct Load {
    pub interval_ms: i64,
    pub series: Vec<series::Line>,
    /// Classic histograms are loaded as native ones too.
    pub with_native: bool,
}

#[derive(Clone, Copy)]
pub(crate) enum When {
    Instant(i64),
    Range { start_ms: i64, end_ms: i64, step_ms: i64 },
}

pub(crate) struct Eval {
    pub line: usize,
    pub query: String,
    pub when: When,
    pub expected: Vec<(Labels, Vec<Option<f64>>)>,
    pub expected_scalar: Option<f64>,
    pub expected_string: Option<String>,
    /// Start and step of an expected range vector.
    pub expected_range: Option<(i64, i64)>,
    pub fail: Option<Expect>,
    pub warn: Vec<Expect>,
    pub info: Vec<Expect>,
    pub no_warn: bool,
    pub no_info: bool,
    pub ordered: bool,
    pub has_histograms: bool,
}

#[derive(Clone)]
pub(crate) enum Expect {
    Any,
    Message(String),
    Regex(String),
}

pub(crate) fn read(text: &str) -> Vec<Block> {
    let lines: Vec<&str> = text.lines().map(|l| l.trim()).map(|l| if l.starts_with('#') { "" } else { l }).collect();
    let mut blocks = Vec::new();
    let mut i = 0;
    while i < lines.len() {
        let start = i;
        i += 1;
        let (command, rest) = lines[start].split_once([' ', '\t']).unwrap_or((lines[start], ""));
        if command.is_empty() {
            continue;
        }
        let mut body = Vec::new();
        if command != "clear" {
            while i < lines.len() && !lines[i].is_empty() {
                body.push(lines[i]);
                i += 1;
            }
        }
        blocks.push(
            block(start + 1, command, rest.trim(), &body)
                .unwrap_or_else(|| Block::Unknown { line: start + 1, text: lines[start].to_owned() }),
        );
    }
    blocks
}

fn block(line: usize, command: &str, rest: &str, body: &[&str]) -> Option<Block> {
    match command {
        "clear" => Some(Block::Clear),
        "load" | "load_with_nhcb" => Some(Block::Load(Load {
            interval_ms: time(rest)?,
            series: body.iter().map(|l| series::line(l)).collect::<Option<_>>()?,
            with_native: command == "load_with_nhcb",
        })),
        "eval" | "eval_fail" | "eval_warn" | "eval_info" | "eval_ordered" => {
            let (when, query) = when(rest)?;
            let mut eval = Eval {
                line,
                query: query.to_owned(),
                when,
                expected: Vec::new(),
                expected_scalar: None,
                expected_string: None,
                expected_range: None,
                fail: (command == "eval_fail").then_some(Expect::Any),
                warn: if command == "eval_warn" { vec![Expect::Any] } else { Vec::new() },
                info: if command == "eval_info" { vec![Expect::Any] } else { Vec::new() },
                no_warn: false,
                no_info: false,
                ordered: command == "eval_ordered",
                has_histograms: body.iter().any(|l| l.contains("{{")),
            };
            body.iter().try_for_each(|l| expectation(&mut eval, l))?;
            Some(Block::Eval(Box::new(eval)))
        }
        _ => None,
    }
}

fn when(rest: &str) -> Option<(When, &str)> {
    if let Some(rest) = rest.strip_prefix("instant at ") {
        let (at, query) = rest.trim_start().split_once([' ', '\t'])?;
        return Some((When::Instant(time(at)?), query.trim()));
    }
    let rest = rest.strip_prefix("range from ")?;
    let (start, rest) = rest.split_once(" to ")?;
    let (end, rest) = rest.split_once(" step ")?;
    let (step, query) = rest.trim_start().split_once([' ', '\t'])?;
    Some((When::Range { start_ms: time(start)?, end_ms: time(end)?, step_ms: time(step)? }, query.trim()))
}

fn time(text: &str) -> Option<i64> {
    let text = text.trim();
    match text.strip_prefix('-') {
        Some(positive) => parse_duration_ms(positive).ok().map(|ms| -ms),
        None => parse_duration_ms(text).ok(),
    }
}

fn expectation(eval: &mut Eval, line: &str) -> Option<()> {
    if eval.has_histograms {
        return Some(());
    }
    if let Some(text) = line.strip_prefix("expected_fail_message ") {
        eval.fail = Some(Expect::Message(text.trim().to_owned()));
    } else if let Some(text) = line.strip_prefix("expected_fail_regexp ") {
        eval.fail = Some(Expect::Regex(text.trim().to_owned()));
    } else if let Some(text) = line.strip_prefix("expect range vector from ") {
        let (start, rest) = text.split_once(" to ")?;
        eval.expected_range = Some((time(start)?, time(rest.split_once(" step ")?.1)?));
    } else if let Some(text) = line.strip_prefix("expect string ") {
        let text = text.trim();
        eval.expected_string = Some(text.get(1..text.len() - 1)?.to_owned());
    } else if let Some(text) = line.strip_prefix("expect ") {
        let (kind, rest) = text.trim().split_once([' ', '\t']).unwrap_or((text.trim(), ""));
        let expect = match rest.trim().split_once(':') {
            Some(("msg", text)) => Expect::Message(unquoted(text.trim())),
            Some(("regex", text)) => Expect::Regex(unquoted(text.trim())),
            _ => Expect::Any,
        };
        match kind {
            "fail" => eval.fail = Some(expect),
            "warn" => eval.warn.push(expect),
            "info" => eval.info.push(expect),
            "no_warn" => eval.no_warn = true,
            "no_info" => eval.no_info = true,
            "ordered" => eval.ordered = true,
            _ => return None,
        }
    } else if let Some(value) = series::number(line) {
        eval.expected_scalar = Some(value);
    } else {
        let line = series::line(line)?;
        eval.expected.push((line.labels, line.values));
    }
    Some(())
}

fn unquoted(text: &str) -> String {
    text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(text).to_owned()
}
