//! Why a target fails: the scraper's words, and what to do about it.

use maud::{Markup, html};

/// What a scraper's message hints at: parts of messages, in lower case, of our scraper and of Prometheus, with what helps.
/// The first that fits is taken.
const ADVICE: [(&[&str], &str); 9] = [
    (
        &["connection refused"],
        "Nothing listens there. Is the exporter running, on that port? It listens on its own host alone unless it is told otherwise: procession-exporter --web.listen-address=:9956",
    ),
    (
        &["no whole answer within", "deadline exceeded", "timed out", "timeout"],
        "Nothing came back in time: the host is off, a firewall drops the packets, or the exporter takes longer than scrape_timeout.",
    ),
    (
        &["resolve", "no such host", "lookup", "name or service not known", "no address"],
        "The scraper cannot find a host of that name. Is it spelled right? An address works too.",
    ),
    (&["no route", "unreachable"], "There is no way to that host from the scraper's."),
    (
        &["status 401", "status 403"],
        "The exporter asks who is there: give the job basic_auth, or another authorization, in the scraper's configuration.",
    ),
    (
        &["status 404"],
        "Something answers, but not under that path: see metrics_path, and whether the port is the exporter's.",
    ),
    (
        &["certificate", "tls", "x509", "handshake"],
        "The encryption does not fit: see scheme and tls_config of the job, and the exporter's --web.config.file.",
    ),
    (
        &["content-type", "parse", "line ", "expected", "unexpected"],
        "What answers there speaks another format: is the port the exporter's?",
    ),
    (
        &["limit exceeded", "limit"],
        "It sends more than the job allows: raise that limit, or let the exporter send groups only (config/exporter-groups.yml).",
    ),
];

/// What helps against the failure that a scraper tells of so.
fn advice(message: &str) -> Option<&'static str> {
    let message = message.to_lowercase();
    ADVICE.iter().find(|(hints, _)| hints.iter().any(|hint| message.contains(hint))).map(|(_, advice)| *advice)
}

/// The scraper's words, and what helps, where that is known.
pub(super) fn why(message: &str) -> Markup {
    html! {
        @if !message.is_empty() { span.why { (message) } }
        @if let Some(advice) = advice(message) { span.why.advice { (advice) } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_have_advice() {
        for (message, expected) in [
            ("connection refused by 10.0.0.1:9956", "Nothing listens there."),
            (
                "Get \"http://h:9956/metrics\": dial tcp 10.0.0.1:9956: connect: connection refused",
                "Nothing listens there.",
            ),
            ("no whole answer within the scrape timeout of 10s", "Nothing came back in time"),
            ("Get \"http://h:9956/metrics\": context deadline exceeded", "Nothing came back in time"),
            ("Get \"http://h:9956/metrics\": dial tcp: lookup h: no such host", "The scraper cannot find"),
            ("server returned HTTP status 401", "The exporter asks who"),
            ("server returned HTTP status 404 Not Found", "Something answers"),
            ("the certificate of h:9956 has expired", "The encryption does not fit"),
            ("tls: failed to verify certificate: x509: unknown authority", "The encryption does not fit"),
            ("the target sends no Content-Type, and the job has no fallback_scrape_protocol", "What answers there"),
            ("sample limit exceeded: 12 samples, the limit is 10", "It sends more"),
        ] {
            assert!(
                advice(message).is_some_and(|advice| advice.starts_with(expected)),
                "{message}: {:?}",
                advice(message)
            );
        }
        assert_eq!((advice(""), advice("server returned HTTP status 500")), (None, None));
    }
}
