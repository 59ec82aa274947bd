//! Connections for queries: a few, kept, each used by one query at a time.

use crate::Error;
use duckdb::Connection;
use parking_lot::{Condvar, Mutex};
use std::ops::Deref;

/// A bounded set of connections to one DuckDB instance. Who comes when all are in use waits.
pub(crate) struct Pool {
    state: Mutex<State>,
    returned: Condvar,
}

struct State {
    /// Cloned for every further connection.
    root: Connection,
    idle: Vec<Connection>,
    /// How many may still be made.
    unmade: usize,
}

impl Pool {
    pub(crate) fn new(root: Connection, size: usize) -> Pool {
        let state = State { root, idle: Vec::new(), unmade: size.max(1) };
        Pool { state: Mutex::new(state), returned: Condvar::new() }
    }

    /// A connection, given back when the value is dropped. Whoever holds one must not ask for another.
    pub(crate) fn get(&self) -> Result<Lease<'_>, Error> {
        let mut state = self.state.lock();
        loop {
            if let Some(connection) = state.idle.pop() {
                return Ok(Lease { pool: self, connection: Some(connection) });
            }
            if state.unmade > 0 {
                let connection = state.root.try_clone().map_err(Error::query)?;
                state.unmade -= 1;
                return Ok(Lease { pool: self, connection: Some(connection) });
            }
            self.returned.wait(&mut state);
        }
    }
}

/// A connection of a [`Pool`] in use.
pub(crate) struct Lease<'a> {
    pool: &'a Pool,
    connection: Option<Connection>,
}

impl Deref for Lease<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        #[expect(clippy::expect_used, reason = "only `drop` takes it")]
        self.connection.as_ref().expect("a lease holds its connection until it is dropped")
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let mut state = self.pool.state.lock();
        state.idle.extend(self.connection.take());
        self.pool.returned.notify_one();
    }
}
