//! `tls_server_config` as rustls understands it.

use crate::rules::{Problem, TlsServerConfig};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the acceptor needs, and whether it asks every client for a certificate.
pub(crate) fn server(
    config: &TlsServerConfig,
    folder: &Path,
    http2: bool,
) -> Result<(Arc<ServerConfig>, bool), Problem> {
    let certificate = source("cert", &config.cert_file, &config.cert, folder)?
        .ok_or_else(|| here("tls_server_config: expected cert_file or cert"))?;
    let key = source("key", &config.key_file, &config.key, folder)?
        .ok_or_else(|| here("tls_server_config: expected key_file or key"))?;
    let chain = certificate.certificates()?;
    let key = PrivateKeyDer::from_pem_slice(&key.pem).map_err(|e| key.wrong(&e))?;

    let mut provider = rustls::crypto::ring::default_provider();
    if !config.cipher_suites.is_empty() {
        for name in &config.cipher_suites {
            if !provider.cipher_suites.iter().any(|s| go_name(s) == *name) {
                let known: Vec<_> = provider.cipher_suites.iter().map(go_name).collect();
                return Err(here(&format!(
                    "cipher_suites: {name:?} is not supported; expected one of {}",
                    known.join(", ")
                )));
            }
        }
        provider.cipher_suites.retain(|s| config.cipher_suites.contains(&go_name(s)));
    }
    let (verifier, asks) = client_verifier(config, folder)?;
    let builder = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&versions(config)?)
        .map_err(|e| here(&format!("tls_server_config: {e}")))?;
    let builder = match verifier {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    let mut server = builder.with_single_cert(chain, key).map_err(|e| here(&format!("tls_server_config: {e}")))?;
    server.ignore_client_order = config.prefer_server_cipher_suites.unwrap_or(true);
    server.alpn_protocols = if http2 { vec![b"h2".to_vec(), b"http/1.1".to_vec()] } else { vec![b"http/1.1".to_vec()] };
    Ok((Arc::new(server), asks))
}

fn client_verifier(
    config: &TlsServerConfig,
    folder: &Path,
) -> Result<(Option<Arc<dyn ClientCertVerifier>>, bool), Problem> {
    let kind = config.client_auth_type.as_deref().unwrap_or("NoClientCert");
    let required = match kind {
        "NoClientCert" | "" => return Ok((None, false)),
        "VerifyClientCertIfGiven" => false,
        "RequireAndVerifyClientCert" => true,
        "RequestClientCert" | "RequireAnyClientCert" => {
            return Err(here(&format!(
                "client_auth_type: {kind} takes certificates that nobody checked; use RequireAndVerifyClientCert"
            )));
        }
        _ => {
            return Err(here(&format!(
                "client_auth_type: {kind:?}; expected NoClientCert, VerifyClientCertIfGiven or RequireAndVerifyClientCert"
            )));
        }
    };
    let authority = source("client_ca", &config.client_ca_file, &config.client_ca, folder)?
        .ok_or_else(|| here(&format!("client_auth_type: {kind} needs client_ca_file")))?;
    let mut roots = RootCertStore::empty();
    for certificate in authority.certificates()? {
        roots.add(certificate).map_err(|e| authority.wrong(&e))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let builder = if required { builder } else { builder.allow_unauthenticated() };
    Ok((Some(builder.build().map_err(|e| authority.wrong(&e))?), required))
}

fn versions(config: &TlsServerConfig) -> Result<Vec<&'static SupportedProtocolVersion>, Problem> {
    let number = |key: &str, version: &Option<String>, default| match version.as_deref() {
        None => Ok(default),
        Some("TLS12") => Ok(12),
        Some("TLS13") => Ok(13),
        Some(other) => Err(here(&format!("{key}: {other:?} is not supported; expected TLS12 or TLS13"))),
    };
    let (min, max) = (number("min_version", &config.min_version, 12)?, number("max_version", &config.max_version, 13)?);
    let all = [(12, &rustls::version::TLS12), (13, &rustls::version::TLS13)];
    let chosen: Vec<_> = all.iter().filter(|(n, _)| (min..=max).contains(n)).map(|(_, v)| *v).collect();
    match chosen.is_empty() {
        true => Err(here("min_version is above max_version")),
        false => Ok(chosen),
    }
}

/// Go names TLS 1.3's suites without the 13 that rustls puts into them.
fn go_name(suite: &rustls::SupportedCipherSuite) -> String {
    format!("{:?}", suite.suite()).replace("TLS13_", "TLS_")
}

/// PEM text and where it came from.
struct Source {
    pem: Vec<u8>,
    from: Result<PathBuf, &'static str>,
}

impl Source {
    fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, Problem> {
        let found: Result<Vec<_>, pem::Error> = CertificateDer::pem_slice_iter(&self.pem).collect();
        match found {
            Ok(found) if !found.is_empty() => Ok(found),
            Ok(_) => Err(self.wrong(&"no certificate in it")),
            Err(e) => Err(self.wrong(&e)),
        }
    }

    fn wrong(&self, reason: &dyn std::fmt::Display) -> Problem {
        here(&match &self.from {
            Ok(path) => format!("{}: {reason}", path.display()),
            Err(key) => format!("tls_server_config.{key}: {reason}"),
        })
    }
}

fn source(
    key: &'static str,
    file: &Option<PathBuf>,
    inline: &Option<String>,
    folder: &Path,
) -> Result<Option<Source>, Problem> {
    match (file, inline) {
        (Some(_), Some(_)) => Err(here(&format!("tls_server_config: {key}_file and {key} exclude each other"))),
        (None, Some(text)) => Ok(Some(Source { pem: text.clone().into_bytes(), from: Err(key) })),
        (None, None) => Ok(None),
        (Some(path), None) => {
            let path = folder.join(path);
            match std::fs::read(&path) {
                Ok(pem) => Ok(Some(Source { pem, from: Ok(path) })),
                Err(e) => Err(Problem::File(path, e)),
            }
        }
    }
}

fn here(reason: &str) -> Problem {
    Problem::Here(reason.to_owned())
}
