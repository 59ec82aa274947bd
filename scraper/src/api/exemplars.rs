//! `query_exemplars`: what samples refer to, such as traces.

use super::ApiState;
use super::answer::{Answer, ApiError, Remarks};
use super::json;
use super::parameters::Parameters;
use super::query::failed;
use axum::extract::State;
use parking_lot::Mutex;
use procession_promql::{Matcher, Options, Query, Select, SelectError, Selection, SeriesSet};
use procession_store::{Exemplar, SeriesExemplars};

/// `query_exemplars`: the exemplars from `start` to `end` of the series that the selectors of `query` select.
pub(crate) async fn query_exemplars(State(state): State<ApiState>, parameters: Parameters) -> Result<Answer, ApiError> {
    let (start_ms, end_ms) = parameters.open_range()?;
    if end_ms < start_ms {
        return Err(ApiError::bad_data("end timestamp must not be before start timestamp"));
    }
    let store = state.store.clone();
    let find = move |_: &_| {
        let query =
            procession_promql::parse(parameters.get("query")).map_err(|error| ApiError::bad_data(error.to_string()))?;
        let found = store.exemplars(&selectors(&query)?, start_ms, end_ms);
        Ok(Answer::write(|out| json::array(out, &found, write_series), &Remarks::default()))
    };
    state.gate.run(state.deadline(None), find).await
}

/// The matchers of each selector in a query: what it asks for when it is evaluated at one instant, over nothing.
fn selectors(query: &Query) -> Result<Vec<Vec<Matcher>>, ApiError> {
    let asked = Asked::default();
    procession_promql::instant(query, 0, &asked, &Options::default()).map_err(failed)?;
    Ok(asked.0.into_inner())
}

/// Notes what it is asked for, and has nothing.
#[derive(Default)]
struct Asked(Mutex<Vec<Vec<Matcher>>>);

impl Select for Asked {
    fn select(&self, selection: &Selection) -> Result<SeriesSet, SelectError> {
        self.0.lock().push(selection.matchers.clone());
        Ok(SeriesSet::default())
    }
}

fn write_series(out: &mut Vec<u8>, found: &SeriesExemplars) {
    out.extend_from_slice(br#"{"seriesLabels":"#);
    json::labels(out, &found.series);
    out.extend_from_slice(br#","exemplars":"#);
    json::array(out, &found.exemplars, |out, Exemplar { labels, timestamp_ms, value }| {
        out.extend_from_slice(br#"{"labels":"#);
        json::labels(out, labels);
        out.extend_from_slice(br#","value":"#);
        json::value(out, *value);
        out.extend_from_slice(br#","timestamp":"#);
        json::timestamp(out, *timestamp_ms);
        out.push(b'}');
    });
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use super::selectors;

    fn check(query: &str, want: &[&str]) {
        let mut got: Vec<String> = selectors(&procession_promql::parse(query).unwrap())
            .unwrap()
            .iter()
            .map(|set| set.iter().map(|m| m.name.clone()).collect::<Vec<_>>().join(","))
            .collect();
        got.sort();
        assert_eq!(got, want, "{query}");
    }

    #[test]
    fn every_selector_is_found() {
        check("1", &[]);
        check("a{x=\"1\"}", &["__name__,x"]);
        check(
            "histogram_quantile(0.9, sum by (le) (rate(a_bucket[5m]))) > scalar(b{y=~\"z\"} offset 1d)",
            &["__name__", "__name__,y"],
        );
        check("max_over_time(sum(a{p=\"1\"})[1h:5m]) or absent(b{q=\"1\"} @ 100)", &["__name__,p", "__name__,q"]);
    }
}
