//! Reading everything to see whether it is whole.

use super::{FOLDERS, failed, lists, tables};
use crate::Error;
use crate::blocks::{listed_blocks, read_block, stored_blocks};
use crate::error::one_line;
use crate::folder::{DATABASE, Lock};
use crate::rollup::{DAYS_FILE, Days};
use duckdb::{AccessMode, Config, Connection};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Blocks of samples that are whole.
    pub blocks: usize,
    /// Samples in them.
    pub samples: u64,
    /// Blocks of rollups that are whole.
    pub rollups: usize,
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
    let mut found = Verified::default();
    for (at, name) in FOLDERS.into_iter().enumerate() {
        let folder = dir.join(name);
        // Rollups came later than samples: there are stores and backups without.
        if at == 0 || folder.exists() {
            verify_blocks(&folder, name, &mut found)?;
        }
    }
    match fs::read(dir.join(DAYS_FILE)).map(|text| serde_json::from_slice::<Days>(&text)) {
        Ok(Err(error)) => found.wrong.push(format!("{DAYS_FILE}: {error}")),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => found.wrong.push(format!("{DAYS_FILE}: {error}")),
        _ => {}
    }
    if dir.join("backups").is_dir() {
        verify_lists(dir, &mut found)?;
    }
    if dir.join(DATABASE).is_file() {
        match Lock::take(dir) {
            Ok(_lock) => {
                if let Err(error) = read_database(&dir.join(DATABASE)) {
                    found.wrong.push(format!("{DATABASE}: {}", one_line(error)));
                }
            }
            Err(error) => found.left_out.push(format!("{DATABASE}: {error}")),
        }
    }
    Ok(found)
}

fn verify_blocks(folder: &Path, name: &str, found: &mut Verified) -> Result<(), Error> {
    let numbers = stored_blocks(folder).map_err(|e| failed(folder, format!("it is no store and no backup: {e}")))?;
    for &number in &numbers {
        match read_block(&folder.join(format!("{number:010}")), number, u64::MAX) {
            Ok(meta) => {
                found.bytes += meta.bytes();
                if name == FOLDERS[0] {
                    found.blocks += 1;
                    found.samples += meta.samples;
                } else {
                    found.rollups += 1;
                }
            }
            Err(reason) => found.wrong.push(format!("{}: {reason}", named(name, number))),
        }
    }
    for number in listed_blocks(folder).into_iter().filter(|n| !numbers.contains(n)) {
        found.wrong.push(format!("{}: the manifest names it, and it is missing", named(name, number)));
    }
    Ok(())
}

/// A block for people: its folder is told where it is not that of samples.
fn named(folder: &str, number: u32) -> String {
    if folder == FOLDERS[0] { format!("block {number}") } else { format!("block {number} of {folder}") }
}

fn verify_lists(dir: &Path, found: &mut Verified) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    for name in lists::names(dir)? {
        let list = match lists::read(dir, &name) {
            Ok(list) => list,
            Err(error) => {
                found.wrong.push(format!("backup {name}: {error}"));
                continue;
            }
        };
        let wrong = tables::verify(dir, &list.tables, &mut seen, &mut found.bytes);
        found.wrong.extend(wrong.into_iter().map(|wrong| format!("backup {name}: {wrong}")));
        for (folder, meta) in
            list.folders().into_iter().flat_map(|(folder, metas)| metas.iter().map(move |m| (folder, m)))
        {
            let block = named(folder, meta.number);
            match read_block(&dir.join(folder).join(format!("{:010}", meta.number)), meta.number, 0) {
                Ok(stored) if stored == *meta => {}
                Ok(_) => found.wrong.push(format!("backup {name}: {block} is not the one it had")),
                Err(reason) => found.wrong.push(format!("backup {name}: {block}: {reason}")),
            }
        }
    }
    Ok(())
}

/// DuckDB checks the sum of every block of the file that it reads.
fn read_database(file: &Path) -> duckdb::Result<()> {
    let connection = Connection::open_with_flags(file, Config::default().access_mode(AccessMode::ReadOnly)?)?;
    // Also those of an older version.
    let sql = "SELECT table_name FROM duckdb_tables() WHERE starts_with(table_name, 'head_')";
    let tables: Vec<String> = connection.prepare(sql)?.query_map([], |r| r.get(0))?.collect::<duckdb::Result<_>>()?;
    for table in tables {
        connection.query_row(&format!("SELECT bit_xor(hash(t)) FROM {table} t"), [], |_| Ok(()))?;
    }
    Ok(())
}
