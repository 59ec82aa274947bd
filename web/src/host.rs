//! Against DNS rebinding: a page from elsewhere may make a browser talk to a service on loopback under a name of its
//! own, and read the answers. A service that listens on loopback without authentication therefore answers only to names
//! that can't be anybody else's.

use std::net::IpAddr;

/// Whether a Host header names this machine: an address, `localhost` or a name below it, or an allowed one.
pub(crate) fn is_local(host: &str, allowed: &[String]) -> bool {
    let name = without_port(host);
    name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
        || name.eq_ignore_ascii_case("localhost")
        || name.to_ascii_lowercase().ends_with(".localhost")
        || allowed.iter().any(|a| a.eq_ignore_ascii_case(name))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port))
            if port.bytes().all(|b| b.is_ascii_digit()) && (!name.contains(':') || name.ends_with(']')) =>
        {
            name
        }
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_its_own_names() {
        let allowed = ["stats.example.org".to_owned()];
        for host in [
            "127.0.0.1:9956",
            "[::1]:9956",
            "::1",
            "localhost",
            "LOCALHOST:80",
            "a.localhost:1",
            "192.0.2.1",
            "stats.example.org:443",
        ] {
            assert!(is_local(host, &allowed), "{host}");
        }
        for host in ["", "evil.example", "localhost.evil.example:9956", "127.0.0.1.evil.example", "notlocalhost"] {
            assert!(!is_local(host, &allowed), "{host}");
        }
    }
}
