//! A chart written to a file, as `/chart.svg` and its siblings give it: for reports, mails and jobs that run by themselves.

use std::path::{Path, PathBuf};

use crate::image::{self, Format, ImageRequest};
use crate::metrics::Metrics;
use crate::query::{self, Client};
use crate::server::system_clock;
use crate::threads::Threads;
use crate::{Error, Options};

/// No file was written.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The name says nothing of a format that is known.
    #[error("{}: the name must end in .svg, .png, .csv or .json", .0.display())]
    Ending(PathBuf),
    /// There is no chart.
    #[error(transparent)]
    Image(#[from] image::Error),
    /// The file cannot be written.
    #[error("{}: {cause}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// The options are wrong.
    #[error(transparent)]
    Options(#[from] Error),
}

impl From<query::Error> for RenderError {
    fn from(error: query::Error) -> RenderError {
        RenderError::Image(image::Error::Query(error))
    }
}

/// Draws the chart of `parameters` (`query=up&from=-6h`, or a whole URL as a page links it) into `output`, in the format of
/// its ending.
pub async fn render(options: &Options, parameters: &str, output: &Path) -> Result<(), RenderError> {
    let ending = output.extension().and_then(|ending| ending.to_str());
    let Some(format) = ending.and_then(Format::from_ending) else {
        return Err(RenderError::Ending(output.to_owned()));
    };
    let query =
        parameters.split_once('?').filter(|(path, _)| !path.contains('=')).map_or(parameters, |(_, query)| query);
    let request = ImageRequest::parse(query).map_err(image::Error::from)?;
    let threads = Threads::default();
    let client = Client::new(&options.query_url, options.limits, Metrics::default(), threads.clone())?;
    let image = image::make(&client, &threads, request, format, system_clock()).await?;
    std::fs::write(output, image.body).map_err(|cause| RenderError::Write { path: output.to_owned(), cause })
}
