//! A chart as a document of its own: `/chart.svg`, a file, an attachment.

use super::canvas::{Anchor, Canvas, Label};
use super::document::document;
use super::heat::{self, Shading};
use super::legend::{Legend, Titled};
use super::mark::Mark;
use super::model::{Chart, Kind};
use super::palette::{SHADES, Theme};
use super::plot::{Drawing, Frame};
use super::ticks::{TimeTick, time_ticks};
use super::words::span_text;
use super::{DrawError, text, threshold};

/// Where the legend stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LegendPlace {
    /// Beside a wide plot, below a tall one, left out where neither fits.
    #[default]
    Auto,
    /// To the right of the plot.
    Right,
    /// Below the plot.
    Below,
    /// Nowhere.
    Off,
}

impl LegendPlace {
    /// The place of that name: `auto`, `right`, `below`, `off`.
    pub fn parse(name: &str) -> Option<LegendPlace> {
        match name {
            "auto" => Some(LegendPlace::Auto),
            "right" => Some(LegendPlace::Right),
            "below" => Some(LegendPlace::Below),
            "off" => Some(LegendPlace::Off),
            _ => None,
        }
    }
}

/// Size and look of the document.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    /// Width in px.
    pub width: u32,
    /// Height in px, legend included.
    pub height: u32,
    /// Its ground.
    pub theme: Theme,
    /// Where its legend stands.
    pub legend: LegendPlace,
}

const PAD: f64 = 12.0;
/// Room for the labels of the time axis.
const BELOW: f64 = 19.0;
const TICK_SIZE: f64 = 11.0;

/// Draws `chart` as a whole SVG document.
pub fn render(chart: &Chart, look: &Look) -> Result<String, DrawError> {
    let (width, height) = (f64::from(look.width), f64::from(look.height));
    let mut canvas = Canvas::default();
    let mut labels: Vec<Titled> = Vec::new();

    let header = heading(chart, width, height, &mut labels);
    let mut room = Frame { x: PAD, y: PAD + header, width: width - 2.0 * PAD, height: height - 2.0 * PAD - header };
    if chart.kind == Kind::Heatmap {
        let frame = heat_rows(chart, room, &mut canvas, &mut labels);
        time_labels(chart, frame, width, &mut labels);
        no_data(chart, frame, &mut labels);
        return Ok(document(chart, look, canvas, frame, &labels));
    }
    place_legend(chart, look.legend, &mut room, &mut canvas, &mut labels);

    let drawing = Drawing::new(chart);
    let plot_height = (room.height - BELOW).max(8.0);
    let mut scale = drawing.scale(plot_height);
    if chart.is_empty() {
        // Figures beside an empty plot would only look like data.
        scale.ticks.clear();
    }
    let gutter = scale.ticks.iter().map(|(_, label)| text::width(label, TICK_SIZE)).fold(0.0, f64::max) + 8.0;
    let gutter = gutter.min(room.width / 2.0);
    // Half a label fits beyond the last tick; so the frame cuts none off.
    let frame = Frame {
        x: (room.x + gutter).round(),
        y: room.y.round(),
        width: (room.width - gutter - 6.0).max(8.0).round(),
        height: plot_height.round(),
    };
    let ticks = time_labels(chart, frame, width, &mut labels);
    drawing.draw(&mut canvas, frame, &ticks, &scale)?;

    let mut below = f64::INFINITY;
    for (value, label) in &scale.ticks {
        let y = frame.y_of(&scale, *value) + 4.0;
        // The lowest plots have room for few.
        if below - y < 12.0 {
            continue;
        }
        below = y;
        let text = text::fit(label, TICK_SIZE, frame.x - 8.0);
        labels.push((Label { x: frame.x - 8.0, y, anchor: Anchor::End, class: "t", text }, None));
    }
    no_data(chart, frame, &mut labels);
    if !chart.is_empty() {
        for (y, text) in threshold::labels(chart, &scale, frame) {
            let text = text::fit(&text, TICK_SIZE, frame.width - 8.0);
            let x = frame.x + frame.width - 4.0;
            labels.push((Label { x, y, anchor: Anchor::End, class: "tl", text }, None));
        }
    }
    Ok(document(chart, look, canvas, frame, &labels))
}

/// Writes the time axis below `frame` and gives its ticks.
fn time_labels(chart: &Chart, frame: Frame, width: f64, labels: &mut Vec<Titled>) -> Vec<TimeTick> {
    let digit = text::width("0", TICK_SIZE);
    let ticks = time_ticks(chart.span.start_ms, chart.span.end_ms, frame.width, digit, &chart.zone);
    for tick in &ticks {
        let x = frame.x_of(chart, tick.at_ms);
        let half = text::width(&tick.label, TICK_SIZE) / 2.0;
        if x - half >= 2.0 && x + half <= width - 2.0 {
            let class = if tick.major { "tm" } else { "t" };
            let y = frame.y + frame.height + 15.0;
            labels.push((Label { x, y, anchor: Anchor::Middle, class, text: tick.label.clone() }, None));
        }
    }
    ticks
}

fn no_data(chart: &Chart, frame: Frame, labels: &mut Vec<Titled>) {
    if chart.is_empty() {
        let (x, y) = (frame.x + frame.width / 2.0, frame.y + frame.height / 2.0 + 4.0);
        let text = text::fit("No data in this range", TICK_SIZE, frame.width);
        labels.push((Label { x, y, anchor: Anchor::Middle, class: "t", text }, None));
    }
}

/// Room for the key to the shades.
const KEY: f64 = 18.0;

/// Draws the rows of a heat map with their names and the key to the shades; gives the frame of the rows.
fn heat_rows(chart: &Chart, room: Frame, canvas: &mut Canvas, labels: &mut Vec<Titled>) -> Frame {
    let shading = Shading::of(chart);
    let names = chart.series.iter().map(|series| text::width(&text::fit(&series.name, TICK_SIZE, 240.0), TICK_SIZE));
    let gutter = names.fold(0.0, f64::max).min(room.width * 0.3);
    let with_key = !chart.is_empty() && room.height >= 60.0;
    let below = if with_key { BELOW + KEY } else { BELOW };
    let frame = Frame {
        x: (room.x + gutter + 8.0).round(),
        y: room.y.round(),
        width: (room.width - gutter - 14.0).max(8.0).round(),
        height: (room.height - below).max(8.0).round(),
    };
    heat::draw(canvas, chart, frame, shading);
    for (row, y) in heat::named_rows(chart, frame) {
        let name = &chart.series[row].name;
        let text = text::fit(name, TICK_SIZE, gutter);
        labels.push((Label { x: frame.x - 8.0, y, anchor: Anchor::End, class: "t", text }, Some(name.clone())));
    }
    if with_key {
        key(chart, shading, room, canvas, labels);
    }
    frame
}

/// The shades from the least to the most, at the lower right of `room`.
fn key(chart: &Chart, shading: Shading, room: Frame, canvas: &mut Canvas, labels: &mut Vec<Titled>) {
    let [least, most] = [shading.min, shading.max].map(|value| chart.unit.format(value));
    let y = room.y + room.height - 2.0;
    let right = room.x + room.width;
    let squares = right - text::width(&most, TICK_SIZE) - 6.0 - SHADES as f64 * 12.0;
    for shade in 0..SHADES {
        let left = squares + 12.0 * shade as f64;
        canvas.rectangle(Mark::Key(shade as u8), (left, y - 9.0), (left + 12.0, y));
    }
    labels.push((Label { x: squares - 6.0, y, anchor: Anchor::End, class: "t", text: least }, None));
    labels.push((Label { x: right, y, anchor: Anchor::End, class: "t", text: most }, None));
}

/// The height at which `chart` is easy to read, in px; a look may have any other.
pub fn natural_height(chart: &Chart) -> u32 {
    match chart.kind {
        Kind::Heatmap => (heat::natural_height(chart) + 2.0 * PAD + 24.0 + BELOW + KEY) as u32,
        Kind::Lines | Kind::Stack => 240,
    }
}

/// Title and span, one line above the plot; returns its height.
fn heading(chart: &Chart, width: f64, height: f64, labels: &mut Vec<Titled>) -> f64 {
    if height < 100.0 {
        return 0.0;
    }
    let mut caption = span_text(chart);
    if !chart.note.is_empty() {
        caption = format!("{} \u{b7} {caption}", chart.note);
    }
    let room = width - 2.0 * PAD;
    let caption_width = text::width(&caption, TICK_SIZE);
    let with_caption = caption_width <= room * if chart.title.is_empty() { 1.0 } else { 0.6 };
    if with_caption {
        let label = Label { x: width - PAD, y: PAD + 10.0, anchor: Anchor::End, class: "c", text: caption };
        labels.push((label, None));
    }
    if chart.title.is_empty() && !with_caption {
        return 0.0;
    }
    // Semi-bold is wider than the table says.
    let title_room = (room - if with_caption { caption_width + 16.0 } else { 0.0 }) / 1.08;
    let title = text::fit(&chart.title, 13.0, title_room);
    let label = Label { x: PAD, y: PAD + 11.0, anchor: Anchor::Start, class: "h", text: title };
    labels.push((label, Some(chart.title.clone())));
    24.0
}

/// Takes the legend's room away from `room` and draws it there.
fn place_legend(chart: &Chart, place: LegendPlace, room: &mut Frame, canvas: &mut Canvas, labels: &mut Vec<Titled>) {
    if chart.series.is_empty() {
        return;
    }
    let wide = room.width >= 560.0;
    let right = Legend::new(chart, wide);
    let below = Legend::new(chart, room.width >= 330.0);
    let rest_below = room.height - below.height() - 10.0;
    let place = match place {
        LegendPlace::Auto if rest_below >= 130.0 && below.least_width() <= room.width => LegendPlace::Below,
        LegendPlace::Auto if room.width >= 420.0 && right.height() > 0.0 => LegendPlace::Right,
        LegendPlace::Auto if rest_below >= 60.0 => LegendPlace::Below,
        LegendPlace::Auto => LegendPlace::Off,
        place => place,
    };
    match place {
        LegendPlace::Right => {
            let width = right.natural_width().min(room.width * 0.48).max(right.least_width().min(room.width * 0.6));
            let x = room.x + room.width - width;
            labels.extend(right.draw(canvas, x, room.y - 3.0, width, room.height));
            room.width -= width + 14.0;
        }
        LegendPlace::Below => {
            let height = below.height().min(room.height * 0.6);
            let y = room.y + room.height - height;
            labels.extend(below.draw(canvas, room.x, y, room.width, height));
            room.height -= height + 10.0;
        }
        LegendPlace::Auto | LegendPlace::Off => {}
    }
}
