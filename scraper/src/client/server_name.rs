//! `server_name`: the name that a server is asked for in the TLS handshake (SNI) and that its certificate must have.
//!
//! The library takes the name from the URL. So the URL gets the name, a resolver leads it to where the URL led before, and
//! the header `Host` says what the URL said. Connections are kept by the URL's name: each host has a client of its own.

use super::connection::{causes, failure};
use http::HeaderValue;
use http::header::HOST;
use parking_lot::Mutex;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, ClientBuilder, Request, Response, Url};
use std::collections::HashMap;
use std::fmt;

/// Hosts whose connections are kept; past them all are made anew.
const MAX_HOSTS: usize = 10_000;

/// Makes what the clients have in common.
pub(super) type Make = Box<dyn Fn() -> Result<ClientBuilder, String> + Send + Sync>;

/// Clients that ask each host for one name.
pub(super) struct Named {
    name: String,
    make: Make,
    clients: Mutex<HashMap<String, Client>>,
}

impl fmt::Debug for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Named").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Named {
    /// For the host name `name`; `make` makes clients that trust certificates for it.
    pub(super) fn new(name: String, make: Make) -> Self {
        Named { name, make, clients: Mutex::default() }
    }

    /// Sends a request over https. The error is in words.
    pub(super) async fn execute(&self, mut request: Request) -> Result<Response, String> {
        let url = request.url().clone();
        let host = url.host_str().unwrap_or_default();
        let client = self.client(host.trim_start_matches('[').trim_end_matches(']'))?;
        let said = HeaderValue::from_str(&authority(&url)).map_err(|e| e.to_string())?;
        request.headers_mut().entry(HOST).or_insert(said);
        request
            .url_mut()
            .set_host(Some(&self.name))
            .map_err(|e| format!("{:?} is not a host's name: {e}", self.name))?;
        client.execute(request).await.map_err(|error| failure(error.with_url(url)))
    }

    fn client(&self, host: &str) -> Result<Client, String> {
        let mut clients = self.clients.lock();
        if let Some(client) = clients.get(host) {
            return Ok(client.clone());
        }
        if clients.len() >= MAX_HOSTS {
            clients.clear();
        }
        let resolver = Resolver { name: self.name.clone(), host: host.to_owned() };
        let client = (self.make)()?.dns_resolver(resolver).build().map_err(|e| causes(&e))?;
        clients.insert(host.to_owned(), client.clone());
        Ok(client)
    }
}

/// What the header `Host` says of a URL.
fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Finds the host where its name is asked for, and others (after a redirect) as always.
struct Resolver {
    name: String,
    host: String,
}

impl Resolve for Resolver {
    fn resolve(&self, asked: Name) -> Resolving {
        let host = if asked.as_str().eq_ignore_ascii_case(&self.name) { &self.host } else { asked.as_str() }.to_owned();
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, 0)).await?;
            Ok(Box::new(found.collect::<Vec<_>>().into_iter()) as Addrs)
        })
    }
}
