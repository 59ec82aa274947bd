//! The legend of a chart that stands alone: a table of names with last, min, avg and max.

use super::canvas::{Anchor, Canvas, Label};
use super::mark::Mark;
use super::model::{Chart, Summary};
use super::text;

/// Height of a row in px.
pub(super) const ROW: f64 = 16.0;
const SIZE: f64 = 11.0;
const SWATCH: f64 = 9.0;
const GAP: f64 = 12.0;

/// A table ready to be placed: the rows as text, and how wide the columns are.
pub(super) struct Legend {
    heads: Vec<&'static str>,
    rows: Vec<(u8, String, Vec<String>)>,
    column: f64,
    widest_name: f64,
}

/// The text of a label with the full text behind it.
pub(super) type Titled = (Label, Option<String>);

impl Legend {
    /// The legend of a chart, with all four figures or, where room is short, the last and the largest only.
    pub(super) fn new(chart: &Chart, all_figures: bool) -> Legend {
        let heads = if all_figures { vec!["last", "min", "avg", "max"] } else { vec!["last", "max"] };
        let rows: Vec<(u8, String, Vec<String>)> = chart
            .series
            .iter()
            .enumerate()
            .map(|(index, series)| {
                let Summary { last, min, avg, max } = series.summary();
                let values = if all_figures { vec![last, min, avg, max] } else { vec![last, max] };
                let figures = values
                    .into_iter()
                    .map(|value| if value.is_nan() { "\u{2013}".to_owned() } else { chart.unit.format(value) })
                    .collect();
                (chart.ink(index), series.name.clone(), figures)
            })
            .collect();
        let column = rows.iter().flat_map(|(_, _, figures)| figures).map(|figure| text::width(figure, SIZE));
        let column = column.fold(26.0, f64::max) + GAP;
        // A name longer than this is cut in any case.
        let names = rows.iter().map(|(_, name, _)| text::width(&text::fit(name, SIZE, 240.0), SIZE));
        let widest_name = names.fold(24.0, f64::max);
        Legend { heads, rows, column, widest_name }
    }

    fn figures_width(&self) -> f64 {
        self.column * self.heads.len() as f64
    }

    /// The width at which no name is cut.
    pub(super) fn natural_width(&self) -> f64 {
        SWATCH + 6.0 + self.widest_name + self.figures_width()
    }

    /// The width below which the table cannot be read.
    pub(super) fn least_width(&self) -> f64 {
        SWATCH + 6.0 + self.widest_name.min(64.0) + self.figures_width()
    }

    /// The height with all rows.
    pub(super) fn height(&self) -> f64 {
        ROW * (self.rows.len() as f64 + 1.0)
    }

    /// Draws the table into the given room; rows that find none are counted in a last line.
    pub(super) fn draw(self, canvas: &mut Canvas, x: f64, y: f64, width: f64, height: f64) -> Vec<Titled> {
        let mut labels = Vec::new();
        let width = width.min(self.natural_width().max(self.least_width()));
        let room = ((height / ROW).floor() as usize).saturating_sub(1);
        let shown = if self.rows.len() > room { room.saturating_sub(1) } else { self.rows.len() };
        let right = x + width;
        let count = self.heads.len();
        let place = |i: usize| right - self.column * (count - 1 - i) as f64;
        for (i, head) in self.heads.iter().enumerate() {
            labels.push((at(place(i), y + 11.0, Anchor::End, "k", (*head).to_owned()), None));
        }
        let name_room = width - SWATCH - 6.0 - self.figures_width();
        let hidden = self.rows.len() - shown;
        for (row, (ink, name, figures)) in self.rows.into_iter().take(shown).enumerate() {
            let top = y + ROW * (row as f64 + 1.0);
            canvas.square(Mark::Swatch(ink), x, top + 2.5, SWATCH);
            let cut = text::fit(&name, SIZE, name_room);
            labels.push((at(x + SWATCH + 6.0, top + 11.0, Anchor::Start, "v", cut), Some(name)));
            for (i, figure) in figures.into_iter().enumerate() {
                labels.push((at(place(i), top + 11.0, Anchor::End, "v", figure), None));
            }
        }
        if hidden > 0 && room > 0 {
            let top = y + ROW * (shown as f64 + 1.0);
            labels.push((at(x + SWATCH + 6.0, top + 11.0, Anchor::Start, "k", format!("and {hidden} more")), None));
        }
        labels
    }
}

fn at(x: f64, y: f64, anchor: Anchor, class: &'static str, text: String) -> Label {
    Label { x, y, anchor, class, text }
}
