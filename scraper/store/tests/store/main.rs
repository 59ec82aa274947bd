//! The store over real folders: what it keeps, what it shows, what it refuses, what it survives.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "tests")]

mod backup;
mod backup_tables;
mod bad_input;
mod blocks;
mod both_ways;
mod broken;
mod churn;
mod clock;
mod concurrency;
mod crash;
mod disk;
mod exemplars;
mod families;
mod full_disk;
mod killed;
mod log;
mod metadata;
mod model;
mod refusal;
mod removed;
mod retention;
mod rollup_backup;
mod rollup_crash;
mod rollups;
mod roundtrip;
mod sql;
mod sql_docs;
mod sql_moments;
mod support;
