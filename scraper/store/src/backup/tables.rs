//! What a backup has beside blocks: the exemplars that are kept, and what targets said of their metrics.
//!
//! Each is a table in a Parquet file, named after its bytes: what has not changed since the last backup is there once. A restore puts
//! them into a new hot database.

use super::failed;
use crate::blocks::{FileSum, path_literal, sync};
use crate::error::one_line;
use crate::exemplars::{self, Change, Exemplar};
use crate::families::{self, Family, FamilyChange};
use crate::{Error, database};
use duckdb::{Config, Connection};
use procession_openmetrics::Labels;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// The folders of a backup that they are in, and, behind `head_`, their tables in the hot database.
pub(super) const TABLES: [&str; 2] = ["exemplars", "families"];

/// The tables of a backup, by their names; one without rows is left out.
pub(super) type Sums = BTreeMap<String, FileSum>;

/// What goes into them.
pub(super) struct Rows {
    pub(super) exemplars: Vec<(Labels, Exemplar)>,
    pub(super) families: Vec<Family>,
}

/// Where a table lies in a folder of backups.
fn file(backup: &Path, name: &str, sum: &FileSum) -> PathBuf {
    let short = sum.sha256.get(..16).unwrap_or(&sum.sha256);
    backup.join(name).join(format!("{short}.parquet"))
}

/// Writes what is not there yet. Returns what the backup has, and how many bytes of it were not there.
pub(super) fn write(rows: Rows, to: &Path) -> Result<(Sums, u64), Error> {
    let (mut sums, mut written) = (Sums::new(), 0);
    let folders = TABLES.map(|name| to.join(name));
    for folder in &folders {
        fs::create_dir_all(folder).map_err(|e| failed(folder, e))?;
    }
    if rows.exemplars.is_empty() && rows.families.is_empty() {
        return Ok((sums, written));
    }
    let connection = fill(rows).map_err(|error| failed(to, error))?;
    for (name, folder) in TABLES.into_iter().zip(&folders) {
        let beside = folder.join(format!("{}{name}.parquet", sync::UNFINISHED));
        let copy = format!("COPY head_{name} TO '{}' (FORMAT parquet, COMPRESSION zstd)", quoted(&beside));
        let copied = connection.execute(&copy, []).map_err(|error| failed(&beside, one_line(error)))?;
        if copied == 0 {
            fs::remove_file(&beside).map_err(|e| failed(&beside, e))?;
            continue;
        }
        let sum = sync::seal_file(&beside).map_err(|e| failed(&beside, e))?;
        let path = file(to, name, &sum);
        if !path.exists() {
            written += sum.bytes;
        }
        // Also over one that is there: it has the same bytes, or was damaged.
        fs::rename(&beside, &path).and_then(|()| sync::folder(folder)).map_err(|e| failed(&path, e))?;
        sums.insert(name.to_owned(), sum);
    }
    Ok((sums, written))
}

/// The tables, in memory.
fn fill(rows: Rows) -> Result<Connection, String> {
    let open = || Connection::open_in_memory_with_flags(Config::default().threads(1)?);
    let connection = open().map_err(one_line)?;
    database::apply_migrations(&connection, Path::new("memory")).map_err(|error| error.to_string())?;
    exemplars::write(&connection, &Change::Append(rows.exemplars))?;
    families::write(&connection, &FamilyChange::Append(rows.families))?;
    Ok(connection)
}

/// Makes the hot database of a store with the tables of a backup. Returns their numbers of rows, in the order of [`TABLES`].
pub(super) fn restore(from: &Path, sums: &Sums, database: &Path) -> Result<[usize; 2], Error> {
    if sums.is_empty() {
        return Ok([0; 2]);
    }
    let open = || Connection::open_with_flags(database, Config::default().threads(1)?);
    let connection = open().map_err(|error| failed(database, one_line(error)))?;
    database::apply_migrations(&connection, database)?;
    let mut rows = [0; 2];
    for (name, rows) in TABLES.into_iter().zip(&mut rows) {
        let Some(sum) = sums.get(name) else { continue };
        let path = file(from, name, sum);
        check(&path, sum).map_err(|reason| failed(&path, reason))?;
        let insert = format!("INSERT INTO head_{name} BY NAME SELECT * FROM read_parquet({})", path_literal(&path));
        *rows = connection.execute(&insert, []).map_err(|error| failed(&path, one_line(error)))?;
    }
    connection.execute_batch("CHECKPOINT").map_err(|error| failed(database, one_line(error)))?;
    connection.close().map_err(|(_, error)| failed(database, one_line(error)))?;
    File::open(database).and_then(|file| file.sync_all()).map_err(|e| failed(database, e))?;
    Ok(rows)
}

/// Reads the tables of a backup. Returns what is wrong with them, a line each, and adds to the bytes that were read; those that `seen`
/// names were read for another backup.
pub(super) fn verify(backup: &Path, sums: &Sums, seen: &mut BTreeSet<PathBuf>, bytes: &mut u64) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, sum) in sums {
        let path = file(backup, name, sum);
        match check(&path, sum) {
            Ok(()) if seen.insert(path) => *bytes += sum.bytes,
            Ok(()) => {}
            Err(reason) => wrong.push(format!("{name}: {reason}")),
        }
    }
    wrong
}

/// Removes the files that none of these backups has.
pub(super) fn forget<'a>(backup: &Path, kept: impl Iterator<Item = &'a Sums>) -> Result<(), Error> {
    let kept: BTreeSet<PathBuf> =
        kept.flat_map(|sums| sums.iter().map(|(name, sum)| file(backup, name, sum))).collect();
    for name in TABLES {
        let folder = backup.join(name);
        for entry in fs::read_dir(&folder).map_err(|e| failed(&folder, e))? {
            let path = entry.map_err(|e| failed(&folder, e))?.path();
            if path.extension().is_some_and(|e| e == "parquet") && !kept.contains(&path) {
                fs::remove_file(&path).map_err(|e| failed(&path, e))?;
            }
        }
    }
    Ok(())
}

fn check(path: &Path, expected: &FileSum) -> Result<(), String> {
    let sum = File::open(path).and_then(|mut file| sync::sum(&mut file)).map_err(|e| e.to_string())?;
    if sum == *expected { Ok(()) } else { Err("it has another checksum".to_owned()) }
}

/// A path that is written to is no pattern.
fn quoted(path: &Path) -> String {
    path.to_string_lossy().replace('\'', "''")
}
