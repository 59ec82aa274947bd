//! Copying blocks, with what their bytes must add up to.

use super::{Stop, failed};
use crate::Error;
use crate::blocks::{Block, META_FILE, Meta, read_block, sync};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;

/// Read and written at once.
const PIECE_BYTES: usize = 1 << 18;

/// Copies a block into a folder of blocks, unless it is there. Returns how many bytes that were; 0 where it was there.
///
/// # Errors
/// It cannot be read or written, has not the checksums that it should have, or another block of this number is there.
pub(super) fn copy_block(block: &Block, to: &Path, stop: Stop<'_>) -> Result<u64, Error> {
    let name = format!("{:010}", block.meta.number);
    let finished = to.join(&name);
    if finished.exists() {
        return match read_block(&finished, block.meta.number, 0) {
            Ok(meta) if meta == block.meta => Ok(0),
            Ok(_) => Err(failed(&finished, "another block of this number is there: the folder is of another store")),
            Err(reason) => {
                Err(failed(&finished, format!("the copy of an earlier backup is damaged ({reason}): remove it")))
            }
        };
    }
    let unfinished = to.join(format!("{}{name}", sync::UNFINISHED));
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(|e| failed(&unfinished, e))?;
    }
    fs::create_dir(&unfinished).map_err(|e| failed(&unfinished, e))?;
    let copied = copy_files(&block.folder, &block.meta, &unfinished, stop);
    let copied = copied.and_then(|()| {
        fs::rename(&unfinished, &finished).and_then(|()| sync::folder(to)).map_err(|e| failed(&finished, e))
    });
    if copied.is_err() {
        let _ = fs::remove_dir_all(&unfinished);
    }
    copied.map(|()| block.meta.bytes())
}

fn copy_files(from: &Path, meta: &Meta, to: &Path, stop: Stop<'_>) -> Result<(), Error> {
    for (name, expected) in meta.files() {
        let (source, target) = (from.join(name), to.join(name));
        copy_file(&source, &target, stop)?;
        // What was written, read again: a disk that takes other bytes is found out now.
        let sum = sync::seal_file(&target).map_err(|e| failed(&target, e))?;
        if sum != *expected {
            return Err(failed(&source, "it has another checksum: the block is damaged"));
        }
    }
    let text = serde_json::to_vec_pretty(meta).map_err(|e| failed(to, e))?;
    sync::write_file(&to.join(META_FILE), &text).map_err(|e| failed(to, e))
}

fn copy_file(from: &Path, to: &Path, stop: Stop<'_>) -> Result<(), Error> {
    let mut source = File::open(from).map_err(|e| failed(from, e))?;
    let mut target = File::create(to).map_err(|e| failed(to, e))?;
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        if stop() {
            return Err(failed(to, "stopped"));
        }
        match source.read(&mut piece).map_err(|e| failed(from, e))? {
            0 => return Ok(()),
            read => target.write_all(&piece[..read]).map_err(|e| failed(to, e))?,
        }
    }
}
