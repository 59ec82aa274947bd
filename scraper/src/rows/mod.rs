//! Rows of SQL as text and files: JSON, lines of JSON, CSV, Parquet, Arrow.

mod nested;
mod writer;

pub(crate) use writer::RowWriter;

/// A form of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// An array of objects.
    Json,
    /// An object on each line.
    Ndjson,
    /// RFC 4180 with a line of names; what is nested stands there as JSON.
    Csv,
    /// A Parquet file, compressed with zstd.
    Parquet,
    /// A stream of Arrow's IPC format.
    Arrow,
}

const ALL: [(Format, &str, &str); 5] = [
    (Format::Json, "json", "application/json"),
    (Format::Ndjson, "ndjson", "application/x-ndjson"),
    (Format::Csv, "csv", "text/csv; charset=utf-8"),
    (Format::Parquet, "parquet", "application/vnd.apache.parquet"),
    (Format::Arrow, "arrow", "application/vnd.apache.arrow.stream"),
];

impl Format {
    /// The form of a name, as the parameter `format` has it.
    pub(crate) fn of_name(name: &str) -> Result<Format, String> {
        let found = ALL.iter().find(|(_, known, _)| *known == name);
        found.map(|(format, ..)| *format).ok_or_else(|| {
            let names: Vec<_> = ALL.iter().map(|(_, name, _)| *name).collect();
            format!("{name:?} is none of {}", names.join(", "))
        })
    }

    /// The form that an Accept header likes best; JSON where it names none of ours.
    pub(crate) fn of_accept(accept: &str) -> Format {
        let mut best = (Format::Json, 0.0);
        for part in accept.split(',') {
            let mut fields = part.split(';').map(str::trim);
            let kind = fields.next().unwrap_or_default().to_ascii_lowercase();
            let quality = fields.find_map(|f| f.strip_prefix("q=")?.parse().ok()).unwrap_or(1.0);
            let known = ALL.iter().find(|(_, _, known)| known.split(';').next() == Some(kind.as_str()));
            if let Some((format, ..)) = known
                && quality > best.1
            {
                best = (*format, quality);
            }
        }
        best.0
    }

    /// The media type.
    pub(crate) fn content_type(self) -> &'static str {
        ALL.iter().find(|(format, ..)| *format == self).map_or("application/octet-stream", |(.., kind)| kind)
    }

    /// The name.
    pub(crate) fn name(self) -> &'static str {
        ALL.iter().find(|(format, ..)| *format == self).map_or("", |(_, name, _)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_liked_form_is_chosen() {
        let check = |accept: &str, expected: Format| assert_eq!(Format::of_accept(accept), expected, "{accept}");
        check("", Format::Json);
        check("*/*", Format::Json);
        check("text/html, image/png", Format::Json);
        check("text/csv", Format::Csv);
        check("Text/CSV; charset=utf-8", Format::Csv);
        check("application/json;q=0.5, application/x-ndjson", Format::Ndjson);
        check("application/vnd.apache.arrow.stream;q=0.2, application/vnd.apache.parquet;q=0.9", Format::Parquet);
        check("text/csv;q=0", Format::Json);
    }

    #[test]
    fn names_are_known() {
        for (format, name, _) in ALL {
            assert_eq!(Format::of_name(name), Ok(format));
        }
        assert_eq!(Format::of_name("xls").unwrap_err(), "\"xls\" is none of json, ndjson, csv, parquet, arrow");
    }
}
