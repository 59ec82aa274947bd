//! The store over real folders: what it keeps, what it shows, what it refuses, what it survives.

mod concurrency;
mod crash;
mod metadata;
mod model;
mod refusal;
mod roundtrip;
mod support;
