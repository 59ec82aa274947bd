//! One entry of `process_names`. What is wrong with it is found while it is decoded, where its line is known.

use serde::{Deserialize, Deserializer, de};

use crate::rules::{Executable, Glob, Outcome, Pattern, Rule, Selector, Template};

/// What a group is called whose rule gives it no name.
const DEFAULT_NAME: &str = "{{.ExeBase}}";

/// A rule as it is written, and compiled.
#[derive(Debug)]
pub(crate) struct RawRule(pub(crate) Rule);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    name: Option<Name>,
    comm: Option<Vec<String>>,
    exe: Option<Vec<String>>,
    cmdline: Option<Vec<Expression>>,
    user: Option<Vec<String>>,
    cgroup: Option<Vec<Expression>>,
    unit: Option<Vec<String>>,
    container: Option<Vec<String>>,
    parent: Option<Vec<String>>,
    exclude: Option<bool>,
}

impl Fields {
    fn compile(self) -> Result<Rule, String> {
        let globs = |texts: Vec<String>| texts.iter().map(|text| Glob::new(text)).collect();
        let units = |texts: Vec<String>| texts.iter().map(|text| Glob::new(&whole_unit(text))).collect();
        let expressions = |texts: Vec<Expression>| texts.into_iter().map(|e| e.0).collect::<Vec<_>>();
        let executables = |texts: Vec<String>| texts.into_iter().map(Executable::new).collect();
        let cmdline = self.cmdline.map(expressions);
        let captured: Vec<String> = cmdline.iter().flatten().flat_map(Pattern::names).map(str::to_owned).collect();
        // The cheap ones first: what they refuse asks no regular expression.
        let selectors: Vec<Selector> = [
            self.comm.map(Selector::Comm),
            self.exe.map(executables).map(Selector::Exe),
            self.user.map(Selector::User),
            self.parent.map(Selector::Parent),
            self.unit.map(units).map(Selector::Unit),
            self.container.map(globs).map(Selector::Container),
            self.cgroup.map(expressions).map(Selector::Cgroup),
            cmdline.map(Selector::Cmdline),
        ]
        .into_iter()
        .flatten()
        .collect();
        if selectors.is_empty() {
            return Err(
                "a rule needs at least one of comm, exe, cmdline, user, cgroup, unit, container and parent".to_owned()
            );
        }
        if self.exclude == Some(true) {
            return match self.name {
                Some(_) => Err("a rule with `exclude: true` gives no name: its processes are not shown".to_owned()),
                None => Ok(Rule { selectors, outcome: Outcome::Exclude }),
            };
        }
        let template = match self.name {
            Some(Name(template)) => template,
            None => Template::new(DEFAULT_NAME)?,
        };
        if let Some(unknown) = template.matches().find(|name| !captured.iter().any(|c| c == name)) {
            return Err(format!(
                "name {:?} uses .Matches.{unknown}, but no expression of cmdline has a group (?P<{unknown}>...)",
                template.source()
            ));
        }
        Ok(Rule { selectors, outcome: Outcome::Name(template) })
    }
}

/// `nginx` is `nginx.service`, as systemctl takes it.
fn whole_unit(text: &str) -> String {
    if text.contains(['.', '*']) { text.to_owned() } else { format!("{text}.service") }
}

impl<'de> Deserialize<'de> for RawRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RawRule, D::Error> {
        struct Entry;
        impl<'de> de::Visitor<'de> for Entry {
            type Value = RawRule;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a rule with selectors and a name")
            }

            // Compiled in here, so that an error has the place of the rule.
            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<RawRule, A::Error> {
                let fields = Fields::deserialize(de::value::MapAccessDeserializer::new(map))?;
                fields.compile().map(RawRule).map_err(de::Error::custom)
            }
        }
        deserializer.deserialize_map(Entry)
    }
}

/// A template; an empty one counts as none.
#[derive(Debug)]
struct Name(Template);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Name, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = Name;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a name template such as \"{{.Comm}}\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Name, E> {
                let text = if text.is_empty() { DEFAULT_NAME } else { text };
                Template::new(text).map(Name).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// A regular expression.
#[derive(Debug)]
struct Expression(Pattern);

impl<'de> Deserialize<'de> for Expression {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Expression, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = Expression;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a regular expression")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Expression, E> {
                Pattern::new(text).map(Expression).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}
