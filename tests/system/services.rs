//! Our services, started with a folder of their own.

use crate::http::ready;
use crate::running::Running;
use tempfile::TempDir;

/// A running scraper and its data.
pub(crate) struct Scraper {
    pub(crate) url: String,
    pub(crate) running: Running,
    pub(crate) folder: TempDir,
}

impl Scraper {
    /// Starts a scraper with these scrape configurations (the items of the YAML list), every second.
    pub(crate) async fn start(scrape_configs: &str) -> Scraper {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("global: {{scrape_interval: 1s, scrape_timeout: 1s}}\nscrape_configs:\n{scrape_configs}");
        std::fs::write(folder.path().join("scraper.yml"), text).unwrap();
        Scraper::on(folder).await
    }

    /// Starts a scraper on a folder that another one left behind.
    pub(crate) async fn on(folder: TempDir) -> Scraper {
        Scraper::with_flags(folder, &[]).await
    }

    /// The same with more flags.
    pub(crate) async fn with_flags(folder: TempDir, flags: &[&str]) -> Scraper {
        let arguments = Scraper::arguments(&folder);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).chain(flags.iter().copied()).collect();
        let mut running = Running::ours("procession-scraper", &arguments);
        let url = running.url();
        ready(&format!("{url}/-/ready")).await;
        Scraper { url, running, folder }
    }

    pub(crate) fn arguments(folder: &TempDir) -> [String; 6] {
        let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        let [config, data] = [path("scraper.yml"), path("data")];
        [
            "--config.file".into(),
            config,
            "--storage.path".into(),
            data,
            "--web.listen-address".into(),
            "127.0.0.1:0".into(),
        ]
    }
}

/// A job of one target.
pub(crate) fn job(name: &str, url: &str) -> String {
    format!("- job_name: {name}\n  static_configs:\n  - targets: ['{}']\n", url.replace("http://", ""))
}
