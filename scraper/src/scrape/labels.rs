//! From the labels on a page to those that are stored: the target's labels join, rules apply, limits hold. Pure.

use super::error::{ScrapeError, excerpt};
use crate::config::{Job, Limits, NameValidation};
use crate::relabel;
use procession_openmetrics::{Labels, LabelsBuilder, METRIC_NAME};

/// The stored labels of a series; `None` where a rule drops it. `page` holds the labels as the page has them and is
/// empty afterwards.
pub(crate) fn stored_labels(
    job: &Job,
    target: &Labels,
    page: &mut LabelsBuilder,
) -> Result<Option<Labels>, ScrapeError> {
    join(target, job.honor_labels, page);
    if !relabel::apply(&job.metric_relabel, page) {
        return Ok(None);
    }
    let labels = page.take();
    if labels.is_empty() {
        return Ok(None);
    }
    if labels.metric_name().is_empty() {
        return Err(ScrapeError::NoName(excerpt(&labels.to_string())));
    }
    check_names(&labels, job.names)?;
    check_limits(&labels, &job.limits)?;
    Ok(Some(labels))
}

/// Adds the target's labels. Where both have one, `honor` lets the page's stand; otherwise the target's stands and the
/// page's is kept under `exported_` and its name.
fn join(target: &Labels, honor: bool, page: &mut LabelsBuilder) {
    let mut displaced: Vec<(String, String)> = Vec::new();
    for (name, value) in target {
        match page.get(name) {
            Some(_) if honor => {}
            Some(own) => {
                displaced.push((name.to_owned(), own.to_owned()));
                page.set(name, value);
            }
            None => {
                page.set(name, value);
            }
        }
    }
    // Short names first, so that the outcome does not depend on their order where new names clash as well.
    displaced.sort_by_key(|(name, _)| name.len());
    for (mut name, value) in displaced {
        loop {
            name.insert_str(0, "exported_");
            if page.get(&name).is_none() {
                page.set(&name, &value);
                break;
            }
        }
    }
}

/// The labels of a series that the scraper itself writes about a target, such as `up`.
pub(crate) fn report_labels(target: &Labels, metric: &str) -> Labels {
    let mut labels = target.to_builder();
    labels.set(METRIC_NAME, metric);
    labels.build()
}

fn check_names(labels: &Labels, names: NameValidation) -> Result<(), ScrapeError> {
    if names == NameValidation::Utf8 {
        return Ok(());
    }
    let metric = labels.metric_name();
    let mut label_names = labels.into_iter().map(|(name, _)| name);
    let refused = match names.takes_metric(metric) {
        true => label_names.find(|name| !names.takes_label(name)),
        false => Some(metric),
    };
    let Some(name) = refused else { return Ok(()) };
    Err(ScrapeError::Name { series: excerpt(&labels.to_string()), name: format!("{:?}", excerpt(name)) })
}

fn check_limits(labels: &Labels, limits: &Limits) -> Result<(), ScrapeError> {
    let exceeded = |size: usize, limit: usize| limit > 0 && size > limit;
    let series = || excerpt(labels.metric_name());
    if limits.labels > 0 && exceeded(labels.len(), limits.labels) {
        return Err(ScrapeError::LabelLimit { series: series(), labels: labels.len(), limit: limits.labels });
    }
    if limits.label_name_length == 0 && limits.label_value_length == 0 {
        return Ok(());
    }
    for (name, value) in labels {
        if exceeded(name.len(), limits.label_name_length) {
            return Err(ScrapeError::LabelNameLength {
                series: series(),
                name: excerpt(name),
                length: name.len(),
                limit: limits.label_name_length,
            });
        }
        if exceeded(value.len(), limits.label_value_length) {
            return Err(ScrapeError::LabelValueLength {
                series: series(),
                name: excerpt(name),
                length: value.len(),
                limit: limits.label_value_length,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn check(job: &str, target: &[(&str, &str)], page: &[(&str, &str)], want: &str) {
        let config = Config::parse(&format!("scrape_configs:\n- job_name: j\n{job}"), "test").unwrap();
        let mut page = Labels::from_pairs(page.iter().copied()).to_builder();
        let got = match stored_labels(&config.jobs[0], &Labels::from_pairs(target.iter().copied()), &mut page) {
            Ok(Some(labels)) => labels.to_string(),
            Ok(None) => "dropped".to_owned(),
            Err(error) => error.to_string(),
        };
        assert_eq!(got, want, "{job}");
    }

    const TARGET: [(&str, &str); 2] = [("instance", "i"), ("job", "j")];

    #[test]
    fn a_target_s_labels_join_a_sample_s() {
        check("", &TARGET, &[("__name__", "m"), ("a", "1")], r#"m{a="1",instance="i",job="j"}"#);
        let page = [("__name__", "m"), ("job", "own"), ("exported_job", "old")];
        check("", &TARGET, &page, r#"m{exported_exported_job="own",exported_job="old",instance="i",job="j"}"#);
        check("  honor_labels: true", &TARGET, &page, r#"m{exported_job="old",instance="i",job="own"}"#);
        // An empty label is as good as none.
        check("  honor_labels: true", &TARGET, &[("__name__", "m"), ("job", "")], r#"m{instance="i",job="j"}"#);
    }

    #[test]
    fn two_labels_may_be_displaced_to_one_name() {
        check(
            "",
            &[("foo", "1"), ("exported_foo", "2")],
            &[("__name__", "m"), ("foo", "3"), ("exported_foo", "4")],
            r#"m{exported_exported_exported_foo="4",exported_exported_foo="3",exported_foo="2",foo="1"}"#,
        );
    }

    #[test]
    fn names_that_are_not_legacy_are_refused_where_only_those_are_taken() {
        let legacy = "  metric_name_validation_scheme: legacy";
        let utf8 = [("__name__", "a.b"), ("c.d", "x")];
        let refused = |name: &str, series: &str| {
            format!("metric_name_validation_scheme is legacy, and \"{name}\" in {series} is not a legacy name")
        };
        check(legacy, &TARGET, &[("__name__", "a:b"), ("c", "x")], r#"a:b{c="x",instance="i",job="j"}"#);
        check(legacy, &TARGET, &utf8, &refused("a.b", r#"{"a.b","c.d"="x",instance="i",job="j"}"#));
        check(legacy, &[("c.d", "1")], &[("__name__", "a")], &refused("c.d", r#"a{"c.d"="1"}"#));
        // What relabelling leaves is what counts.
        let rules =
            "metric_relabel_configs: [{regex: c.d, action: labeldrop}, {target_label: __name__, replacement: ab}]";
        check(&format!("{legacy}\n  {rules}"), &TARGET, &utf8, r#"ab{instance="i",job="j"}"#);
        let rules = "metric_relabel_configs: [{source_labels: [__name__], regex: a.b, action: drop}]";
        check(&format!("{legacy}\n  {rules}"), &TARGET, &utf8, "dropped");
    }

    #[test]
    fn rules_and_limits_apply_to_what_is_stored() {
        let page = [("__name__", "metric"), ("a", "12345678")];
        for (job, want) in [
            ("  metric_relabel_configs: [{source_labels: [__name__], regex: 'm.*', action: drop}]", "dropped"),
            ("  metric_relabel_configs: [{regex: '.*', action: labeldrop}]", "dropped"),
            (
                "  metric_relabel_configs: [{regex: __name__, action: labeldrop}]",
                r#"metric relabelling leaves a series without a metric name: {a="12345678",instance="i",job="j"}"#,
            ),
            (
                "  metric_relabel_configs: [{source_labels: [instance], target_label: a}]",
                r#"metric{a="i",instance="i",job="j"}"#,
            ),
            ("  label_limit: 3", "label_limit exceeded: metric has 4 labels, the limit is 3"),
            (
                "  label_name_length_limit: 7",
                "label_name_length_limit exceeded: the label __name__ of metric has 8 bytes, the limit is 7",
            ),
            (
                "  label_value_length_limit: 7",
                "label_value_length_limit exceeded: the value of a of metric has 8 bytes, the limit is 7",
            ),
            (
                "  label_limit: 4\n  label_name_length_limit: 8\n  label_value_length_limit: 8",
                r#"metric{a="12345678",instance="i",job="j"}"#,
            ),
        ] {
            check(job, &TARGET, &page, want);
        }
    }
}
