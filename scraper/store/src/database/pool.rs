//! Connections for queries: a few, kept, each used by one query at a time.

use crate::Error;
use duckdb::Connection;
use parking_lot::{Condvar, Mutex};
use std::ops::Deref;
use std::time::{Duration, Instant};

/// How long anybody waits for a connection. The sealer, who is the only one to ask, tries again later.
const PATIENCE: Duration = Duration::from_secs(60);

/// A bounded set of connections to one DuckDB instance. Who comes when all are in use waits.
///
/// DuckDB gives up an instance for good after some errors (a checkpoint that a full disk cut short). The pool is the one
/// place that holds connections, but for the writer's, so it can let go of them all and take those of a new instance.
pub(crate) struct Pool {
    state: Mutex<State>,
    returned: Condvar,
    size: usize,
    patience: Duration,
}

struct State {
    /// Cloned for every further connection; or why there is no instance.
    root: Result<Connection, String>,
    idle: Vec<Connection>,
    /// The numbers of the leases that are out.
    in_use: Vec<u64>,
    next: u64,
    reopening: bool,
}

impl Pool {
    pub(crate) fn new(root: Connection, size: usize) -> Pool {
        let state = State { root: Ok(root), idle: Vec::new(), in_use: Vec::new(), next: 0, reopening: false };
        Pool { state: Mutex::new(state), returned: Condvar::new(), size: size.max(1), patience: PATIENCE }
    }

    /// A connection, after some waiting; given back when the value is dropped. Whoever holds one must not ask for another.
    pub(crate) fn get(&self) -> Result<Lease<'_>, Error> {
        let mut state = self.state.lock();
        let until = Instant::now() + self.patience;
        while state.reopening || state.in_use.len() >= self.size {
            if self.returned.wait_until(&mut state, until).timed_out() {
                return Err(Error::Query("every connection to the database is in use".to_owned()));
            }
        }
        self.lease(&mut state)
    }

    fn lease(&self, state: &mut State) -> Result<Lease<'_>, Error> {
        let connection = match (state.idle.pop(), &state.root) {
            (Some(connection), _) => connection,
            (None, Ok(root)) => root.try_clone().map_err(Error::query)?,
            (None, Err(reason)) => return Err(Error::Query(reason.clone())),
        };
        let number = state.next;
        state.next += 1;
        state.in_use.push(number);
        Ok(Lease { pool: self, connection: Some(connection), number })
    }

    /// A connection where one is free at once.
    pub(crate) fn now(&self) -> Option<Lease<'_>> {
        let mut state = self.state.lock();
        if state.reopening || state.in_use.len() >= self.size { None } else { self.lease(&mut state).ok() }
    }

    /// A mark for [`has_drained`](Pool::has_drained): between the leases that are out and those to come.
    pub(crate) fn mark(&self) -> u64 {
        self.state.lock().next
    }

    /// Whether every lease from before the mark was given back: nobody can still read what was dropped before it.
    pub(crate) fn has_drained(&self, mark: u64) -> bool {
        self.state.lock().in_use.iter().all(|&number| number >= mark)
    }

    /// Closes the instance, once no query uses it any more, and opens another. The caller has dropped every connection
    /// of its own. Returns one to the new instance; queries that came in between wait for it.
    pub(crate) fn reopen(&self, open: impl FnOnce() -> Result<Connection, Error>) -> Result<Connection, Error> {
        let mut state = self.state.lock();
        state.reopening = true;
        while !state.in_use.is_empty() {
            self.returned.wait(&mut state);
        }
        state.idle.clear();
        // Before the new one is opened: two instances on one file would not see each other.
        state.root = Err("the database is being opened again".to_owned());
        drop(state);

        let opened = open().and_then(|root| Ok((root.try_clone().map_err(Error::query)?, root)));
        let mut state = self.state.lock();
        let result = opened.map(|(connection, root)| {
            state.root = Ok(root);
            connection
        });
        if let Err(error) = &result {
            state.root = Err(error.to_string());
        }
        state.reopening = false;
        drop(state);
        self.returned.notify_all();
        result
    }
}

/// A connection of a [`Pool`] in use.
pub(crate) struct Lease<'a> {
    pool: &'a Pool,
    connection: Option<Connection>,
    number: u64,
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
        state.in_use.retain(|number| *number != self.number);
        drop(state);
        self.pool.returned.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_waits_for_ever() {
        let mut pool = Pool::new(Connection::open_in_memory().unwrap(), 1);
        pool.patience = Duration::ZERO;
        let lease = pool.get().unwrap();
        let refused = pool.get().err().map(|error| error.to_string()).unwrap_or_default();
        assert!(pool.now().is_none());
        assert!(refused.contains("every connection to the database is in use"), "{refused}");
        drop(lease);
        assert!(pool.get().is_ok());
    }
}
