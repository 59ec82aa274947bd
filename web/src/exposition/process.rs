//! `process_*`, as the client libraries of the Prometheus family define them, and `<service>_build_info`.

use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

/// Adds what every service tells of itself: the names that start with `process_` (Linux only), and its version.
///
/// `service` is the prefix of the build info, such as `procession_exporter`.
pub fn register_process(registry: &mut Registry, service: &str) {
    let build = Info::new([("version", env!("CARGO_PKG_VERSION")), ("rust_version", env!("CARGO_PKG_RUST_VERSION"))]);
    registry.register(format!("{service}_build"), "What was built", build);
    #[cfg(target_os = "linux")]
    registry.register_collector(Box::new(linux::Process));
}

#[cfg(target_os = "linux")]
mod linux {
    use procfs::WithCurrentSystemInfo;
    use prometheus_client::collector::Collector;
    use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
    use prometheus_client::metrics::counter::ConstCounter;
    use prometheus_client::metrics::gauge::ConstGauge;
    use prometheus_client::registry::Unit;
    use std::fmt;

    #[derive(Debug)]
    pub(super) struct Process;

    impl Collector for Process {
        /// What can't be read is left out: never 0.
        fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
            let mut put = |name: &str, help: &str, unit: Option<&Unit>, metric: &dyn EncodeBoxed| {
                metric.encode_into(&mut encoder, name, help, unit)
            };
            let Ok(process) = procfs::process::Process::myself() else {
                return Ok(());
            };
            if let Ok(stat) = process.stat() {
                let cpu = (stat.utime + stat.stime) as f64 / procfs::ticks_per_second() as f64;
                put("process_cpu", "CPU time spent by this service", Some(&Unit::Seconds), &ConstCounter::new(cpu))?;
                let resident = stat.rss_bytes().get();
                put(
                    "process_resident_memory",
                    "Resident memory",
                    Some(&Unit::Bytes),
                    &ConstGauge::new(resident as f64),
                )?;
                put(
                    "process_virtual_memory",
                    "Virtual memory",
                    Some(&Unit::Bytes),
                    &ConstGauge::new(stat.vsize as f64),
                )?;
                put("process_threads", "Threads", None, &ConstGauge::new(stat.num_threads))?;
                if let Ok(boot) = procfs::boot_time_secs() {
                    let start = boot as f64 + stat.starttime as f64 / procfs::ticks_per_second() as f64;
                    put(
                        "process_start_time",
                        "Start, since the Unix epoch",
                        Some(&Unit::Seconds),
                        &ConstGauge::new(start),
                    )?;
                }
            }
            if let Ok(open) = process.fd_count() {
                put("process_open_fds", "Open file descriptors", None, &ConstGauge::new(open as i64))?;
            }
            if let Ok(limits) = process.limits()
                && let procfs::process::LimitValue::Value(max) = limits.max_open_files.soft_limit
            {
                put("process_max_fds", "Most file descriptors that may be open", None, &ConstGauge::new(max as f64))?;
            }
            Ok(())
        }
    }

    trait EncodeBoxed {
        fn encode_into(
            &self,
            to: &mut DescriptorEncoder<'_>,
            name: &str,
            help: &str,
            unit: Option<&Unit>,
        ) -> fmt::Result;
    }

    impl<M: EncodeMetric> EncodeBoxed for M {
        fn encode_into(
            &self,
            to: &mut DescriptorEncoder<'_>,
            name: &str,
            help: &str,
            unit: Option<&Unit>,
        ) -> fmt::Result {
            self.encode(to.encode_descriptor(name, help, unit, self.metric_type())?)
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::exposition::{Format, encode};

    #[test]
    fn tells_of_this_process() {
        let mut registry = Registry::default();
        register_process(&mut registry, "procession_test");
        let text = encode(&registry, Format::Text).unwrap();
        for start in [
            "process_cpu_seconds_total ",
            "process_resident_memory_bytes ",
            "process_open_fds ",
            "process_start_time_seconds ",
        ] {
            let line = text.lines().find(|l| l.starts_with(start)).unwrap_or_else(|| panic!("no {start} in {text}"));
            assert!(line[start.len()..].parse::<f64>().unwrap() >= 0.0, "{line}");
        }
        assert!(text.contains("procession_test_build_info{version="), "{text}");
    }
}
