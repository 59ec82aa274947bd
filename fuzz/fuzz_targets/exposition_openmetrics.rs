//! OpenMetrics 1.0.
#![no_main]

mod exposition;

use procession_openmetrics::Format;

libfuzzer_sys::fuzz_target!(|body: &[u8]| exposition::check(body, Format::OpenMetrics));
