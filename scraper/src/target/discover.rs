//! From a job's addresses to targets: labels, relabelling, URL (`scrape/target.go` of Prometheus).

use super::Target;
use crate::config::{Job, TargetGroup, check_address, format_duration, parse_duration};
use crate::relabel;
use procession_openmetrics::{Labels, LabelsBuilder};
use reqwest::Url;
use std::collections::HashSet;

/// What a job's addresses became.
#[derive(Clone, Debug, Default)]
pub struct Discovered {
    /// Those that are scraped; no two have the same labels and URL.
    pub active: Vec<Target>,
    /// Those that relabelling dropped, by their labels before it.
    pub dropped: Vec<Labels>,
    /// Those that can't be scraped, with the reason.
    pub refused: Vec<(Labels, String)>,
}

/// All targets of a job: those of its own groups and those of groups that were found elsewhere.
pub fn discover(job: &Job, found_groups: &[TargetGroup]) -> Discovered {
    let mut found = Discovered::default();
    let mut seen = HashSet::new();
    for group in job.groups.iter().chain(found_groups) {
        for address in &group.targets {
            let discovered = discovered_labels(job, &group.labels, address);
            match target(job, &discovered) {
                Ok(None) => found.dropped.push(discovered),
                Ok(Some(target)) if seen.insert((target.labels.clone(), target.url.clone())) => {
                    found.active.push(target);
                }
                Ok(Some(_)) => {}
                Err(reason) => found.refused.push((discovered, reason)),
            }
        }
    }
    found
}

/// What is known before relabelling. Labels of the group win over the job's settings.
fn discovered_labels(job: &Job, group: &[(String, String)], address: &str) -> Labels {
    let mut labels = LabelsBuilder::default();
    labels.set("job", &job.name);
    labels.set("__scrape_interval__", &format_duration(job.interval));
    labels.set("__scrape_timeout__", &format_duration(job.timeout));
    labels.set("__metrics_path__", &job.metrics_path);
    labels.set("__scheme__", job.scheme);
    for (name, values) in &job.params {
        if let Some(first) = values.first() {
            labels.set(&format!("__param_{name}"), first);
        }
    }
    for (name, value) in group.iter().filter(|(_, value)| !value.is_empty()) {
        labels.set(name, value);
    }
    labels.set("__address__", address);
    labels.build()
}

/// Relabels and completes; `None` where a rule dropped the target.
fn target(job: &Job, discovered: &Labels) -> Result<Option<Target>, String> {
    let mut labels = discovered.to_builder();
    if !relabel::apply(&job.relabel, &mut labels) {
        return Ok(None);
    }
    let address = labels.get("__address__").unwrap_or_default().to_owned();
    if address.is_empty() {
        return Err("it has no address: relabelling left `__address__` empty".to_owned());
    }
    check_address(&address)?;
    let duration = |name: &str| {
        let duration = parse_duration(labels.get(name).unwrap_or_default()).map_err(|e| format!("`{name}`: {e}"))?;
        match duration.is_zero() {
            true => Err(format!("`{name}`: expected more than 0")),
            false => Ok(duration),
        }
    };
    let (interval, timeout) = (duration("__scrape_interval__")?, duration("__scrape_timeout__")?);
    if timeout > interval {
        let (timeout, interval) = (format_duration(timeout), format_duration(interval));
        return Err(format!(
            "`__scrape_timeout__` is {timeout}, longer than `__scrape_interval__`, which is {interval}"
        ));
    }
    let url = url(job, &labels, &address)?;
    if labels.get("instance").is_none() {
        labels.set("instance", &address);
    }
    labels.retain(|name| !name.starts_with("__"));
    Ok(Some(Target {
        pool: job.name.clone(),
        discovered: discovered.clone(),
        labels: labels.build(),
        url: url.into(),
        interval,
        timeout,
    }))
}

/// The URL that the labels spell. `__param_x` replaces the first value of the parameter `x` or adds it.
fn url(job: &Job, labels: &LabelsBuilder, address: &str) -> Result<Url, String> {
    let scheme = labels.get("__scheme__").unwrap_or_default();
    if !matches!(scheme, "http" | "https") {
        return Err(format!("`__scheme__` is {scheme:?}: expected http or https"));
    }
    let mut url = Url::parse(&format!("{scheme}://{address}"))
        .map_err(|error| format!("{address:?} is not an address: {error}"))?;
    if !matches!((url.username(), url.password(), url.query(), url.fragment()), ("", None, None, None)) {
        return Err(format!("{address:?} is not an address: expected host:port"));
    }
    url.set_path(labels.get("__metrics_path__").unwrap_or_default());

    let mut params = job.params.clone();
    for (name, value) in labels.iter() {
        if let Some(name) = name.strip_prefix("__param_") {
            let values = params.entry(name.to_owned()).or_default();
            match values.first_mut() {
                Some(first) => value.clone_into(first),
                None => values.push(value.to_owned()),
            }
        }
    }
    if params.values().any(|values| !values.is_empty()) {
        let mut query = url.query_pairs_mut();
        for (name, values) in &params {
            for value in values {
                query.append_pair(name, value);
            }
        }
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    /// The rest of a job, indented by four; what it becomes.
    fn check(job: &str, want: &[&str]) {
        let text = format!("global: {{scrape_interval: 30s}}\nscrape_configs:\n  - job_name: j\n{job}");
        let config = Config::parse(&text, "test").unwrap_or_else(|e| panic!("{e}\n{text}"));
        let found = discover(&config.jobs[0], &[]);
        let mut got: Vec<String> = found.active.iter().map(|t| format!("{} {}", t.url, t.labels)).collect();
        got.extend(found.dropped.iter().map(|l| format!("dropped {}", l.get("__address__").unwrap_or_default())));
        got.extend(found.refused.iter().map(|(_, reason)| format!("refused {reason}")));
        assert_eq!(got, want, "{text}");
    }

    #[test]
    fn addresses_become_targets() {
        check(
            "    static_configs:\n      - targets: ['a:1', 'b', '[::1]:9', 'a:1']\n        labels: {env: x, none: ''}\n",
            &[
                // No port is added, as in Prometheus 3; what stands twice is scraped once.
                r#"http://a:1/metrics {env="x",instance="a:1",job="j"}"#,
                r#"http://b/metrics {env="x",instance="b",job="j"}"#,
                r#"http://[::1]:9/metrics {env="x",instance="[::1]:9",job="j"}"#,
            ],
        );
    }

    #[test]
    fn internal_labels_steer_and_are_dropped() {
        check(
            "    metrics_path: /a b\n    params: {m: [x, y], n: []}\n    static_configs:\n      - targets: ['a:1']\n        labels: {__scheme__: https, __param_q: '1&2', job: own, instance: i, __x: y}\n",
            &[r#"https://a:1/a%20b?m=x&m=y&q=1%262 {instance="i",job="own"}"#],
        );
        // The multi-target pattern: the address becomes a parameter of a prober.
        check(
            "    metrics_path: /probe\n    static_configs: [{targets: [example.com]}]\n    relabel_configs:\n      - {source_labels: [__address__], target_label: __param_target}\n      - {source_labels: [__param_target], target_label: instance}\n      - {target_label: __address__, replacement: 'prober:9115'}\n",
            &[r#"http://prober:9115/probe?target=example.com {instance="example.com",job="j"}"#],
        );
    }

    #[test]
    fn relabelling_drops_and_spoils() {
        check(
            "    static_configs: [{targets: ['a:1', 'b:1']}]\n    relabel_configs: [{source_labels: [__address__], regex: 'a.*', action: drop}]\n",
            &[r#"http://b:1/metrics {instance="b:1",job="j"}"#, "dropped a:1"],
        );
        for (label, reason) in [
            ("__address__: x", "it has no address: relabelling left `__address__` empty"),
            ("__scheme__: ftp", r#"`__scheme__` is "ftp": expected http or https"#),
            ("__scrape_timeout__: 1m", "`__scrape_timeout__` is 1m, longer than `__scrape_interval__`, which is 30s"),
            ("__scrape_interval__: 0s", "`__scrape_interval__`: expected more than 0"),
            (
                "__scrape_interval__: often",
                r#"`__scrape_interval__`: "often" is not a duration: expected a number and a unit, as in 500ms, 15s, 5m or 1h30m"#,
            ),
            (
                "__address__: http://x/y",
                r#""http://x/y" is not an address: expected host:port, with the rest in `scheme`, `metrics_path` and `params`"#,
            ),
            ("__address__: 'u:p@h'", r#""u:p@h" is not an address: expected host:port"#),
            ("__address__: 'h:99999'", r#""h:99999" is not an address: invalid port number"#),
        ] {
            let (name, value) = label.split_once(": ").unwrap();
            let value = if reason.starts_with("it has no") { "''" } else { value };
            check(
                &format!(
                    "    static_configs: [{{targets: ['a:1']}}]\n    relabel_configs: [{{target_label: {name}, replacement: {value}}}]\n"
                ),
                &[&format!("refused {reason}")],
            );
        }
    }

    #[test]
    fn shards_by_hashmod_take_each_target_once() {
        let addresses: Vec<String> = (0..1000).map(|i| format!("host-{i}:9956")).collect();
        let shard = |number: usize| {
            let text = format!(
                "scrape_configs:\n- job_name: j\n  static_configs: [{{targets: {addresses:?}}}]\n  relabel_configs:\n  - {{source_labels: [__address__], action: hashmod, modulus: 3, target_label: __tmp_shard}}\n  - {{source_labels: [__tmp_shard], regex: '{number}', action: keep}}\n"
            );
            let found = discover(&Config::parse(&text, "test").unwrap().jobs[0], &[]);
            found.active.into_iter().map(|t| t.url).collect::<Vec<_>>()
        };
        let shards = [shard(0), shard(1), shard(2)];
        assert!(shards.iter().all(|shard| (250..420).contains(&shard.len())), "{:?}", shards.each_ref().map(Vec::len));
        let mut all: Vec<String> = shards.into_iter().flatten().collect();
        all.sort();
        let mut want: Vec<String> = addresses.iter().map(|a| format!("http://{a}/metrics")).collect();
        want.sort();
        assert_eq!(all, want);
    }
}
