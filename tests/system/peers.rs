//! The real peers, Debian's packages, on ports of their own.

use crate::http::ready;
use crate::running::{Running, free_port};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// What `ci/upstream-cases` has fetched, by its path there; says so where it is not there.
pub(crate) fn upstream(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/upstream").join(path);
    if !path.exists() {
        println!("SKIPPED: {} is not there; ci/upstream-cases fetches it", path.display());
    }
    path.exists().then_some(path)
}

/// A peer and where it listens.
pub(crate) struct Peer {
    pub(crate) url: String,
    _running: Running,
    _folder: TempDir,
}

impl Peer {
    async fn start(program: &str, arguments: impl FnOnce(&str, &Path) -> Vec<String>, ready_path: &str) -> Peer {
        let folder = tempfile::tempdir().unwrap();
        let listen = format!("127.0.0.1:{}", free_port());
        let arguments = arguments(&listen, folder.path());
        let running = Running::start(Path::new(program), &arguments.iter().map(String::as_str).collect::<Vec<_>>());
        let url = format!("http://{listen}");
        ready(&format!("{url}{ready_path}")).await;
        Peer { url, _running: running, _folder: folder }
    }

    /// Prometheus with these scrape configurations, every second.
    pub(crate) async fn prometheus(scrape_configs: &str) -> Peer {
        let text = format!("global: {{scrape_interval: 1s, scrape_timeout: 1s}}\nscrape_configs:\n{scrape_configs}");
        Peer::prometheus_on(Path::new("prometheus"), &text, None, &[]).await
    }

    /// Prometheus on the blocks that `promtool` makes of OpenMetrics text with timestamps.
    pub(crate) async fn prometheus_with(openmetrics: &Path) -> Peer {
        Peer::prometheus_on(Path::new("prometheus"), "global: {scrape_interval: 1h}\n", Some(openmetrics), &[]).await
    }

    /// The same of Prometheus 3 with its experimental functions, where `ci/upstream-cases` has fetched it.
    pub(crate) async fn prometheus_3_with(openmetrics: &Path) -> Option<Peer> {
        Peer::prometheus_3_with_flags(openmetrics, &[]).await
    }

    /// The same with more flags.
    pub(crate) async fn prometheus_3_with_flags(openmetrics: &Path, flags: &[&str]) -> Option<Peer> {
        let program = upstream("prometheus-3/bin/prometheus")?;
        Some(Peer::prometheus_on(&program, "global: {scrape_interval: 1h}\n", Some(openmetrics), flags).await)
    }

    async fn prometheus_on(program: &Path, config: &str, openmetrics: Option<&Path>, more: &[&str]) -> Peer {
        let arguments = |listen: &str, folder: &Path| {
            let (file, data) = (folder.join("prometheus.yml"), folder.join("data"));
            std::fs::write(&file, config).unwrap();
            if let Some(openmetrics) = openmetrics {
                let words = [
                    "tsdb",
                    "create-blocks-from",
                    "openmetrics",
                    openmetrics.to_str().unwrap(),
                    data.to_str().unwrap(),
                ];
                let (made, out, err) = crate::running::run(Path::new("promtool"), &words, b"");
                assert!(made, "promtool: {out}{err}");
            }
            let text = |path: &Path| path.to_string_lossy().into_owned();
            let flags = [
                ("config.file", text(&file)),
                ("storage.tsdb.path", text(&data)),
                ("web.listen-address", listen.to_owned()),
                // History of any age stays.
                ("storage.tsdb.retention.time", "100y".to_owned()),
                ("enable-feature", "promql-experimental-functions".to_owned()),
            ];
            let flags = flags.into_iter().map(|(name, value)| format!("--{name}={value}"));
            flags.chain(more.iter().map(|flag| (*flag).to_owned())).collect()
        };
        Peer::start(&program.to_string_lossy(), arguments, "/-/ready").await
    }

    /// Alertmanager with a receiver that does nothing, alone.
    pub(crate) async fn alertmanager() -> Peer {
        let arguments = |listen: &str, folder: &Path| {
            let file = folder.join("alertmanager.yml");
            std::fs::write(&file, "route: {receiver: none}\nreceivers: [{name: none}]\n").unwrap();
            vec![
                format!("--web.listen-address={listen}"),
                format!("--config.file={}", file.display()),
                format!("--storage.path={}", folder.join("data").display()),
                "--cluster.listen-address=".to_owned(),
            ]
        };
        Peer::start("prometheus-alertmanager", arguments, "/-/ready").await
    }

    /// VictoriaMetrics, with nothing in it.
    pub(crate) async fn victoria_metrics() -> Peer {
        let arguments = |listen: &str, folder: &Path| {
            vec![format!("-httpListenAddr={listen}"), format!("-storageDataPath={}", folder.join("data").display())]
        };
        Peer::start("victoria-metrics", arguments, "/health").await
    }

    /// The node exporter with collectors that do not ask other programs.
    pub(crate) async fn node_exporter() -> Peer {
        let flags = |listen: &str, _: &Path| vec![format!("--web.listen-address={listen}")];
        Peer::start("prometheus-node-exporter", flags, "/").await
    }

    /// process-exporter with a group for each name of the processes that build and test us: of a name with broken UTF-8,
    /// as other tests start it, it dies.
    pub(crate) async fn process_exporter() -> Peer {
        let rules = "process_names:\n- name: '{{.Comm}}'\n  cmdline: ['cargo|prometheus|procession|bash|make']\n";
        Peer::process_exporter_with(rules).await
    }

    /// process-exporter with a configuration file.
    pub(crate) async fn process_exporter_with(config: &str) -> Peer {
        let arguments = |listen: &str, folder: &Path| {
            let file = folder.join("process-exporter.yml");
            std::fs::write(&file, config).unwrap();
            vec![format!("-web.listen-address={listen}"), format!("-config.path={}", file.display())]
        };
        Peer::start("prometheus-process-exporter", arguments, "/").await
    }
}
