//! The forms in which a chart is given out.

/// What an answer is: the ending of its path or of a file's name says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The drawing.
    Svg,
    /// The drawing as pixels.
    Png,
    /// The points as a table, a column for each series.
    Csv,
    /// The points with what the drawing says about them.
    Json,
}

impl Format {
    /// The format of that ending: `svg`, `png`, `csv`, `json`.
    pub fn from_ending(ending: &str) -> Option<Format> {
        match ending {
            "svg" => Some(Format::Svg),
            "png" => Some(Format::Png),
            "csv" => Some(Format::Csv),
            "json" => Some(Format::Json),
            _ => None,
        }
    }

    /// Its media type.
    pub fn content_type(self) -> &'static str {
        match self {
            Format::Svg => "image/svg+xml",
            Format::Png => "image/png",
            Format::Csv => "text/csv; charset=utf-8; header=present",
            Format::Json => "application/json",
        }
    }
}
