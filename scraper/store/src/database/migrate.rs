//! The schema: the files of `migrations/`, applied in order, each in a transaction of its own that also records it.

use crate::Error;
use crate::error::one_line;
use duckdb::{Connection, params};
use std::path::Path;

/// One file of `migrations/`. A file that was released is never edited: a change of schema is a new file.
struct Migration {
    version: u32,
    name: &'static str,
    sql: &'static str,
}

const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "head", sql: include_str!("../../../../migrations/0001_head.sql") },
    Migration { version: 2, name: "blocks", sql: include_str!("../../../../migrations/0002_blocks.sql") },
    Migration { version: 3, name: "exemplars", sql: include_str!("../../../../migrations/0003_exemplars.sql") },
    Migration { version: 4, name: "families", sql: include_str!("../../../../migrations/0004_families.sql") },
    Migration { version: 5, name: "runs", sql: include_str!("../../../../migrations/0005_runs.sql") },
];

/// A row of `schema_migrations`.
struct Applied {
    version: u32,
    name: String,
    checksum: String,
}

/// Applies what is missing. Refuses a database that is not ours, is from the future, or was made by other files.
pub(crate) fn apply(connection: &Connection, path: &Path) -> Result<(), Error> {
    apply_all(connection, path, MIGRATIONS)
}

fn apply_all(connection: &Connection, path: &Path, migrations: &[Migration]) -> Result<(), Error> {
    let failed = |migration: &Migration, error: duckdb::Error| Error::Migration {
        path: path.to_owned(),
        version: migration.version,
        name: migration.name.to_owned(),
        message: one_line(error),
    };
    let unreadable = |error: duckdb::Error| Error::Open { path: path.to_owned(), message: one_line(error) };

    let applied = applied(connection, path)?;
    let known = migrations.last().map_or(0, |m| m.version);
    for row in &applied {
        let Some(migration) = migrations.iter().find(|m| m.version == row.version) else {
            let (version, name) = (row.version, row.name.clone());
            return Err(Error::Newer { path: path.to_owned(), version, name, known });
        };
        let checksum = checksum(connection, migration.sql).map_err(unreadable)?;
        if checksum != row.checksum || migration.name != row.name {
            return Err(Error::Changed {
                path: path.to_owned(),
                version: row.version,
                name: row.name.clone(),
                found: row.checksum.clone(),
                expected_name: migration.name.to_owned(),
                expected: checksum,
            });
        }
    }
    for migration in migrations.iter().filter(|m| applied.iter().all(|a| a.version != m.version)) {
        apply_one(connection, migration).map_err(|error| failed(migration, error))?;
        tracing::info!(version = migration.version, name = migration.name, "applied migration");
    }
    Ok(())
}

fn apply_one(connection: &Connection, migration: &Migration) -> duckdb::Result<()> {
    let checksum = checksum(connection, migration.sql)?;
    let transaction = connection.unchecked_transaction()?;
    transaction.execute_batch(
        "CREATE TABLE IF NOT EXISTS schema_migrations
         (version UINTEGER NOT NULL, name VARCHAR NOT NULL, checksum VARCHAR NOT NULL, applied_at TIMESTAMP NOT NULL)",
    )?;
    transaction.execute_batch(migration.sql)?;
    transaction.execute(
        // `now()` is of a type that needs the ICU extension to be cast; this is the same moment in UTC.
        "INSERT INTO schema_migrations VALUES (?, ?, ?, make_timestamp_ms(?))",
        params![migration.version, migration.name, checksum, jiff::Timestamp::now().as_millisecond()],
    )?;
    transaction.commit()
}

fn applied(connection: &Connection, path: &Path) -> Result<Vec<Applied>, Error> {
    let unreadable = |error: duckdb::Error| Error::Open { path: path.to_owned(), message: one_line(error) };
    let (ours, tables): (i64, i64) = connection
        .query_row(
            "SELECT count(*) FILTER (table_name = 'schema_migrations'), count(*) FROM duckdb_tables()",
            [],
            |r| Ok((r.get(0)?, r.get(1)?)),
        )
        .map_err(unreadable)?;
    if ours == 0 {
        return if tables == 0 { Ok(Vec::new()) } else { Err(Error::Foreign { path: path.to_owned() }) };
    }
    let rows = |connection: &Connection| -> duckdb::Result<Vec<Applied>> {
        connection
            .prepare("SELECT version, name, checksum FROM schema_migrations ORDER BY version")?
            .query_map([], |r| Ok(Applied { version: r.get(0)?, name: r.get(1)?, checksum: r.get(2)? }))?
            .collect()
    };
    rows(connection).map_err(unreadable)
}

/// SHA-256 of the file, by DuckDB's own function.
fn checksum(connection: &Connection, sql: &str) -> duckdb::Result<String> {
    connection.query_row("SELECT sha256(?)", [sql], |r| r.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Migration = Migration { version: 1, name: "first", sql: "CREATE TABLE a (x INT);" };
    const SECOND: Migration = Migration { version: 2, name: "second", sql: "CREATE TABLE b (x INT);" };

    fn check(connection: &Connection, migrations: &[Migration], expected: &str) {
        let message = match apply_all(connection, Path::new("/data/head.duckdb"), migrations) {
            Ok(()) => String::new(),
            Err(error) => error.to_string(),
        };
        assert!(message.contains(expected) && message.is_empty() == expected.is_empty(), "{message}");
        assert!(!message.contains('\n'), "{message}");
    }

    fn versions(connection: &Connection) -> Vec<(u32, String)> {
        let rows = applied(connection, Path::new("")).unwrap();
        rows.into_iter().map(|a| (a.version, a.name)).collect()
    }

    #[test]
    fn files_are_numbered_from_one_without_gaps() {
        for (i, m) in MIGRATIONS.iter().enumerate() {
            assert_eq!(m.version as usize, i + 1);
        }
        let mut files: Vec<String> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations"))
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".sql"))
            .collect();
        files.sort();
        let ours: Vec<String> = MIGRATIONS.iter().map(|m| format!("{:04}_{}.sql", m.version, m.name)).collect();
        assert_eq!(files, ours, "every file of migrations/ stands in MIGRATIONS");
    }

    #[test]
    fn applies_each_once_and_goes_on_from_there() {
        let c = Connection::open_in_memory().unwrap();
        check(&c, &[FIRST], "");
        check(&c, &[FIRST], "");
        assert_eq!(versions(&c), [(1, "first".to_owned())]);
        check(&c, &[FIRST, SECOND], "");
        assert_eq!(versions(&c), [(1, "first".to_owned()), (2, "second".to_owned())]);
        c.execute_batch("SELECT * FROM a, b").unwrap();
    }

    #[test]
    fn refuses_the_future_the_changed_and_the_foreign() {
        let c = Connection::open_in_memory().unwrap();
        check(&c, &[FIRST, SECOND], "");
        check(
            &c,
            &[FIRST],
            "/data/head.duckdb was written by a newer version: it has migration 2 (second), this version knows up to 1. \
             Run the version that wrote it or a later one",
        );
        let edited = Migration { sql: "CREATE TABLE b (y INT);", ..SECOND };
        check(&c, &[FIRST, edited], "migration 2 as second with checksum ");

        let c = Connection::open_in_memory().unwrap();
        c.execute_batch("CREATE TABLE somebody_elses (x INT)").unwrap();
        check(&c, &[FIRST], "is a DuckDB database that Procession did not make");
    }

    #[test]
    fn rows_of_samples_become_runs() {
        let c = Connection::open_in_memory().unwrap();
        check(&c, &MIGRATIONS[..4], "");
        c.execute_batch(
            "INSERT INTO head_samples SELECT i % 70, i // 70, i * 1.7, false FROM range(5000) t(i);
             INSERT INTO head_samples VALUES (5, 90, NULL, true), (6, 90, 'nan', false), (7, 90, '-inf', false);
             INSERT INTO head_samples VALUES (4294967295, 91, '-0.0'::DOUBLE, false), (0, -91, 5e-324, false);
             INSERT INTO head_closed VALUES (1, 2, 3.5, false);
             UPDATE head_commit SET batches = 77;",
        )
        .unwrap();
        let sums = || -> (i64, i128, i128, i64) {
            let sql =
                "SELECT count(*), (SELECT sum(hash(h)) FROM head_samples h), (SELECT sum(hash(h)) FROM head_closed h),
                              count(*) FILTER (stale AND value IS NULL) FROM head_samples";
            c.query_row(sql, [], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?))).unwrap()
        };
        let before = sums();
        assert_eq!((before.0, before.3), (5005, 1));
        check(&c, MIGRATIONS, "");
        assert_eq!(sums(), before);
        assert_eq!(crate::head::committed_batches(&c).unwrap(), 77);
    }

    #[test]
    fn a_failed_migration_leaves_nothing() {
        let c = Connection::open_in_memory().unwrap();
        let broken = Migration { version: 2, name: "broken", sql: "CREATE TABLE b (x INT); SELECT nonsense;" };
        check(&c, &[FIRST, broken], "migration 2 (broken) of /data/head.duckdb failed and was undone");
        assert_eq!(versions(&c), [(1, "first".to_owned())]);
        check(&c, &[FIRST, SECOND], "");
    }
}
