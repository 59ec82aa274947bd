//! PromQL against real Prometheus: the same samples in both, the same questions to both.

mod compliance;
mod data;
mod errors;
mod given_up;
mod random;
mod templates;

use crate::answers::{alike_but_for_ties, alike_in_any_order};
use crate::http::client;
use crate::peers::Peer;
use crate::running::{binary, run};
use crate::services::Scraper;
use data::{LENGTH, Noise, START};
use serde_json::Value;

/// Both servers, on the same samples.
struct Pair {
    ours: Scraper,
    theirs: Peer,
    /// Whether notes and the words of errors have to agree, too.
    same_words: bool,
    client: reqwest::Client,
}

/// What one of them said.
type Answer = (u16, Value);

impl Pair {
    /// With Prometheus 3; `None` where there is none.
    async fn with_prometheus_3() -> Option<Pair> {
        let (folder, file) = history();
        let theirs = Peer::prometheus_3_with(&file).await?;
        Some(Pair { ours: scraper(folder).await, theirs, same_words: true, client: client() })
    }

    /// With Debian's stable Prometheus, which is of version 2.
    async fn with_prometheus_2() -> Pair {
        let (folder, file) = history();
        let theirs = Peer::prometheus_with(&file).await;
        Pair { ours: scraper(folder).await, theirs, same_words: false, client: client() }
    }

    async fn ask(&self, path: &str, parameters: &[(&str, &str)]) -> [Answer; 2] {
        let one = async |base: &str| {
            let request = self.client.post(format!("{base}/api/v1/{path}")).form(parameters);
            let response = request.send().await.unwrap();
            let status = response.status().as_u16();
            let text = response.text().await.unwrap();
            (status, serde_json::from_str(&text).unwrap_or_else(|e| panic!("{path} {parameters:?}: {e}: {text}")))
        };
        let (ours, theirs) = tokio::join!(one(&self.ours.url), one(&self.theirs.url));
        [ours, theirs]
    }

    /// What differs between the answers to a query over a range (and at an instant within).
    async fn difference(&self, query: &str) -> Option<String> {
        let [start, end, at] = [START + 1_500, START + LENGTH - 400, START + 3_600].map(|t| t.to_string());
        let range = [("query", query), ("start", &start), ("end", &end), ("step", "97")];
        let instant = [("query", query), ("time", &at)];
        let questions = [("query_range", &range[..]), ("query", &instant[..])];
        // What the versions differ in shows in ranges as well.
        for (path, parameters) in questions.into_iter().take(if self.same_words { 2 } else { 1 }) {
            let [ours, theirs] = self.ask(path, parameters).await;
            let compared = if query.contains("topk") || query.contains("bottomk") {
                alike_but_for_ties
            } else {
                alike_in_any_order
            };
            // Since 3.6 a comparison may not have several matches of which it keeps one.
            let stricter = ours.1["error"].as_str().is_some_and(|e| e.starts_with("multiple matches for labels"));
            if stricter && theirs.0 == 200 && [">", "<", "=="].iter().any(|operator| query.contains(operator)) {
                continue;
            }
            let kinds: &[&str] =
                if self.same_words { &["errorType", "error", "warnings", "infos"] } else { &["errorType"] };
            let said = |answer: &Answer| kinds.iter().map(|kind| without_places(&answer.1[kind])).collect::<Vec<_>>();
            if ours.0 != theirs.0 || !compared(&theirs.1["data"], &ours.1["data"]) || said(&ours) != said(&theirs) {
                let short = |answer: &Answer| format!("{} {:.1500}", answer.0, answer.1.to_string());
                return Some(format!(
                    "{path} {query}\n  Prometheus: {}\n  ours:       {}",
                    short(&theirs),
                    short(&ours)
                ));
            }
        }
        None
    }
}

/// What is said of a query, each once, without the place that Prometheus adds to a note.
fn without_places(said: &Value) -> Vec<String> {
    let texts = said.as_array().map_or(std::slice::from_ref(said), Vec::as_slice);
    let bare = |text: &Value| {
        let text = text.as_str().unwrap_or_default();
        let place = text.rfind(" (").filter(|_| text.ends_with(')') && said.is_array());
        // Which of several pairs is named is left to chance there.
        let end = place.or_else(|| text.find(" for the match group").filter(|_| text.starts_with("found duplicate")));
        text[..end.unwrap_or(text.len())].to_owned()
    };
    let mut texts: Vec<String> = texts.iter().map(bare).collect();
    texts.sort();
    texts.dedup();
    texts
}

fn history() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("history.om");
    std::fs::write(&file, data::openmetrics()).unwrap();
    (folder, file)
}

/// A scraper on what it imported.
async fn scraper(folder: tempfile::TempDir) -> Scraper {
    imported(folder, Scraper::on).await
}

async fn imported<S: Future<Output = Scraper>>(
    folder: tempfile::TempDir,
    start: impl FnOnce(tempfile::TempDir) -> S,
) -> Scraper {
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let arguments = ["import", "--storage.path", &path("data"), &path("history.om")];
    let (imported, out, err) = run(&binary("procession-scraper"), &arguments, b"");
    assert!(imported, "import: {out}{err}");
    std::fs::write(folder.path().join("scraper.yml"), "scrape_configs: []\n").unwrap();
    start(folder).await
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[tokio::test(flavor = "multi_thread")]
async fn agrees_with_prometheus_3() {
    let Some(pair) = Pair::with_prometheus_3().await else { return };
    let mut wrong = Vec::new();
    for query in templates::queries() {
        wrong.extend(pair.difference(&query).await);
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// `PROMQL_RANDOM_QUERIES=20000 PROMQL_RANDOM_SEED=7 cargo test -p procession-tests queries_by_chance` looks further.
#[tokio::test(flavor = "multi_thread")]
async fn queries_by_chance_agree_with_prometheus_3() {
    let Some(pair) = Pair::with_prometheus_3().await else { return };
    let mut noise = Noise(number("PROMQL_RANDOM_SEED", 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).max(1));
    let mut wrong = Vec::new();
    for _ in 0..number("PROMQL_RANDOM_QUERIES", 250) {
        let query = random::vector(&mut noise, 3);
        wrong.extend(pair.difference(&query).await);
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// Where Prometheus 3 answers otherwise than 2, and we with it: what such queries contain, and why.
const SINCE_VERSION_3: [(&str, &str); 9] = [
    (" atan2 ", "2 keeps the metric name"),
    ("stddev_over_time(odd", "2 makes NaN of any spread of infinities"),
    ("stdvar_over_time(odd", "likewise"),
    ("(cpu_seconds_total[1h])", "2 extrapolates a counter that has restarted further back than to zero"),
    ("(odd[1m])", "likewise"),
    (":10s]", "2 counts the first moment of a range, on which a step of the subquery falls"),
    (":20s]", "likewise"),
    (":30s]", "likewise"),
    (":1m]", "likewise"),
];

#[tokio::test(flavor = "multi_thread")]
async fn agrees_with_prometheus_2_but_where_3_does_not() {
    let pair = Pair::with_prometheus_2().await;
    let mut wrong = Vec::new();
    for query in templates::queries() {
        if !SINCE_VERSION_3.iter().any(|(part, _)| query.contains(part)) {
            wrong.extend(pair.difference(&query).await);
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
