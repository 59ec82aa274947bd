//! Samples of the kinds of metrics that queries are about, at fixed moments, as OpenMetrics text.

use std::fmt::Write;

/// The first moment, in seconds.
pub(super) const START: i64 = 1_700_000_000;
/// How long the samples go on, in seconds.
pub(super) const LENGTH: i64 = 5_400;
const INTERVAL: i64 = 10;

/// The text. The same at every call.
pub(super) fn openmetrics() -> String {
    let mut out = String::new();
    let mut noise = Noise(0x2545_f491_4f6c_dd1d);
    for (i, instance) in ["one.example:80", "two.example:80", "three.example:81"].into_iter().enumerate() {
        let target = format!("instance=\"{instance}\",job=\"demo\"");
        for (t, kind) in ["buffers", "cached", "free", "used"].into_iter().enumerate() {
            let mut value = 1e8 * (i + 1) as f64 + 3e7 * t as f64;
            series(&mut out, "memory_bytes", &format!("{target},kind=\"{kind}\""), |_| {
                value += (noise.next() - 0.5) * 1e6;
                Some(value.floor())
            });
        }
        for mode in ["idle", "system", "user"] {
            let mut total = noise.next() * 10.0;
            series(&mut out, "cpu_seconds_total", &format!("{target},mode=\"{mode}\""), |n| {
                // A restart in the middle of one instance.
                total = if i == 1 && n == 250 { 0.0 } else { total + noise.next() * 8.0 };
                Some(total)
            });
        }
        series(&mut out, "cpus", &target, |_| Some(4.0));
        let mut used = 5e10;
        series(&mut out, "disk_used_bytes", &target, |n| {
            used += 3e5 * noise.next() + n as f64;
            Some(used)
        });
        series(&mut out, "backup_success_timestamp_seconds", &target, |n| {
            Some((START + n / 60 * 600 - 86_400 * (i as i64 + 20)) as f64)
        });
        // There one minute, gone the next.
        series(&mut out, "comes_and_goes", &target, |n| (n / 6 % 2 == 0).then_some(n as f64));
        let mut counts = [0.0; 6];
        let bounds = ["0.005", "0.05", "0.1", "0.5", "1.0", "+Inf"];
        let mut lines: [Vec<f64>; 6] = Default::default();
        for _ in 0..LENGTH / INTERVAL {
            let mut cumulative = 0.0;
            for (count, line) in counts.iter_mut().zip(&mut lines) {
                *count += (noise.next() * 5.0).floor();
                cumulative += *count;
                line.push(cumulative);
            }
        }
        for (bound, line) in bounds.iter().zip(&lines) {
            series(&mut out, "request_seconds_bucket", &format!("{target},le=\"{bound}\",path=\"/\""), |n| {
                line.get(n as usize).copied()
            });
        }
        series(&mut out, "request_seconds_count", &format!("{target},path=\"/\""), |n| {
            lines[5].get(n as usize).copied()
        });
        series(&mut out, "request_seconds_sum", &format!("{target},path=\"/\""), |n| {
            lines[5].get(n as usize).map(|count| count * 0.21)
        });
    }
    // What arithmetic stumbles over.
    let odd = [0.0, -0.0, 1.0, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, -1e-300, 0.5, 2.0, 2.0];
    for (i, name) in ["a", "b", "c"].into_iter().enumerate() {
        series(&mut out, "odd", &format!("name=\"{name}\""), |n| odd.get((n as usize + i * 5) % odd.len()).copied());
    }
    out.push_str("# EOF\n");
    out
}

/// Writes a series, whose samples stand 3.217 s behind multiples of the interval: where ranges end, no sample is, so
/// that it does not matter whether a range holds its first moment (which Prometheus 2 and 3 see differently).
fn series(out: &mut String, name: &str, labels: &str, mut value: impl FnMut(i64) -> Option<f64>) {
    for n in 0..LENGTH / INTERVAL {
        let Some(value) = value(n) else { continue };
        let text = match value {
            v if v.is_nan() => "NaN".to_owned(),
            v if v.is_infinite() => if v > 0.0 { "+Inf" } else { "-Inf" }.to_owned(),
            v => format!("{v:e}"),
        };
        writeln!(out, "{name}{{{labels}}} {text} {}.217", START + 3 + n * INTERVAL).unwrap();
    }
}

/// The same numbers in [0, 1) at every run (xorshift).
pub(super) struct Noise(pub(super) u64);

impl Noise {
    pub(super) fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// One of a list.
    pub(super) fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[(self.next() * list.len() as f64) as usize]
    }
}
