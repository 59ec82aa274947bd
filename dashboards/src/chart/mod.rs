//! Charts: from series to SVG.
//!
//! Everything here is pure: a [`Chart`] and a size in, text out. plotters maps data to coordinates and draws through
//! our own backend (`canvas`); the documents are put together from what it gathered: [`standalone`] for an image of
//! its own, [`fluid`] for a chart inside a page, [`spark`] for a sparkline.

mod axis;
mod canvas;
mod document;
mod event;
pub mod fluid;
mod heat;
mod legend;
mod mark;
pub mod message;
mod model;
pub mod palette;
mod path;
mod plot;
mod runs;
pub mod spark;
pub mod standalone;
mod svg;
#[cfg(test)]
mod tests;
mod text;
mod threshold;
mod ticks;
mod unit;
mod words;
pub mod xml;

pub use event::{Event, Happening};
pub use model::{Chart, Edges, KINDS, Kind, Point, Range, Series, Summary, Threshold};
pub use unit::{UNITS, Unit};
pub use words::description;

/// A chart could not be drawn: plotters refused. Not known to happen with any data.
#[derive(Debug, thiserror::Error)]
#[error("could not draw the chart: {0}")]
pub struct DrawError(#[from] Box<dyn std::error::Error + Send + Sync>);
