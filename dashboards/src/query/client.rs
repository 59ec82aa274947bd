//! What can be asked of the query server.

use serde::de::DeserializeOwned;

use super::answer::{Labels, List, Pair, QueriedSeries, QueryData, Sample, TargetState, TargetsData};
use super::connection::{Connection, Limits};
use super::error::Error;
use super::rows::Rows;
use crate::metrics::Metrics;
use crate::threads::Threads;
use crate::time::Span;

/// A client of one query server. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client(Connection);

impl Client {
    /// A client of the API at `url`: `http://host:port`, with a path where the API has a prefix (`/prometheus`), with
    /// user and password where it asks for them. Nothing is sent yet; long answers are read on `threads`.
    pub fn new(url: &str, limits: Limits, metrics: Metrics, threads: Threads) -> Result<Client, Error> {
        Ok(Client(Connection::new(url, limits, metrics, threads)?))
    }

    /// The same client for one page or chart: from now on all that it asks together takes no longer than one query may.
    pub fn hurried(&self) -> Client {
        Client(self.0.hurried())
    }

    /// Scheme, host and port of the query server.
    pub fn server(&self) -> &str {
        self.0.server()
    }

    /// How far the server's clock is ahead of this one's (behind, where it is negative), in milliseconds and to a second
    /// or two: from the `Date` of its last answer; 0 before there is one.
    pub fn clock_ahead_ms(&self) -> i64 {
        self.0.clock_ahead_ms()
    }

    /// An instant query that gives a vector; a scalar counts as a vector of one element without labels.
    pub async fn instant(&self, query: &str, at_ms: i64) -> Result<Vec<Sample>, Error> {
        self.instant_of(query, at_ms).await
    }

    /// As [`Client::instant`], with those labels alone that `L` has: for answers of thousands of series.
    pub async fn instant_of<L>(&self, query: &str, at_ms: i64) -> Result<Vec<Sample<L>>, Error>
    where
        L: DeserializeOwned + Default + Send + 'static,
    {
        match self.ask("query", &[("query", query), ("time", &seconds(at_ms))]).await? {
            QueryData::Vector(List(samples)) => Ok(samples),
            QueryData::Scalar(Pair(point)) => Ok(vec![Sample { labels: L::default(), point }]),
            _ => Err(self.0.malformed("the query gives no instant vector")),
        }
    }

    /// An instant query of a range selector (`up[5m]`): the samples as they were scraped.
    pub async fn raw(&self, query: &str, at_ms: i64) -> Result<Vec<QueriedSeries>, Error> {
        match self.ask::<Labels>("query", &[("query", query), ("time", &seconds(at_ms))]).await? {
            QueryData::Matrix(List(series)) => Ok(series),
            _ => Err(self.0.malformed("the query gives no range of samples")),
        }
    }

    /// A range query; the points stand at `span.start_ms` and every `step_ms` after it.
    pub async fn range(&self, query: &str, span: Span, step_ms: i64) -> Result<Vec<QueriedSeries>, Error> {
        let (start, end, step) = (seconds(span.start_ms), seconds(span.end_ms), seconds(step_ms));
        match self
            .ask::<Labels>("query_range", &[("query", query), ("start", &start), ("end", &end), ("step", &step)])
            .await?
        {
            QueryData::Matrix(List(series)) => Ok(series),
            _ => Err(self.0.malformed("a range query gave no matrix")),
        }
    }

    /// The values of a label among the series that `selector` matches in `span`, sorted.
    pub async fn label_values(&self, label: &str, selector: &str, span: Span) -> Result<Vec<String>, Error> {
        let (start, end) = (seconds(span.start_ms), seconds(span.end_ms));
        let parameters = [("match[]", selector), ("start", &start), ("end", &end)];
        let request = self.0.get(&format!("label/{label}/values")).query(&parameters);
        self.0.answer(request).await
    }

    /// The names of the labels that series have in `span`, sorted.
    pub async fn label_names(&self, span: Span) -> Result<Vec<String>, Error> {
        let parameters = [("start", seconds(span.start_ms)), ("end", seconds(span.end_ms))];
        self.0.answer(self.0.get("labels").query(&parameters)).await
    }

    /// The targets that are being scraped. Servers that do not scrape (Mimir, Thanos) have none to tell of.
    pub async fn targets(&self) -> Result<Vec<TargetState>, Error> {
        Ok(self.0.answer::<TargetsData>(self.0.get("targets").query(&[("state", "active")])).await?.active)
    }

    /// The rows of a SELECT over what was recorded, from our own scraper; other servers have no SQL.
    pub async fn sql(&self, query: &str) -> Result<Rows, Error> {
        self.0.rows(self.0.post("sql").form(&[("query", query), ("format", "json")])).await
    }

    async fn ask<L>(&self, endpoint: &str, form: &[(&str, &str)]) -> Result<QueryData<L>, Error>
    where
        L: DeserializeOwned + Send + 'static,
    {
        // POST: a selector of many names may be longer than a URL.
        self.0.answer(self.0.post(endpoint).form(form)).await
    }
}

/// Milliseconds as the API's seconds.
fn seconds(ms: i64) -> String {
    let sign = if ms < 0 { "-" } else { "" };
    let ms = ms.unsigned_abs();
    format!("{sign}{}.{:03}", ms / 1000, ms % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_exact() {
        for (ms, expected) in [(0, "0.000"), (1_700_000_000_123, "1700000000.123"), (-1500, "-1.500")] {
            assert_eq!(seconds(ms), expected);
        }
    }
}
