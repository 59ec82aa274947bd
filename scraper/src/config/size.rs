//! Sizes as Prometheus writes them: `10MB`, `512KiB`; every prefix is a power of 1,024.

use super::scalar::parsed;
use serde::de::{Deserialize, Deserializer};

/// Reads a number of bytes. `0` means that there is no limit, as in Prometheus.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let refuse = || format!("{text:?} is not a size: expected a number and a unit, as in 512KB, 10MB or 1GiB");
    if text == "0" {
        return Ok(0);
    }
    let digits = text.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
    let (number, unit) = text.split_at(digits);
    let shift = match unit {
        "B" => 0,
        "KB" | "KiB" => 10,
        "MB" | "MiB" => 20,
        "GB" | "GiB" => 30,
        "TB" | "TiB" => 40,
        _ => return Err(refuse()),
    };
    let number: f64 = number.parse().map_err(|_| refuse())?;
    Ok((number * (1u64 << shift) as f64) as u64)
}

/// A size in the configuration file; a wrong one is an error at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ConfigSize(pub(super) u64);

impl<'de> Deserialize<'de> for ConfigSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer, "a size as in 10MB", |text| parse_size(text).map(ConfigSize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_powers_of_1024() {
        for (text, want) in
            [("0", 0), ("7B", 7), ("1KB", 1024), ("1.5KiB", 1536), ("15MB", 15 << 20), ("2GiB", 2 << 30)]
        {
            assert_eq!(parse_size(text), Ok(want), "{text}");
        }
        for text in ["", "100", "1kb", "MB", "1.2.3MB", "-1B", "1 MB"] {
            assert_eq!(
                parse_size(text).unwrap_err(),
                format!("{text:?} is not a size: expected a number and a unit, as in 512KB, 10MB or 1GiB")
            );
        }
    }
}
