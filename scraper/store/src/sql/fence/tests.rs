use super::*;

fn named(text: &str) -> Named {
    check(&Connection::open_in_memory().unwrap(), text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn columns_that_a_text_names_are_known() {
    let check = |text: &str, used: bool| assert_eq!(named(text).uses("threads"), used, "{text}");
    check("SELECT max(resident_bytes) AS m FROM processes GROUP BY name ORDER BY m", false);
    check("SELECT count(*) FROM processes", false);
    check("SELECT pid FROM processes WHERE Threads > 3", true);
    check("SELECT p.threads FROM processes p", true);
    check("SELECT pid FROM processes ORDER BY threads", true);
    check("SELECT (SELECT max(threads) FROM processes)", true);
    check("WITH x AS (SELECT threads AS n FROM processes) SELECT n FROM x", true);
    check("SELECT a.pid FROM processes a JOIN processes b USING (pid, threads)", true);
    // Where it may be meant without its name.
    check("FROM processes", true);
    check("SELECT p.* FROM processes p", true);
    check("SELECT p FROM processes p", true);
    check("SELECT processes FROM processes", true);
    check("SELECT main.processes FROM processes", true);
    check("WITH w AS (FROM processes) SELECT w FROM w", true);
    check("SELECT COLUMNS('thr.*') FROM processes", true);
    check("SUMMARIZE processes", true);
    check("SELECT a.pid FROM processes a NATURAL JOIN processes b", true);
    check("PIVOT processes ON state IN ('running') USING count(*)", true);
    check("UNPIVOT processes ON read_bytes, written_bytes", true);
}

#[test]
fn what_is_no_select_is_refused() {
    let connection = Connection::open_in_memory().unwrap();
    let said = |text: &str| check(&connection, text).expect_err(text).to_string();
    for text in [
        "INSERT INTO series VALUES (1, 'x', MAP {})",
        "DELETE FROM samples",
        "DROP VIEW samples",
        "CREATE TABLE x AS SELECT 1",
        "COPY (SELECT 1) TO '/tmp/x'",
        "COPY head_samples FROM '/etc/passwd'",
        "ATTACH '/tmp/x.duckdb'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "RESET threads",
        "PRAGMA database_list",
        "CALL checkpoint()",
        "CHECKPOINT",
        "EXPORT DATABASE '/tmp/x'",
        "BEGIN",
        "USE memory",
        "PREPARE p AS SELECT 1",
        "EXECUTE p",
        "EXPLAIN ANALYZE SELECT 1",
        "VACUUM",
        "CREATE MACRO f() AS 1",
        "CREATE SECRET (TYPE s3)",
        "SELECT 1; DROP VIEW samples",
    ] {
        assert_eq!(said(text), "only SELECT statements can be run here; they read, nothing else", "{text}");
    }
    assert_eq!(said("SELECT 1; SELECT 2"), "one statement at a time: these are 2");
    for text in ["WITH x AS (DELETE FROM t RETURNING 1) FROM x", "WITH x AS (COPY t TO '/tmp/x') FROM x"] {
        assert_eq!(said(text), "Parser Error: A CTE needs a SELECT", "{text}");
    }
    assert_eq!(said(""), "the query is empty");
    assert_eq!(said(" ; -- nothing\n"), "the query is empty");
    assert_eq!(said("SELECT\n  a, b FRM c d"), "2:12: Parser Error: syntax error at or near \"c\"");
    assert_eq!(said("SELECT 'ä' FRM c"), "1:16: Parser Error: syntax error at or near \"c\"");
    assert_eq!(said("SELECT '\0'"), "1:9: a query has no zero bytes");
    assert!(said(&"x".repeat(MAX_BYTES + 1)).starts_with("the query has 1048577 bytes, more than 1048576"));
}

#[test]
fn depth_is_bounded() {
    let connection = Connection::open_in_memory().unwrap();
    for (open, close) in [("(", ")"), ("(SELECT ", ")"), ("[", "]"), ("-", ""), ("NOT ", ""), ("abs(", ")"), ("1+", "")]
    {
        for depth in [20, 200, 3_000, 50_000] {
            let text = format!("SELECT {}1{}", open.repeat(depth), close.repeat(depth));
            // An error or not: it ends, and nothing overflows.
            if let Err(error) = check(&connection, &text) {
                assert!(!error.to_string().is_empty());
            }
        }
    }
    assert!(check(&connection, &format!("SELECT {}1", "1+".repeat(40))).is_ok());
}

#[test]
fn files_are_no_tables() {
    let connection = Connection::open_in_memory().unwrap();
    for text in [
        "FROM '/data/blocks/0000000001/samples.parquet'",
        "FROM \"/data/blocks/0000000001/samples.parquet\"",
        "SELECT (SELECT count(*) FROM 'blocks/0000000001/samples.parquet') FROM samples",
        "FROM samples JOIN 's3://bucket/file.parquet' USING (ts)",
        "FROM main.\"/data/file.csv\" AS samples",
        "FROM (PIVOT '/data/file.csv' ON a IN (1, 2) USING sum(b))",
        "SUMMARIZE '/data/file.csv'",
        "DESCRIBE '/data/file.csv'",
    ] {
        let said = check(&connection, text).expect_err(text).to_string();
        assert!(said.contains("files cannot be read here, nor can "), "{text}: {said}");
    }
    assert!(check(&connection, "SELECT '/data/file.csv', \"a/b\" FROM (SELECT 1 AS \"a/b\")").is_ok());
}

#[test]
fn functions_that_do_something_are_refused() {
    let connection = Connection::open_in_memory().unwrap();
    let refused = |text: &str| matches!(check(&connection, text), Err(Error::SqlRefused(_)));
    for text in [
        "SELECT sleep_ms(1)",
        "SELECT 1 WHERE write_log('x') IS NULL",
        "SELECT ('x').write_log()",
        "SELECT main.WRITE_LOG('x')",
        "SELECT \"Write_Log\"('x')",
        "SELECT list_transform([1], lambda x: sleep_ms(x))",
        "SELECT nextval('s')",
        "SELECT getenv('HOME')",
        "SELECT finalize('x'::BLOB)",
        "SELECT __internal_decompress_string('x')",
        "SELECT (SELECT count(*) FROM read_text('/etc/passwd'))",
        "WITH x AS (FROM glob('*')) FROM x",
        "SELECT * FROM range(3), LATERAL (FROM query('SELECT 1'))",
        "FROM query_table('samples')",
        "FROM arrow_scan(1::POINTER, 2::POINTER, 3::POINTER)",
        "FROM enable_profiling()",
        "FROM system.main.checkpoint()",
        "SELECT unnest([1]) FROM \"READ_CSV\"('/etc/passwd')",
    ] {
        assert!(refused(text), "{text}");
    }
    for text in [
        "FROM range(3)",
        "SELECT unnest([1, 2])",
        "SELECT random(), uuid()",
        "SELECT sum(x) OVER () FROM range(3) t(x)",
    ] {
        assert!(check(&connection, text).is_ok(), "{text}");
    }
}

/// Also those that a later DuckDB brings: only what is listed can be called.
#[test]
fn every_other_table_function_of_this_duckdb_is_refused() {
    let connection = Connection::open_in_memory().unwrap();
    let sql = "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type IN ('table', 'table_macro', 'pragma')";
    let mut statement = connection.prepare(sql).unwrap();
    let names: Vec<String> = statement.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect();
    let (allowed, refused): (Vec<_>, Vec<_>) =
        names.iter().partition(|name| check(&connection, &format!("FROM \"{name}\"()")).is_ok());
    assert!(refused.len() > 50 && allowed.len() > 10, "{refused:?}");
    for name in
        ["read_parquet", "read_csv", "read_blob", "glob", "parquet_metadata", "query", "arrow_scan", "checkpoint"]
    {
        assert!(refused.iter().any(|refused| *refused == name), "{name}");
    }
    for name in allowed {
        assert!(is_harmless_table(name), "{name}");
    }
}
