//! `label_replace` and `label_join`.

use crate::eval::Column;
use crate::expr::{LabelJoin, LabelReplace};
use procession_openmetrics::METRIC_NAME;

pub(crate) fn replace(replace: &LabelReplace, columns: Vec<Column>) -> Vec<Column> {
    let mut value = String::new();
    let change = |column: Column| {
        let source = column.labels.get(&replace.source).unwrap_or("").to_owned();
        match replace.regex.captures(&source) {
            None => column,
            Some(captures) => {
                value.clear();
                expand(&replace.replacement, &captures, &mut value);
                renamed(column, &replace.destination, &value)
            }
        }
    };
    columns.into_iter().map(change).collect()
}

pub(crate) fn join(join: &LabelJoin, columns: Vec<Column>) -> Vec<Column> {
    let change = |column: Column| {
        let values: Vec<&str> = join.sources.iter().map(|s| column.labels.get(s).unwrap_or("")).collect();
        let value = values.join(&join.separator);
        renamed(column, &join.destination, &value)
    };
    columns.into_iter().map(change).collect()
}

/// A metric name that was set on purpose stays.
fn renamed(mut column: Column, label: &str, value: &str) -> Column {
    let mut builder = column.labels.to_builder();
    builder.set(label, value);
    column.labels = builder.build();
    column.drop_name &= label != METRIC_NAME;
    column
}

/// Replaces `$1`, `${1}`, `$name`, `$$` as Go's `Regexp.Expand` does: the longest name of letters, digits and
/// underscores counts, unknown ones are empty, a `$` that begins nothing stays.
fn expand(template: &str, captures: &regex::Captures<'_>, into: &mut String) {
    let mut rest = template;
    while let Some(dollar) = rest.find('$') {
        into.push_str(&rest[..dollar]);
        rest = &rest[dollar + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            into.push('$');
            rest = after;
            continue;
        }
        let (braced, body) = rest.strip_prefix('{').map_or((false, rest), |r| (true, r));
        let end = body.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(body.len());
        let (name, after) = body.split_at(end);
        let after = if braced { after.strip_prefix('}') } else { Some(after) };
        match after {
            Some(after) if !name.is_empty() => {
                let group = match name.parse::<usize>() {
                    Ok(number) => captures.get(number),
                    Err(_) => captures.name(name),
                };
                into.push_str(group.map_or("", |m| m.as_str()));
                rest = after;
            }
            _ => into.push('$'),
        }
    }
    into.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expands_as_go() {
        let regex = regex::Regex::new("^(?s:(?P<first>[a-z]+)-(.*))$").unwrap();
        let captures = regex.captures("ab-cd").unwrap();
        for (template, expected) in [
            ("$1", "ab"),
            ("${1}x$2", "abxcd"),
            ("$1x", ""),
            ("$first!${first}", "ab!ab"),
            ("$$1 $ ${ ${1 $9 $", "$1 $ ${ ${1  $"),
            ("plain", "plain"),
        ] {
            let mut out = String::new();
            expand(template, &captures, &mut out);
            assert_eq!(out, expected, "{template}");
        }
    }
}
