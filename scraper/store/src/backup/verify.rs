//! Reading everything to see whether it is whole.

use super::copy::BLOCKS;
use super::{failed, lists};
use crate::Error;
use crate::blocks::{listed_blocks, read_block, stored_blocks};
use crate::error::one_line;
use crate::folder::Lock;
use duckdb::{AccessMode, Config, Connection};
use std::path::Path;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Blocks that are whole.
    pub blocks: usize,
    /// Samples in them.
    pub samples: u64,
    /// The bytes that were read.
    pub bytes: u64,
    /// What is wrong, a line each.
    pub wrong: Vec<String>,
    /// What was not looked at, and why.
    pub left_out: Vec<String>,
}

/// Reads every byte of the blocks of a store or of a folder of backups, and of a store's database where nobody has it
/// open. Changes nothing.
///
/// # Errors
/// The folder is neither, or it cannot be read. What is damaged is no error: it is told.
pub fn verify(dir: &Path) -> Result<Verified, Error> {
    let folder = dir.join(BLOCKS);
    let numbers = stored_blocks(&folder).map_err(|e| failed(&folder, format!("it is no store and no backup: {e}")))?;
    let mut found = Verified::default();
    for &number in &numbers {
        match read_block(&folder.join(format!("{number:010}")), number, u64::MAX) {
            Ok(meta) => {
                found.blocks += 1;
                found.samples += meta.samples;
                found.bytes += meta.bytes();
            }
            Err(reason) => found.wrong.push(format!("block {number}: {reason}")),
        }
    }
    for number in listed_blocks(&folder).into_iter().filter(|n| !numbers.contains(n)) {
        found.wrong.push(format!("block {number}: the manifest names it, and it is missing"));
    }
    if dir.join("backups").is_dir() {
        verify_lists(dir, &mut found)?;
    }
    if dir.join("head.duckdb").is_file() {
        match Lock::take(dir) {
            Ok(_lock) => {
                if let Err(error) = read_database(&dir.join("head.duckdb")) {
                    found.wrong.push(format!("head.duckdb: {}", one_line(error)));
                }
            }
            Err(error) => found.left_out.push(format!("head.duckdb: {error}")),
        }
    }
    Ok(found)
}

fn verify_lists(dir: &Path, found: &mut Verified) -> Result<(), Error> {
    for name in lists::names(dir)? {
        let list = match lists::read(dir, &name) {
            Ok(list) => list,
            Err(error) => {
                found.wrong.push(format!("backup {name}: {error}"));
                continue;
            }
        };
        for meta in list.blocks {
            let folder = dir.join(BLOCKS).join(format!("{:010}", meta.number));
            match read_block(&folder, meta.number, 0) {
                Ok(stored) if stored == meta => {}
                Ok(_) => found.wrong.push(format!("backup {name}: block {} is not the one it had", meta.number)),
                Err(reason) => found.wrong.push(format!("backup {name}: block {}: {reason}", meta.number)),
            }
        }
    }
    Ok(())
}

/// DuckDB checks the sum of every block of the file that it reads.
fn read_database(file: &Path) -> duckdb::Result<()> {
    let connection = Connection::open_with_flags(file, Config::default().access_mode(AccessMode::ReadOnly)?)?;
    for table in ["head_samples", "head_closed", "head_series"] {
        connection.query_row(&format!("SELECT bit_xor(hash(t)) FROM {table} t"), [], |_| Ok(()))?;
    }
    Ok(())
}
