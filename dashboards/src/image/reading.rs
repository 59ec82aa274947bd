//! How the values of a chart's parameters are written; each complaint says what is expected.

use super::request::MOST_QUERIES;
use crate::chart::Threshold;
use crate::parameters::{BadParameter, Parameters};
use crate::time::parse_duration_ms;

pub(super) fn whole(text: &str, least: u32, most: u32) -> Result<u32, String> {
    let number = text.parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("must be a whole number from {least} to {most}"))
}

pub(super) fn logarithmic(text: &str) -> Result<bool, String> {
    match text {
        "log" => Ok(true),
        "linear" => Ok(false),
        _ => Err("must be linear or log".to_owned()),
    }
}

/// Reads how long before something is to be compared with: a minute to ten years.
pub(crate) fn comparison(text: &str) -> Result<(i64, String), String> {
    let ms = parse_duration_ms(text)?;
    if (60_000..=315_576_000_000).contains(&ms) {
        Ok((ms, text.to_owned()))
    } else {
        Err("must be between a minute and ten years".to_owned())
    }
}

/// Values, each with what it means behind a comma: `4,all cores`.
pub(super) fn thresholds(given: &Parameters) -> Result<Vec<Threshold>, BadParameter> {
    let all: Vec<&str> = given.all("threshold").collect();
    if all.len() > MOST_QUERIES {
        return Err(BadParameter::new("threshold", format!("is given more than {MOST_QUERIES} times")));
    }
    let one = |text: &&str| {
        let (value, label) = text.split_once(',').unwrap_or((text, ""));
        let value =
            finite(value.trim()).map_err(|_| "must be a number, or a number, a comma and what it means".to_owned())?;
        Ok(Threshold { value, label: bounded(label.trim(), 60)? })
    };
    all.iter().map(one).collect::<Result<_, String>>().map_err(|reason| BadParameter::new("threshold", reason))
}

pub(super) fn finite(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite() && number.abs() <= 1e300);
    number.ok_or_else(|| "must be a number".to_owned())
}

pub(super) fn on_or_off(text: &str) -> Result<bool, String> {
    match text {
        "on" | "true" | "1" => Ok(true),
        "off" | "false" | "0" => Ok(false),
        _ => Err("must be on or off".to_owned()),
    }
}

pub(super) fn choice<T>(text: &str, read: impl Fn(&str) -> Option<T>, choices: &str) -> Result<T, String> {
    read(text).ok_or_else(|| format!("must be one of {choices}"))
}

pub(super) fn bounded(text: &str, most: usize) -> Result<String, String> {
    if text.chars().count() > most { Err(format!("has more than {most} characters")) } else { Ok(text.to_owned()) }
}

pub(super) fn step(text: &str) -> Result<i64, String> {
    let ms = parse_duration_ms(text)?;
    if ms < 1000 { Err("must be at least one second".to_owned()) } else { Ok(ms) }
}
