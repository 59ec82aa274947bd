//! A server that remembers what was asked.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

/// Ends with the runtime.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    /// Heads of requests, each followed by its body.
    pub(super) requests: mpsc::UnboundedReceiver<String>,
}

impl Server {
    /// Over plain HTTP; the answer's status and body by the request. The body of a redirect is where it leads to.
    pub(super) async fn plain(answer: impl Fn(&str) -> (u16, String) + Clone + Send + Sync + 'static) -> Self {
        Self::new(None, answer).await
    }

    /// Over TLS; answers "hello".
    pub(super) async fn tls(config: ServerConfig) -> Self {
        Self::tls_answering(config, |_| (200, "hello".to_owned())).await
    }

    /// Over TLS; the answer by the request.
    pub(super) async fn tls_answering(
        config: ServerConfig,
        answer: impl Fn(&str) -> (u16, String) + Clone + Send + Sync + 'static,
    ) -> Self {
        Self::new(Some(TlsAcceptor::from(Arc::new(config))), answer).await
    }

    async fn new(
        tls: Option<TlsAcceptor>,
        answer: impl Fn(&str) -> (u16, String) + Clone + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (told, requests) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, answer, told) = (tls.clone(), answer.clone(), told.clone());
                tokio::spawn(async move {
                    match tls {
                        None => talk(stream, answer, told).await,
                        Some(tls) => {
                            // A client that does not like the certificate goes away here.
                            if let Ok(stream) = tls.accept(stream).await {
                                talk(stream, answer, told).await;
                            }
                        }
                    }
                });
            }
        });
        Server { address, requests }
    }

    pub(super) async fn asked(&mut self) -> String {
        self.requests.recv().await.unwrap()
    }
}

/// One request to a connection, more where `/kept` is asked for.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    answer: impl Fn(&str) -> (u16, String),
    told: mpsc::UnboundedSender<String>,
) {
    let mut kept = true;
    while kept {
        let mut request = read_head(&mut stream).await;
        if request.is_empty() {
            return;
        }
        kept = request.starts_with("GET /kept ");
        let length = request.lines().find_map(|l| l.strip_prefix("content-length: ")).map_or(0, |n| n.parse().unwrap());
        let mut body = vec![0; length];
        if stream.read_exact(&mut body).await.is_err() {
            return;
        }
        request.push_str(&String::from_utf8(body).unwrap());
        let (status, body) = answer(&request);
        let _ = told.send(request);
        let location = if (300..400).contains(&status) { format!("Location: {body}\r\n") } else { String::new() };
        let connection = if kept { "keep-alive" } else { "close" };
        let head = format!(
            "HTTP/1.1 {status} X\r\n{location}Connection: {connection}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
    }
    let _ = stream.shutdown().await;
}

async fn read_head<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}

/// A proxy that leads every `CONNECT` to one address, whatever host was asked for.
pub(super) async fn tunnel(to: SocketAddr) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (told, requests) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let head = read_head(&mut near).await;
            let _ = told.send(head);
            tokio::spawn(async move {
                let mut far = TcpStream::connect(to).await.unwrap();
                near.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
            });
        }
    });
    Server { address, requests }
}

/// An authority and what it signs, all as PEM.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(super) ca: String,
}

impl Authority {
    pub(super) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let ca = params.self_signed(&key).unwrap().pem();
        Authority { issuer: Issuer::new(params, key), ca }
    }

    /// A certificate for a name, and its key.
    pub(super) fn sign(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }

    /// A server with a certificate for this name; `clients` must show one of that authority.
    pub(super) fn server(
        &self,
        name: &str,
        clients: Option<&Authority>,
        versions: &[&'static SupportedProtocolVersion],
    ) -> ServerConfig {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (certificate, key) = self.sign(name);
        let builder = ServerConfig::builder_with_protocol_versions(versions);
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(CertificateDer::from_pem_slice(authority.ca.as_bytes()).unwrap()).unwrap();
                builder.with_client_cert_verifier(WebPkiClientVerifier::builder(Arc::new(roots)).build().unwrap())
            }
        };
        let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
        builder.with_single_cert(chain, PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap()).unwrap()
    }
}

/// The names that clients asked a server for, empty where one asked for none.
pub(super) type Names = Arc<Mutex<Vec<String>>>;

/// Makes a server remember them.
pub(super) fn remember_names(config: &mut ServerConfig) -> Names {
    #[derive(Debug)]
    struct Remembering(Arc<dyn ResolvesServerCert>, Names);
    impl ResolvesServerCert for Remembering {
        fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
            self.1.lock().unwrap().push(hello.server_name().unwrap_or_default().to_owned());
            self.0.resolve(hello)
        }
    }
    let names = Names::default();
    config.cert_resolver = Arc::new(Remembering(config.cert_resolver.clone(), names.clone()));
    names
}
