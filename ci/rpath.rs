//! Build script of every package that links DuckDB into something that runs: the store (for its tests), the scraper,
//! `standalone` and the end-to-end tests. It writes into the binary where the prebuilt `libduckdb.so` lies, so that
//! nobody has to set LD_LIBRARY_PATH. With the feature `bundled` DuckDB is inside and there is nothing to find.

#![allow(clippy::print_stdout, reason = "this is how a build script speaks to Cargo")]

use std::env;
use std::path::PathBuf;

fn main() {
    println!("cargo:rerun-if-env-changed=DUCKDB_LIB_DIR");
    if env::var_os("CARGO_FEATURE_BUNDLED").is_some() || env::var("CARGO_CFG_TARGET_FAMILY").as_deref() != Ok("unix") {
        return;
    }
    // Beside the binary first: a folder that is copied elsewhere with its library keeps working.
    let origin = if env::var("CARGO_CFG_TARGET_VENDOR").as_deref() == Ok("apple") { "@loader_path" } else { "$ORIGIN" };
    println!("cargo:rustc-link-arg=-Wl,-rpath,{origin}");
    if let Some(dir) = env::var_os("DUCKDB_LIB_DIR") {
        // Cargo hands on the absolute form of `.cargo/config.toml`'s relative path; a user's own may be relative.
        let dir = PathBuf::from(dir);
        let dir = dir.canonicalize().unwrap_or(dir);
        println!("cargo:rustc-link-arg=-Wl,-rpath,{}", dir.display());
    }
}
