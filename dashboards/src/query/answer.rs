//! The JSON of the API as types.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};

use crate::chart::Point;
use crate::time::{FARTHEST_SECONDS, ms_of};

/// The labels of a series, `__name__` among them.
pub type Labels = BTreeMap<String, String>;

/// One series of a range answer.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct QueriedSeries {
    /// Its labels.
    #[serde(rename = "metric")]
    pub labels: Labels,
    /// Its points in order of time.
    #[serde(default, deserialize_with = "points")]
    pub values: Vec<Point>,
}

/// One element of an instant vector. `L` is all of its labels, or a struct with a field for each one that is wanted: the
/// others are skipped while the answer is read.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Sample<L = Labels> {
    /// Its labels.
    #[serde(rename = "metric")]
    pub labels: L,
    /// Its value, at the moment of the evaluation.
    #[serde(rename = "value", deserialize_with = "point")]
    pub point: Point,
}

/// One active target of `/api/v1/targets`, as far as pages say it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct TargetState {
    /// Its labels after relabelling; `instance` among them.
    #[serde(default)]
    pub labels: Labels,
    /// Why the last scrape failed; empty where it did not.
    #[serde(rename = "lastError", default)]
    pub last_error: String,
}

/// The envelope of every answer.
#[derive(Debug, Deserialize)]
#[serde(bound = "T: Deserialize<'de>")]
pub(super) struct Envelope<T> {
    pub(super) status: String,
    #[serde(default = "none")]
    pub(super) data: Option<T>,
    #[serde(rename = "errorType", default)]
    pub(super) error_type: String,
    #[serde(default)]
    pub(super) error: String,
}

fn none<T>() -> Option<T> {
    None
}

/// `data` of a query.
#[derive(Debug, Deserialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase", bound = "L: Deserialize<'de>")]
pub(super) enum QueryData<L = Labels> {
    /// Series with many points.
    Matrix(List<QueriedSeries>),
    /// Series with one point.
    Vector(List<Sample<L>>),
    /// One number.
    Scalar(Pair),
    /// One text; nothing here draws it.
    String(de::IgnoredAny),
}

/// The most series of one answer: as many times as long as the pages ask for, and what labels take in memory is bounded.
const MOST_SERIES: usize = 200_000;

/// Series, no more than [`MOST_SERIES`].
#[derive(Debug)]
pub(super) struct List<T>(pub(super) Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListVisitor<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
            type Value = List<T>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a list of series")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<List<T>, A::Error> {
                let mut list = Vec::new();
                while let Some(one) = seq.next_element()? {
                    if list.len() == MOST_SERIES {
                        return Err(de::Error::custom(format!("an answer of more than {MOST_SERIES} series")));
                    }
                    list.push(one);
                }
                Ok(List(list))
            }
        }
        deserializer.deserialize_seq(ListVisitor(std::marker::PhantomData))
    }
}

/// `data` of targets.
#[derive(Debug, Deserialize)]
pub(super) struct TargetsData {
    #[serde(rename = "activeTargets", default)]
    pub(super) active: Vec<TargetState>,
}

/// `[1700000000.123, "0.5"]`.
#[derive(Debug)]
pub(super) struct Pair(pub(super) Point);

impl<'de> Deserialize<'de> for Pair {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PairVisitor;
        impl<'de> Visitor<'de> for PairVisitor {
            type Value = Pair;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a pair of Unix seconds and a value in quotes")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Pair, A::Error> {
                let seconds: f64 = seq.next_element()?.ok_or_else(|| de::Error::invalid_length(0, &self))?;
                if seconds.abs() > FARTHEST_SECONDS {
                    return Err(de::Error::custom(format!("{seconds} is no time")));
                }
                let value: std::borrow::Cow<'de, str> =
                    seq.next_element()?.ok_or_else(|| de::Error::invalid_length(1, &self))?;
                // Rust reads Go's spellings of the infinities and of NaN too.
                let value: f64 = value.parse().map_err(|_| de::Error::custom(format!("{value:?} is no number")))?;
                Ok(Pair(Point { at_ms: ms_of(seconds), value }))
            }
        }
        deserializer.deserialize_seq(PairVisitor)
    }
}

fn point<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Point, D::Error> {
    Pair::deserialize(deserializer).map(|pair| pair.0)
}

fn points<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Point>, D::Error> {
    struct PointsVisitor;
    impl<'de> Visitor<'de> for PointsVisitor {
        type Value = Vec<Point>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a list of pairs")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<Point>, A::Error> {
            let mut points = Vec::new();
            while let Some(Pair(point)) = seq.next_element()? {
                points.push(point);
            }
            Ok(points)
        }
    }
    deserializer.deserialize_seq(PointsVisitor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_as_the_api_writes_them() {
        let json = r#"{"status":"success","data":{"resultType":"matrix","result":[
            {"metric":{"group":"a\"b"},"values":[[1.5,"1"],[2,"NaN"],[3,"+Inf"],[4,"-Inf"],[5,"1e+06"]]}]}}"#;
        let envelope: Envelope<QueryData> = serde_json::from_str(json).unwrap();
        let Some(QueryData::Matrix(List(series))) = envelope.data else { panic!("no matrix") };
        assert_eq!(series[0].labels["group"], "a\"b");
        let values: Vec<String> = series[0].values.iter().map(|p| format!("{}:{}", p.at_ms, p.value)).collect();
        assert_eq!(values, ["1500:1", "2000:NaN", "3000:inf", "4000:-inf", "5000:1000000"]);
    }

    #[test]
    fn times_that_no_calendar_has_are_refused() {
        for time in ["1e300", "-1e12", "9223372036854775808"] {
            let json = format!(r#"{{"resultType":"scalar","result":[{time},"1"]}}"#);
            let error = serde_json::from_str::<QueryData>(&json).unwrap_err().to_string();
            assert!(error.contains("is no time"), "{error}");
        }
    }

    #[test]
    fn labels_that_are_not_wanted_are_skipped() {
        #[derive(Deserialize)]
        struct Pid {
            #[serde(default)]
            pid: String,
        }
        let json = r#"{"resultType":"vector","result":[
            {"metric":{"name":"a","pid":"7","user":"b"},"value":[1,"2"]},{"metric":{},"value":[1,"3"]}]}"#;
        let QueryData::Vector(List(samples)) = serde_json::from_str::<QueryData<Pid>>(json).unwrap() else {
            panic!("no vector")
        };
        let read: Vec<(&str, f64)> = samples.iter().map(|s| (s.labels.pid.as_str(), s.point.value)).collect();
        assert_eq!(read, [("7", 2.0), ("", 3.0)]);
    }

    #[test]
    fn a_list_has_an_end() {
        let one = r#"{"metric":{},"value":[1,"1"]},"#;
        let of = |count: usize| format!("[{}]", one.repeat(count).trim_end_matches(','));
        assert_eq!(serde_json::from_str::<List<Sample>>(&of(3)).unwrap().0.len(), 3);
        let error = serde_json::from_str::<List<Sample>>(&of(MOST_SERIES + 1)).unwrap_err().to_string();
        assert!(error.contains("more than 200000 series"), "{error}");
    }

    #[test]
    fn errors_keep_their_words() {
        let json = r#"{"status":"error","errorType":"bad_data","error":"1:3: parse error"}"#;
        let envelope: Envelope<QueryData> = serde_json::from_str(json).unwrap();
        assert_eq!((envelope.error_type.as_str(), envelope.error.as_str()), ("bad_data", "1:3: parse error"));
    }

    #[test]
    fn scalars_and_strings_are_results_too() {
        for (json, is_scalar) in [
            (r#"{"resultType":"scalar","result":[1,"2"]}"#, true),
            (r#"{"resultType":"string","result":[1,"text"]}"#, false),
        ] {
            let data: QueryData = serde_json::from_str(json).unwrap();
            assert_eq!(matches!(data, QueryData::Scalar(_)), is_scalar);
        }
    }
}
