//! The parameters of a chart, read and checked. `docs/charts.md` lists them.

use jiff::tz::TimeZone;

use super::reading::{bounded, choice, comparison, finite, logarithmic, on_or_off, step, thresholds, whole};
use crate::chart::palette::Theme;
use crate::chart::standalone::{LegendPlace, Look};
use crate::chart::{Edges, KINDS, Kind, Threshold, UNITS, Unit};
use crate::parameters::{BadParameter, Parameters};
use crate::time::{Moment, parse_zone};

/// Every parameter that is known.
pub const PARAMETERS: [&str; 25] = [
    "query",
    "from",
    "until",
    "w",
    "h",
    "title",
    "unit",
    "legend",
    "legend_table",
    "theme",
    "step",
    "min",
    "max",
    "kind",
    "band",
    "axis",
    "compare",
    "threshold",
    "event",
    "event_title",
    "stack",
    "limit",
    "tz",
    "fit",
    "scale",
];

/// A chart as it was asked for.
#[derive(Debug, Clone)]
pub struct ImageRequest {
    /// PromQL, one to eight.
    pub queries: Vec<String>,
    /// How the series of each query are called; one for all, or one for each query.
    pub legends: Vec<String>,
    /// The beginning of the range.
    pub from: Moment,
    /// The end of the range.
    pub until: Moment,
    /// The time zone of the axis.
    pub zone: TimeZone,
    /// Size, theme, place of the legend.
    pub look: Look,
    /// True where the height was asked for; otherwise it is the chart's.
    pub own_height: bool,
    /// The heading; may be empty.
    pub title: String,
    /// What the values are.
    pub unit: Unit,
    /// The distance of the points, where it is chosen.
    pub step_ms: Option<i64>,
    /// Whether to show how low and how high it went between two points.
    pub band: Band,
    /// The edges of the value axis.
    pub edges: Edges,
    /// How the series are drawn.
    pub kind: Kind,
    /// How long before the same is asked once more, with how that was written: `1w`.
    pub compare: Option<(i64, String)>,
    /// Values that matter.
    pub thresholds: Vec<Threshold>,
    /// PromQL: something happened wherever a series begins to have a value that is not zero.
    pub events: Vec<String>,
    /// What the events of each query are called; one for all, or one for each.
    pub event_titles: Vec<String>,
    /// Most series that are drawn.
    pub limit: usize,
    /// Pixels of a PNG for each px of the drawing.
    pub scale: u32,
}

/// Whether a chart shows how low and how high a query went between two points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Band {
    /// For plain selectors, whose samples cost little to look at.
    #[default]
    Auto,
    /// For any expression: it is evaluated in several places between two points.
    On,
    /// No.
    Off,
}

impl Band {
    fn parse(name: &str) -> Option<Band> {
        match name {
            "auto" => Some(Band::Auto),
            "on" => Some(Band::On),
            "off" => Some(Band::Off),
            _ => None,
        }
    }
}

pub(super) const MOST_QUERIES: usize = 8;
const LONGEST_QUERY: usize = 8192;

impl ImageRequest {
    /// Reads a query string; the error names the parameter.
    pub fn parse(query: &str) -> Result<ImageRequest, BadParameter> {
        let given = Parameters::parse(query, &PARAMETERS, &["query", "legend", "threshold", "event", "event_title"])?;
        let queries: Vec<String> = given.all("query").map(str::to_owned).collect();
        if queries.is_empty() || queries.iter().any(|query| query.trim().is_empty()) {
            return Err(BadParameter::new("query", "is missing: it is the PromQL expression to draw"));
        }
        if queries.len() > MOST_QUERIES {
            return Err(BadParameter::new("query", format!("is given more than {MOST_QUERIES} times")));
        }
        if queries.iter().any(|query| query.len() > LONGEST_QUERY) {
            return Err(BadParameter::new("query", format!("is longer than {LONGEST_QUERY} bytes")));
        }
        let legends: Vec<String> = given.all("legend").map(str::to_owned).collect();
        if legends.len() > 1 && legends.len() != queries.len() {
            return Err(BadParameter::new("legend", "is given once, or once for each query"));
        }
        if legends.iter().any(|legend| legend.rfind("{{").is_some_and(|open| !legend[open..].contains("}}"))) {
            return Err(BadParameter::new("legend", "has {{ without }}: a label is written {{name}}"));
        }
        let zone = given.read("tz", parse_zone)?.unwrap_or_else(TimeZone::system);
        let moment = |name| given.read(name, |text| Moment::parse(text, &zone));
        let (from, until) = (moment("from")?, moment("until")?);
        let edges = Edges {
            min: given.read("min", finite)?,
            max: given.read("max", finite)?,
            fit: given.read("fit", on_or_off)?.unwrap_or(false),
            log: given.read("axis", logarithmic)?.unwrap_or(false),
        };
        if edges.log && [edges.min, edges.max].into_iter().flatten().any(|edge| edge <= 0.0) {
            return Err(BadParameter::new("axis", "is logarithmic: min and max must be above zero"));
        }
        if let (Some(min), Some(max)) = (edges.min, edges.max)
            && min >= max
        {
            return Err(BadParameter::new("min", "is not below max"));
        }
        let look = Look {
            width: given.read("w", |text| whole(text, 120, 4000))?.unwrap_or(800),
            height: given.read("h", |text| whole(text, 60, 2400))?.unwrap_or(240),
            theme: given.read("theme", |text| choice(text, Theme::parse, "auto, light or dark"))?.unwrap_or_default(),
            legend: given
                .read("legend_table", |text| choice(text, LegendPlace::parse, "auto, right, below or off"))?
                .unwrap_or_default(),
        };
        let kind = kind(&given)?;
        if edges.log && kind != Kind::Lines {
            return Err(BadParameter::new(
                "axis",
                "is logarithmic for lines only: parts of a whole add up on a linear one",
            ));
        }
        let compare = given.read("compare", comparison)?;
        if compare.is_some() && kind == Kind::Heatmap {
            return Err(BadParameter::new("compare", "has no place in a heat map"));
        }
        let events: Vec<String> = given.all("event").map(str::to_owned).collect();
        if events.len() > MOST_QUERIES
            || events.iter().any(|query| query.trim().is_empty() || query.len() > LONGEST_QUERY)
        {
            let reason = format!("is PromQL, at most {MOST_QUERIES} times, at most {LONGEST_QUERY} bytes each");
            return Err(BadParameter::new("event", reason));
        }
        let event_titles: Vec<String> = given.all("event_title").map(str::to_owned).collect();
        if event_titles.len() > 1 && event_titles.len() != events.len() {
            return Err(BadParameter::new("event_title", "is given once, or once for each event"));
        }
        let (usual, most) = if kind == Kind::Heatmap { (50, 200) } else { (12, 100) };
        let units = || UNITS.map(|(name, _)| name).join(", ");
        Ok(ImageRequest {
            queries,
            legends,
            from: from.unwrap_or(Moment::Ago(6 * 3_600_000)),
            until: until.unwrap_or(Moment::Ago(0)),
            look,
            own_height: given.get("h").is_some(),
            title: given.read("title", |text| bounded(text, 200))?.unwrap_or_default(),
            unit: given.read("unit", |text| choice(text, Unit::parse, &units()))?.unwrap_or_default(),
            step_ms: given.read("step", step)?,
            edges,
            compare,
            thresholds: thresholds(&given)?,
            events,
            event_titles,
            kind,
            band: given.read("band", |text| choice(text, Band::parse, "auto, on or off"))?.unwrap_or_default(),
            limit: given.read("limit", |text| whole(text, 1, most))?.unwrap_or(usual) as usize,
            scale: given.read("scale", |text| whole(text, 1, 4))?.unwrap_or(1),
            zone,
        })
    }
}

/// `kind`, or its older form `stack=on`.
fn kind(given: &Parameters) -> Result<Kind, BadParameter> {
    let names = || KINDS.map(|(name, _)| name).join(", ");
    let kind = given.read("kind", |text| choice(text, Kind::parse, &names()))?;
    let stacked = given.read("stack", on_or_off)?.map(Kind::stacked);
    match (kind, stacked) {
        (Some(kind), Some(stacked)) if kind != stacked => {
            Err(BadParameter::new("stack", "says something else than kind: one of them is enough"))
        }
        (kind, stacked) => Ok(kind.or(stacked).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn errors_name_the_parameter() {
        for (query, expected) in [
            ("", "parameter query: is missing"),
            ("query=", "parameter query: is missing"),
            ("query=up&from=yesterday", "parameter from: \"yesterday\" is no time"),
            ("query=up&until=never", "parameter until: \"never\" is no time"),
            ("query=up&w=100000", "parameter w: must be a whole number from 120 to 4000"),
            ("query=up&w=-1", "parameter w: must be"),
            ("query=up&h=NaN", "parameter h: must be a whole number from 60 to 2400"),
            ("query=up&unit=parsec", "parameter unit: must be one of short, bytes"),
            ("query=up&axis=polar", "parameter axis: must be linear or log"),
            ("query=up&axis=log&min=0", "parameter axis: is logarithmic: min and max must be above zero"),
            ("query=up&axis=log&kind=stack", "parameter axis: is logarithmic for lines only"),
            ("query=up&compare=1", "parameter compare: must be between a minute and ten years"),
            ("query=up&compare=1w&kind=heatmap", "parameter compare: has no place in a heat map"),
            ("query=up&threshold=high", "parameter threshold: must be a number, or a number, a comma"),
            ("query=up&event=", "parameter event: is PromQL"),
            ("query=up&event=a&event_title=b&event_title=c", "parameter event_title: is given once"),
            ("query=up&theme=pink", "parameter theme: must be one of auto, light or dark"),
            ("query=up&legend_table=up", "parameter legend_table: must be one of"),
            ("query=up&step=0", "parameter step: must be at least one second"),
            ("query=up&step=fast", "parameter step: \"fast\" is no duration"),
            ("query=up&min=a", "parameter min: must be a number"),
            ("query=up&max=inf", "parameter max: must be a number"),
            ("query=up&min=2&max=1", "parameter min: is not below max"),
            ("query=up&stack=maybe", "parameter stack: must be on or off"),
            ("query=up&limit=0", "parameter limit: must be a whole number from 1 to 100"),
            ("query=up&scale=9", "parameter scale: must be a whole number from 1 to 4"),
            ("query=up&tz=Mars/Olympus", "parameter tz: no time zone is called"),
            ("query=up&legend=a&legend=b", "parameter legend: is given once"),
            ("query=up&legend=on {{instance", "parameter legend: has {{ without }}"),
            ("query=up&colour=red", "parameter colour: is unknown"),
            ("query=up&w=200&w=300", "parameter w: is given more than once"),
            (
                "query=a&query=a&query=a&query=a&query=a&query=a&query=a&query=a&query=a",
                "parameter query: is given more than 8 times",
            ),
        ] {
            let error = ImageRequest::parse(query).expect_err(query).to_string();
            assert!(error.starts_with(expected), "{query}: {error}");
        }
    }

    #[test]
    fn defaults_need_a_query_only() {
        let request = ImageRequest::parse("query=up").unwrap();
        assert_eq!((request.look.width, request.look.height, request.limit), (800, 240, 12));
        assert_eq!((request.from, request.until), (Moment::Ago(21_600_000), Moment::Ago(0)));
    }

    proptest! {
        #[test]
        fn no_query_panics(query in "[a-z&=%0-9+]{0,80}") {
            let _ = ImageRequest::parse(&query);
        }
    }
}
