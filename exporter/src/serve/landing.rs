//! The page at `/`: what this is, where its readings come from and where to go.

use bytes::Bytes;
use http::{HeaderValue, Response, header};
use http_body_util::Full;

use crate::source::{Exits, Refusal};

const BEGIN: &str = r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>procession-exporter</title>
<style>
:root { color-scheme: light dark }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 44rem; margin: 3rem auto; padding: 0 1rem }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem }
pre { padding: .75rem 1rem; overflow-x: auto; border: 1px solid #8884; border-radius: .4rem }
table { border-collapse: collapse }
td { padding: .15rem 1.5rem .15rem 0; vertical-align: top }
</style>
</head>
<body>
<h1>procession-exporter</h1>
<p>Tells what the processes of this host do: CPU, memory, storage, threads, files, faults, switches and states,
for groups of processes and for each process. Each request reads all processes anew.</p>
"#;

const END: &str = concat!(
    r#"<h2>Look at it</h2>
<table>
<tr><td><a href="/metrics">/metrics</a><td>everything, in OpenMetrics or Prometheus text, as the client asks
<tr><td><a href="/metrics?collect[]=cpu&amp;collect[]=memory">/metrics?collect[]=cpu&amp;collect[]=memory</a><td>these families alone
<tr><td><a href="/metrics?exclude[]=states">/metrics?exclude[]=states</a><td>all families but these; a wrong name is answered with what there is
<tr><td><a href="/-/healthy">/-/healthy</a>, <a href="/-/ready">/-/ready</a><td>for those who watch over it
<tr><td><code>POST /-/reload</code><td>reads the configuration again, as SIGHUP does
</table>
<h2>Have it scraped</h2>
<pre>scrape_configs:
  - job_name: procession
    static_configs:
      - targets: ["THIS-HOST:9956"]</pre>
<p>procession-scraper takes the same configuration as Prometheus. Without passwords the exporter listens on this host alone;
<code>--web.listen-address</code> and <code>--web.config.file</code> open it to others.</p>
<h2>What the names mean</h2>
<table>
<tr><td><code>proc_group_*</code><td>sums over a group, by the label <code>group</code>: the processes of one name, or as the rules of the configuration say. Counters never fall.
<tr><td><code>proc_*</code><td>one process, by <code>pid</code> and <code>group</code>; <code>proc_info</code> says what it is
<tr><td><code>procession_exporter_*</code><td>the exporter: what it has read, what it could not read, how long that took
</table>
<p>Every metric explains itself in its <code>HELP</code> line. What cannot be read is missing, never 0.</p>
<p><small>Version "#,
    env!("CARGO_PKG_VERSION"),
    "</small></p>\n</body>\n</html>\n"
);

/// What the page says of a source, of why it is not BPF, and of what tells of ends.
pub(crate) fn source(name: &str, refusal: Option<&Refusal>, exits: &Exits) -> String {
    let text =
        |said: &dyn std::fmt::Display| said.to_string().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let source = match refusal {
        None => format!("Readings come from the source <b>{name}</b>."),
        Some(refusal) => {
            format!("Readings come from the source <b>{name}</b>, not from BPF, which costs less: {}.", text(refusal))
        }
    };
    format!("<p>{source}</p>\n<p>Ends of processes: {}.</p>\n", text(exits))
}

/// The page, with what it says of the source.
pub(crate) fn answer(source: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from([BEGIN, source, END].concat())));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    );
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Untold;

    #[test]
    fn the_reason_is_text() {
        let exits = Exits::Scans(Untold::Refused("<i>".to_owned()));
        let said = source("procfs", Some(&Refusal::Refused("R1 <b>&".to_owned())), &exits);
        assert!(said.contains("<b>procfs</b>") && said.contains("R1 &lt;b&gt;&amp;."), "{said}");
        assert!(said.contains("the program: &lt;i&gt;."), "{said}");
        let said = source("bpf", None, &Exits::Bpf);
        assert!(said.contains("<b>bpf</b>.") && said.contains("are exact."), "{said}");
    }
}
