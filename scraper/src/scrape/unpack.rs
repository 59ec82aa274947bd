//! From a page as it came to text in a known format. Pure.

use super::error::{ScrapeError, excerpt};
use super::fetch::{Packing, Page};
use crate::config::ScrapeProtocol;
use flate2::bufread::MultiGzDecoder;
use procession_openmetrics::Format;
use ruzstd::decoding::StreamingDecoder;
use std::io::{self, Read};

/// The text of a page: the body itself, or what it unpacks to in `buffer`; at most `limit` bytes.
pub(crate) fn text<'a>(page: &'a Page, limit: u64, buffer: &'a mut Vec<u8>) -> Result<&'a [u8], ScrapeError> {
    buffer.clear();
    // One byte more than allowed tells a bomb from a body that just fits.
    let most = limit.saturating_add(1);
    match page.packing {
        Packing::Plain => return Ok(&page.body),
        Packing::Gzip => {
            MultiGzDecoder::new(page.body.as_slice()).take(most).read_to_end(buffer).map_err(ScrapeError::Gzip)?;
        }
        Packing::Zstd => {
            let decoder = StreamingDecoder::new(page.body.as_slice());
            let decoder = decoder.map_err(|e| ScrapeError::Zstd(io::Error::other(e)))?;
            decoder.take(most).read_to_end(buffer).map_err(ScrapeError::Zstd)?;
        }
    }
    match buffer.len() as u64 > limit {
        true => Err(ScrapeError::Bomb { limit }),
        false => Ok(buffer),
    }
}

/// The format that the target says it sends. A type that is missing or unknown is refused, as in Prometheus 3, unless
/// the job says what to take it for.
pub(crate) fn format(content_type: Option<&str>, fallback: Option<ScrapeProtocol>) -> Result<Format, ScrapeError> {
    let said = content_type.map(str::trim).filter(|t| !t.is_empty());
    if let Some(format) = said.and_then(Format::from_content_type) {
        return Ok(format);
    }
    if said.is_some_and(|t| t.to_ascii_lowercase().starts_with("application/vnd.google.protobuf")) {
        return Err(ScrapeError::Protobuf);
    }
    match (fallback.and_then(|f| Format::from_content_type(f.content_type())), said) {
        (Some(format), _) => Ok(format),
        (None, None) => Err(ScrapeError::NoContentType),
        (None, Some(said)) => Err(ScrapeError::ContentType(excerpt(said))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn unpack(body: Vec<u8>, limit: u64) -> Result<Vec<u8>, String> {
        let page = Page { body, packing: Packing::Gzip, content_type: None };
        text(&page, limit, &mut Vec::new()).map(<[u8]>::to_vec).map_err(|e| e.to_string())
    }

    #[test]
    fn unpacks_within_the_limit() {
        assert_eq!(unpack(gzip(b"up 1\n"), 5), Ok(b"up 1\n".to_vec()));
        // Several members follow each other where a target compresses in pieces.
        assert_eq!(unpack([gzip(b"up"), gzip(b" 1\n")].concat(), 5), Ok(b"up 1\n".to_vec()));
        let bomb = gzip(&vec![0; 50 << 20]);
        assert!(bomb.len() < 1 << 20);
        assert_eq!(
            unpack(bomb, 1 << 20),
            Err("body size limit exceeded: more than 1048576 bytes when unpacked".to_owned())
        );
    }

    #[test]
    fn zstd() {
        let unpack = |body: &[u8], limit: u64| {
            let page = Page { body: body.to_vec(), packing: Packing::Zstd, content_type: None };
            text(&page, limit, &mut Vec::new()).map(<[u8]>::to_vec).map_err(|e| e.to_string())
        };
        let pack = |text: &[u8]| ruzstd::encoding::compress_to_vec(text, ruzstd::encoding::CompressionLevel::Fastest);
        let page = b"up 1\n".repeat(10_000);
        let packed = pack(&page);
        assert!(packed.len() < page.len());
        assert_eq!(unpack(&packed, 50_000), Ok(page));
        let bomb = Err("body size limit exceeded: more than 49999 bytes when unpacked".to_owned());
        assert_eq!(unpack(&packed, 49_999), bomb);
        for body in [&b"this is plain text\n"[..], &packed[..packed.len() / 2], b""] {
            let error = unpack(body, 50_000).unwrap_err();
            assert!(error.starts_with("the body is not zstd as its Content-Encoding says: "), "{error}");
        }
    }

    #[test]
    fn says_what_is_not_gzip() {
        let whole = gzip(b"up 1\n");
        let mut flipped = whole.clone();
        let at = whole.len() - 6;
        flipped[at] ^= 1;
        for body in [b"this is plain text\n".to_vec(), whole[..whole.len() - 9].to_vec(), flipped] {
            // The reason that follows is the library's.
            let error = unpack(body, 100).unwrap_err();
            assert!(error.starts_with("the body is not gzip as its Content-Encoding says: "), "{error}");
        }
    }

    #[test]
    fn content_types() {
        let text0 = Some(ScrapeProtocol::Text0);
        for (said, fallback, want) in [
            (Some("text/plain; version=0.0.4"), None, Ok(Format::Text)),
            (Some("application/openmetrics-text; version=1.0.0"), text0, Ok(Format::OpenMetrics)),
            (None, text0, Ok(Format::Text)),
            (Some("application/octet-stream"), text0, Ok(Format::Text)),
            (None, Some(ScrapeProtocol::OpenMetrics1), Ok(Format::OpenMetrics)),
            (None, None, Err("the target sends no Content-Type, and the job has no fallback_scrape_protocol")),
            (Some(" "), None, Err("the target sends no Content-Type, and the job has no fallback_scrape_protocol")),
            (
                Some("text/html; charset=utf-8"),
                None,
                Err(
                    "the Content-Type \"text/html; charset=utf-8\" is none of the text formats, and the job has no fallback_scrape_protocol",
                ),
            ),
            (
                Some("application/vnd.google.protobuf; encoding=delimited"),
                text0,
                Err("the target sends Prometheus's protobuf format, which is not supported: it was not asked for"),
            ),
        ] {
            assert_eq!(format(said, fallback).map_err(|e| e.to_string()), want.map_err(str::to_owned), "{said:?}");
        }
    }
}
