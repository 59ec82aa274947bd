//! A chart on a page: heading, curves, and the table that says the same in figures.

use maud::{Markup, PreEscaped, html};

use super::phrase::named;
use crate::chart::{Chart, Summary, fluid, standalone};

/// Height of the plots of a page, in px.
const HEIGHT: u32 = 196;

/// The card of a chart. `href` opens the chart as an image, `now` is the figure beside the heading, and `link` leads from a
/// series by its name to the page about it.
pub(super) fn card(id: &str, chart: &Chart, now: &str, href: &str, link: &dyn Fn(&str) -> Option<String>) -> Markup {
    let drawn = fluid::render(chart, HEIGHT);
    html! {
        figure.card id=(id) {
            figcaption {
                h2 { (chart.title) }
                span.now { (now) }
                a.out href=(href) title="This chart as an image of its own" { "svg" }
            }
            @if chart.is_empty() {
                p.empty { "No data in this range" }
            } @else {
                div.body {
                    div.chart role="img" aria-label=(format!("{}. {}", chart.title, standalone::description(chart))) {
                        @match drawn {
                            Ok(fluid::Fluid { gutter, plot }) => { (PreEscaped(gutter)) (PreEscaped(plot)) }
                            Err(error) => p.partfail { (error.to_string()) },
                        }
                    }
                    (legend(chart, link))
                }
            }
        }
    }
}

fn legend(chart: &Chart, link: &dyn Fn(&str) -> Option<String>) -> Markup {
    let figure = |value: f64| if value.is_nan() { "\u{2013}".to_owned() } else { chart.unit.format(value) };
    html! {
        table.legend {
            thead { tr { th scope="col" { span.sr { "Series" } } th scope="col" { "last" } th.lo scope="col" { "min" } th.la scope="col" { "avg" } th scope="col" { "max" } } }
            tbody {
                @for (index, series) in chart.series.iter().enumerate() {
                    @let Summary { last, min, avg, max } = Summary::of(&series.points);
                    tr {
                        th scope="row" title=(series.name) {
                            (swatch(Some(chart.ink(index))))
                            @match link(&series.name).filter(|_| !series.others) {
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
