//! Whole expositions as exporters write them (`tests/expositions`): what is read from each stands beside it.
//! `UPDATE_EXPECTED=1 cargo test -p procession-openmetrics` writes it anew.

mod shown;

use procession_openmetrics::{Format, validate};
use std::path::Path;

#[test]
fn reads_each_as_expected() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/expositions");
    let mut seen = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let format = match path.extension().and_then(|e| e.to_str()) {
            Some("text") => Format::Text,
            Some("openmetrics") => Format::OpenMetrics,
            _ => continue,
        };
        seen += 1;
        let body = std::fs::read(&path).unwrap();
        let found = shown::shown(&body, format);
        let expected = path.with_extension("expected");
        if std::env::var_os("UPDATE_EXPECTED").is_some() {
            std::fs::write(expected, found).unwrap();
        } else {
            assert_eq!(found, std::fs::read_to_string(expected).unwrap(), "{}", path.display());
        }
        assert_eq!(validate(&body, format).err(), None, "{}", path.display());
    }
    assert_eq!(seen, 3);
}
