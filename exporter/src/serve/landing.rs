//! The page at `/`: what this is and where to go. It holds nothing from outside, so nothing to escape.

use bytes::Bytes;
use http::{HeaderValue, Response, header};
use http_body_util::Full;

const PAGE: &str = concat!(
    r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>procession-exporter</title>
<style>
:root { color-scheme: light dark }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem }
</style>
</head>
<body>
<h1>procession-exporter</h1>
<p>Tells what the processes of this host do: CPU, memory, storage, threads, files, faults, switches and states,
for groups of processes with the same name and for each process.</p>
<ul>
<li><a href="/metrics">/metrics</a>: everything, in OpenMetrics or Prometheus text, as the client asks</li>
<li><a href="/-/healthy">/-/healthy</a> and <a href="/-/ready">/-/ready</a>: for those who watch over it</li>
</ul>
<p>Each request for the metrics reads all processes anew. Every metric explains itself in its <code>HELP</code> line.</p>
<p>Version "#,
    env!("CARGO_PKG_VERSION"),
    "</p>\n</body>\n</html>\n"
);

pub(crate) fn answer() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(PAGE.as_bytes())));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    );
    response
}
