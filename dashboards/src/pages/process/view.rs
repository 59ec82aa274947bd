//! The page of a process.

use axum::response::Response;
use http::StatusCode;
use maud::{Markup, html};

use super::ProcessView;
use super::identity::{Family, Found, Identity};
use crate::pages::lives::Life;
use crate::pages::phrase::{clock, lasting, named};
use crate::pages::range::rfc3339;
use crate::pages::trends::{self, Subject, Trends};
use crate::pages::{range, shell};
use crate::query::Error;
use crate::server::App;
use crate::time::ms_of;

/// Children that are named.
const CHILDREN: usize = 24;

/// Host, group and process beside the name of the installation.
pub(super) fn bar(view: &ProcessView, found: Option<&Found>) -> Markup {
    let identity = found.map(|found| &found.identity).filter(|identity| !identity.pid.is_empty());
    html! {
        span.sep aria-hidden="true" { "/" }
        a.crumb href=(view.link.to_host(&view.instance).href()) { (named(&view.instance)) }
        @if let Some(Identity { group, .. }) = identity {
            span.sep aria-hidden="true" { "/" }
            a.crumb href=(view.link.to_group(&view.instance, group).href()) { (named(group)) }
        }
        span.sep aria-hidden="true" { "/" }
        h1 { @if let Some(identity) = identity { (named(&identity.name)) " " } (view.pid) }
        (range::picker(&view.link, &view.frame))
    }
}

/// The page where the process was not seen.
pub(super) fn unknown(app: &App, view: &ProcessView, found: &Found) -> Response {
    let body = html! {
        section.notice {
            h2 { "No such process with the pid " (view.pid) " was seen on " (named(&view.instance)) " in this range" }
            p {
                "A longer range may show it: " a href=(view.link.over("-30d", None)) { "the last 30 days" }
                @if let Some(start) = view.start {
                    @let start_ms = ms_of(start);
                    ", or " a href=(view.link.over(&rfc3339(start_ms - 300_000), Some(&rfc3339(start_ms + 900_000)))) { "the minutes around its start" }
                }
                ". It may also be that the exporter of this host is set to groups only."
            }
            @if !found.others.is_empty() { p { (other_lives(view, &found.others)) } }
        }
    };
    shell::page(app, StatusCode::OK, &view.pid, &bar(view, None), &body)
}

pub(super) fn page(
    app: &App,
    view: &ProcessView,
    subject: &Subject,
    found: &Found,
    life: Life,
    trends: &Trends,
    family: &Result<Family, Error>,
) -> Response {
    let body = html! {
        (facts(view, found, life, family))
        (trends::cards(subject, &view.frame, &view.link, trends))
    };
    shell::followed(app, StatusCode::OK, &subject.name, &bar(view, Some(found)), &body, view.frame.follows())
}

/// What identifies it.
fn facts(view: &ProcessView, found: &Found, life: Life, family: &Result<Family, Error>) -> Markup {
    let (frame, identity) = (&view.frame, &found.identity);
    let time = |ms: i64| clock(ms, frame.now_ms, &frame.zone);
    let is_there = life.lasts(frame);
    let end_ms = if is_there { frame.span.end_ms } else { life.last_seen_ms };
    html! {
        dl.facts {
            div { dt { "state" } dd {
                @if is_there { span.dot.up aria-hidden="true" {} @if frame.live { "runs" } @else { "there at the end of the range" } }
                @else { span.dot aria-hidden="true" {} "last seen " (time(life.last_seen_ms)) }
            } }
            div { dt { "started" } dd { (time(life.start_ms())) span.dim { ", " (lasting(end_ms - life.start_ms())) @if is_there { " ago" } @else { " before" } } } }
            div { dt { "pid" } dd { (view.pid) } }
            div { dt { "parent" } dd {
                @match family {
                    Ok(Family { parent: Some(parent), .. }) => (relative(view, parent)),
                    _ => @if identity.ppid.is_empty() { "\u{2013}" } @else { (identity.ppid) },
                }
            } }
            div { dt { "relatives" } dd {
                @let at = (!(is_there && frame.live)).then(|| rfc3339(life.last_seen_ms));
                a href=(view.link.to_tree(&view.instance, at.as_deref()).with("root", &view.pid).href()) { "in the process tree" }
            } }
            div { dt { "group" } dd { a href=(view.link.to_group(&view.instance, &identity.group).href()) { (named(&identity.group)) } } }
            div { dt { "user" } dd { (or_dash(&identity.user)) } }
            div { dt { "executable" } dd { (or_dash(&identity.executable)) } }
            @if !found.earlier_names.is_empty() { div { dt { "was called" } dd { (found.earlier_names.join(", ")) } } }
            @match family {
                Ok(family) if !family.children.is_empty() => {
                    div.wide { dt { "children" } dd {
                        @for child in family.children.iter().take(CHILDREN) { (relative(view, child)) " " }
                        @if family.children.len() > CHILDREN { span.dim { "and " (family.children.len() - CHILDREN) " more" } }
                    } }
                }
                Ok(_) => {}
                Err(error) => div.wide { dt { "relatives" } dd { (shell::part_failed(error)) } },
            }
        }
        @if !found.others.is_empty() { p.state { (other_lives(view, &found.others)) } }
    }
}

fn or_dash(text: &str) -> &str {
    if text.is_empty() { "\u{2013}" } else { text }
}

/// A link without a start leads to the last process with the pid in the range; relatives are of the same moment.
fn relative(view: &ProcessView, identity: &Identity) -> Markup {
    let href = view.link.to_process(&view.instance, &identity.pid, None).href();
    html! { span.rel { a href=(href) { (named(&identity.name)) } span.of { (identity.pid) } } }
}

fn other_lives(view: &ProcessView, others: &[Life]) -> Markup {
    let frame = &view.frame;
    html! {
        "Other processes had this pid: "
        @for (index, life) in others.iter().take(CHILDREN).enumerate() {
            @if index > 0 { ", " }
            a href=(view.link.to_process(&view.instance, &view.pid, Some(life.start)).href()) {
                "started " (clock(life.start_ms(), frame.now_ms, &frame.zone))
            }
        }
    }
}
