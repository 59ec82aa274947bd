//! `/groups`: the same group on every host.

use std::collections::BTreeMap;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use futures_util::future::try_join_all;
use http::StatusCode;
use maud::{Markup, html};

use super::figure::{figure, known};
use super::image_link::Image;
use super::link::Link;
use super::phrase::{counted, named};
use super::timeframe::Timeframe;
use super::{chart_card, range, shell};
use crate::chart::{Chart, Series, Unit};
use crate::image;
use crate::parameters::{BadParameter, Parameters};
use crate::query::promql::{any_of, quoted};
use crate::query::{Client, Error};
use crate::server::App;

/// Hosts that are drawn, and that are listed.
const DRAWN: usize = 8;
const ROWS: usize = 500;

/// What a host's group is sorted by, and the columns of the table: the last ones are left out where room is short.
const COLUMNS: [(&str, &str, Unit, &str); 5] = [
    ("cpu", "CPU", Unit::Cores, ""),
    ("memory", "memory", Unit::Bytes, ""),
    ("processes", "procs", Unit::Short, ""),
    ("reads", "reads", Unit::BytesPerSecond, "io"),
    ("writes", "writes", Unit::BytesPerSecond, "io"),
];

#[derive(Debug, Clone)]
struct GroupsView {
    link: Link,
    frame: Timeframe,
    group: String,
    /// Place in [`COLUMNS`].
    sort: usize,
}

/// A host with the figures of [`COLUMNS`].
type Row = (String, [f64; COLUMNS.len()]);

impl GroupsView {
    fn parse(query: &str, now_ms: i64) -> Result<GroupsView, BadParameter> {
        let known = ["group", "from", "until", "tz", "sort", "compare"];
        let given = Parameters::parse(query, &known, &[])?;
        let sort = given.read("sort", |text| {
            let place = COLUMNS.iter().position(|(key, ..)| *key == text);
            place.ok_or_else(|| format!("must be one of {}", COLUMNS.map(|(key, ..)| key).join(", ")))
        })?;
        Ok(GroupsView {
            link: Link::asked("/groups", &known, &given),
            frame: Timeframe::parse(&given, now_ms)?,
            group: given.needed_name("group", "it names the group")?,
            sort: sort.unwrap_or(0),
        })
    }
}

/// Answers `/groups`.
pub async fn handle(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    let mut view = match GroupsView::parse(&query.unwrap_or_default(), app.now_ms()) {
        Ok(view) => view,
        Err(bad) => return shell::bad_link(&app, &bad),
    };
    if let Err(error) = view.frame.measure(&app.client, "", &mut view.link).await {
        return shell::no_answer(&app, &view.group, &bar(&view), &error);
    }
    let rows = match table(&app.client, &view).await {
        Ok(rows) => rows,
        Err(error) => return shell::no_answer(&app, &view.group, &bar(&view), &error),
    };
    let names: Vec<&str> = rows.iter().take(DRAWN).map(|(instance, _)| instance.as_str()).collect();
    let (cpu, memory) = tokio::join!(draw(&app.client, &view, &names, true), draw(&app.client, &view, &names, false));
    shell::drawn(&app, move |app| page(app, &view, &rows, cpu, memory)).await
}

/// A chart with the query behind it.
type Drawn = Result<(Chart, String), Error>;

fn page(app: &App, view: &GroupsView, rows: &[Row], cpu: Drawn, memory: Drawn) -> Response {
    let body = html! {
        @if rows.is_empty() {
            section.notice {
                h2 { "No host has the group " (named(&view.group)) " at the end of this range" }
                p { "A longer range may show it: " a href=(view.link.over("-30d", None)) { "the last 30 days" } ", or see " a href="/" { "all hosts" } "." }
            }
        } @else {
            (view.frame.nothing_before([&cpu, &memory].into_iter().flatten().map(|(chart, _)| chart)))
            div.cards { (card(view, "cpu", cpu)) (card(view, "memory", memory)) }
            div.tables.one { (listed(view, rows)) }
        }
    };
    let title = format!("{} on all hosts", view.group);
    shell::followed(app, StatusCode::OK, &title, &bar(view), &body, view.frame.follows())
}

fn bar(view: &GroupsView) -> Markup {
    html! {
        span.sep aria-hidden="true" { "/" }
        h1 { (named(&view.group)) " on all hosts" }
        (range::picker(&view.link, &view.frame))
    }
}

async fn table(client: &Client, view: &GroupsView) -> Result<Vec<Row>, Error> {
    let (matcher, window) = (format!("group={}", quoted(&view.group)), view.frame.recent());
    let rate = |metric: &str| format!("sum by (instance) (rate({metric}{{{matcher}}}[{window}]))");
    let value = |metric: &str| format!("sum by (instance) ({metric}{{{matcher}}})");
    let queries = [
        rate("proc_group_cpu_seconds_total"),
        value("proc_group_resident_memory_bytes"),
        value("proc_group_processes"),
        rate("proc_group_read_bytes_total"),
        rate("proc_group_written_bytes_total"),
    ];
    let answers = try_join_all(queries.iter().map(|query| client.instant(query, view.frame.span.end_ms))).await?;
    let mut rows: BTreeMap<String, [f64; COLUMNS.len()]> = BTreeMap::new();
    for (column, answer) in answers.into_iter().enumerate() {
        for mut sample in answer {
            let instance = sample.labels.remove("instance").unwrap_or_default();
            rows.entry(instance).or_insert([f64::NAN; COLUMNS.len()])[column] = sample.point.value;
        }
    }
    let mut rows: Vec<Row> = rows.into_iter().collect();
    rows.sort_by(|a, b| known(b.1[view.sort]).total_cmp(&known(a.1[view.sort])).then_with(|| a.0.cmp(&b.0)));
    Ok(rows)
}

/// A chart of the hosts that come first in the table, and the query behind it.
async fn draw(client: &Client, view: &GroupsView, names: &[&str], cpu: bool) -> Result<(Chart, String), Error> {
    let frame = &view.frame;
    let matcher = format!("group={},instance=~{}", quoted(&view.group), any_of(names.iter().copied()));
    let (title, unit, values) = if cpu {
        ("CPU cores", Unit::Cores, frame.rate("proc_group_cpu_seconds_total", &matcher))
    } else {
        ("Resident memory", Unit::Bytes, frame.gauge("max_over_time", "proc_group_resident_memory_bytes", &matcher))
    };
    let query = format!("sum by (instance) ({values})");
    let lines = async |span| {
        let lines = client.range(&query, span, frame.step_ms).await?.into_iter().map(|mut series| {
            let name = series.labels.remove("instance").unwrap_or_default();
            Series { name, points: series.values, ..Series::default() }
        });
        Ok::<_, Error>(lines.collect::<Vec<Series>>())
    };
    let mut found: BTreeMap<String, Series> =
        lines(frame.points()).await?.into_iter().map(|series| (series.name.clone(), series)).collect();
    // In the order of the table: a host has the same ink in both charts.
    let inked =
        |(ink, name): (usize, &&str)| found.remove(*name).map(|series| Series { ink: Some(ink as u8), ..series });
    let mut series: Vec<Series> = names.iter().enumerate().filter_map(inked).collect();
    let mut chart = Chart { title: title.to_owned(), ..frame.chart(unit) };
    if let Some((before, by_ms, text)) = frame.points_before() {
        image::add_earlier(&mut series, lines(before).await?, chart.kind, by_ms, text);
    }
    chart.series = series;
    Ok((chart, query))
}

fn card(view: &GroupsView, id: &str, drawn: Drawn) -> Markup {
    match drawn {
        Ok((chart, query)) => {
            let title = format!("{} of {}", chart.title, view.group);
            let queries = [(query, "{{instance}}".to_owned())];
            let href = Image { title: &title, unit: chart.unit, kind: chart.kind, queries: &queries }.href(&view.link);
            chart_card::card(id, &chart, "", &href, &|name| Some(view.link.to_group(name, &view.group).href()))
        }
        Err(error) => html! { figure.card id=(id) { (shell::part_failed(&error)) } },
    }
}

fn listed(view: &GroupsView, rows: &[Row]) -> Markup {
    html! {
        section.table id="hosts" {
            h2 { "Hosts" span.count { (rows.len()) } }
            div.scroll tabindex="0" role="region" aria-label="Hosts" {
                table {
                    thead { tr {
                        th scope="col" { "host" }
                        @for (place, (key, name, _, class)) in COLUMNS.iter().enumerate() {
                            th class=(class) scope="col" aria-sort=[(place == view.sort).then_some("descending")] {
                                a href=(view.link.with("sort", key).href()) { (name) }
                            }
                        }
                    } }
                    tbody {
                        @for (instance, figures) in rows.iter().take(ROWS) {
                            tr {
                                th scope="row" title=(instance) { a href=(view.link.to_group(instance, &view.group).href()) { (named(instance)) } }
                                @for (value, (_, _, unit, class)) in figures.iter().zip(COLUMNS) { (figure(unit, *value, class)) }
                            }
                        }
                    }
                }
            }
            @if rows.len() > ROWS { p.more { "and " (counted(rows.len() - ROWS, "more host")) } }
        }
    }
}
