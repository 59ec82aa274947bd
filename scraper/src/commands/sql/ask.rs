//! The query goes to a scraper.

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
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // Only the first provider of a process counts; a second is no error.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let url = format!("{}/api/v1/sql", server.trim_end_matches('/'));
        let name = format.unwrap_or(Format::Arrow).name();
        let request = reqwest::Client::builder().build()?.post(&url).form(&[("query", query), ("format", name)]);
        let mut response = request.send().await.with_context(|| format!("cannot ask {server}"))?;
        if !response.status().is_success() {
            let status = response.status();
            let body = response.text().await.unwrap_or_default();
            let said = serde_json::from_str::<serde_json::Value>(&body).ok();
            let said = said.and_then(|v| v["error"].as_str().map(str::to_owned));
            anyhow::bail!("{}", said.unwrap_or_else(|| format!("{server} answered {status}")));
        }
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
