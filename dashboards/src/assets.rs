//! What the pages load: embedded in the binary, named after its content, kept by browsers for good.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};

use crate::chart::palette;

/// A file that is served under a name that changes with its content.
#[derive(Debug)]
pub struct Asset {
    /// The last part of its path.
    pub name: String,
    content_type: &'static str,
    body: String,
}

impl Asset {
    fn new(stem: &str, extension: &str, content_type: &'static str, body: String) -> Asset {
        let name = format!("{stem}-{:016x}.{extension}", fnv1a(body.as_bytes()));
        Asset { name, content_type, body }
    }

    /// Its path on this server.
    pub fn path(&self) -> String {
        format!("/static/{}", self.name)
    }
}

/// The style sheet of every page.
pub static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    let body = palette::page_inks() + include_str!("assets/style.css");
    Asset::new("style", "css", "text/css; charset=utf-8", body)
});

/// The script of every page: one module, written in several files.
pub static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    let parts = [
        include_str!("assets/chart.js"),
        include_str!("assets/tree.js"),
        include_str!("assets/follow.js"),
        include_str!("assets/explore.js"),
    ];
    Asset::new("page", "js", "text/javascript; charset=utf-8", parts.concat())
});

/// The icon of the browser's tab.
pub static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("icon", "svg", "image/svg+xml", include_str!("assets/icon.svg").to_owned()));

/// Answers `/static/{name}`.
pub async fn handle(Path(name): Path<String>) -> Response {
    match [&*STYLE, &*SCRIPT, &*ICON].into_iter().find(|asset| asset.name == name) {
        Some(asset) => {
            let headers = [
                (header::CONTENT_TYPE, asset.content_type),
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            ];
            (headers, asset.body.as_str()).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// FNV-1a, 64 bits: a name for content, not a signature.
pub(crate) fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_is_short() {
        assert!(SCRIPT.body.len() < 40_000, "{} bytes before compression", SCRIPT.body.len());
    }
}
