//! Where a key of a YAML text stands.
//!
//! Decoding errors carry a place. Rules that join several keys are checked after decoding, when the places are gone:
//! this walks the text again to the node in question, and makes the decoder refuse it there.

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// One step from a node to one below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The value of a key.
    Key(&'static str),
    /// The value of a key that the user chose, such as a label's name.
    UserKey(String),
    /// An element of a list, from 0.
    Item(usize),
}

/// The way from the root of the file to a node; prints as `scrape_configs[2].job_name`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Path(Vec<Step>);

impl Path {
    /// The value of a key of this node.
    pub(super) fn key(&self, key: &'static str) -> Path {
        self.step(Step::Key(key))
    }

    /// The value of a key that the user chose.
    pub(super) fn user_key(&self, key: &str) -> Path {
        self.step(Step::UserKey(key.to_owned()))
    }

    /// An element of this node.
    pub(super) fn item(&self, index: usize) -> Path {
        self.step(Step::Item(index))
    }

    fn step(&self, step: Step) -> Path {
        let mut steps = self.0.clone();
        steps.push(step);
        Path(steps)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, step) in self.0.iter().enumerate() {
            let key = match step {
                Step::Item(index) => {
                    write!(f, "[{index}]")?;
                    continue;
                }
                Step::Key(key) => key,
                Step::UserKey(key) => key.as_str(),
            };
            write!(f, "{}{key}", if i == 0 { "" } else { "." })?;
        }
        Ok(())
    }
}

/// Line and column, both from 1, of the node at a path, or of the nearest node above it that is there.
pub(super) fn locate(text: &str, path: &Path) -> Option<(usize, usize)> {
    let steps = &path.0;
    (0..=steps.len()).rev().find_map(|depth| {
        let walk = Walk(&steps[..depth]);
        let refused = walk.deserialize(serde_yaml::Deserializer::from_str(text)).err()?;
        // Any other message comes from a way that does not exist or a text that is not YAML.
        refused.to_string().contains(HERE).then_some(())?;
        refused.location().map(|place| (place.line(), place.column()))
    })
}

const HERE: &str = "\u{1}the node that was looked for\u{1}";

/// Walks down and refuses the last node.
struct Walk<'a>(&'a [Step]);

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    // What a visitor that accepts nothing "expects" is the message of its refusal.
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { HERE } else { "a list or a mapping" })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Some((step, below)) = self.0.split_first() else {
            return Err(serde::de::Error::custom(HERE));
        };
        let wanted = match step {
            Step::Key(key) => key,
            Step::UserKey(key) => key.as_str(),
            Step::Item(_) => "",
        };
        while let Some(key) = map.next_key::<String>()? {
            match key == wanted {
                true => map.next_value_seed(Walk(below))?,
                false => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Some((step, below)) = self.0.split_first() else {
            return Err(serde::de::Error::custom(HERE));
        };
        if let Step::Item(index) = step {
            for _ in 0..*index {
                if list.next_element::<IgnoredAny>()?.is_none() {
                    return Ok(());
                }
            }
            list.next_element_seed(Walk(below))?;
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_nodes_and_the_nearest_above_those_that_are_missing() {
        let text = "global:\n  scrape_timeout: 5s\nscrape_configs:\n  - job_name: a\n  - job_name: b\n    static_configs:\n      - targets: ['x', y]\n";
        let root = Path::default();
        let second = root.key("scrape_configs").item(1);
        for (path, name, place) in [
            (root.key("global").key("scrape_timeout"), "global.scrape_timeout", (2, 19)),
            (second.key("job_name"), "scrape_configs[1].job_name", (5, 15)),
            (
                second.key("static_configs").item(0).key("targets").item(1),
                "scrape_configs[1].static_configs[0].targets[1]",
                (7, 24),
            ),
            (second.key("scheme"), "scrape_configs[1].scheme", (5, 5)),
            (root.key("nothing"), "nothing", (1, 1)),
        ] {
            assert_eq!((path.to_string().as_str(), locate(text, &path)), (name, Some(place)));
        }
    }
}
