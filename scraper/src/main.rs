//! `procession-scraper`.

mod cli;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    procession_web::heap::keep_small();
    match cli::Cli::parse().run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("procession-scraper: error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
