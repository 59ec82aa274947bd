//! Which functions a query may call.
//!
//! Table functions are what reads files, changes settings and takes raw pointers (`arrow_scan`): those that are not
//! listed here are refused. Functions of values only compute, but for a few, which are listed.

/// Table functions that only make or describe rows.
const TABLE_FUNCTIONS: &[&str] = &[
    "duckdb_columns",
    "duckdb_functions",
    "duckdb_keywords",
    "duckdb_types",
    "duckdb_views",
    "generate_series",
    "histogram",
    "histogram_values",
    "icu_calendar_names",
    "json_each",
    "json_tree",
    "pg_timezone_names",
    "pragma_version",
    "range",
    "repeat",
    "repeat_row",
    "summary",
    "unnest",
];

/// Functions of values that wait, write, remember, or take bytes for the inside of another function.
const REFUSED_FUNCTIONS: &[&str] =
    &["combine", "currval", "finalize", "getenv", "nextval", "pg_sleep", "setseed", "sleep_ms", "write_log"];

/// Whether a name stands for a table function that a query may call.
pub(super) fn is_harmless_table(name: &str) -> bool {
    TABLE_FUNCTIONS.binary_search(&name).is_ok()
}

/// Whether a name stands for a function of values, an aggregate or a window function that a query may call.
pub(super) fn is_harmless(name: &str) -> bool {
    !name.starts_with("__internal") && REFUSED_FUNCTIONS.binary_search(&name).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted() {
        assert!(TABLE_FUNCTIONS.is_sorted() && REFUSED_FUNCTIONS.is_sorted());
    }
}
