//! Certificates and trust: `tls_config`.

use super::connection::causes;
use super::secret::Reading;
use crate::config::{Tls, TlsVersion};
use reqwest::{Certificate, ClientBuilder, Identity};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::sync::Arc;

/// The files' texts.
pub(super) struct Material {
    ca: Option<String>,
    identity: Option<(String, String)>,
}

impl Material {
    /// Reads them. The error names what can't be read.
    pub(super) fn read(tls: &Tls, reading: &mut Reading) -> Result<Self, String> {
        let ca = tls.ca.as_ref().map(|ca| reading.text(ca)).transpose()?;
        let identity = match &tls.identity {
            Some((certificate, key)) => Some((reading.text(certificate)?, reading.text(key)?)),
            None => None,
        };
        Ok(Material { ca, identity })
    }
}

/// Sets a client up whose servers must have the names of their URLs. The error names what can't be used.
pub(super) fn set_up(mut builder: ClientBuilder, tls: &Tls, material: &Material) -> Result<ClientBuilder, String> {
    let version = |version| match version {
        TlsVersion::Tls12 => reqwest::tls::Version::TLS_1_2,
        TlsVersion::Tls13 => reqwest::tls::Version::TLS_1_3,
    };
    if let Some(least) = tls.min_version {
        builder = builder.tls_version_min(version(least));
    }
    if let Some(most) = tls.max_version {
        builder = builder.tls_version_max(version(most));
    }
    if let Some(ca) = &material.ca {
        let certificates =
            Certificate::from_pem_bundle(ca.as_bytes()).map_err(|e| format!("tls_config: `ca`: {}", causes(&e)))?;
        if certificates.is_empty() {
            return Err(NO_AUTHORITY.to_owned());
        }
        builder = builder.tls_certs_only(certificates);
    }
    if let Some((certificate, key)) = &material.identity {
        let pem = format!("{certificate}\n{key}\n");
        let identity =
            Identity::from_pem(pem.as_bytes()).map_err(|e| format!("tls_config: `cert` and `key`: {}", causes(&e)))?;
        builder = builder.identity(identity);
    }
    if tls.insecure_skip_verify {
        builder = builder.tls_danger_accept_invalid_certs(true);
    }
    Ok(builder)
}

const NO_AUTHORITY: &str = "tls_config: `ca` holds no certificate in PEM form";

/// The same where the library's client is not used: who makes a connection says the name. The error names what can't be used.
pub(super) fn config(tls: &Tls, http2: bool, material: &Material) -> Result<ClientConfig, String> {
    let provider = CryptoProvider::get_default().cloned();
    let provider = provider.unwrap_or_else(|| Arc::new(rustls::crypto::ring::default_provider()));
    let verifier: Arc<dyn ServerCertVerifier> = match &material.ca {
        None => Arc::new(rustls_platform_verifier::Verifier::new(provider.clone()).map_err(|e| e.to_string())?),
        Some(ca) => {
            let mut roots = RootCertStore::empty();
            for certificate in CertificateDer::pem_slice_iter(ca.as_bytes()) {
                let added =
                    certificate.map_err(|e| e.to_string()).and_then(|c| roots.add(c).map_err(|e| e.to_string()));
                added.map_err(|e| format!("tls_config: `ca`: {e}"))?;
            }
            if roots.is_empty() {
                return Err(NO_AUTHORITY.to_owned());
            }
            let builder = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone());
            builder.build().map_err(|e| format!("tls_config: `ca`: {e}"))?
        }
    };
    let verifier = if tls.insecure_skip_verify { Arc::new(AnyCertificate(verifier)) } else { verifier };
    let least = tls.min_version.unwrap_or(TlsVersion::Tls12);
    let most = tls.max_version.unwrap_or(TlsVersion::Tls13);
    let versions: Vec<_> = [(TlsVersion::Tls12, &rustls::version::TLS12), (TlsVersion::Tls13, &rustls::version::TLS13)]
        .into_iter()
        .filter(|(version, _)| least <= *version && *version <= most)
        .map(|(_, version)| version)
        .collect();
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&versions)
        .map_err(|e| format!("tls_config: {e}"))?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match &material.identity {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let wrong = |e: String| format!("tls_config: `cert` and `key`: {e}");
            let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate.as_bytes()).collect();
            let chain = chain.map_err(|e| wrong(e.to_string()))?;
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|e| wrong(e.to_string()))?;
            builder.with_client_auth_cert(chain, key).map_err(|e| wrong(e.to_string()))?
        }
    };
    config.alpn_protocols = match http2 {
        true => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        false => vec![b"http/1.1".to_vec()],
    };
    Ok(config)
}

/// Takes any certificate whose key the server has (`insecure_skip_verify`).
#[derive(Debug)]
struct AnyCertificate(Arc<dyn ServerCertVerifier>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
