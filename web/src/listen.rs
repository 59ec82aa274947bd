//! Bound listeners.

use crate::{Error, Security};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use tokio::net::{TcpListener, lookup_host};

/// Addresses that are bound and the rules for who may ask there: ready to be served.
#[derive(Debug)]
pub struct Bound {
    pub(crate) listeners: Vec<TcpListener>,
    pub(crate) security: Security,
    pub(crate) allowed_hosts: Vec<String>,
}

impl Bound {
    /// Binds `host:port`, `:port` (every interface, both families where the kernel allows) or `[v6]:port`.
    pub async fn bind(addresses: &[String], security: Security, allowed_hosts: Vec<String>) -> Result<Bound, Error> {
        let mut listeners = Vec::with_capacity(addresses.len());
        for address in addresses {
            listeners.push(bind_one(address).await?);
        }
        Ok(Bound {
            listeners,
            security,
            allowed_hosts,
        })
    }

    /// Binds a port of 127.0.0.1 without TLS or authentication; port 0 lets the kernel choose.
    pub async fn loopback(port: u16) -> Result<Bound, Error> {
        Bound::bind(&[format!("127.0.0.1:{port}")], Security::default(), Vec::new()).await
    }

    /// The addresses as the kernel has them, with the ports that it chose.
    pub fn local_addrs(&self) -> Vec<SocketAddr> {
        self.listeners.iter().filter_map(|l| l.local_addr().ok()).collect()
    }

    /// `http://` or `https://` with the first address: what a person on this host opens.
    pub fn url(&self) -> String {
        let mut address = self
            .local_addrs()
            .first()
            .copied()
            .unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        if address.ip().is_unspecified() {
            address.set_ip(Ipv4Addr::LOCALHOST.into());
        }
        format!("{}://{address}", self.scheme())
    }

    pub(crate) fn scheme(&self) -> &'static str {
        if self.security.tls.is_some() { "https" } else { "http" }
    }
}

async fn bind_one(address: &str) -> Result<TcpListener, Error> {
    let refuse = |reason: &str| Error::Address {
        address: address.to_owned(),
        reason: reason.to_owned(),
    };
    let Some((host, port)) = address.rsplit_once(':') else {
        return Err(refuse("expected host:port or :port"));
    };
    let port: u16 = port
        .parse()
        .map_err(|_| refuse("the port is not a number from 0 to 65535"))?;
    if host.is_empty() {
        // One socket for both families; where IPv6 is switched off, IPv4 alone.
        let v6 = SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
        return match TcpListener::bind(v6).await {
            Ok(listener) => Ok(listener),
            Err(e) if e.kind() == std::io::ErrorKind::AddrInUse => Err(Error::Bind { address: v6, source: e }),
            Err(_) => bind_resolved(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port))).await,
        };
    }
    let resolved = lookup_host(address).await.map_err(|e| refuse(&e.to_string()))?.next();
    bind_resolved(resolved.ok_or_else(|| refuse("the name has no address"))?).await
}

async fn bind_resolved(address: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(address)
        .await
        .map_err(|source| Error::Bind { address, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn says_what_is_wrong_with_an_address() {
        for (address, want) in [
            ("9956", "--web.listen-address \"9956\": expected host:port or :port"),
            (
                "localhost:http",
                "--web.listen-address \"localhost:http\": the port is not a number from 0 to 65535",
            ),
        ] {
            let got = Bound::bind(&[address.to_owned()], Security::default(), Vec::new())
                .await
                .unwrap_err();
            assert_eq!(got.to_string(), want);
        }
        let first = Bound::loopback(0).await.unwrap();
        let taken = first.local_addrs()[0].port();
        let got = Bound::loopback(taken).await.unwrap_err().to_string();
        assert!(
            got.starts_with(&format!("cannot listen on 127.0.0.1:{taken}: ")),
            "{got}"
        );
    }
}
