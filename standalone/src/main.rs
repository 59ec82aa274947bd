//! `procession`: exporter, scraper and dashboards in one process, for one host or a laptop.
//!
//! The three talk over loopback as they would over a network, so nothing here works differently from three services.

mod flags;
mod together;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    procession_web::heap::keep_small();
    match flags::Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("procession: error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
