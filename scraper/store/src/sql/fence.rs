//! What a text may say.
//!
//! DuckDB's parser reads it and gives its tree as JSON (`json_serialize_sql`), which it does only for what it calls a
//! SELECT. In that tree are all functions that the text calls and all columns that it names.

use super::functions::{is_harmless, is_harmless_table};
use crate::Error;
use crate::error::one_line;
use duckdb::Connection;
use serde_json::Value;
use std::collections::HashSet;

/// The longest text.
const MAX_BYTES: usize = 1 << 20;

/// What an accepted text names.
#[derive(Debug, Default)]
pub(super) struct Named {
    /// It may mean columns that it does not name: `*`, a whole row, `SUMMARIZE`.
    any: bool,
    /// Columns, in lower case.
    columns: HashSet<String>,
    /// Tables and their aliases, in lower case.
    tables: HashSet<String>,
}

impl Named {
    /// Whether the text may use a column.
    pub(super) fn uses(&self, column: &str) -> bool {
        self.any || self.columns.contains(column)
    }

    /// Whether the text may read one of these tables or views.
    pub(super) fn reads(&self, tables: &[&str]) -> bool {
        tables.iter().any(|table| self.tables.contains(*table))
    }
}

/// Looks at a text with the parser of a connection, which runs nothing of it.
///
/// # Errors
/// It is not one SELECT, it is none at all (with the place of the mistake), or it calls what is not allowed.
pub(super) fn check(connection: &Connection, text: &str) -> Result<Named, Error> {
    if text.len() > MAX_BYTES {
        return Err(Error::SqlInvalid(format!("the query has {} bytes, more than {MAX_BYTES}", text.len())));
    }
    if let Some(at) = text.find('\0') {
        let at = text[..at].chars().count();
        return Err(Error::SqlInvalid(format!("{}: a query has no zero bytes", Place::of(text, at))));
    }
    let tree: String = connection
        .query_row("SELECT json_serialize_sql(?::VARCHAR)", [text], |row| row.get(0))
        .map_err(|error| Error::SqlInvalid(one_line(error)))?;
    let tree: Value =
        serde_json::from_str(&tree).map_err(|_| Error::SqlInvalid("the query is nested too deeply".to_owned()))?;
    if tree["error"] == true {
        let message = tree["error_message"].as_str().unwrap_or_default();
        if tree["error_type"] == "not implemented" {
            return Err(Error::SqlRefused(
                "only SELECT statements can be run here; they read, nothing else".to_owned(),
            ));
        }
        let place = tree["position"].as_str().and_then(|p| p.parse().ok()).map(|at| Place::of(text, at));
        let place = place.map(|p| format!("{p}: ")).unwrap_or_default();
        return Err(Error::SqlInvalid(format!("{place}Parser Error: {message}")));
    }
    match tree["statements"].as_array().map_or(0, Vec::len) {
        0 => return Err(Error::SqlInvalid("the query is empty".to_owned())),
        1 => {}
        many => return Err(Error::SqlRefused(format!("one statement at a time: these are {many}"))),
    }
    let mut named = Named::default();
    walk(&tree["statements"], &mut named)?;
    // A table's name where a column's could stand is its whole row.
    named.any |= named.columns.iter().any(|column| named.tables.contains(column));
    Ok(named)
}

/// Goes through everything in the tree, which serde_json has bounded in depth.
fn walk(value: &Value, named: &mut Named) -> Result<(), Error> {
    let fields = match value {
        Value::Array(items) => return items.iter().try_for_each(|item| walk(item, named)),
        Value::Object(fields) => fields,
        _ => return Ok(()),
    };
    let kind = fields.get("type").and_then(Value::as_str).unwrap_or_default();
    let lower = |key: &str| fields.get(key).and_then(Value::as_str).map(str::to_lowercase);
    if kind == "TABLE_FUNCTION" {
        let name = fields.get("function").and_then(|f| f["function_name"].as_str()).unwrap_or_default().to_lowercase();
        if !is_harmless_table(&name) {
            return Err(Error::SqlRefused(format!("the table function {name} cannot be called here")));
        }
    }
    if let Some(name) =
        fields.get("table_name").and_then(Value::as_str).filter(|name| kind == "BASE_TABLE" && is_file(name))
    {
        return Err(Error::SqlRefused(format!("files cannot be read here, nor can {name}")));
    }
    if let Some(name) = lower("function_name").filter(|name| !is_harmless(name)) {
        return Err(Error::SqlRefused(format!("the function {name} cannot be called here")));
    }
    let is_expression = fields.contains_key("class");
    named.any |= (is_expression && kind == "STAR")
        || matches!(kind, "SHOW_REF" | "PIVOT")
        || fields.get("ref_type").and_then(Value::as_str) == Some("NATURAL");
    if !is_expression {
        named.tables.extend(["alias", "table_name"].into_iter().filter_map(lower).filter(|name| !name.is_empty()));
        // The names of common table expressions.
        named.tables.extend(lower("key"));
    }
    let names = |key: &str| fields.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    // What stands before it is the table; no column of the wide views has parts.
    named.columns.extend(names("column_names").next_back().map(str::to_lowercase));
    named.columns.extend(names("using_columns").map(str::to_lowercase));
    fields.values().try_for_each(|field| walk(field, named))
}

/// Whether DuckDB may take a table's name for a file's: also those of blocks, which it may read, are not read past the views
/// that were checked. Relative names it looks for where the process was started: there it may read nothing.
fn is_file(name: &str) -> bool {
    name.contains(['/', '\\'])
}

/// A line and column, from 1, in characters.
struct Place {
    line: usize,
    column: usize,
}

impl Place {
    /// Of a character, as DuckDB counts: from 0.
    fn of(text: &str, at: usize) -> Place {
        text.chars().take(at).fold(Place { line: 1, column: 1 }, |place, c| match c {
            '\n' => Place { line: place.line + 1, column: 1 },
            _ => Place { column: place.column + 1, ..place },
        })
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

#[cfg(test)]
mod tests;
