//! The way to the API server.

use crate::config::{Credentials, HttpClient, KubernetesAccess, Secret};
use base64::Engine;
use kube::config::{AuthInfo, KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// A client. The error says what can't be read or used.
pub(super) async fn client(access: &KubernetesAccess) -> Result<Client, String> {
    let config = match access {
        KubernetesAccess::InCluster => {
            Config::incluster().map_err(|e| format!("not in a cluster, and no api_server or kubeconfig_file: {e}"))?
        }
        KubernetesAccess::Kubeconfig(path) => {
            let told = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
            let file = Kubeconfig::read_from(path).map_err(|e| told(&e))?;
            let options = KubeConfigOptions::default();
            Config::from_custom_kubeconfig(file, &options).await.map_err(|e| told(&e))?
        }
        KubernetesAccess::Server(url, client) => server(url, client).await?,
    };
    Client::try_from(config).map_err(|e| e.to_string())
}

async fn server(url: &str, client: &HttpClient) -> Result<Config, String> {
    let mut config = Config::new(url.parse().map_err(|e| format!("{url:?} is not a URL: {e}"))?);
    let mut who = AuthInfo::default();
    match &client.credentials {
        Some(Credentials::Basic { username, password }) => {
            who.username = Some(read(username).await?);
            who.password = Some(read(password).await?.into());
        }
        // Kept as a file, it is read again when it changes.
        Some(Credentials::Header { credentials: Secret::File(path), .. }) => {
            who.token_file = Some(path.display().to_string());
        }
        Some(Credentials::Header { credentials, .. }) => who.token = Some(read(credentials).await?.into()),
        Some(Credentials::OAuth2(_)) | None => {}
    }
    if let Some((certificate, key)) = &client.tls.identity {
        let base64 = base64::engine::general_purpose::STANDARD;
        who.client_certificate_data = Some(base64.encode(read(certificate).await?));
        who.client_key_data = Some(base64.encode(read(key).await?).into());
    }
    config.auth_info = who;
    if let Some(ca) = &client.tls.ca {
        let pem = read(ca).await?;
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
        let certificates = certificates.map_err(|e| format!("the CA is no PEM file of certificates: {e}"))?;
        config.root_cert = Some(certificates.iter().map(|certificate| certificate.to_vec()).collect());
    }
    config.accept_invalid_certs = client.tls.insecure_skip_verify;
    config.tls_server_name = client.tls.server_name.clone();
    Ok(config)
}

async fn read(secret: &Secret) -> Result<String, String> {
    match secret {
        Secret::Text(text) => Ok(text.clone()),
        Secret::File(path) => {
            let text = tokio::fs::read_to_string(path).await.map_err(|e| format!("{}: {e}", path.display()))?;
            Ok(text.trim().to_owned())
        }
    }
}
