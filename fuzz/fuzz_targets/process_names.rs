//! The exporter's configuration, and what its rules make of a process.
#![no_main]

use procession_exporter::metric::Scheme;
use procession_exporter::rules::Attributes;
use procession_exporter::snapshot::Membership;
use procession_exporter::{Config, Error};
use std::path::Path;

const MAX_NAME_BYTES: usize = 1024;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let mut parts = text.split('\0');
    let (Some(file), comm, cmdline) = (parts.next(), parts.next().unwrap_or("x"), parts.next().unwrap_or("x y")) else {
        return;
    };
    let config = match Config::parse(file, Path::new("x.yml"), Scheme::Procession) {
        Ok(config) => config,
        Err(error) => return refused(file, &error),
    };
    let cgroups = [cmdline.to_owned()];
    let membership = config.naming.rules.as_deref().map(|rules| {
        rules.membership(&Attributes {
            pid: 7,
            start_ms: 1500,
            comm,
            argv0: cmdline.split(' ').next(),
            cmdline,
            uid: Some(7),
            user: Some(comm),
            cgroups: &cgroups,
            parent: Some(comm),
        })
    });
    if let Some(Membership::Rule { group, .. }) = membership {
        assert!((1..=MAX_NAME_BYTES).contains(&group.len()), "{group:?}");
    }
});

fn refused(file: &str, error: &Error) {
    let Error::Config { place, message, .. } = error else { panic!("{error}") };
    assert!(!message.is_empty() && !message.contains('\n'), "{message:?}");
    let mut numbers = place.split(':').skip(1).map(|number| number.parse::<usize>().expect("a number"));
    if let Some(line) = numbers.next() {
        // YAML ends a line at each of these; its end is on a line of its own.
        let ends = |c: char| matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}');
        assert!((1..=file.matches(ends).count() + 2).contains(&line), "{error}");
    }
}
