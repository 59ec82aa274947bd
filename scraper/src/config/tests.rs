use super::Config;
use std::path::{Path, PathBuf};
use std::time::Duration;

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/config/testdata")
}

/// Every `*.bad.yml` begins with a comment that holds the error, without the file's name.
#[test]
fn every_bad_file_is_refused_with_its_message() {
    let mut names: Vec<_> = std::fs::read_dir(testdata()).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    let mut checked = 0;
    for name in names.iter().filter_map(|n| n.to_str()).filter(|n| n.ends_with(".bad.yml")) {
        // Where the feature is on, the key is known.
        if cfg!(feature = "kubernetes") && name == "refused_kubernetes.bad.yml" {
            continue;
        }
        let text = std::fs::read_to_string(testdata().join(name)).unwrap();
        let want = text.lines().next().unwrap().strip_prefix("# ").unwrap();
        let error = Config::parse(&text, name).expect_err(name);
        assert_eq!(error.to_string(), format!("{name}:{want}"));
        checked += 1;
    }
    assert!(checked >= 30, "only {checked} files");
}

#[test]
fn a_full_file_compiles() {
    let config = Config::read(&testdata().join("full.good.yml")).unwrap();
    let [first, second] = &config.jobs[..] else { panic!("{:?}", config.jobs) };
    assert_eq!(config.external_labels.to_string(), r#"{region="eu"}"#);
    assert_eq!(
        (first.name.as_str(), first.interval, first.timeout),
        ("all", Duration::from_secs(90), Duration::from_secs(7))
    );
    assert_eq!((first.scheme, first.metrics_path.as_str()), ("https", "/probe"));
    assert_eq!(first.params["module"], ["http", "tcp"]);
    assert!(first.honor_labels && !first.honor_timestamps && !first.compression && !first.http.follow_redirects);
    assert_eq!(first.groups[0].targets, ["one:1", "two:2"]);
    assert_eq!(first.groups[0].labels, [("env".to_owned(), "prod".to_owned()), ("port".to_owned(), "8080".to_owned())]);
    assert_eq!((first.relabel.len(), first.metric_relabel.len()), (2, 1));
    assert_eq!((first.limits.body_size, first.limits.samples, first.limits.labels), (10 << 20, 500, 30));
    assert_eq!(
        format!("{:?}", first.http.credentials),
        r#"Some(Basic { username: "u", password: <secret> })"#.replace("\"u\"", "<secret>")
    );
    assert!(first.http.tls.insecure_skip_verify);

    assert_eq!((second.interval, second.timeout), (Duration::from_secs(5), Duration::from_secs(4)));
    assert_eq!((second.limits.body_size, second.limits.samples), (super::DEFAULT_BODY_SIZE_LIMIT, 1000));
    assert!(second.honor_timestamps && second.compression && second.http.follow_redirects);
    assert!(!config.yaml.contains("hush") && config.yaml.contains("job_name: all"));
}

#[test]
fn an_empty_file_has_no_jobs() {
    for text in ["", "# nothing\n", "global:\nscrape_configs:\nrule_files: []\nremote_write:\n"] {
        assert!(Config::parse(text, "x").unwrap().jobs.is_empty(), "{text:?}");
    }
}

#[test]
fn a_missing_file_is_named() {
    let error = Config::read(Path::new("/nowhere/scraper.yml")).unwrap_err().to_string();
    assert_eq!(error, "/nowhere/scraper.yml: No such file or directory (os error 2)");
}

#[test]
fn the_shipped_file_scrapes_the_exporter_and_the_scraper_itself() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/scraper.yml");
    let config = Config::read(&path).unwrap();
    let targets: Vec<&str> =
        config.jobs.iter().flat_map(|j| &j.groups).flat_map(|g| &g.targets).map(String::as_str).collect();
    assert_eq!(targets, ["127.0.0.1:9956", "127.0.0.1:9957"]);
}

/// Every kind of discovery that Prometheus has, but those that are supported.
#[test]
fn discovery_of_other_kinds_is_refused_with_advice() {
    const KINDS: &str = "aws azure consul digitalocean docker dockerswarm ec2 ecs elasticache eureka gce hetzner ionos kuma \
        lightsail linode marathon mq msk nerve nomad oci openstack outscale ovhcloud puppetdb rds scaleway serverset stackit triton \
        uyuni vultr";
    for kind in KINDS.split_whitespace() {
        let text = format!("scrape_configs:\n- job_name: a\n  {kind}_sd_configs:\n  - port: 1\n");
        let error = Config::parse(&text, "x.yml").unwrap_err().to_string();
        let want = format!(
            "scrape_configs[0].{kind}_sd_configs: this key of Prometheus is not supported: list the targets under \
             `static_configs`, or let a program write them for `file_sd_configs` or serve them for `http_sd_configs`"
        );
        assert!(error.ends_with(&want), "{kind}: {error}");
        // What asks for nothing is let through.
        Config::parse(&format!("scrape_configs:\n- job_name: a\n  {kind}_sd_configs: []\n"), "x.yml").unwrap();
    }
}
