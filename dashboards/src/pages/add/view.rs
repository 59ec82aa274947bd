//! The page on which a host is added.

use axum::response::Response;
use http::StatusCode;
use maud::{Markup, html};

use super::{AddView, PORT, Progress};
use crate::pages::link::Link;
use crate::pages::{failing, shell};
use crate::query::Error;
use crate::server::App;

/// The page looks for the host so often.
const EVERY_MS: i64 = 3_000;

pub(super) fn page(app: &App, view: &AddView, progress: Option<&Result<Progress, Error>>) -> Response {
    let bar = html! { span.sep aria-hidden="true" { "/" } h1 { "Add a host" } };
    let body = html! {
        section.notice.steps {
            h2 { "Add a host" }
            form.free.choices action="/add" method="get" {
                label { "Its name or address " input name="host" value=(view.link.get("host").unwrap_or_default()) placeholder="web-1 or 10.0.0.7" maxlength="260" spellcheck="false" autocomplete="off" autocapitalize="off"; }
                button { "Show commands" }
            }
            (steps(app, view.target.as_deref()))
            @if let (Some(target), Some(progress)) = (&view.target, progress) { (state(target, progress)) }
        }
    };
    let status = match progress {
        Some(Err(error)) => error.status(),
        _ => StatusCode::OK,
    };
    shell::followed(app, status, "Add a host", &bar, &body, view.target.as_ref().map(|_| EVERY_MS))
}

/// What to do on the host and on the scraper, for `target` or for any.
pub(in crate::pages) fn steps(app: &App, target: Option<&str>) -> Markup {
    let named = target.unwrap_or("new-host:9956");
    let (_, port) = named.rsplit_once(':').unwrap_or((named, ""));
    let port = port.parse().unwrap_or(PORT);
    let file: String = named.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect();
    html! {
        ol {
            li {
                "On the host, start the exporter so that the scraper can reach it:"
                (command(&format!("procession-exporter --web.listen-address=:{port}")))
                p.dim { "Whoever reaches that port can read which processes run there: " code { "--web.config.file" } " asks for a password (docs/web.md), and " code { "config/systemd" } " has a unit that starts it with the host." }
            }
            li {
                "Let the scraper's configuration (" code { "--config.file" } ") read its targets from a folder, once:"
                (command("scrape_configs:\n  - job_name: hosts\n    file_sd_configs:\n      - files: ['targets/*.yml']"))
                "and have it read again: " (command(&format!("curl -X POST {}/-/reload", app.client.server())))
            }
            li {
                "From then on a host is a line in that folder, beside the configuration:"
                (command(&format!("echo \"- targets: ['{named}']\" > targets/{file}.yml")))
            }
        }
    }
}

/// Text that can be copied; the button is the script's.
fn command(text: &str) -> Markup {
    html! { div.command { pre tabindex="0" { (text) } button.copy type="button" data-copy="text" { "Copy" } } }
}

fn state(target: &str, progress: &Result<Progress, Error>) -> Markup {
    html! {
        p.progress id="progress" role="status" {
            @match progress {
                Ok(Progress::Here) => {
                    span.dot.up aria-hidden="true" {} b { (target) " is here" } ": "
                    a href=(Link::to("/host").with("instance", target).href()) { "its processes" }
                }
                Ok(Progress::Failing(message)) => {
                    span.dot.down aria-hidden="true" {} b.bad { (target) " cannot be scraped" }
                    (failing::why(message))
                }
                Ok(Progress::Waiting) => { span.dot.stale aria-hidden="true" {} (target) " is a target and will be scraped in a moment." }
                Ok(Progress::Unknown) => { span.dot aria-hidden="true" {} "The scraper does not know " (target) " yet. This page tells when it does." }
                Err(error) => (shell::part_failed(error)),
            }
        }
    }
}
