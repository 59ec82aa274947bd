//! `/tree`: the process tree of a host at any moment.

mod forest;
mod snapshot;
mod view;

use std::collections::BTreeSet;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use jiff::tz::TimeZone;

use self::forest::Order;
use super::link::Link;
use super::shell;
use crate::parameters::{BadParameter, Parameters};
use crate::server::App;
use crate::time::{Moment, parse_zone};

/// A view of a tree as it was asked for.
#[derive(Debug, Clone)]
struct TreeView {
    link: Link,
    instance: String,
    at_ms: i64,
    now_ms: i64,
    /// True where the moment is now.
    live: bool,
    zone: TimeZone,
    /// The pid whose subtree is shown; none for all processes.
    root: Option<String>,
    order: Order,
    filter: Option<String>,
    turned: Turned,
    /// Distance of the scrapes.
    interval_ms: i64,
}

/// What was opened and closed by hand, by pid.
#[derive(Debug, Clone, Default)]
struct Turned {
    open: BTreeSet<String>,
    closed: BTreeSet<String>,
}

/// Subtrees that can be turned by hand.
const MOST_TURNED: usize = 200;

const ORDERS: [(&str, Order); 5] =
    [("cpu", Order::Cpu), ("memory", Order::Memory), ("io", Order::Io), ("name", Order::Name), ("pid", Order::Pid)];

/// The longest text that is searched for, in characters.
const LONGEST_FILTER: usize = 200;

impl TreeView {
    fn parse(query: &str, now_ms: i64) -> Result<TreeView, BadParameter> {
        let known = ["instance", "at", "tz", "root", "sort", "filter", "open", "closed"];
        let given = Parameters::parse(query, &known, &[])?;
        let zone = given.read("tz", parse_zone)?.unwrap_or_else(TimeZone::system);
        let at = given.read("at", |text| Moment::parse(text, &zone))?.unwrap_or(Moment::Ago(0));
        let order = given.read("sort", |text| {
            let order = ORDERS.iter().find(|(name, _)| *name == text).map(|(_, order)| *order);
            order.ok_or_else(|| format!("must be one of {}", ORDERS.map(|(name, _)| name).join(", ")))
        })?;
        let filter = given.read("filter", |text| match text.chars().count() {
            0..=LONGEST_FILTER => Ok(text.to_lowercase()),
            _ => Err(format!("has more than {LONGEST_FILTER} characters")),
        })?;
        let pids = |text: &str| match text.split(',').count() {
            0..=MOST_TURNED => Ok(text.split(',').map(str::to_owned).collect()),
            _ => Err(format!("names more than {MOST_TURNED} processes")),
        };
        let turned = Turned {
            open: given.read("open", pids)?.unwrap_or_default(),
            closed: given.read("closed", pids)?.unwrap_or_default(),
        };
        Ok(TreeView {
            link: Link::asked("/tree", &known, &given),
            instance: given.needed_name("instance", "it names the host")?,
            at_ms: at.resolve(now_ms),
            now_ms,
            live: at == Moment::Ago(0),
            zone,
            root: given.name("root")?,
            order: order.unwrap_or(Order::Cpu),
            filter,
            turned,
            interval_ms: 0,
        })
    }
}

impl Turned {
    /// The link that opens the subtree of `pid`, or closes it where it is open.
    fn toggled(&self, link: &Link, pid: &str, is_open: bool) -> Link {
        let mut turned = self.clone();
        if is_open {
            turned.open.remove(pid);
            turned.closed.insert(pid.to_owned());
        } else {
            turned.closed.remove(pid);
            turned.open.insert(pid.to_owned());
        }
        let listed = |link: Link, name, pids: BTreeSet<String>| match pids.is_empty() {
            true => link.without(name),
            false => link.with(name, &pids.into_iter().collect::<Vec<_>>().join(",")),
        };
        listed(listed(link.clone(), "open", turned.open), "closed", turned.closed)
    }
}

/// Answers `/tree`.
pub async fn handle(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    let mut view = match TreeView::parse(&query.unwrap_or_default(), app.now_ms()) {
        Ok(view) => view,
        Err(bad) => return shell::bad_link(&app, &bad),
    };
    let title = format!("Processes of {}", view.instance);
    let nodes = match snapshot::fetch(&app.client, &view).await {
        Ok((nodes, interval_ms)) => {
            view.interval_ms = interval_ms;
            nodes
        }
        Err(error) => return shell::no_answer(&app, &title, &view::bar(&view), &error),
    };
    shell::drawn(&app, move |app| view::page(app, &view, nodes)).await
}
