//! The exporter as tests of several files run it: the service on a port of its own.
#![allow(dead_code, reason = "no file uses all of it")]

mod page;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use procession_exporter::Options;
use procession_web::Bound;
use tokio_util::sync::CancellationToken;

pub(crate) use self::page::Page;

/// The exporter; stops when dropped.
pub(crate) struct Running {
    address: SocketAddr,
    shutdown: CancellationToken,
    thread: Option<std::thread::JoinHandle<anyhow::Result<()>>>,
}

impl Running {
    pub(crate) fn start(options: Options) -> Running {
        let (shutdown, (tell, told)) = (CancellationToken::new(), std::sync::mpsc::channel());
        let stopped = shutdown.clone();
        let thread = std::thread::spawn(move || {
            tokio::runtime::Runtime::new().expect("runtime").block_on(async {
                let bound = Bound::loopback(0).await?;
                tell.send(bound.local_addrs()[0]).expect("the test waits");
                procession_exporter::run(options, bound, stopped).await
            })
        });
        Running { address: told.recv().expect("bound"), shutdown, thread: Some(thread) }
    }

    /// `headers` are whole lines.
    pub(crate) fn ask(&self, method: &str, path: &str, headers: &str) -> Answer {
        let mut stream = TcpStream::connect(self.address).expect("connect");
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n")
            .expect("send");
        let mut raw = Vec::new();
        stream.read_to_end(&mut raw).expect("answer");
        let end = raw.windows(4).position(|w| w == b"\r\n\r\n").expect("head") + 4;
        let headers = String::from_utf8_lossy(&raw[..end]).to_ascii_lowercase();
        let status = headers[9..12].parse().expect("status");
        let body = raw.split_off(end);
        let chunked = headers.contains("transfer-encoding: chunked\r\n") && method != "HEAD";
        Answer { status, body: if chunked { unchunked(&body) } else { body }, headers }
    }

    /// `/metrics`.
    pub(crate) fn page(&self) -> Page {
        Page(self.ask("GET", "/metrics", "").text().to_owned())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shutdown.cancel();
        if let Some(thread) = self.thread.take() {
            thread.join().expect("no panic").expect("a clean end");
        }
    }
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    /// In lower case, as they are on the wire.
    pub(crate) headers: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }
}

/// The bytes of a chunked body, which has to be whole.
fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|w| w == b"\r\n").expect("the length of a chunk");
        let length = std::str::from_utf8(&rest[..end]).ok().and_then(|hex| usize::from_str_radix(hex, 16).ok());
        let length = length.expect("a number");
        rest = &rest[end + 2..];
        if length == 0 {
            assert_eq!(rest, b"\r\n");
            return body;
        }
        body.extend_from_slice(&rest[..length]);
        rest = rest[length..].strip_prefix(b"\r\n").expect("the end of a chunk");
    }
}
