//! Where the query server is: its URL, checked, and what of it may be told.

use reqwest::Url;

use super::error::Error;

/// A URL, parsable or not, without what may be a user and a password: for messages.
pub(super) fn without_credentials(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme => format!("{}{}", &url[..scheme + 3], &url[at + 1..]),
        _ => url.to_owned(),
    }
}

/// The URL of a query API, or what is wrong with it.
pub(crate) fn check_url(url: &str) -> Result<Url, Error> {
    let bad = |reason: &str| Error::BadUrl { url: without_credentials(url), reason: reason.to_owned() };
    let parsed = Url::parse(url).map_err(|error| bad(&error.to_string()))?;
    if !matches!(parsed.scheme(), "http" | "https") {
        return Err(bad("it must begin with http:// or https://"));
    }
    if parsed.host_str().is_none() {
        return Err(bad("it names no host"));
    }
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return Err(bad("it must end before any ? or #"));
    }
    Ok(parsed)
}

/// The parts of a query server's URL that are needed.
#[derive(Debug)]
pub(super) struct Address {
    /// What stands before `/api/v1/`, with a path prefix and credentials where they were given.
    pub(super) base: String,
    /// Scheme, host and port: what messages say.
    pub(super) server: String,
    /// On this machine: no proxy of the environment leads there.
    pub(super) loopback: bool,
}

impl Address {
    pub(super) fn parse(url: &str) -> Result<Address, Error> {
        let parsed = check_url(url)?;
        let host = parsed.host_str().unwrap_or_default();
        let port = parsed.port().map(|port| format!(":{port}")).unwrap_or_default();
        let base = parsed.as_str().trim_end_matches('/').trim_end_matches("/api/v1").trim_end_matches('/');
        Ok(Address {
            base: base.to_owned(),
            server: format!("{}://{host}{port}", parsed.scheme()),
            loopback: host == "localhost" || host.starts_with("127.") || host == "[::1]",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_query_servers() {
        for (url, base) in [
            ("http://127.0.0.1:9957", "http://127.0.0.1:9957"),
            ("http://host:9090/", "http://host:9090"),
            ("https://host/prometheus/", "https://host/prometheus"),
            ("https://host/prometheus/api/v1", "https://host/prometheus"),
        ] {
            assert_eq!(Address::parse(url).unwrap().base, base, "{url}");
        }
        for url in ["", "host:9090", "ftp://host", "http://", "http://host?x=1"] {
            assert!(Address::parse(url).is_err(), "{url}");
        }
        assert_eq!(Address::parse("http://user:secret@host:1/p").unwrap().server, "http://host:1");
    }
}
