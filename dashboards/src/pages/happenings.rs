//! What happened on a host while the range of a page went by: the events that the configuration asks for.

use super::timeframe::Timeframe;
use crate::chart::Event;
use crate::image;
use crate::query::promql::quoted;
use crate::server::App;

/// The configured events of a host. A query that fails is no reason to show no page: it is logged, and its events are missing.
pub(super) async fn of_host(app: &App, instance: &str, frame: &Timeframe) -> Vec<Event> {
    let mut events = Vec::new();
    for asked in app.events.iter() {
        let query = about(&asked.query, instance);
        let titles = std::slice::from_ref(&asked.title);
        match image::events(&app.client, &[query], titles, frame.points(), frame.step_ms).await {
            Ok(found) => events.extend(found),
            Err(error) => tracing::warn!(%error, query = asked.query, "no events"),
        }
    }
    events
}

/// The query with `$instance` as a quoted text, whatever the host is called.
fn about(query: &str, instance: &str) -> String {
    query.replace("$instance", &quoted(instance))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_text_in_a_query() {
        assert_eq!(about("deploy_info{instance=$instance}", "a\"} or up{"), r#"deploy_info{instance="a\"} or up{"}"#);
        assert_eq!(about("up", "a"), "up");
    }
}
