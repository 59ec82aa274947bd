//! Bound listeners: TCP, unix sockets, and the sockets that systemd hands over.

use crate::{Error, Security};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use tokio::net::{TcpListener, lookup_host};

/// Addresses that are bound and the rules for who may ask there: ready to be served.
#[derive(Debug)]
pub struct Bound {
    pub(crate) listeners: Vec<Listener>,
    pub(crate) security: Security,
    pub(crate) allowed_hosts: Vec<String>,
}

/// One place to listen.
#[derive(Debug)]
pub(crate) enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixSocket),
}

/// A unix socket whose file goes when it does.
#[cfg(unix)]
#[derive(Debug)]
pub(crate) struct UnixSocket {
    pub(crate) listener: tokio::net::UnixListener,
    path: Option<PathBuf>,
}

impl Bound {
    /// Binds `host:port`, `:port` (every interface, both families where the kernel allows), `[v6]:port` or
    /// `unix:/path`.
    pub async fn bind(addresses: &[String], security: Security, allowed_hosts: Vec<String>) -> Result<Bound, Error> {
        let mut listeners = Vec::with_capacity(addresses.len());
        for address in addresses {
            listeners.push(match address.strip_prefix("unix:") {
                Some(path) => bind_unix(address, path.strip_prefix("//").unwrap_or(path)).await?,
                None => Listener::Tcp(bind_tcp(address).await?),
            });
        }
        Ok(Bound { listeners, security, allowed_hosts })
    }

    /// Takes the sockets over that systemd opened (`LISTEN_FDS`, sd_listen_fds(3)).
    pub fn from_systemd(security: Security, allowed_hosts: Vec<String>) -> Result<Bound, Error> {
        let mut sockets = listenfd::ListenFd::from_env();
        let listeners: Result<Vec<_>, _> =
            (0..sockets.len()).map(|i| take(&mut sockets, i).map_err(Error::Systemd)).collect();
        let listeners = listeners?;
        match listeners.is_empty() {
            true => Err(Error::Systemd(std::io::Error::other("LISTEN_FDS names no socket for this process"))),
            false => Ok(Bound { listeners, security, allowed_hosts }),
        }
    }

    /// Binds a port of 127.0.0.1 without TLS or authentication; port 0 lets the kernel choose.
    pub async fn loopback(port: u16) -> Result<Bound, Error> {
        Bound::bind(&[format!("127.0.0.1:{port}")], Security::default(), Vec::new()).await
    }

    /// The TCP addresses as the kernel has them, with the ports that it chose.
    pub fn local_addrs(&self) -> Vec<SocketAddr> {
        self.listeners.iter().filter_map(Listener::local_addr).collect()
    }

    /// `http://` or `https://` with the first address: what a person on this host opens.
    pub fn url(&self) -> String {
        let Some(mut address) = self.local_addrs().first().copied() else {
            return self.listeners.first().map(|l| l.name(self.scheme())).unwrap_or_default();
        };
        if address.ip().is_unspecified() {
            address.set_ip(Ipv4Addr::LOCALHOST.into());
        }
        format!("{}://{address}", self.scheme())
    }

    pub(crate) fn scheme(&self) -> &'static str {
        if self.security.current().tls.is_some() { "https" } else { "http" }
    }
}

impl Listener {
    pub(crate) fn local_addr(&self) -> Option<SocketAddr> {
        match self {
            Listener::Tcp(listener) => listener.local_addr().ok(),
            #[cfg(unix)]
            Listener::Unix(_) => None,
        }
    }

    /// As the log names it.
    pub(crate) fn name(&self, scheme: &str) -> String {
        match self {
            Listener::Tcp(listener) => {
                listener.local_addr().map_or_else(|e| e.to_string(), |a| format!("{scheme}://{a}"))
            }
            #[cfg(unix)]
            Listener::Unix(socket) => {
                let path = socket.listener.local_addr().ok().and_then(|a| a.as_pathname().map(Path::to_path_buf));
                format!("unix:{}", path.unwrap_or_default().display())
            }
        }
    }
}

#[cfg(unix)]
impl Drop for UnixSocket {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // Whoever removed it before did our work.
            let _ = std::fs::remove_file(path);
        }
    }
}

async fn bind_tcp(address: &str) -> Result<TcpListener, Error> {
    let refuse = |reason: &str| Error::Address { address: address.to_owned(), reason: reason.to_owned() };
    let Some((host, port)) = address.rsplit_once(':') else {
        return Err(refuse("expected host:port, :port or unix:/path"));
    };
    let port: u16 = port.parse().map_err(|_| refuse("the port is not a number from 0 to 65535"))?;
    if host.is_empty() {
        // One socket for both families; where IPv6 is switched off, IPv4 alone.
        let v6 = SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
        return match TcpListener::bind(v6).await {
            Ok(listener) => Ok(listener),
            Err(e) if e.kind() == std::io::ErrorKind::AddrInUse => Err(bind_error(v6, e)),
            Err(_) => bind_resolved(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port))).await,
        };
    }
    let resolved = lookup_host(address).await.map_err(|e| refuse(&e.to_string()))?.next();
    bind_resolved(resolved.ok_or_else(|| refuse("the name has no address"))?).await
}

async fn bind_resolved(address: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(address).await.map_err(|source| bind_error(address, source))
}

fn bind_error(address: impl std::fmt::Display, cause: std::io::Error) -> Error {
    Error::Bind { address: address.to_string(), cause }
}

#[cfg(unix)]
async fn bind_unix(address: &str, path: &str) -> Result<Listener, Error> {
    let path = PathBuf::from(path);
    let bound = match tokio::net::UnixListener::bind(&path) {
        // A socket that nobody listens on is left over from a process that was killed.
        Err(e) if e.kind() == std::io::ErrorKind::AddrInUse && is_left_over(&path).await => {
            std::fs::remove_file(&path).and_then(|()| tokio::net::UnixListener::bind(&path))
        }
        bound => bound,
    };
    let listener = bound.map_err(|source| bind_error(address, source))?;
    Ok(Listener::Unix(UnixSocket { listener, path: Some(path) }))
}

#[cfg(unix)]
async fn is_left_over(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    std::fs::symlink_metadata(path).is_ok_and(|m| m.file_type().is_socket())
        && matches!(tokio::net::UnixStream::connect(path).await, Err(e) if e.kind() == std::io::ErrorKind::ConnectionRefused)
}

#[cfg(not(unix))]
async fn bind_unix(address: &str, _path: &str) -> Result<Listener, Error> {
    Err(Error::Address { address: address.to_owned(), reason: "there are no unix sockets on this system".to_owned() })
}

#[cfg(unix)]
fn take(sockets: &mut listenfd::ListenFd, index: usize) -> std::io::Result<Listener> {
    // Asked for the wrong kind of socket, listenfd fails and keeps it.
    if let Ok(Some(socket)) = sockets.take_tcp_listener(index) {
        socket.set_nonblocking(true)?;
        return Ok(Listener::Tcp(TcpListener::from_std(socket)?));
    }
    let socket = sockets.take_unix_listener(index)?;
    let socket = socket.ok_or_else(|| std::io::Error::other("a socket was taken twice"))?;
    socket.set_nonblocking(true)?;
    let listener = tokio::net::UnixListener::from_std(socket)?;
    // The file is systemd's, not ours to remove.
    Ok(Listener::Unix(UnixSocket { listener, path: None }))
}

#[cfg(not(unix))]
fn take(_: &mut listenfd::ListenFd, _: usize) -> std::io::Result<Listener> {
    Err(std::io::Error::other("there is no systemd on this system"))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn bind(address: &str) -> Result<Bound, Error> {
        Bound::bind(&[address.to_owned()], Security::default(), Vec::new()).await
    }

    #[tokio::test]
    async fn says_what_is_wrong_with_an_address() {
        for (address, want) in [
            ("9956", "--web.listen-address \"9956\": expected host:port, :port or unix:/path"),
            ("localhost:http", "--web.listen-address \"localhost:http\": the port is not a number from 0 to 65535"),
            (
                "unix:/no/such/folder/s",
                "cannot listen on unix:/no/such/folder/s: No such file or directory (os error 2)",
            ),
        ] {
            assert_eq!(bind(address).await.unwrap_err().to_string(), want);
        }
        let first = Bound::loopback(0).await.unwrap();
        let taken = first.local_addrs()[0].port();
        let got = Bound::loopback(taken).await.unwrap_err().to_string();
        assert!(got.starts_with(&format!("cannot listen on 127.0.0.1:{taken}: ")), "{got}");
    }

    #[tokio::test]
    async fn takes_a_left_over_socket_but_not_a_living_one_or_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let address = format!("unix://{}", path.display());
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let bound = bind(&address).await.unwrap();
        assert!(bind(&address).await.unwrap_err().to_string().contains("in use"));
        drop(bound);
        assert!(!path.exists());
        std::fs::write(&path, "precious").unwrap();
        assert!(bind(&address).await.is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
    }
}
