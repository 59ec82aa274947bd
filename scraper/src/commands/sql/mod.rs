//! `sql`: a query to a running scraper, or to a folder that none runs on.

mod ask;
mod table;

use crate::rows::{Format, RowWriter};
use anyhow::Context;
use procession_store::{Options, SqlLimits, Store};
use std::io::{self, IsTerminal, Read, Write};
use std::path::PathBuf;
use table::Table;

/// Flags of `sql`.
#[derive(Clone, Debug, clap::Args)]
pub struct Sql {
    /// The scraper to ask; http://USER:PASSWORD@HOST:PORT where it wants a password
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9957", conflicts_with = "storage_path")]
    pub server: String,
    /// A storage folder that no scraper runs on, to be asked without one
    #[arg(long = "storage.path", value_name = "DIR")]
    pub storage_path: Option<PathBuf>,
    /// The form of the rows
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
    pub format: Shown,
    /// The query, one SELECT; `-` reads it from standard input
    #[arg(value_name = "QUERY")]
    pub query: String,
}

/// How rows are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Shown {
    /// Columns for people, 10,000 rows at most.
    Table,
    /// An array of objects.
    Json,
    /// An object on each line.
    Ndjson,
    /// Comma-separated, with a line of names.
    Csv,
    /// A Parquet file.
    Parquet,
    /// A stream of Arrow's IPC format.
    Arrow,
}

impl Shown {
    fn format(self) -> Option<Format> {
        match self {
            Shown::Table => None,
            Shown::Json => Some(Format::Json),
            Shown::Ndjson => Some(Format::Ndjson),
            Shown::Csv => Some(Format::Csv),
            Shown::Parquet => Some(Format::Parquet),
            Shown::Arrow => Some(Format::Arrow),
        }
    }
}

impl Sql {
    /// Runs the query and writes its rows to standard output.
    pub fn run(&self) -> anyhow::Result<()> {
        let out = io::stdout();
        let binary = matches!(self.format, Shown::Parquet | Shown::Arrow);
        anyhow::ensure!(
            !(binary && out.is_terminal()),
            "this form is not for a terminal: send it to a file with > FILE"
        );
        self.write(io::BufWriter::new(out))
    }

    fn write(&self, mut out: impl Write + Send) -> anyhow::Result<()> {
        let mut query = self.query.clone();
        if query == "-" {
            query.clear();
            io::stdin().read_to_string(&mut query).context("cannot read the query from standard input")?;
        }
        match &self.storage_path {
            Some(folder) => {
                let store = open(folder)?;
                let result = local(&store, &query, self.format.format(), &mut out);
                store.close()?;
                result
            }
            None => ask::ask(&self.server, &query, self.format.format(), &mut out),
        }
    }
}

fn open(folder: &std::path::Path) -> anyhow::Result<Store> {
    // Opening makes a store where there is none, which a reader must not.
    anyhow::ensure!(folder.join("head.duckdb").is_file(), "the folder {} holds no store", folder.display());
    // Retention is the scraper's to apply, with the age that it was told.
    let options = Options { retention: None, rollup_retention: None, ..Options::default() };
    Ok(Store::open(folder, options)?)
}

fn local(store: &Store, query: &str, format: Option<Format>, out: &mut (impl Write + Send)) -> anyhow::Result<()> {
    let limits = SqlLimits { max_rows: usize::MAX, ..SqlLimits::default() };
    match format {
        Some(format) => {
            let mut writer = RowWriter::new(format, out);
            store.sql(query, &limits, &|| false, &mut |rows| writer.write(rows))?;
            writer.finish()?.flush()?;
        }
        None => {
            let table = Table::default();
            let asked = store.sql(query, &limits, &|| table.is_full(), &mut |rows| table.add(rows));
            // It was stopped because there is enough.
            if !table.is_full() {
                asked?;
            }
            table.write(out)?;
        }
    }
    Ok(())
}
