//! Why no answer came, in words: the causes that people meet, out of the client's chain of errors.

use super::MAX_REDIRECTS;
use http::Uri;
use reqwest::Url;
use rustls::CertificateError;
use std::error::Error;
use std::io::{self, ErrorKind};

/// How the library says that a server closed the connection too early.
const CUT: [&str; 3] = [
    "connection closed before message completed",
    "end of file before message length reached",
    "unexpected EOF during chunk size line",
];

/// What a failed request means, in one line.
pub(crate) fn failure(error: reqwest::Error) -> String {
    if error.is_redirect() && error.status().is_none() {
        return too_many_redirects();
    }
    let peer = error.url().map_or_else(|| "the server".to_owned(), peer);
    // The library's own sentence repeats the URL, and the causes say the rest.
    in_words(&error, &peer).unwrap_or_else(|| match error.source() {
        Some(cause) => reasons(cause),
        None => error.without_url().to_string(),
    })
}

/// What an error below the library means, in one line.
pub(super) fn failure_at(error: &(dyn Error + 'static), uri: &Uri) -> String {
    let peer = Url::parse(&uri.to_string()).map_or_else(|_| uri.to_string(), |url| peer(&url));
    in_words(error, &peer).unwrap_or_else(|| reasons(error))
}

/// Why redirects are no longer followed.
pub(super) fn too_many_redirects() -> String {
    format!("too many redirects: more than {MAX_REDIRECTS}")
}

/// Whom a URL leads to, as `host:port`.
fn peer(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port_or_known_default().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn in_words(error: &(dyn Error + 'static), peer: &str) -> Option<String> {
    let mut cause = Some(error);
    while let Some(e) = cause {
        if let Some(tls) = e.downcast_ref::<rustls::Error>() {
            return Some(tls_in_words(tls, peer));
        }
        if let Some(io) = e.downcast_ref::<io::Error>() {
            // Such an error holds another one, which is not its source.
            if let Some(inner) = io.get_ref().and_then(|inner| in_words(inner, peer)) {
                return Some(inner);
            }
            return io_in_words(io, peer);
        }
        // Those of HTTP/1 have kinds that only the library underneath can be asked for.
        let text = e.to_string();
        if CUT.iter().any(|cut| text.ends_with(cut)) {
            return Some(format!("{peer} closed the connection before its answer was whole"));
        }
        if text.ends_with(" parsed") {
            return Some(format!("the answer of {peer} is not HTTP: {text}"));
        }
        // The resolver's error has no name outside; the last of the chain is the system's.
        if e.to_string() == "dns error" {
            let reason = std::iter::successors(e.source(), |&e| e.source()).last();
            let reason = reason.map(ToString::to_string).unwrap_or_default();
            return Some(format!("cannot find the host of {peer}: {reason}"));
        }
        cause = e.source();
    }
    None
}

fn io_in_words(error: &io::Error, peer: &str) -> Option<String> {
    Some(match error.kind() {
        ErrorKind::ConnectionRefused => format!("connection refused by {peer}"),
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => format!("{peer} closed the connection"),
        ErrorKind::HostUnreachable => format!("{peer} cannot be reached: no route to the host"),
        ErrorKind::NetworkUnreachable => format!("{peer} cannot be reached: no route to its network"),
        ErrorKind::TimedOut => format!("{peer} did not answer"),
        _ => return None,
    })
}

fn tls_in_words(error: &rustls::Error, peer: &str) -> String {
    let rustls::Error::InvalidCertificate(reason) = error else {
        return format!("no TLS with {peer}: {error}");
    };
    match reason {
        CertificateError::UnknownIssuer => {
            format!(
                "the certificate of {peer} is from an authority that is not trusted: name it as `ca_file` in `tls_config`"
            )
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            format!("the certificate of {peer} has expired")
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            format!("the certificate of {peer} is not valid yet")
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            format!("the certificate of {peer} is for another name: give that as `server_name` in `tls_config`")
        }
        other => format!("the certificate of {peer} is not accepted: {other}"),
    }
}

/// An error with all its causes.
pub(super) fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(e) = cause {
        text = format!("{text}: {e}");
        cause = e.source();
    }
    text
}

/// An error with its causes, each said once: wrappers repeat what they wrap.
fn reasons(error: &(dyn Error + 'static)) -> String {
    let mut said = Vec::new();
    for text in std::iter::successors(Some(error), |&e| e.source()).map(ToString::to_string) {
        if !said.iter().any(|s: &String| s.contains(&text)) {
            said.push(text);
        }
    }
    said.join(": ")
}
