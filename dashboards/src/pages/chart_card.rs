//! A chart on a page: heading, curves, and the table that says the same in figures.

use maud::{Markup, PreEscaped, html};

use super::phrase::named;
use crate::chart::{Chart, Kind, Series, Summary, description, fluid};

/// The card of a chart. `href` opens the chart as an image, where it is not empty; `now` is the figure beside the heading, and `link` leads from a
/// series by its name to the page about it.
pub(super) fn card(id: &str, chart: &Chart, now: &str, href: &str, link: &dyn Fn(&str) -> Option<String>) -> Markup {
    let drawn = fluid::render(chart, fluid::natural_height(chart));
    let figures = Figures::of(chart);
    let first_ms = figures.as_ref().map(|figures| figures.first_ms);
    let on_axis = |value: i64| first_ms.map(|_| value);
    html! {
        figure.card id=(id) data-start=[on_axis(chart.span.start_ms)] data-end=[on_axis(chart.span.end_ms)] data-first=[first_ms]
            data-step=[on_axis(chart.step_ms)] data-tz=[first_ms.map(|_| chart.zone.iana_name().unwrap_or("UTC"))] data-kind=(chart.kind.name()) {
            figcaption {
                h2 { (chart.title) }
                span.now { (now) }
                @if !href.is_empty() {
                    span.out {
                        a href=(href) title="This chart as an image of its own" { "svg" }
                        " " a href=(href.replacen("/chart.svg", "/chart.png", 1)) title="As pixels, for mails and chats" { "png" }
                        " " a href=(href.replacen("/chart.svg", "/chart.csv", 1)) title="Its points as a table" { "csv" }
                        " " button type="button" data-copy="markdown" title="Copy this chart as Markdown" { "md" }
                        " " button type="button" data-copy="curl" title="Copy a command that fetches its points" { "curl" }
                    }
                }
            }
            @if chart.is_empty() {
                p.empty { "No data in this range" }
            } @else {
                div.body {
                    div.chart role="img" aria-label=(format!("{}. {}", chart.title, description(chart))) {
                        @match drawn {
                            Ok(fluid::Fluid { gutter, plot }) => { (PreEscaped(gutter)) (PreEscaped(plot)) }
                            Err(error) => p.partfail { (error.to_string()) },
                        }
                    }
                    @if chart.kind == Kind::Heatmap {
                        details { summary { "Figures" } (legend(chart, figures.as_ref(), link)) }
                    } @else {
                        (legend(chart, figures.as_ref(), link))
                    }
                }
            }
        }
    }
}

/// The figures behind the curves as text, for the crosshair.
struct Figures {
    first_ms: i64,
    places: usize,
}

/// Points of a series that a page carries as text.
const MOST_FIGURES: usize = 2000;

impl Figures {
    /// None where points do not stand at equal distances or are too many.
    fn of(chart: &Chart) -> Option<Figures> {
        let times = || chart.series.iter().flat_map(|series| &series.points).map(|point| point.at_ms);
        let (first_ms, last_ms) = (times().min()?, times().max()?);
        let even = chart.step_ms > 0 && times().all(|at_ms| (at_ms - first_ms) % chart.step_ms == 0);
        let places = usize::try_from((last_ms - first_ms) / chart.step_ms.max(1)).ok()? + 1;
        (even && places <= MOST_FIGURES).then_some(Figures { first_ms, places })
    }

    /// The values of a series from `first_ms` on, a step apart, with `|` between them; none stands for no value.
    fn text(&self, chart: &Chart, series: &Series) -> String {
        let mut texts = vec![String::new(); self.places];
        for point in series.points.iter().filter(|point| !point.value.is_nan()) {
            let place = usize::try_from((point.at_ms - self.first_ms) / chart.step_ms.max(1));
            if let Some(text) = place.ok().and_then(|place| texts.get_mut(place)) {
                *text = chart.unit.format(point.value);
            }
        }
        for range in series.band.iter().filter(|range| range.low < range.high) {
            let place = usize::try_from((range.at_ms - self.first_ms) / chart.step_ms.max(1));
            if let Some(text) = place.ok().and_then(|place| texts.get_mut(place)).filter(|text| !text.is_empty()) {
                let (low, high) = (chart.unit.format(range.low), chart.unit.format(range.high));
                text.push_str(&format!(" ({low} \u{2013} {high})"));
            }
        }
        texts.join("|")
    }
}

fn legend(chart: &Chart, figures: Option<&Figures>, link: &dyn Fn(&str) -> Option<String>) -> Markup {
    let figure = |value: f64| if value.is_nan() { "\u{2013}".to_owned() } else { chart.unit.format(value) };
    html! {
        table.legend {
            thead { tr { th scope="col" { span.sr { "Series" } } th scope="col" { "last" } th.lo scope="col" { "min" } th.la scope="col" { "avg" } th scope="col" { "max" } } }
            tbody {
                @for (index, series) in chart.series.iter().enumerate() {
                    @let Summary { last, min, avg, max } = series.summary();
                    tr data-v=[figures.map(|figures| figures.text(chart, series))] {
                        th scope="row" title=(series.name) {
                            (swatch(Some(chart.ink(index)).filter(|_| chart.kind != Kind::Heatmap)))
                            @match link(&series.name).filter(|_| !series.others && !series.earlier) {
                                Some(href) => a.name href=(href) { (named(&series.name)) },
                                None => span.name { (named(&series.name)) },
                            }
                        }
                        td { (figure(last)) } td.lo { (figure(min)) } td.la { (figure(avg)) } td { (figure(max)) }
                    }
                }
            }
        }
    }
}

/// A square in an ink, or the room of one.
pub(super) fn swatch(ink: Option<u8>) -> Markup {
    html! { svg.swatch width="9" height="9" aria-hidden="true" { @if let Some(ink) = ink { rect class={ "f" (ink) } width="9" height="9" rx="2" {} } } }
}
