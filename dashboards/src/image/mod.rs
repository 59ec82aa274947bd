//! `/chart.svg`, `.png`, `.csv`, `.json`: a chart is a URL.

mod bands;
mod caching;
mod chart;
mod earlier;
mod events;
mod format;
mod naming;
mod points;
mod raster;
mod reading;
mod request;

pub(crate) use earlier::add as add_earlier;
pub(crate) use events::fetch as events;
pub use format::Format;
pub use naming::names;
pub(crate) use reading::comparison;
pub use request::{ImageRequest, PARAMETERS};

use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, StatusCode, header};

use crate::chart::{Chart, message, palette::Theme, standalone};
use crate::parameters::BadParameter;
use crate::query::{self, Client};
use crate::server::App;
use crate::threads::Threads;

/// No chart.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A parameter is wrong, by itself or together with others.
    #[error(transparent)]
    Parameter(#[from] BadParameter),
    /// The query server.
    #[error(transparent)]
    Query(#[from] query::Error),
    /// Drawing or writing failed. Not known to happen.
    #[error("could not draw the chart: {0}")]
    Draw(String),
}

impl Error {
    fn status(&self) -> StatusCode {
        match self {
            Error::Parameter(_) => StatusCode::BAD_REQUEST,
            Error::Query(error) => error.status(),
            Error::Draw(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn heading(&self) -> &'static str {
        match self {
            Error::Parameter(_) => "Bad request",
            Error::Query(error) if error.is_bad_query() => "Bad query",
            Error::Query(_) => "No answer from the query server",
            Error::Draw(_) => "Could not draw the chart",
        }
    }
}

/// A chart in the form that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// The file.
    pub body: Vec<u8>,
    /// Seconds for which it stays as it is.
    pub max_age: i64,
}

/// The chart that `request` asks for. `now_ms` is what `now` means, in Unix milliseconds.
///
/// # Errors
/// A parameter is wrong, or the query server has no answer.
pub async fn chart(client: &Client, request: &ImageRequest, now_ms: i64) -> Result<Chart, Error> {
    chart::fetch(client, request, now_ms).await
}

/// Asks for the data of `request` and puts the chart into `format`, on `threads`. `now_ms` is what `now` means, in Unix milliseconds.
///
/// # Errors
/// A parameter is wrong, or the query server has no answer.
pub async fn make(
    client: &Client,
    threads: &Threads,
    request: ImageRequest,
    format: Format,
    now_ms: i64,
) -> Result<Image, Error> {
    let chart = chart(client, &request, now_ms).await?;
    let max_age = caching::max_age(&request, chart.span, chart.step_ms, now_ms);
    let drawn = threads.run(move || draw(&chart, &request, format)).await;
    Ok(Image { body: drawn.map_err(|error| Error::Draw(error.to_string()))??, max_age })
}

fn draw(chart: &Chart, request: &ImageRequest, format: Format) -> Result<Vec<u8>, Error> {
    let height = if request.own_height { request.look.height } else { standalone::natural_height(chart) };
    let look = standalone::Look { height, ..request.look };
    let svg = |look| standalone::render(chart, &look).map_err(|error| Error::Draw(error.to_string()));
    match format {
        Format::Svg => Ok(svg(look)?.into_bytes()),
        Format::Png => {
            let look = standalone::Look { theme: look.theme.settled(), ..look };
            raster::png(&svg(look)?, request.scale)
        }
        Format::Csv => points::csv(chart),
        Format::Json => points::json(chart),
    }
}

/// The size of a message where the request's own size cannot be read.
const MESSAGE_SIZE: (u32, u32) = (800, 240);

/// Answers `/chart.{ending}`. What goes wrong is an image too where one was asked for, with the status that it deserves.
pub async fn handle(State(app): State<App>, Path(ending): Path<String>, RawQuery(query): RawQuery) -> Response {
    let Some(format) = Format::from_ending(&ending) else {
        let text = "A chart is chart.svg, chart.png, chart.csv or chart.json.\n";
        return (StatusCode::NOT_FOUND, text).into_response();
    };
    let request = match ImageRequest::parse(&query.unwrap_or_default()) {
        Ok(request) => request,
        Err(bad) => return refused(&bad.into(), format, MESSAGE_SIZE, Theme::Auto),
    };
    let look = request.look;
    match make(&app.client, &app.threads, request, format, app.now_ms()).await {
        Ok(Image { body, max_age }) => {
            answer(StatusCode::OK, format.content_type(), body, &format!("private, max-age={max_age}"))
        }
        Err(error) => {
            match &error {
                Error::Parameter(_) => {}
                Error::Query(error) => tracing::warn!(%error, "no chart"),
                Error::Draw(_) => tracing::error!(%error, "no chart"),
            }
            refused(&error, format, (look.width, look.height), look.theme)
        }
    }
}

fn refused(error: &Error, format: Format, (width, height): (u32, u32), theme: Theme) -> Response {
    let svg = |theme| message::render(error.heading(), &error.to_string(), width, height, theme);
    let (content_type, body) = match format {
        Format::Svg => (format.content_type(), svg(theme).into_bytes()),
        Format::Png => match raster::png(&svg(theme.settled()), 1) {
            Ok(png) => (format.content_type(), png),
            Err(error) => ("text/plain; charset=utf-8", format!("{error}\n").into_bytes()),
        },
        Format::Csv => ("text/plain; charset=utf-8", format!("{error}\n").into_bytes()),
        Format::Json => {
            (format.content_type(), serde_json::json!({ "error": error.to_string() }).to_string().into_bytes())
        }
    };
    answer(error.status(), content_type, body, "no-store")
}

fn answer(status: StatusCode, content_type: &'static str, body: Vec<u8>, cache: &str) -> Response {
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    // The style sheet is part of an SVG; scripts and everything else stay forbidden where it is opened by itself.
    let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    if let Ok(cache) = HeaderValue::from_str(cache) {
        headers.insert(header::CACHE_CONTROL, cache);
    }
    response
}
