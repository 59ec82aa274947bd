//! What a legend calls a series.

use std::collections::BTreeSet;

use crate::query::Labels;

/// The names of series with these labels: by the template (`{{group}} on {{instance}}`), or else by the labels in which
/// the series differ. A series without any such label is called by its metric, or by the query.
pub fn names(series: &[&Labels], template: Option<&str>, query: &str) -> Vec<String> {
    if let Some(template) = template {
        return series.iter().map(|labels| filled(template, labels)).collect();
    }
    let keys: BTreeSet<&String> = series.iter().flat_map(|labels| labels.keys()).collect();
    let differing: Vec<&String> = keys
        .into_iter()
        .filter(|key| {
            let first = series.first().and_then(|labels| labels.get(*key));
            series.iter().any(|labels| labels.get(*key) != first)
        })
        .collect();
    // One series has nothing to differ from; what it was asked for by is its name.
    let one = |labels: &Labels| match differing.as_slice() {
        [] => labels.get("__name__").cloned().unwrap_or_else(|| query.to_owned()),
        [key] => labels.get(*key).cloned().unwrap_or_default(),
        keys => {
            let pairs = keys.iter().filter_map(|key| labels.get(*key).map(|value| format!("{key}={value}")));
            pairs.collect::<Vec<_>>().join(", ")
        }
    };
    series.iter().map(|labels| one(labels)).collect()
}

fn filled(template: &str, labels: &Labels) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some(open) = rest.find("{{") {
        let Some(close) = rest[open..].find("}}") else { break };
        out.push_str(&rest[..open]);
        let label = rest[open + 2..open + close].trim();
        out.push_str(labels.get(label).map_or("", String::as_str));
        rest = &rest[open + close + 2..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn series_are_called_by_what_differs() {
        let a = labels(&[("__name__", "m"), ("group", "nginx"), ("instance", "h")]);
        let b = labels(&[("__name__", "m"), ("group", "{{evil}}"), ("instance", "h")]);
        let c = labels(&[("__name__", "m"), ("group", "nginx"), ("instance", "i")]);
        for (series, template, expected) in [
            (vec![&a, &b], None, vec!["nginx", "{{evil}}"]),
            (vec![&a], None, vec!["m"]),
            (
                vec![&a, &b, &c],
                None,
                vec!["group=nginx, instance=h", "group={{evil}}, instance=h", "group=nginx, instance=i"],
            ),
            (vec![&a, &b], Some("{{group}}@{{ instance }} {{none}}!"), vec!["nginx@h !", "{{evil}}@h !"]),
            (vec![&a], Some("{{open"), vec!["{{open"]),
        ] {
            assert_eq!(names(&series, template, "query"), expected);
        }
        assert_eq!(names(&[&labels(&[])], None, "sum(m)"), ["sum(m)"]);
    }
}
