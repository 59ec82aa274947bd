//! The views `processes` and `groups`: a row for each process (group) and moment, its metrics as columns.
//!
//! A day of 300 processes is 33 million samples, and putting them together in rows costs in proportion to how many
//! metrics are looked at. DuckDB cannot leave out those that nobody asks for, since they are rows; so a view is written
//! for each query, with those that it names: measured (two busy cores, a day, 1.7 million rows), the highest memory of
//! each group took 2 s this way and 50 s with all metrics.

use std::fmt::Write;

/// A column: what it is called, the metric, the label that tells it from the metric's other series, what it says.
struct Column {
    name: &'static str,
    metric: &'static str,
    label: Option<(&'static str, &'static str)>,
    comment: &'static str,
}

const fn column(name: &'static str, metric: &'static str, comment: &'static str) -> Column {
    Column { name, metric, label: None, comment }
}

const fn part(
    name: &'static str,
    metric: &'static str,
    label: (&'static str, &'static str),
    comment: &'static str,
) -> Column {
    Column { name, metric, label: Some(label), comment }
}

/// A view.
struct Wide {
    name: &'static str,
    comment: &'static str,
    /// The metric that is there exactly as long as what the row is about.
    base: &'static str,
    /// What tells rows of one moment apart, as SQL over the labels of a series.
    keys: &'static [(&'static str, &'static str)],
    /// Labels of the base's series.
    texts: &'static [&'static str],
    /// The metric with one series for each state.
    states: &'static str,
    /// A column over the states.
    state: (&'static str, &'static str, &'static str),
    columns: &'static [Column],
    /// Columns made of others, which each must be named.
    derived: &'static [(&'static str, &'static [&'static str], &'static str, &'static str)],
}

const PROCESSES: Wide = Wide {
    name: "processes",
    comment: "One row for each process and moment; counters count from the start of the process",
    base: "proc_info",
    keys: &[
        ("job", "labels['job']"),
        ("host", "labels['instance']"),
        ("pid", "try_cast(labels['pid'] AS INTEGER)"),
        ("group", "labels['group']"),
    ],
    texts: &["name", "user", "executable", "ppid", "unit", "container"],
    states: "proc_state",
    state: ("state", "max(text_state) FILTER (metric = 1 AND NOT stale)", "running, sleeping, disk_sleep, ..."),
    columns: &[
        part("cpu_user_seconds", "proc_cpu_seconds_total", ("mode", "user"), "CPU time in programs"),
        part("cpu_system_seconds", "proc_cpu_seconds_total", ("mode", "system"), "CPU time in the kernel"),
        column("resident_bytes", "proc_resident_memory_bytes", "Resident memory"),
        column("virtual_bytes", "proc_virtual_memory_bytes", "Virtual memory"),
        column("swap_bytes", "proc_swap_memory_bytes", "Swapped out memory"),
        column("read_bytes", "proc_read_bytes_total", "Fetched from storage since the start"),
        column("written_bytes", "proc_written_bytes_total", "Sent to storage since the start"),
        column("threads", "proc_threads", "Threads"),
        column("open_fds", "proc_open_fds", "Open file descriptors"),
        column("fd_limit", "proc_fd_limit", "Soft limit of open file descriptors"),
        part("minor_faults", "proc_page_faults_total", ("kind", "minor"), "Page faults without input or output"),
        part("major_faults", "proc_page_faults_total", ("kind", "major"), "Page faults with input or output"),
        part(
            "voluntary_switches",
            "proc_context_switches_total",
            ("kind", "voluntary"),
            "Times that the main thread waited",
        ),
        part(
            "involuntary_switches",
            "proc_context_switches_total",
            ("kind", "involuntary"),
            "Times that the main thread was made to wait",
        ),
        column("start_seconds", "proc_start_time_seconds", "When it started, in seconds since 1970"),
    ],
    derived: &[
        (
            "cpu_seconds",
            &["cpu_user_seconds", "cpu_system_seconds"],
            "cpu_user_seconds + cpu_system_seconds",
            "CPU time since the start",
        ),
        (
            "started",
            &["start_seconds"],
            "try(make_timestamp(CAST(start_seconds * 1000000 AS BIGINT)))",
            "When it started, UTC; with host and pid it tells processes apart",
        ),
    ],
};

const GROUPS: Wide = Wide {
    name: "groups",
    comment: "One row for each group of processes and moment; counters only grow, also when processes end",
    base: "proc_group_processes",
    keys: &[("job", "labels['job']"), ("host", "labels['instance']"), ("group", "labels['group']")],
    texts: &[],
    states: "proc_group_processes",
    state: ("processes", "sum(value) FILTER (metric IN (0, 1))", "How many processes it has"),
    columns: &[
        part("cpu_user_seconds", "proc_group_cpu_seconds_total", ("mode", "user"), "CPU time in programs"),
        part("cpu_system_seconds", "proc_group_cpu_seconds_total", ("mode", "system"), "CPU time in the kernel"),
        column("resident_bytes", "proc_group_resident_memory_bytes", "Resident memory"),
        column("virtual_bytes", "proc_group_virtual_memory_bytes", "Virtual memory"),
        column("swap_bytes", "proc_group_swap_memory_bytes", "Swapped out memory"),
        column("read_bytes", "proc_group_read_bytes_total", "Fetched from storage"),
        column("written_bytes", "proc_group_written_bytes_total", "Sent to storage"),
        column("threads", "proc_group_threads", "Threads"),
        column("open_fds", "proc_group_open_fds", "Open file descriptors"),
        part("minor_faults", "proc_group_page_faults_total", ("kind", "minor"), "Page faults without input or output"),
        part("major_faults", "proc_group_page_faults_total", ("kind", "major"), "Page faults with input or output"),
        column("starts", "proc_group_starts_total", "Processes that were seen for the first time"),
        column("exits", "proc_group_exits_total", "Processes that have ended"),
        column("oldest_start_seconds", "proc_group_oldest_start_time_seconds", "Start of the oldest living process"),
    ],
    derived: &[(
        "cpu_seconds",
        &["cpu_user_seconds", "cpu_system_seconds"],
        "cpu_user_seconds + cpu_system_seconds",
        "CPU time",
    )],
};

/// The statements that make both views with all columns.
pub(crate) fn all_columns_sql() -> String {
    views_sql(|_| true, true)
}

/// The statements that make both views. Columns that are not used are there and NULL.
pub(super) fn views_sql(is_used: impl Fn(&str) -> bool, has_comments: bool) -> String {
    view_sql(&PROCESSES, &is_used, has_comments) + &view_sql(&GROUPS, &is_used, has_comments)
}

fn view_sql(wide: &Wide, is_used: &dyn Fn(&str) -> bool, has_comments: bool) -> String {
    let is_used = |name: &str| {
        is_used(name) || wide.derived.iter().any(|(derived, of, ..)| of.contains(&name) && is_used(derived))
    };
    let mut metrics = vec![wide.base];
    let mut codes = format!("WHEN name = '{}' THEN 0", wide.base);
    if wide.states != wide.base && is_used(wide.state.0) {
        metrics.push(wide.states);
        // Writing into a String cannot fail.
        let _ = write!(codes, " WHEN name = '{}' THEN 1", wide.states);
    }
    let mut values = String::new();
    for (code, column) in (2..).zip(wide.columns) {
        let name = column.name;
        if is_used(name) {
            metrics.push(column.metric);
            let label = column.label.map(|(l, v)| format!(" AND labels['{l}'] = '{v}'")).unwrap_or_default();
            let _ = write!(codes, " WHEN name = '{}'{label} THEN {code}", column.metric);
            let _ = write!(values, ", max(value) FILTER (metric = {code}) AS {name}");
        } else {
            let _ = write!(values, ", NULL::DOUBLE AS {name}");
        }
    }
    metrics.sort_unstable();
    metrics.dedup();
    let listed = metrics.iter().map(|m| format!("'{m}'")).collect::<Vec<_>>().join(", ");
    let each = |write: &dyn Fn(&str, &str) -> String| wide.keys.iter().map(|(n, s)| write(n, s)).collect::<String>();
    let labels = each(&|name, sql| format!(", {sql} AS \"{name}\""));
    let keys = each(&|name, _| format!(", \"{name}\""));
    let texts: String = wide.texts.iter().map(|t| format!(", labels['{t}'] AS text_{t}")).collect();
    let said: String =
        wide.texts.iter().map(|t| format!(", max(text_{t}) FILTER (metric = 0 AND NOT stale) AS \"{t}\"")).collect();
    let (state, state_sql, state_comment) = wide.state;
    let state_sql = if is_used(state) { state_sql } else { "NULL" };
    let state_type = if wide.states == wide.base { "DOUBLE" } else { "VARCHAR" };
    let derived: String = wide.derived.iter().map(|(name, _, sql, _)| format!(", {sql} AS {name}")).collect();
    let name = wide.name;
    let mut sql = format!(
        "CREATE OR REPLACE VIEW {name} AS SELECT *{derived} FROM (
         SELECT make_timestamp_ms(ts) AS time{keys}{said}, ({state_sql})::{state_type} AS {state}{values},
         bool_and(stale) FILTER (metric = 0) AS ended, ts
         FROM stored_samples JOIN (
             SELECT series_id{labels}{texts}, labels['state'] AS text_state, (CASE {codes} ELSE 255 END)::UTINYINT AS metric
             FROM stored_series WHERE name IN ({listed})
         ) USING (series_id)
         GROUP BY ts{keys} HAVING bool_or(metric = 0));"
    );
    if !has_comments {
        return sql;
    }
    let _ = write!(sql, "COMMENT ON VIEW {name} IS '{}';", wide.comment);
    let described = wide.columns.iter().map(|c| (c.name, c.comment));
    let described = described.chain(wide.derived.iter().map(|(name, _, _, comment)| (*name, *comment)));
    let common = [
        ("time", "When, UTC"),
        ("ts", "When, in milliseconds since 1970; quick to filter by"),
        ("ended", "It was gone at this moment: its metrics are NULL"),
        (state, state_comment),
    ];
    for (column, comment) in described.chain(common) {
        let _ = write!(sql, "COMMENT ON COLUMN {name}.\"{column}\" IS '{comment}';");
    }
    sql
}
