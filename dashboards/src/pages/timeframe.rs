//! The range of a page, with how its points lie: what every question about it needs.

use jiff::tz::TimeZone;
use maud::{Markup, html};

use super::link::Link;
use super::scrapes;
use crate::chart::{Chart, Unit};
use crate::image::comparison;
use crate::parameters::{BadParameter, Parameters};
use crate::query::{Client, Error, QueriedSeries};
use crate::time::{Moment, Span, duration_text, parse_zone, step_for};

/// The range that a page begins with.
pub(super) const DEFAULT_FROM: &str = "-1h";

/// The width in px for which a page's charts choose their step.
const CHART_WIDTH: f64 = 640.0;

/// A range, and the distances of its points and of the scrapes behind them.
#[derive(Debug, Clone)]
pub(super) struct Timeframe {
    pub(super) span: Span,
    pub(super) now_ms: i64,
    /// True where the range ends now.
    pub(super) live: bool,
    pub(super) zone: TimeZone,
    /// How long before the same is shown beside it, with how that was written; only pages that take `compare` have it.
    pub(super) compare: Option<(i64, String)>,
    /// Distance of the points; known after [`Timeframe::measure`].
    pub(super) step_ms: i64,
    /// Distance of the scrapes; known after [`Timeframe::measure`].
    pub(super) interval_ms: i64,
}

impl Timeframe {
    /// Reads `from`, `until` and `tz`.
    pub(super) fn parse(given: &Parameters, now_ms: i64) -> Result<Timeframe, BadParameter> {
        let zone = given.read("tz", parse_zone)?.unwrap_or_else(TimeZone::system);
        let read = |name, default: &str| {
            let text = given.get(name).unwrap_or(default);
            Moment::parse(text, &zone).map_err(|reason| BadParameter::new(name, reason))
        };
        let (from, until) = (read("from", DEFAULT_FROM)?, read("until", "now")?);
        let span = Span::new(from.resolve(now_ms), until.resolve(now_ms))
            .map_err(|reason| BadParameter::new("from", reason))?;
        let compare = given.read("compare", comparison)?;
        Ok(Timeframe { span, now_ms, live: until == Moment::Ago(0), zone, compare, step_ms: 0, interval_ms: 0 })
    }

    /// Asks for the scrapes of the last ten minutes and chooses the step after their distance. A page that was opened
    /// without a range begins with the data.
    pub(super) async fn measure(
        &mut self,
        client: &Client,
        matcher: &str,
        link: &mut Link,
    ) -> Result<Vec<QueriedSeries>, Error> {
        let ups = client.raw(&format!("up{{{matcher}}}[10m]"), self.span.end_ms).await?;
        let oldest_ms = ups.iter().filter_map(|series| series.values.first()).map(|point| point.at_ms).min();
        self.begin_with_the_data(oldest_ms, link);
        self.interval_ms = scrapes::slowest_interval_ms(ups.iter().map(|series| series.values.as_slice()));
        self.step_ms = step_for(self.span.length_ms(), CHART_WIDTH, self.interval_ms);
        Ok(ups)
    }

    /// A page that was opened without a range shows a short one where there has only just been a first scrape, instead
    /// of an empty hour with its first minute at the edge. `oldest_ms` is the oldest scrape of the last ten minutes.
    fn begin_with_the_data(&mut self, oldest_ms: Option<i64>, link: &mut Link) {
        if link.get("from").is_some() || !self.live {
            return;
        }
        let known_ms = oldest_ms.map_or(i64::MAX, |oldest| self.now_ms - oldest);
        let (length_ms, from) = match known_ms {
            0..240_000 => (300_000, "-5m"),
            240_000..560_000 => (900_000, "-15m"),
            _ => return,
        };
        self.span.start_ms = self.now_ms - length_ms;
        *link = link.with("from", from);
    }

    /// The distance of the scrapes, where the range moves with them.
    pub(super) fn follows(&self) -> Option<i64> {
        self.live.then_some(self.interval_ms)
    }

    /// A chart over the range that nothing is drawn on yet.
    pub(super) fn chart(&self, unit: Unit) -> Chart {
        Chart::new(unit, self.span, self.step_ms, self.zone.clone())
    }

    /// A word where a time before was asked for and no chart has anything of it.
    pub(super) fn nothing_before<'a>(&self, mut charts: impl Iterator<Item = &'a Chart>) -> Markup {
        let text = self.compare.as_ref().map(|(_, text)| text);
        let missing = text.filter(|_| !charts.any(|chart| chart.series.iter().any(|series| series.earlier)));
        html! { @if let Some(text) = missing { p.state role="status" { "Nothing of this is known from " (text) " before." } } }
    }

    /// Where the points of the charts stand.
    pub(super) fn points(&self) -> Span {
        self.span.aligned(self.step_ms)
    }

    /// The same as long before as `compare` says, with how that was written.
    pub(super) fn points_before(&self) -> Option<(Span, i64, &str)> {
        let (by_ms, text) = self.compare.as_ref()?;
        let Span { start_ms, end_ms } = self.points();
        Some((Span { start_ms: start_ms - by_ms, end_ms: end_ms - by_ms }, *by_ms, text))
    }

    /// As many moments, the last of them at the very end: what began with the last scrape is seen.
    pub(super) fn moments(&self) -> Span {
        let steps = self.span.length_ms() / self.step_ms.max(1);
        Span { start_ms: self.span.end_ms - steps * self.step_ms, end_ms: self.span.end_ms }
    }

    /// The window of the charts' rates.
    pub(super) fn rate_window_ms(&self) -> i64 {
        scrapes::rate_window_ms(self.step_ms, self.interval_ms)
    }

    /// The window of a table's rates: recent, whatever the range of the charts.
    pub(super) fn recent(&self) -> String {
        duration_text(4 * self.interval_ms)
    }

    /// A counter as a rate, for the points of a chart.
    pub(super) fn rate(&self, metric: &str, matchers: &str) -> String {
        format!("rate({metric}{{{matchers}}}[{}])", duration_text(self.rate_window_ms()))
    }

    /// A gauge, for the points of a chart. Where a point stands for several scrapes, `over` them: `max_over_time` keeps
    /// a peak between two points a peak.
    pub(super) fn gauge(&self, over: &str, metric: &str, matchers: &str) -> String {
        if self.step_ms >= 2 * self.interval_ms {
            format!("{over}({metric}{{{matchers}}}[{}])", duration_text(self.step_ms))
        } else {
            format!("{metric}{{{matchers}}}")
        }
    }

    /// The lowest (`min_over_time`) or the highest value of a gauge behind each point, where a point stands for several
    /// scrapes.
    pub(super) fn bound_of_gauge(&self, over: &str, metric: &str, matchers: &str) -> Option<String> {
        (self.step_ms >= 2 * self.interval_ms)
            .then(|| format!("{over}({metric}{{{matchers}}}[{}])", duration_text(self.step_ms)))
    }

    /// The same for the rate of a counter, over windows of two twelfths of the step that overlap by half: so what it
    /// costs has a bound, however long the step.
    pub(super) fn bound_of_rate(&self, over: &str, metric: &str, matchers: &str) -> Option<String> {
        let every_ms = (self.step_ms / 12).max(self.interval_ms);
        let window_ms = (2 * every_ms).max(4 * self.interval_ms);
        (self.step_ms >= 2 * window_ms).then(|| {
            let [window, step, every] = [window_ms, self.step_ms, every_ms].map(duration_text);
            format!("{over}(rate({metric}{{{matchers}}}[{window}])[{step}:{every}])")
        })
    }
}
