//! The page of a process tree.

use axum::response::Response;
use http::StatusCode;
use maud::{Markup, html};

use super::forest::{DEPTH, Forest, Node, Order, Row, Use};
use super::{ORDERS, TreeView};
use crate::chart::Unit;
use crate::pages::figure::figure;
use crate::pages::link::Link;
use crate::pages::phrase::{clock, lasting, named};
use crate::pages::range::rfc3339;
use crate::pages::shell;
use crate::server::App;

/// Ancestors that are named above a subtree.
const LINEAGE: usize = 8;
/// How far the slider reaches.
const SLIDER_MS: i64 = 86_400_000;
/// Steps through time.
const STEPS: [(&str, i64); 3] = [("1 h", 3_600_000), ("10 min", 600_000), ("1 min", 60_000)];
/// Around a moment of the past, the pages of its processes show so much on both sides.
const AROUND_MS: i64 = 1_800_000;

/// The host beside the name of the installation.
pub(super) fn bar(view: &TreeView) -> Markup {
    html! {
        span.sep aria-hidden="true" { "/" }
        a.crumb href=(around(view).to_host(&view.instance).href()) { (named(&view.instance)) }
        span.sep aria-hidden="true" { "/" }
        h1 { "Process tree" }
    }
}

/// A range around the moment, for links to other pages.
fn around(view: &TreeView) -> Link {
    let link = Link::to("/host");
    let link = view.link.get("tz").map_or_else(|| link.clone(), |tz| link.with("tz", tz));
    if view.live {
        return link;
    }
    let until_ms = (view.at_ms + AROUND_MS).min(view.now_ms.max(view.at_ms));
    link.with("from", &rfc3339(view.at_ms - AROUND_MS)).with("until", &rfc3339(until_ms))
}

pub(super) fn page(app: &App, view: &TreeView, nodes: Vec<Node>) -> Response {
    let forest = Forest::grow(nodes);
    let root = view.root.as_deref().map(|pid| forest.find(pid));
    let body = html! {
        (moment(view))
        (choices(view))
        @match root {
            _ if forest.nodes.is_empty() => (nobody(view)),
            Some(None) => section.notice {
                h2 { "No process had the pid " (view.root.as_deref().unwrap_or_default()) " at this moment" }
                p { a href=(view.link.without("root").href()) { "The whole tree" } }
            },
            Some(Some(root)) => { (lineage(view, &forest, root)) (grid(view, &forest, Some(root))) }
            None => (grid(view, &forest, None)),
        }
    };
    let every = view.live.then_some(view.interval_ms);
    shell::followed(app, StatusCode::OK, &format!("Processes of {}", view.instance), &bar(view), &body, every)
}

fn nobody(view: &TreeView) -> Markup {
    html! {
        section.notice {
            h2 { "No process of " (named(&view.instance)) " is known at this moment" }
            p { "The host may not have been scraped then, or its exporter is set to groups only and tells nothing of single processes." }
            p { a href=(view.link.without("at").href()) { "The tree now" } " \u{b7} " a href=(around(view).to_host(&view.instance).href()) { "the host around this moment" } }
        }
    }
}

/// The moment: a step back and forth, a slider over a day.
fn moment(view: &TreeView) -> Markup {
    let at = |ms: i64| view.link.with("at", &rfc3339(ms)).href();
    let end_ms = (view.at_ms + SLIDER_MS / 2).min(view.now_ms.max(view.at_ms));
    let seconds = |ms: i64| ms.div_euclid(1000);
    let time = |ms: i64| clock(ms, view.now_ms, &view.zone);
    html! {
        div.moment id="moment" {
            span.seg {
                @for (name, by_ms) in STEPS { a href=(at(view.at_ms - by_ms)) title={ "Back by " (name) } { "\u{2212}" (name) } }
            }
            b { @if view.live { "now" } @else { (time(view.at_ms)) } }
            span.seg {
                @for (name, by_ms) in STEPS.into_iter().rev() {
                    @if view.at_ms + by_ms <= view.now_ms { a href=(at(view.at_ms + by_ms)) title={ "Forward by " (name) } { "+" (name) } }
                    @else { span.off aria-hidden="true" { "+" (name) } }
                }
                a href=(view.link.without("at").href()) aria-current=[view.live.then_some("true")] { "now" }
            }
            form.slider action="/tree" method="get" {
                span.dim { (time(end_ms - SLIDER_MS)) }
                input type="range" name="at" aria-label="Moment" min=(seconds(end_ms - SLIDER_MS)) max=(seconds(end_ms))
                    step="15" value=(seconds(view.at_ms));
                span.dim { (time(end_ms)) }
                button { "Go there" }
                (hidden(view, &["at"]))
            }
        }
    }
}

/// Search and time as text.
fn choices(view: &TreeView) -> Markup {
    html! {
        form.free.choices id="choices" action="/tree" method="get" {
            label { "Find " input name="filter" value=(view.link.get("filter").unwrap_or_default()) placeholder="name, user or pid" maxlength="200" spellcheck="false" autocomplete="off"; }
            label { " at " input name="at" value=(if view.live { "now".to_owned() } else { shown_moment(view) }) size="19" spellcheck="false" autocomplete="off"; }
            button { "Show" }
            @if view.filter.is_some() { a href=(view.link.without("filter").href()) { "all processes" } }
            (hidden(view, &["at", "filter"]))
        }
    }
}

/// The moment in a form that is read back.
fn shown_moment(view: &TreeView) -> String {
    clock(view.at_ms, i64::MIN, &view.zone)
}

/// What a form carries along. It stands last, so that what is seen before it keeps its place when a subtree is opened.
fn hidden(view: &TreeView, but: &[&str]) -> Markup {
    html! {
        @for (name, value) in view.link.pairs().filter(|(name, _)| !but.contains(name)) {
            input type="hidden" name=(name) value=(value);
        }
    }
}

/// The way from the first process down to the root of the page.
fn lineage(view: &TreeView, forest: &Forest, root: usize) -> Markup {
    let mut above: Vec<usize> = forest.ancestors(root).take(LINEAGE + 1).collect();
    let cut = above.len() > LINEAGE;
    above.truncate(LINEAGE);
    html! {
        nav.lineage id="lineage" aria-label="Ancestors" {
            a href=(view.link.without("root").href()) { "all" }
            @if cut { " \u{203a} \u{2026}" }
            @for index in above.into_iter().rev() {
                @let node = &forest.nodes[index];
                " \u{203a} " a href=(view.link.with("root", &node.pid).href()) { (named(&node.name)) } span.of { (node.pid) }
            }
            " \u{203a} " b { (named(&forest.nodes[root].name)) } span.of { (forest.nodes[root].pid) }
        }
    }
}

fn grid(view: &TreeView, forest: &Forest, root: Option<usize>) -> Markup {
    let matched = view.filter.as_deref().map(|filter| forest.matching(filter));
    let turned = |pid: &str| {
        let open = view.turned.open.contains(pid).then_some(true);
        open.or_else(|| view.turned.closed.contains(pid).then_some(false))
    };
    let rows = forest.rows(root, view.order, matched.as_deref(), &turned);
    let head = |name: &str, order: Order, class: &str| {
        let key = ORDERS.iter().find(|(_, other)| *other == order).map_or("cpu", |(key, _)| key);
        let chosen = view.order == order;
        let direction = if matches!(order, Order::Name | Order::Pid) { "ascending" } else { "descending" };
        html! { th class=(class) scope="col" aria-sort=[chosen.then_some(direction)] { a href=(view.link.with("sort", key).href()) { (name) } } }
    };
    let links = around(view);
    html! {
        section.table.tree id="tree" {
            h2 {
                @match &matched {
                    Some(matched) => { (matched.iter().filter(|matched| **matched).count()) " found for \u{201c}" (view.link.get("filter").unwrap_or_default()) "\u{201d}" }
                    None => "Processes",
                }
                span.count { (root.map_or(forest.nodes.len(), |root| forest.below[root] + 1)) }
            }
            @if rows.is_empty() { p.empty { "No process matches" } } @else {
                div.scroll tabindex="0" role="region" aria-label="Process tree" {
                    table role="treegrid" aria-label={ "Processes of " (view.instance) } {
                        thead { tr {
                            (head("process", Order::Name, "")) (head("pid", Order::Pid, "")) th.text.lo scope="col" { "user" }
                            (head("CPU", Order::Cpu, "")) th.lo scope="col" { "own" }
                            (head("memory", Order::Memory, "")) th.lo scope="col" { "own" }
                            (head("I/O", Order::Io, "io")) th.lo scope="col" { "own" }
                        } }
                        tbody { @for row in &rows { (line(view, forest, row, &links)) } }
                    }
                }
                p.more { "CPU, memory and I/O are with all descendants, \u{201c}own\u{201d} without; memory that processes share counts once for each. Rates over " (lasting(4 * view.interval_ms)) "." }
            }
        }
    }
}

/// Indentation by class: the policy of these pages allows no style of an element.
fn indent(depth: usize) -> String {
    format!("d{}", depth.min(DEPTH + 1))
}

fn line(view: &TreeView, forest: &Forest, row: &Row, links: &Link) -> Markup {
    match *row {
        Row::More { parent, depth, count } => html! {
            tr.rest aria-level=(depth + 1) {
                th scope="row" colspan="9" class=(indent(depth)) {
                    @match parent {
                        Some(parent) => a href=(view.link.with("root", &forest.nodes[parent].pid).href()) { (count) " more under " (named(&forest.nodes[parent].name)) },
                        None => { (count) " more: search for them, or sort otherwise" }
                    }
                }
            }
        },
        Row::Process { index, depth, matched, position, siblings, open } => {
            let node = &forest.nodes[index];
            let below = forest.below[index];
            let (own, total): (Use, Use) = (node.own, forest.total[index]);
            let expanded = (below > 0).then_some(if open { "true" } else { "false" });
            html! {
                tr class=[(!matched).then_some("way")] data-pid=(node.pid) aria-level=(depth + 1) aria-posinset=(position) aria-setsize=(siblings) aria-expanded=[expanded] {
                    th scope="row" class=(indent(depth)) title=(node.name) {
                        @if below > 0 {
                            @let what = if open { "Close" } else { "Open" };
                            a.twig href=(view.turned.toggled(&view.link, &node.pid, open).href()) title={ (what) " the subtree, " (below) " below" } aria-label={ (what) " the subtree, " (below) " below" } {
                                @if open { "\u{25be}" } @else { "\u{25b8}" }
                            }
                        } @else { span.twig {} }
                        a href=(links.to_process(&view.instance, &node.pid, node.start).href()) { (named(&node.name)) }
                        @if below > 0 && !open { a.of href=(view.link.with("root", &node.pid).href()) title={ "Only " (node.name) " and what is below it" } { "+" (below) } }
                    }
                    td.dim { (node.pid) } td.text.lo { (node.user) }
                    (figure(Unit::Cores, total.cpu, "")) (figure(Unit::Cores, own.cpu, "lo own"))
                    (figure(Unit::Bytes, total.memory, "")) (figure(Unit::Bytes, own.memory, "lo own"))
                    (figure(Unit::BytesPerSecond, total.io, "io")) (figure(Unit::BytesPerSecond, own.io, "lo own"))
                }
            }
        }
    }
}
