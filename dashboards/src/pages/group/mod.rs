//! `/group`: everything about one group of a host, and the processes that were in it.

mod members;
mod view;

use axum::extract::{RawQuery, State};
use axum::response::Response;

use super::link::Link;
use super::timeframe::Timeframe;
use super::trends::{self, Metrics, Subject, Within};
use super::{happenings, shell};
use crate::parameters::{BadParameter, Parameters};
use crate::query::promql::quoted;
use crate::server::App;

/// A view of a group as it was asked for.
#[derive(Debug, Clone)]
struct GroupView {
    link: Link,
    frame: Timeframe,
    instance: String,
    group: String,
}

impl GroupView {
    fn parse(query: &str, now_ms: i64) -> Result<GroupView, BadParameter> {
        let known = ["instance", "group", "from", "until", "tz", "compare"];
        let given = Parameters::parse(query, &known, &[])?;
        Ok(GroupView {
            link: Link::asked("/group", &known, &given),
            frame: Timeframe::parse(&given, now_ms)?,
            instance: given.needed_name("instance", "it names the host")?,
            group: given.needed_name("group", "it names the group")?,
        })
    }

    fn matcher(&self) -> String {
        format!("instance={},group={}", quoted(&self.instance), quoted(&self.group))
    }
}

/// Answers `/group`.
pub async fn handle(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    let mut view = match GroupView::parse(&query.unwrap_or_default(), app.now_ms()) {
        Ok(view) => view,
        Err(bad) => return shell::bad_link(&app, &bad),
    };
    let host = format!("instance={}", quoted(&view.instance));
    if let Err(error) = view.frame.measure(&app.client, &host, &mut view.link).await {
        return shell::no_answer(&app, &view.group, &view::bar(&view), &error);
    }
    let name = format!("{} on {}", view.group, view.instance);
    let subject = Subject { metrics: Metrics::Group, matcher: view.matcher(), instance: view.instance.clone(), name };
    let (mut trends, members, mut events) = tokio::join!(
        trends::fetch(&app.client, &subject, &view.frame, Within::ALL),
        members::fetch(&app.client, &view),
        happenings::of_host(&app, &view.instance, &view.frame),
    );
    events.extend(members.iter().flat_map(|members| members.events(view.frame.span)));
    trends.mark(&events);
    shell::drawn(&app, move |app| view::page(app, &view, &subject, &trends, &members)).await
}
