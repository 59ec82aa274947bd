//! The query goes to a scraper.

use super::super::server::{block_on, post};
use super::table::Table;
use crate::rows::Format;
use anyhow::Context;
use std::io::{Cursor, Write};

/// Asks a scraper and writes its rows: as they come, or as a table when all are there.
pub(super) fn ask(
    server: &str,
    query: &str,
    format: Option<Format>,
    out: &mut (impl Write + Send),
) -> anyhow::Result<()> {
    block_on(async {
        let name = format.unwrap_or(Format::Arrow).name();
        let mut response = post(server, "/api/v1/sql", &[("query", query), ("format", name)]).await?;
        let mut all = Vec::new();
        let broken = "the answer broke off: the log of the scraper says why";
        while let Some(piece) = response.chunk().await.context(broken)? {
            match format {
                Some(_) => out.write_all(&piece)?,
                None => all.extend_from_slice(&piece),
            }
        }
        if format.is_none() {
            let table = Table::default();
            for rows in arrow_ipc::reader::StreamReader::try_new(Cursor::new(all), None)? {
                table.add(&rows?)?;
            }
            table.write(out)?;
        }
        Ok(out.flush()?)
    })
}
