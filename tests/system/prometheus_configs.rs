//! Prometheus's own configuration test files (its `config/testdata`): what we support loads, each bad file is refused for
//! its reason and at its line, what we don't support is refused by name. No file is left out of the tables.
//!
//! `ci/upstream-cases` fetches the files from the source package of Debian's Prometheus.

use crate::running::{binary, run};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Files that load.
const LOADS: &[&str] = &[
    "agent_mode.without_remote_writes.yml",
    "external_labels.good.yml",
    "global_timeout.good.yml",
    "scrape_interval_larger.good.yml",
];

/// Files that Prometheus 2 refuses and we load, each with the reason.
const LOADS_HERE: &[(&str, &str)] = &[
    ("labelmap.bad.yml", "names are UTF-8 as in Prometheus 3: `l-` begins one"),
    ("labelname.bad.yml", "names are UTF-8 as in Prometheus 3: `not$allowed` is one"),
    ("labelname2.bad.yml", "names are UTF-8 as in Prometheus 3: `not:allowed` is one"),
    ("lowercase2.bad.yml", "names are UTF-8 as in Prometheus 3: `42lab` is one"),
    ("uppercase2.bad.yml", "names are UTF-8 as in Prometheus 3: `42lab` is one"),
    ("labelvalue.bad.yml", "the tag !!binary is not interpreted: the value is the text `/w==`"),
];

/// Bad files: where the error is told, and what it says.
const REFUSED: &[(&str, &str)] = &[
    (
        "bearertoken.bad.yml",
        "5:24: scrape_configs[0].bearer_token_file: `bearer_token` and `bearer_token_file` both stand here",
    ),
    (
        "bearertoken_basicauth.bad.yml",
        "4:19: scrape_configs[0].bearer_token: `basic_auth` and `bearer_token` both stand here",
    ),
    ("dropequal.bad.yml", "4:9: scrape_configs[0].relabel_configs[0]: the action dropequal needs a `target_label`"),
    ("dropequal1.bad.yml", "6:16: scrape_configs[0].relabel_configs[0].regex: the action dropequal has no `regex`"),
    ("empty_metric_relabel_config.bad.yml", "4:8: scrape_configs[0].metric_relabel_configs[0]: "),
    ("empty_scrape_config.bad.yml", "2:4: scrape_configs[0].job_name: expected a name"),
    ("empty_scrape_config_action.bad.yml", "4:17: scrape_configs[0].relabel_configs[0].action: \"null\" is not a"),
    ("empty_static_config.bad.yml", "4:8: scrape_configs[0].static_configs[0]: nothing stands here"),
    ("empty_target_relabel_config.bad.yml", "4:8: scrape_configs[0].relabel_configs[0]: "),
    // These have no job name either, which is told first; see `urls_of_discovery`.
    ("http_url_bad_scheme.bad.yml", "2:5: scrape_configs[0].job_name: expected a name"),
    ("http_url_no_host.bad.yml", "2:5: scrape_configs[0].job_name: expected a name"),
    ("http_url_no_scheme.bad.yml", "2:7: scrape_configs[0].job_name: expected a name"),
    ("jobname.bad.yml", "2:14: scrape_configs[0].job_name: expected a name"),
    ("jobname_dup.bad.yml", "5:15: scrape_configs[2].job_name: the job \"prometheus\" stands in scrape_configs[0]"),
    ("keepequal.bad.yml", "4:9: scrape_configs[0].relabel_configs[0]: the action keepequal needs a `target_label`"),
    ("keepequal1.bad.yml", "6:16: scrape_configs[0].relabel_configs[0].regex: the action keepequal has no `regex`"),
    ("labeldrop.bad.yml", "4:24: scrape_configs[0].relabel_configs[0].source_labels: the action labeldrop has no"),
    ("labeldrop2.bad.yml", "4:18: scrape_configs[0].relabel_configs[0].modulus: the action labeldrop has no"),
    ("labeldrop3.bad.yml", "4:20: scrape_configs[0].relabel_configs[0].separator: the action labeldrop has no"),
    ("labeldrop4.bad.yml", "4:22: scrape_configs[0].relabel_configs[0].replacement: the action labeldrop has no"),
    ("labeldrop5.bad.yml", "4:23: scrape_configs[0].relabel_configs[0].target_label: the action labeldrop has no"),
    ("labelkeep.bad.yml", "4:24: scrape_configs[0].relabel_configs[0].source_labels: the action labelkeep has no"),
    ("labelkeep2.bad.yml", "4:18: scrape_configs[0].relabel_configs[0].modulus: the action labelkeep has no"),
    ("labelkeep3.bad.yml", "4:20: scrape_configs[0].relabel_configs[0].separator: the action labelkeep has no"),
    ("labelkeep4.bad.yml", "4:22: scrape_configs[0].relabel_configs[0].replacement: the action labelkeep has no"),
    ("labelkeep5.bad.yml", "4:23: scrape_configs[0].relabel_configs[0].target_label: the action labelkeep has no"),
    ("lowercase.bad.yml", "4:9: scrape_configs[0].relabel_configs[0]: the action lowercase needs a `target_label`"),
    ("lowercase3.bad.yml", "7:22: scrape_configs[0].relabel_configs[0].replacement: the action lowercase has no"),
    ("modulus_missing.bad.yml", "4:9: scrape_configs[0].relabel_configs[0]: the action hashmod needs a `modulus`"),
    ("regex.bad.yml", "4:16: scrape_configs[0].relabel_configs[0].regex: \"abc(def\" is not a regular expression"),
    ("scrape_body_size_limit.bad.yml", "3:22: scrape_configs[0].body_size_limit: \"100\" is not a size"),
    ("scrape_interval.bad.yml", "4:21: scrape_configs[0].scrape_timeout: 6s is longer than the scrape interval of 5s"),
    ("section_key_dup.bad.yml", "1:1: duplicate field `scrape_configs`"),
    ("static_config.bad.yml", "1:1: unknown key `targets`"),
    ("target_label_hashmod_missing.bad.yml", "4:9: scrape_configs[0].relabel_configs[0]: the action hashmod needs"),
    ("target_label_missing.bad.yml", "4:9: scrape_configs[0].relabel_configs[0]: the action replace needs"),
    ("unknown_global_attr.bad.yml", "2:3: global: unknown key `nonexistent_field`"),
    ("uppercase.bad.yml", "4:9: scrape_configs[0].relabel_configs[0]: the action uppercase needs a `target_label`"),
    ("uppercase3.bad.yml", "7:22: scrape_configs[0].relabel_configs[0].replacement: the action uppercase has no"),
    ("url_in_targetgroup.bad.yml", "5:13: scrape_configs[0].static_configs[0].targets[0]: \"http://bad\" is not an"),
];

/// Keys that we don't support, and the files that are refused for them: at the key or where its value begins.
const UNSUPPORTED: &[(&str, &[&str])] = &[
    (
        "remote_write",
        &[
            "agent_mode.good.yml",
            "empty_rw_config.bad.yml",
            "empty_rw_relabel_config.bad.yml",
            "remote_write_authorization_header.bad.yml",
            "remote_write_dup.bad.yml",
            "remote_write_header.bad.yml",
            "remote_write_retry_on_rate_limit.good.yml",
            "remote_write_url_missing.bad.yml",
        ],
    ),
    (
        "remote_read",
        &[
            "agent_mode.with_remote_reads.yml",
            "empty_rr_config.bad.yml",
            "remote_read_dup.bad.yml",
            "remote_read_header.bad.yml",
            "remote_read_url_missing.bad.yml",
        ],
    ),
    (
        "alerting",
        &[
            "agent_mode.with_alert_manager.yml",
            "agent_mode.with_alert_relabels.yml",
            "empty_alert_relabel_config.bad.yml",
            "empty_alertmanager_relabel_config.bad.yml",
            "roundtrip.good.yml",
        ],
    ),
    (
        "rule_files",
        &[
            "agent_mode.with_rule_files.yml",
            "conf.good.yml",
            "rules.bad.yml",
            "rules_abs_path.good.yml",
            "rules_abs_path_windows.good.yml",
            "unknown_attr.bad.yml",
        ],
    ),
    (
        "tracing",
        &[
            "tracing_invalid_authorization_header.bad.yml",
            "tracing_invalid_compression.bad.yml",
            "tracing_invalid_header.bad.yml",
            "tracing_missing_endpoint.bad.yml",
        ],
    ),
    (
        "azure_sd_configs",
        &[
            "azure_authentication_method.bad.yml",
            "azure_client_id_missing.bad.yml",
            "azure_client_secret_missing.bad.yml",
            "azure_subscription_id_missing.bad.yml",
            "azure_tenant_id_missing.bad.yml",
        ],
    ),
    ("ec2_sd_configs", &["ec2_filters_empty_values.bad.yml"]),
    ("eureka_sd_configs", &["eureka_invalid_server.bad.yml", "eureka_no_server.bad.yml"]),
    ("hetzner_sd_configs", &["hetzner_role.bad.yml"]),
    ("ionos_sd_configs", &["ionos_datacenter.bad.yml"]),
    (
        "marathon_sd_configs",
        &[
            "marathon_authtoken_authorization.bad.yml",
            "marathon_authtoken_authtokenfile.bad.yml",
            "marathon_authtoken_basicauth.bad.yml",
            "marathon_authtoken_bearertoken.bad.yml",
            "marathon_no_servers.bad.yml",
        ],
    ),
    ("openstack_sd_configs", &["openstack_availability.bad.yml", "openstack_role.bad.yml"]),
    ("ovhcloud_sd_configs", &["ovhcloud_bad_service.bad.yml", "ovhcloud_no_secret.bad.yml"]),
    (
        "puppetdb_sd_configs",
        &[
            "puppetdb_bad_url.bad.yml",
            "puppetdb_no_query.bad.yml",
            "puppetdb_no_scheme.bad.yml",
            "puppetdb_no_url.bad.yml",
        ],
    ),
    ("scaleway_sd_configs", &["scaleway_no_secret.bad.yml", "scaleway_role.bad.yml", "scaleway_two_secrets.bad.yml"]),
    ("uyuni_sd_configs", &["uyuni_no_server.bad.yml"]),
];

/// Files about discovery by Kubernetes.
const KUBERNETES: &[&str] = &[
    "kubernetes_api_server_with_own_namespace.bad.yml",
    "kubernetes_authorization_basicauth.bad.yml",
    "kubernetes_bearertoken.bad.yml",
    "kubernetes_bearertoken_basicauth.bad.yml",
    "kubernetes_empty_apiserver.good.yml",
    "kubernetes_http_config_without_api_server.bad.yml",
    "kubernetes_kubeconfig_with_apiserver.bad.yml",
    "kubernetes_kubeconfig_with_http_config.bad.yml",
    "kubernetes_kubeconfig_with_own_namespace.bad.yml",
    "kubernetes_kubeconfig_without_apiserver.good.yml",
    "kubernetes_namespace_discovery.bad.yml",
    "kubernetes_role.bad.yml",
    "kubernetes_selectors_duplicated_role.bad.yml",
    "kubernetes_selectors_endpoints.bad.yml",
    "kubernetes_selectors_endpoints.good.yml",
    "kubernetes_selectors_incorrect_selector.bad.yml",
    "kubernetes_selectors_ingress.bad.yml",
    "kubernetes_selectors_ingress.good.yml",
    "kubernetes_selectors_node.bad.yml",
    "kubernetes_selectors_node.good.yml",
    "kubernetes_selectors_pod.bad.yml",
    "kubernetes_selectors_pod.good.yml",
    "kubernetes_selectors_service.bad.yml",
    "kubernetes_selectors_service.good.yml",
];

/// What Prometheus 3 has added, which Debian's files don't have: the text, and where and why it is refused if it is.
const OF_PROMETHEUS_3: &[(&str, &str)] = &[
    ("scrape_configs:\n- job_name: a\n  scrape_protocols: [OpenMetricsText1.0.0, PrometheusText0.0.4]\n", ""),
    (
        "scrape_configs:\n- job_name: a\n  scrape_protocols: [PrometheusText1.0.0]\n  fallback_scrape_protocol: PrometheusText0.0.4\n",
        "",
    ),
    ("scrape_configs:\n- job_name: a\n  enable_compression: false\n  http_headers: {X-Who: {values: [us]}}\n", ""),
    (
        "global: {metric_name_validation_scheme: utf8}\nscrape_configs:\n- job_name: a\n  always_scrape_classic_histograms: true\n",
        "",
    ),
    (
        "global: {metric_name_validation_scheme: legacy, metric_name_escaping_scheme: dots}\nscrape_configs:\n- job_name: a\n  metric_name_escaping_scheme: values\n",
        "",
    ),
    (
        "scrape_configs:\n- job_name: a\n  metric_name_validation_scheme: legacy\n  metric_name_escaping_scheme: allow-utf-8\n",
        "3:34: scrape_configs[0].metric_name_validation_scheme: ",
    ),
    (
        "global: {scrape_protocols: [PrometheusText0.0.4], keep_dropped_targets: 5}\nscrape_configs:\n- job_name: a\n",
        "",
    ),
    (
        "scrape_configs:\n- job_name: a\n  scrape_protocols: [PrometheusProto]\n",
        "3:22: scrape_configs[0].scrape_protocols[0]: PrometheusProto is not supported",
    ),
    (
        "scrape_configs:\n- job_name: a\n  scrape_protocols: [PrometheusText0.0.4, PrometheusText0.0.4]\n",
        "3:43: scrape_configs[0].scrape_protocols[1]: this protocol stands here twice",
    ),
    (
        "scrape_configs:\n- job_name: a\n  fallback_scrape_protocol: prometheusproto\n",
        "3:29: scrape_configs[0].fallback_scrape_protocol: \"prometheusproto\" is not a scrape protocol",
    ),
    (
        "scrape_configs:\n- job_name: a\n  http_headers: {Authorization: {values: [x]}}\n",
        "3:33: scrape_configs[0].http_headers.Authorization: ",
    ),
    ("scrape_config_files: [jobs/*.yml]\n", "1:22: scrape_config_files: this key of Prometheus is not supported"),
    ("otlp: {promote_resource_attributes: [a]}\n", "1:7: otlp: this key of Prometheus is not supported"),
    ("scrape_configs:\n- job_name: a\n  scrape_native_histograms: true\n", "3:29: scrape_configs[0].scrape_native"),
];

/// Jobs of the two files that show everything, `conf.good.yml` and `roundtrip.good.yml`, which we do all of.
const JOBS_THAT_LOAD: &[&str] =
    &["prometheus", "service-x", "service-z", "0123service-xxx", "badfederation", "測試", "httpsd", "foo"];

/// The folder, or `None` with a word about it where it was not fetched.
fn testdata() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/upstream/prometheus/config/testdata");
    if !folder.is_dir() {
        println!("PASSED OVER: {} is not there; ci/upstream-cases fetches it", folder.display());
        return None;
    }
    Some(folder)
}

/// Whether the file is valid, and what was said: without the program's and the file's name.
fn check(file: &Path) -> (bool, String) {
    let (valid, _, said) = run(&binary("procession-scraper"), &["check", "config", &file.to_string_lossy()], b"");
    let said = said.trim_start_matches("procession-scraper: error: ");
    let said = said.strip_prefix(&*file.to_string_lossy()).unwrap_or(said).trim_start_matches(':');
    (valid, said.trim().to_owned())
}

/// Whether the error names the key, on the line where the key stands first or on the next one.
fn names_the_key(text: &str, key: &str, said: &str) -> bool {
    let line = text.lines().position(|line| line.trim_start_matches([' ', '-']).starts_with(&format!("{key}:")));
    let told: Option<usize> = said.split(':').next().and_then(|line| line.parse().ok());
    let (Some(line), Some(told)) = (line, told) else { return false };
    (line + 1..=line + 2).contains(&told) && said.contains(&format!("{key}: this key of Prometheus is not supported: "))
}

#[test]
fn every_file_loads_or_is_refused_as_the_tables_say() {
    let Some(folder) = testdata() else { return };
    let mut left: BTreeSet<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        // `first.rules` is no configuration, and a list of targets in JSON is none as a whole.
        .filter(|name| name.ends_with(".yml"))
        .collect();
    let mut wrong = Vec::new();
    let mut judge = |name: &str, expected: &str, holds: &dyn Fn(&str, bool, &str) -> bool| {
        assert!(left.remove(name), "{name} is not there, or stands in two tables");
        let file = folder.join(name);
        let (valid, said) = check(&file);
        if !holds(&fs::read_to_string(&file).unwrap(), valid, &said) {
            wrong.push(format!("{name}: expected {expected}, it is said: {said}"));
        }
    };
    for name in LOADS.iter().chain(LOADS_HERE.iter().map(|(name, _)| name)) {
        judge(name, "it to load", &|_, valid, _| valid);
    }
    for (name, error) in REFUSED {
        judge(name, error, &|_, valid, said| !valid && said.starts_with(error));
    }
    for (key, names) in UNSUPPORTED {
        for name in *names {
            judge(name, key, &|text, valid, said| !valid && names_the_key(text, key, said));
        }
    }
    // Refused without the feature, judged with it: either way the place is the key's.
    for name in KUBERNETES {
        judge(name, "kubernetes_sd_configs", &|_, valid, said| {
            valid == name.ends_with(".good.yml") || said.contains("kubernetes_sd_configs")
        });
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(left.is_empty(), "in no table: {left:?}");
}

#[test]
fn the_files_that_show_everything_load_job_by_job() {
    let Some(testdata) = testdata() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("job.yml");
    // What the files name must be there.
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    for (name, text) in [
        ("valid_token_file", "token"),
        ("valid_cert_file", &made.cert.pem()),
        ("valid_key_file", &made.signing_key.serialize_pem()),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let (mut loaded, mut wrong) = (BTreeSet::new(), Vec::new());
    for name in ["conf.good.yml", "roundtrip.good.yml"] {
        let text = fs::read_to_string(testdata.join(name)).unwrap();
        let jobs = text.split_once("\nscrape_configs:\n").unwrap().1;
        for job in jobs.split("  - job_name: ").skip(1) {
            // The list ends at the next key of the file.
            let lines =
                job.lines().take_while(|line| line.is_empty() || line.starts_with([' ']) || job.starts_with(line));
            let job: Vec<&str> = lines.collect();
            let title = job[0];
            let text = format!("scrape_configs:\n  - job_name: {}\n", job.join("\n"));
            fs::write(&file, &text).unwrap();
            let (valid, said) = check(&file);
            let first_unsupported = text.lines().find_map(|line| {
                let key = line.strip_prefix("    ")?.strip_suffix("_sd_configs:")?;
                (!["file", "http", "dns", "kubernetes"].contains(&key)).then(|| format!("{key}_sd_configs"))
            });
            match first_unsupported {
                Some(key) if !valid && names_the_key(&text, &key, &said) => {}
                None if text.contains("kubernetes_sd_configs") => {}
                None if valid => drop(loaded.insert(title.to_owned())),
                _ => wrong.push(format!("{name}, job {title}: {said}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(loaded, JOBS_THAT_LOAD.iter().map(|job| (*job).to_owned()).collect());
}

/// Their files lack a job name, too: with one the URL is what is wrong.
#[test]
fn urls_of_discovery() {
    let Some(testdata) = testdata() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("named.yml");
    for name in ["http_url_bad_scheme.bad.yml", "http_url_no_host.bad.yml", "http_url_no_scheme.bad.yml"] {
        let text = fs::read_to_string(testdata.join(name)).unwrap();
        let (before, item) = text.split_once("- http_sd_configs:").unwrap();
        let indent = " ".repeat(before.len() - before.rfind('\n').unwrap() + 1);
        fs::write(&file, format!("{before}- job_name: a\n{indent}http_sd_configs:{item}")).unwrap();
        let (valid, said) = check(&file);
        assert!(!valid && said.contains("scrape_configs[0].http_sd_configs[0].url: "), "{name}: {said}");
        assert!(said.starts_with("4:"), "{name}: {said}");
    }
}

#[test]
fn what_prometheus_3_has_added() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("three.yml");
    let mut wrong = Vec::new();
    for (text, error) in OF_PROMETHEUS_3 {
        fs::write(&file, text).unwrap();
        let (valid, said) = check(&file);
        if valid != error.is_empty() || !said.contains(error) {
            wrong.push(format!("{text}expected {error:?}, it is said: {said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
