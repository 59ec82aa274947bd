//! What happened on a host while the range of a page went by: processes that the kernel killed for want of memory, and the
//! events that the configuration asks for.

use super::timeframe::Timeframe;
use crate::chart::{Event, Happening};
use crate::image;
use crate::query::promql::quoted;
use crate::server::App;
use crate::time::duration_text;

/// The events of a host. A query that fails is no reason to show no page: it is logged, and its events are missing.
pub(super) async fn of_host(app: &App, instance: &str, frame: &Timeframe) -> Vec<Event> {
    let mut events = kills(app, instance, frame).await;
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

/// Kills for want of memory, as the host's exporter counts them.
async fn kills(app: &App, instance: &str, frame: &Timeframe) -> Vec<Event> {
    let window = duration_text(frame.rate_window_ms());
    let query =
        format!("increase(procession_exporter_host_oom_kills_total{{instance={}}}[{window}])", quoted(instance));
    let title = "the kernel killed for want of memory".to_owned();
    match image::events(&app.client, &[query], &[title], frame.points(), frame.step_ms).await {
        Ok(found) => found.into_iter().map(|event| Event { what: Happening::OutOfMemory, ..event }).collect(),
        Err(error) => {
            tracing::debug!(%error, "no kills");
            Vec::new()
        }
    }
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
