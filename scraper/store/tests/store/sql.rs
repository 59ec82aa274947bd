//! SQL of users: what it sees, and what it cannot do.

use crate::support::{all_of, batch, on_demand, open, series};
use procession_openmetrics::{Labels, LabelsBuilder};
use procession_store::{Error, SqlLimits, Store};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The rows of a query as text, one line each.
pub(crate) fn lines(store: &Store, sql: &str) -> Result<Vec<String>, Box<Error>> {
    let mut lines = Vec::new();
    store.sql(sql, &SqlLimits::default(), &|| false, &mut |rows| {
        let options = arrow_cast::display::FormatOptions::default().with_null("NULL");
        let columns = rows.columns().iter();
        let columns: Vec<_> =
            columns.map(|c| arrow_cast::display::ArrayFormatter::try_new(c, &options).unwrap()).collect();
        lines.extend(
            (0..rows.num_rows())
                .map(|row| columns.iter().map(|column| column.value(row).to_string()).collect::<Vec<_>>().join("|")),
        );
        Ok(())
    })?;
    Ok(lines)
}

fn labels(name: &str, pairs: &[(&str, &str)]) -> Labels {
    let mut builder = LabelsBuilder::default();
    builder.set("__name__", name);
    builder.set("instance", "h1");
    builder.set("job", "procession");
    for (name, value) in pairs {
        builder.set(name, value);
    }
    builder.build()
}

#[test]
fn sees_what_waits_what_is_hot_and_what_is_sealed() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let m = series("m", 0);
    let count = "SELECT count(*), min(ts), max(ts) FROM samples";
    assert_eq!(lines(&store, count).unwrap(), ["0|NULL|NULL"]);
    store.append(batch(&store, &[(&m, 1, Some(1.0))])).unwrap();
    store.seal().unwrap();
    store.append(batch(&store, &[(&m, 2, Some(2.0))])).unwrap();
    store.flush().unwrap();
    store.append(batch(&store, &[(&m, 3, None), (&series("new", 1), 3, Some(0.5))])).unwrap();
    assert_eq!(lines(&store, count).unwrap(), ["4|1|3"]);
    assert_eq!(
        lines(&store, "SELECT name, time, value, stale FROM samples ORDER BY ALL").unwrap(),
        [
            "m|1970-01-01T00:00:00.001|1.0|false",
            "m|1970-01-01T00:00:00.002|2.0|false",
            "m|1970-01-01T00:00:00.003|NULL|true",
            "new|1970-01-01T00:00:00.003|0.5|false",
        ]
    );
    assert_eq!(lines(&store, "SELECT name, labels FROM series ORDER BY name").unwrap().len(), 2);
    // The order that is asked for is kept over more rows than are handed on at once.
    let sorted = lines(&store, "SELECT x FROM range(100000) t(x) ORDER BY x DESC").unwrap();
    assert!(sorted.iter().map(|x| x.parse::<u32>().unwrap()).eq((0..100_000).rev()));
}

#[test]
fn a_row_for_each_process_and_moment() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let of = |name: &str, more: &[(&str, &str)]| labels(name, &[&[("pid", "7"), ("group", "db")], more].concat());
    let info = |name: &str| of("proc_info", &[("name", name), ("user", "u"), ("executable", "/x"), ("ppid", "1")]);
    let cpu = |mode: &str| of("proc_cpu_seconds_total", &[("mode", mode)]);
    let state = |state: &str| of("proc_state", &[("state", state)]);
    let memory = of("proc_resident_memory_bytes", &[]);
    let start = of("proc_start_time_seconds", &[]);
    let (user, system, one, other) = (cpu("user"), cpu("system"), info("one"), info("other"));
    let (running, sleeping) = (state("running"), state("sleeping"));
    let mut rows = Vec::new();
    for (t, name, was) in [(1000, &one, None), (2000, &other, Some(&one))] {
        rows.extend([(name, t, Some(1.0)), (&user, t, Some(t as f64)), (&system, t, Some(1.0))]);
        rows.extend([(&memory, t, Some(50.0)), (&start, t, Some(0.5))]);
        rows.extend(was.map(|was| (was, t, None)));
    }
    rows.extend([(&running, 1000, Some(1.0)), (&running, 2000, None), (&sleeping, 2000, Some(1.0))]);
    rows.extend([&other, &user, &system, &memory, &start, &sleeping].map(|l| (l, 3000, None)));
    // Not of a process at all.
    let foreign = labels("proc_threads", &[]);
    rows.push((&foreign, 1000, Some(1.0)));
    rows.sort_by_key(|row| row.1);
    store.append(batch(&store, &rows)).unwrap();
    let few = "SELECT ts, host, pid, \"group\", name, \"user\", state, cpu_seconds, resident_bytes, started, ended \
               FROM processes ORDER BY ts";
    let expected = [
        "1000|h1|7|db|one|u|running|1001.0|50.0|1970-01-01T00:00:00.500|false",
        "2000|h1|7|db|other|u|sleeping|2001.0|50.0|1970-01-01T00:00:00.500|false",
        "3000|h1|7|db|NULL|NULL|NULL|NULL|NULL|NULL|true",
    ];
    assert_eq!(lines(&store, few).unwrap(), expected);
    store.seal().unwrap();
    assert_eq!(lines(&store, few).unwrap(), expected, "from a block");
    // With all columns the rows are the same; and so they are for others who open the files.
    let all = few.replace("FROM processes", "FROM (FROM processes)");
    assert_eq!(lines(&store, &all).unwrap(), expected);
    store.close().unwrap();
    let outside = duckdb::Connection::open(dir.path().join("head.duckdb")).unwrap();
    let sum: (i64, f64) = outside
        .query_row("SELECT count(*), sum(cpu_seconds) FROM processes", [], |r| Ok((r.get(0)?, r.get(1)?)))
        .unwrap();
    assert_eq!(sum, (3, 3002.0));
}

#[test]
fn a_row_for_each_group_and_moment() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let of = |name: &str, more: &[(&str, &str)]| labels(name, &[&[("group", "db")], more].concat());
    let (a, b) =
        (of("proc_group_processes", &[("state", "running")]), of("proc_group_processes", &[("state", "idle")]));
    let cpu = of("proc_group_cpu_seconds_total", &[("mode", "user")]);
    let system = of("proc_group_cpu_seconds_total", &[("mode", "system")]);
    store
        .append(batch(&store, &[(&a, 1, Some(2.0)), (&b, 1, Some(1.0)), (&cpu, 1, Some(3.0)), (&system, 1, Some(4.0))]))
        .unwrap();
    store.append(batch(&store, &[(&a, 2, None), (&b, 2, None), (&cpu, 2, None), (&system, 2, None)])).unwrap();
    let sql = "SELECT ts, host, \"group\", processes, cpu_seconds, resident_bytes, ended FROM groups ORDER BY ts";
    assert_eq!(lines(&store, sql).unwrap(), ["1|h1|db|3.0|7.0|NULL|false", "2|h1|db|NULL|NULL|NULL|true"]);
    assert_eq!(lines(&store, "SELECT count(*) FROM groups").unwrap(), ["2"]);
}

/// Reads nothing but the store, changes nothing, and says so.
#[test]
fn is_fenced() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.append(batch(&store, &[(&series("m", 0), 1, Some(1.0))])).unwrap();
    store.seal().unwrap();
    let secret = dir.path().join("secret.csv");
    std::fs::write(&secret, "password\n").unwrap();
    let secret = secret.display();
    let block = dir.path().join("blocks/0000000001/samples.parquet");
    let before = std::fs::read(&block).unwrap();
    let block = block.display();
    for (sql, expected) in [
        (format!("FROM read_csv('{secret}')"), "the table function read_csv cannot be called here"),
        (format!("FROM '{secret}'"), "files cannot be read here"),
        ("FROM 'secret.csv'".to_owned(), "Permission Error: Cannot access file"),
        (format!("FROM '{block}'"), "files cannot be read here"),
        (format!("COPY (SELECT 1) TO '{block}'"), "only SELECT"),
        ("SET enable_external_access = true".to_owned(), "only SELECT"),
        ("SELECT 1; SELECT 2".to_owned(), "one statement at a time"),
        ("SELECT nope FROM samples".to_owned(), "Binder Error: Referenced column \"nope\" not found"),
        ("FROM head_commit".to_owned(), "Catalog Error: Table with name head_commit does not exist"),
        ("SELECT $1".to_owned(), "parameter"),
        ("SELECT 'x'::INT".to_owned(), "Conversion Error"),
    ] {
        let message = lines(&store, &sql).expect_err(&sql).to_string();
        assert!(message.contains(expected), "{sql}: {message}");
        assert!(!message.contains("password"), "{sql}: {message}");
    }
    assert_eq!(std::fs::read(dir.path().join("blocks/0000000001/samples.parquet")).unwrap(), before);
    // Where the fence is thought away, the instance itself still refuses.
    assert_eq!(
        lines(&store, "SELECT current_setting('lock_configuration'), current_setting('enable_external_access')")
            .unwrap(),
        ["true|false"]
    );
    let message = lines(&store, "SELECT nope\n, 1 FROM samples").unwrap_err().to_string();
    assert!(message.contains("\n\nLINE 1: SELECT nope"), "it shows where: {message}");
}

#[test]
fn takes_no_more_than_its_share() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let run = |sql: &str, limits: SqlLimits| {
        store.sql(sql, &limits, &|| false, &mut |_| Ok(())).map_err(|error| error.to_string())
    };
    let limits = SqlLimits { memory_bytes: 20 << 20, temp_bytes: 1 << 20, ..SqlLimits::default() };
    let message = run("SELECT list(x) FROM range(50000000) t(x)", limits).unwrap_err();
    assert!(message.starts_with("Out of Memory Error"), "{message}");
    // What is scraped and asked at the same time does not notice.
    let up = series("up", 0);
    store.append(batch(&store, &[(&up, 1, Some(1.0))])).unwrap();
    store.flush().unwrap();
    assert_eq!(all_of(&store, "up"), [(up, vec![(1, Some(1.0))])]);
    let limits = SqlLimits { max_rows: 1000, ..SqlLimits::default() };
    assert_eq!(run("FROM range(1000)", limits), Ok(()));
    assert_eq!(
        run("FROM range(1001)", limits).unwrap_err(),
        "the query returns more than 1000 rows: add a LIMIT, or ask for less"
    );
    assert!(std::fs::read_dir(dir.path().join("spill")).map_or(0, Iterator::count) == 0, "nothing is left behind");
}

#[test]
fn ends_when_it_is_told_to() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    // Hours, were it not stopped; before its first row, and between rows.
    for sql in [
        "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE hash(a.range, b.range) = 7",
        "FROM range(1000000000000)",
    ] {
        let asked = AtomicUsize::new(0);
        let stop = || asked.fetch_add(1, Ordering::Relaxed) > 30;
        let limits = SqlLimits { max_rows: usize::MAX, ..SqlLimits::default() };
        let error = store.sql(sql, &limits, &stop, &mut |_| Ok(())).unwrap_err();
        assert!(matches!(error, Error::SqlStopped), "{error}");
    }
    let mut told = 0;
    let error = store
        .sql("FROM range(1000000)", &SqlLimits::default(), &|| false, &mut |_| {
            told += 1;
            Err(std::io::Error::other("nobody listens"))
        })
        .unwrap_err();
    assert_eq!((told, error.to_string().as_str()), (1, "nobody listens"));
}

#[test]
fn every_type_can_be_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), on_demand()).unwrap();
    for sql in [
        "SELECT 1::HUGEINT, 1::UHUGEINT, 1.5::DECIMAL(9,3), 'x'::BLOB, uuid(), DATE '2026-01-01', TIME '12:00:00'",
        "SELECT INTERVAL 1 DAY, TIMESTAMP '2026-01-01 00:00:00', [1, 2], {'a': 1}, MAP {'k': 'v'}, 'a'::ENUM('a', 'b')",
        "SELECT TIMESTAMPTZ '2026-01-01 00:00:00+00', TIMETZ '12:00:00+01', '1010'::BIT, NULL, [1, 2]::INT[2]",
        "SELECT TIMESTAMP_NS '2026-01-01 00:00:00', TIMESTAMP_S '2026-01-01 00:00:00', union_value(a := 1), '{}'::JSON",
        "SELECT 1::BIGNUM",
        "SELECT 1::VARIANT",
        "SELECT 1 AS a, 2 AS a",
    ] {
        // A type that has no form outside is an error, never a panic.
        if let Err(error) = lines(&store, sql) {
            println!("{sql}: {error}");
        }
    }
}

#[test]
fn the_catalogue_says_what_columns_mean() {
    let dir = tempfile::tempdir().unwrap();
    let sql = "SELECT comment FROM DuckDB_columns() WHERE column_name = 'time' AND table_name IN ('groups', 'samples')";
    assert_eq!(lines(&open(dir.path()), sql).unwrap(), ["When, UTC"; 2]);
}

#[test]
fn what_does_not_fit_into_memory_goes_to_disk_and_away_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let sorted =
        "SELECT max(n), sum(x) FROM (SELECT x, row_number() OVER (ORDER BY hash(x)) AS n FROM range(2000000) t(x))";
    let limits = SqlLimits { memory_bytes: 16 << 20, threads: 1, ..SqlLimits::default() };
    let mut rows = 0;
    let told = store.sql(sorted, &limits, &|| false, &mut |batch| {
        rows += batch.num_rows();
        Ok(())
    });
    assert_eq!((told.map_err(|error| error.to_string()), rows), (Ok(()), 1));
    assert_eq!(std::fs::read_dir(dir.path().join("spill")).unwrap().count(), 0, "nothing is left behind");
}
