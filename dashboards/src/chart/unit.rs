//! Units: how a value is written, and which steps its axis takes.

use std::fmt;

/// What the values of a chart are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unit {
    /// A plain number with SI prefixes: `1.2 k`.
    #[default]
    Short,
    /// Bytes with IEC prefixes: `1.5 GiB`.
    Bytes,
    /// Bytes per second with IEC prefixes.
    BytesPerSecond,
    /// A duration: `1.2 ms`, `3.5 s`, `2 h`.
    Seconds,
    /// 0 to 100.
    Percent,
    /// 0 to 1, written as per cent.
    Ratio,
    /// CPU cores in use.
    Cores,
    /// Events per second.
    PerSecond,
}

/// Every unit with the name that parameters use.
pub const UNITS: [(&str, Unit); 8] = [
    ("short", Unit::Short),
    ("bytes", Unit::Bytes),
    ("bytes/s", Unit::BytesPerSecond),
    ("seconds", Unit::Seconds),
    ("percent", Unit::Percent),
    ("ratio", Unit::Ratio),
    ("cores", Unit::Cores),
    ("per_second", Unit::PerSecond),
];

/// A factor with the suffix that stands for it.
type Scale = (f64, &'static str);

const IEC: [Scale; 7] = [
    (1.0, "B"),
    (1024.0, "KiB"),
    (1_048_576.0, "MiB"),
    (1_073_741_824.0, "GiB"),
    (1_099_511_627_776.0, "TiB"),
    (1_125_899_906_842_624.0, "PiB"),
    (1_152_921_504_606_846_976.0, "EiB"),
];
const SI: [Scale; 8] =
    [(1.0, ""), (1e3, "k"), (1e6, "M"), (1e9, "G"), (1e12, "T"), (1e15, "P"), (1e18, "E"), (1e21, "Z")];
const TIME: [Scale; 7] =
    [(1e-9, "ns"), (1e-6, "µs"), (1e-3, "ms"), (1.0, "s"), (60.0, "min"), (3600.0, "h"), (86400.0, "d")];
const PERCENT: [Scale; 1] = [(1.0, "%")];
const RATIO: [Scale; 1] = [(0.01, "%")];
const PLAIN: [Scale; 1] = [(1.0, "")];

impl Unit {
    /// The unit of that name, see [`UNITS`].
    pub fn parse(name: &str) -> Option<Unit> {
        UNITS.iter().find(|(n, _)| *n == name).map(|(_, unit)| *unit)
    }

    fn scales(self) -> &'static [Scale] {
        match self {
            Unit::Bytes | Unit::BytesPerSecond => &IEC,
            Unit::Seconds => &TIME,
            Unit::Percent => &PERCENT,
            Unit::Ratio => &RATIO,
            Unit::Cores => &PLAIN,
            Unit::Short | Unit::PerSecond => &SI,
        }
    }

    fn per_second(self) -> &'static str {
        match self {
            Unit::BytesPerSecond | Unit::PerSecond => "/s",
            _ => "",
        }
    }

    /// True where axis steps are powers of two.
    pub fn is_binary(self) -> bool {
        matches!(self, Unit::Bytes | Unit::BytesPerSecond)
    }

    /// The largest scale that is not above `magnitude`.
    pub(super) fn scale(self, magnitude: f64) -> Scale {
        let scales = self.scales();
        // A hair below counts as reached: 1023.99 KiB reads better as 1 MiB.
        scales.iter().rev().find(|(factor, _)| magnitude >= factor * 0.9995).copied().unwrap_or(scales[0])
    }

    fn join(self, number: &str, suffix: &str) -> String {
        let per_second = self.per_second();
        match (suffix, per_second) {
            ("", "") => number.to_owned(),
            ("%", "") => format!("{number}%"),
            _ => format!("{number} {suffix}{per_second}"),
        }
    }

    /// A value for people to read, three significant digits: `1.23 GiB`, `512 MiB`, `0.052`, `NaN`.
    pub fn format(self, value: f64) -> String {
        if value.is_nan() {
            return "NaN".to_owned();
        }
        if value.is_infinite() {
            return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
        }
        if value == 0.0 {
            return self.join("0", if self == Unit::Seconds { "s" } else { self.scale(0.0).1 });
        }
        let (factor, suffix) = self.scale(value.abs());
        let scaled = value / factor;
        if scaled.abs() >= 1e4 {
            // Beyond the last prefix.
            return self.join(&format!("{scaled:.2e}"), suffix);
        }
        if scaled.abs() < 0.0005 {
            return self.join(&format!("{scaled:.1e}"), suffix);
        }
        let whole = suffix == "B" && scaled.fract() == 0.0;
        let decimals = match scaled.abs() {
            _ if whole => 0,
            s if s >= 99.95 => 0,
            s if s >= 9.995 => 1,
            s if s >= 0.0995 => 2,
            _ => 3,
        };
        let mut number = format!("{scaled:.decimals$}");
        if matches!(self, Unit::Short) && scaled.fract() == 0.0 {
            number = format!("{scaled:.0}");
        }
        self.join(&number, suffix)
    }

    /// A tick of an axis whose ticks are `step` apart and whose largest magnitude is `largest`: as many decimals
    /// as the step needs, the same prefix for each.
    pub fn format_tick(self, value: f64, step: f64, largest: f64) -> String {
        // Durations from a second up are counted in the unit of their step: 30 s, 60 s, 90 s.
        let (factor, suffix) = self.scale(if self == Unit::Seconds && step >= 1.0 { step } else { largest });
        let step = step / factor;
        let mut decimals = 0;
        while decimals < 9 && ((step * 10f64.powi(decimals)).fract() * 1e6).round() % 1e6 != 0.0 {
            decimals += 1;
        }
        let scaled = value / factor;
        if scaled.abs() >= 1e6 || (step > 0.0 && step < 1e-6) {
            return self.join(&format!("{scaled:.1e}"), suffix);
        }
        if value == 0.0 {
            return match suffix {
                "%" => "0%".to_owned(),
                _ => "0".to_owned(),
            };
        }
        self.join(&format!("{scaled:.*}", decimals as usize), suffix)
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = UNITS.iter().find(|(_, unit)| unit == self).map_or("short", |(name, _)| name);
        f.write_str(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_well() {
        for (unit, value, expected) in [
            (Unit::Bytes, 0.0, "0 B"),
            (Unit::Bytes, 1.0, "1 B"),
            (Unit::Bytes, 1023.0, "1023 B"),
            (Unit::Bytes, 1024.0, "1.00 KiB"),
            (Unit::Bytes, 1_048_575.0, "1.00 MiB"),
            (Unit::Bytes, 1.5 * 1024.0 * 1024.0 * 1024.0, "1.50 GiB"),
            (Unit::Bytes, 536_870_912.0, "512 MiB"),
            (Unit::Bytes, 9_223_372_036_854_775_808.0, "8.00 EiB"),
            (Unit::BytesPerSecond, 2048.0, "2.00 KiB/s"),
            (Unit::BytesPerSecond, 0.0, "0 B/s"),
            (Unit::Seconds, 0.0015, "1.50 ms"),
            (Unit::Seconds, 90.0, "1.50 min"),
            (Unit::Seconds, 0.0, "0 s"),
            (Unit::Percent, 12.34, "12.3%"),
            (Unit::Ratio, 0.5, "50.0%"),
            (Unit::Cores, 0.052, "0.052"),
            (Unit::Cores, 1.5, "1.50"),
            (Unit::Short, 42.0, "42"),
            (Unit::Short, 1234.0, "1.23 k"),
            (Unit::Short, -1234.0, "-1.23 k"),
            (Unit::Short, f64::NAN, "NaN"),
            (Unit::Short, f64::INFINITY, "+Inf"),
            (Unit::Short, 1e300, "1.00e279 Z"),
            (Unit::Cores, 1e-9, "1.0e-9"),
            (Unit::PerSecond, 12.0, "12.0 /s"),
        ] {
            assert_eq!(unit.format(value), expected, "{unit} {value}");
        }
    }

    #[test]
    fn ticks_share_prefix_and_decimals() {
        for (unit, value, step, largest, expected) in [
            (Unit::Cores, 0.5, 0.25, 1.0, "0.50"),
            (Unit::Cores, 1.0, 1.0, 4.0, "1"),
            (Unit::Bytes, 536_870_912.0, 536_870_912.0, 2_147_483_648.0, "0.5 GiB"),
            (Unit::Bytes, 0.0, 1024.0, 4096.0, "0"),
            (Unit::Ratio, 0.2, 0.2, 1.0, "20%"),
            (Unit::Seconds, 0.002, 0.001, 0.004, "2 ms"),
            (Unit::Short, 0.1, 0.1, 0.3, "0.1"),
        ] {
            assert_eq!(unit.format_tick(value, step, largest), expected, "{unit} {value}");
        }
    }

    #[test]
    fn names_are_read_back() {
        for (name, unit) in UNITS {
            assert_eq!(Unit::parse(name), Some(unit));
            assert_eq!(unit.to_string(), name);
        }
        assert_eq!(Unit::parse("parsec"), None);
    }
}
