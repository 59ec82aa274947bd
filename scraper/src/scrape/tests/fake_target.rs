//! A target that says to each connection exactly the bytes that a test wants.

use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// A target on a port of its own; ends with the runtime.
pub(super) struct FakeTarget {
    pub(super) address: SocketAddr,
    /// The heads of requests as they came.
    pub(super) requests: mpsc::UnboundedReceiver<String>,
}

/// What happens after the head of a request was read.
#[derive(Clone)]
pub(super) enum Answer {
    /// These bytes, then the connection ends.
    Bytes(Vec<u8>),
    /// These bytes, and the connection stays for the next request.
    KeepAlive(Vec<u8>),
    /// These bytes, then the same piece again and again.
    Endless(Vec<u8>, Vec<u8>),
    /// These bytes, then silence.
    Silence(Vec<u8>),
}

impl FakeTarget {
    /// Answers every request alike.
    pub(super) async fn new(answer: Answer) -> Self {
        Self::answering(move |_| answer.clone()).await
    }

    /// Answers by the head of the request.
    pub(super) async fn answering(answer: impl Fn(&str) -> Answer + Clone + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (heads, requests) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(talk(stream, answer.clone(), heads.clone()));
            }
        });
        FakeTarget { address, requests }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/metrics", self.address)
    }
}

async fn talk(mut stream: TcpStream, answer: impl Fn(&str) -> Answer, heads: mpsc::UnboundedSender<String>) {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => return,
            }
        }
        let head = String::from_utf8(head).unwrap();
        let said = answer(&head);
        let _ = heads.send(head);
        match said {
            Answer::Bytes(bytes) => {
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
                return;
            }
            Answer::KeepAlive(bytes) => {
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Answer::Endless(bytes, again) => {
                let mut sent = stream.write_all(&bytes).await;
                while sent.is_ok() {
                    sent = stream.write_all(&again).await;
                }
                return;
            }
            Answer::Silence(bytes) => {
                let _ = stream.write_all(&bytes).await;
                // Until the other side gives up.
                let _ = stream.read_u8().await;
                return;
            }
        }
    }
}

/// A whole answer with these headers (each with its line end) and this body.
pub(super) fn ok(headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

pub(super) const TEXT: &str = "Content-Type: text/plain; version=0.0.4\r\n";
pub(super) const OPENMETRICS: &str = "Content-Type: application/openmetrics-text; version=1.0.0\r\n";
