//! `/stream`: a page that follows its data, as server-sent events.
//!
//! Each event is the whole page as a new visitor would get it; the script of the page puts what changed in place. So a
//! page has one way of being made, and nothing is asked of the query server while nobody listens.

mod followed;

use std::convert::Infallible;
use std::hash::{DefaultHasher, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use http::{Request, StatusCode, Uri};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Interval, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use self::followed::{Followed, Page};
use crate::parameters::{BadParameter, Parameters};

/// Seconds between two events.
pub(crate) const EVERY: std::ops::RangeInclusive<u64> = 2..=60;

/// Streams at one time.
const MOST_STREAMS: usize = 100;

/// The longest page that is sent, in bytes.
const LONGEST_PAGE: usize = 16 << 20;

/// What the streams share.
#[derive(Debug, Clone)]
pub(crate) struct Streams {
    pages: Router,
    free: Arc<Semaphore>,
    followed: Followed,
    shutdown: CancellationToken,
}

impl Streams {
    /// Streams of `pages` that end with `shutdown`.
    pub(crate) fn new(pages: Router, shutdown: CancellationToken) -> Streams {
        Streams { pages, free: Arc::new(Semaphore::new(MOST_STREAMS)), followed: Followed::default(), shutdown }
    }
}

/// One page that is sent again and again.
struct Following {
    streams: Streams,
    uri: Uri,
    page: Arc<Page>,
    every: Duration,
    ticks: Interval,
    /// Of the state that was sent last: a hundred whole pages would be a lot to keep.
    sent: u64,
    _permit: OwnedSemaphorePermit,
}

/// Answers `/stream?page=/host?instance=...&every=15`.
pub(crate) async fn handle(State(streams): State<Streams>, RawQuery(query): RawQuery) -> Response {
    let (uri, every) = match parse(&query.unwrap_or_default()) {
        Ok(asked) => asked,
        Err(bad) => return (StatusCode::BAD_REQUEST, format!("{bad}\n")).into_response(),
    };
    let Ok(permit) = streams.free.clone().try_acquire_owned() else {
        let text = format!("{MOST_STREAMS} pages are being followed already\n");
        return (StatusCode::SERVICE_UNAVAILABLE, text).into_response();
    };
    let mut ticks = interval_at(tokio::time::Instant::now() + every, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let page = streams.followed.page(&uri);
    let following = Following { streams, uri, page, every, ticks, sent: 0, _permit: permit };
    let events = stream::unfold(following, |mut following| async move {
        let event = following.next().await?;
        Some((Ok::<_, Infallible>(event), following))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(20))).into_response()
}

fn parse(query: &str) -> Result<(Uri, Duration), BadParameter> {
    let given = Parameters::parse(query, &["page", "every"], &[])?;
    let page = given.needed("page", "it is the path of a page with its parameters")?;
    let bad = || BadParameter::new("page", "is no path of this server");
    let page: Uri = page.parse().map_err(|_| bad())?;
    // Two slashes would name another server.
    if page.scheme().is_some()
        || page.authority().is_some()
        || !page.path().starts_with('/')
        || page.path().starts_with("//")
    {
        return Err(bad());
    }
    let every = given.read("every", |text| {
        let seconds = text.parse().ok().filter(|seconds| EVERY.contains(seconds));
        seconds.ok_or_else(|| format!("must be a whole number of seconds from {} to {}", EVERY.start(), EVERY.end()))
    })?;
    Ok((page, Duration::from_secs(every.unwrap_or(15))))
}

impl Following {
    /// The next event, once the page is another; none when the service ends.
    async fn next(&mut self) -> Option<Event> {
        loop {
            let shutdown = self.streams.shutdown.clone();
            tokio::select! {
                () = shutdown.cancelled() => return None,
                _ = self.ticks.tick() => {}
            }
            let page = self.page.state(self.every / 2, self.made()).await?;
            let mut hasher = DefaultHasher::new();
            hasher.write(page.as_bytes());
            if hasher.finish() != self.sent {
                self.sent = hasher.finish();
                return Some(Event::default().event("page").data(&*page));
            }
        }
    }

    async fn made(&self) -> Option<String> {
        let request = Request::get(self.uri.clone()).body(Body::empty()).ok()?;
        let Ok(response) = self.streams.pages.clone().oneshot(request).await;
        let body = axum::body::to_bytes(response.into_body(), LONGEST_PAGE).await.ok()?;
        let page = String::from_utf8(body.into()).ok()?;
        // Of an event's data a carriage return would be an end of line.
        Some(if page.contains('\r') { page.replace('\r', "&#13;") } else { page })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_of_a_page_here() {
        let (page, every) = parse("page=%2Fhost%3Finstance%3Da%2526b&every=5").unwrap();
        assert_eq!((page.to_string().as_str(), every), ("/host?instance=a%26b", Duration::from_secs(5)));
        for (query, expected) in [
            ("", "parameter page: is missing"),
            ("page=https://elsewhere/", "parameter page: is no path of this server"),
            ("page=elsewhere", "parameter page: is no path of this server"),
            ("page=/&every=1", "parameter every: must be a whole number of seconds from 2 to 60"),
            ("page=/&x=1", "parameter x: is unknown"),
        ] {
            let error = parse(query).expect_err(query).to_string();
            assert!(error.starts_with(expected), "{query}: {error}");
        }
    }
}
