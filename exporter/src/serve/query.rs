//! `collect[]` and `exclude[]`: which families one answer has.

use std::borrow::Cow;

use serde::Deserialize as _;
use serde::de::IntoDeserializer as _;
use serde::de::value::{CowStrDeserializer, Error};

use crate::metric::{Families, Family};

/// The families that a query asks for, among those that are on.
///
/// # Errors
/// What is wrong with the query, in a line for whoever sent it.
pub(crate) fn families(query: Option<&str>, on: Families) -> Result<Families, String> {
    let (mut collect, mut exclude) = (Vec::new(), Vec::new());
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        match &*name {
            "collect[]" => collect.push(family(value, "collect[]", on)?),
            "exclude[]" => exclude.push(family(value, "exclude[]", on)?),
            _ => return Err(format!("unknown parameter `{name}`, expected `collect[]` or `exclude[]`")),
        }
    }
    match (&collect[..], &exclude[..]) {
        ([], _) => Ok(exclude.into_iter().fold(on, Families::without)),
        (_, []) => Ok(collect.into_iter().fold(Families::none(), Families::with)),
        _ => Err("`collect[]` and `exclude[]` cannot be combined".to_owned()),
    }
}

fn family(name: Cow<'_, str>, parameter: &str, on: Families) -> Result<Family, String> {
    let name: CowStrDeserializer<'_, Error> = name.into_deserializer();
    let family = Family::deserialize(name.clone()).map_err(|error| format!("{parameter}: {error}"))?;
    if parameter == "collect[]" && !on.has(family) {
        let name: Cow<'_, str> = Cow::deserialize(name).unwrap_or_default();
        return Err(format!(
            "{parameter}: `{name}` is switched off; `metrics.enable` in the configuration file switches it on"
        ));
    }
    Ok(family)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &str, expected: Result<(&[Family], &[Family]), &str>) {
        match (families(Some(query), Families::default()), expected) {
            (Ok(families), Ok((with, without))) => {
                assert!(with.iter().all(|family| families.has(*family)), "{query}");
                assert!(!families.any(without), "{query}");
            }
            (outcome, expected) => assert_eq!(outcome.err().as_deref(), expected.err(), "{query}"),
        }
    }

    #[test]
    fn queries() {
        check("", Ok((&[Family::Cpu, Family::Info], &[Family::RunQueue])));
        check("collect[]=cpu&collect%5B%5D=io", Ok((&[Family::Cpu, Family::Io], &[Family::Info, Family::Memory])));
        check("exclude[]=cpu&exclude[]=run_queue", Ok((&[Family::Info], &[Family::Cpu, Family::RunQueue])));
        check("collect[]=cpu&exclude[]=io", Err("`collect[]` and `exclude[]` cannot be combined"));
        check("collect=cpu", Err("unknown parameter `collect`, expected `collect[]` or `exclude[]`"));
        check(
            "collect[]=run_queue",
            Err("collect[]: `run_queue` is switched off; `metrics.enable` in the configuration file switches it on"),
        );
        let unknown = families(Some("exclude[]=cpus"), Families::default()).expect_err("unknown");
        assert!(
            unknown.starts_with("exclude[]: unknown variant `cpus`, expected one of `cpu`, `children_cpu`, "),
            "{unknown}"
        );
    }
}
