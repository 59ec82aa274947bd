//! The rows of an SQL answer, whose columns keep their order.

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

/// A table: every row has a value for each column.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    /// Names in the order of the query; a name may stand twice.
    pub columns: Vec<String>,
    /// Values as JSON has them; times are texts such as `2026-11-23T18:51:29.692`, in UTC.
    pub rows: Vec<Vec<Value>>,
}

/// One object with its members in their order.
struct Row(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Row, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Row;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a row")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Row, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Row(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

impl Rows {
    /// Reads an array of objects.
    pub(super) fn read(json: &str) -> Result<Rows, serde_json::Error> {
        let read: Vec<Row> = serde_json::from_str(json)?;
        let columns = read.first().map(|row| row.0.iter().map(|(name, _)| name.clone()).collect()).unwrap_or_default();
        let rows = read.into_iter().map(|row| row.0.into_iter().map(|(_, value)| value).collect()).collect();
        Ok(Rows { columns, rows })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_keep_their_order_and_may_stand_twice() {
        let rows = Rows::read(r#"[{"z":1,"a":"x","z":null},{"z":2,"a":"y","z":[1]}]"#).unwrap();
        assert_eq!(rows.columns, ["z", "a", "z"]);
        assert_eq!(rows.rows[1], [Value::from(2), Value::from("y"), serde_json::json!([1])]);
        assert_eq!(Rows::read("[]").unwrap(), Rows::default());
        assert!(Rows::read(r#"{"status":"error"}"#).is_err());
    }
}
