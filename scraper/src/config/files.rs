//! The files of secrets and certificates that a configuration names: whether they can be read and used. `check config`
//! asks; the scraper finds out when it starts.

use super::position::{Path, locate};
use super::problem::{ConfigError, Problem};
use super::{Config, Credentials, Discovery, HttpClient, Secret, Tls};

impl Config {
    /// Reads and compiles a file, and opens the files that it names. The error says which key names one that can't be used.
    pub fn check(path: &std::path::Path) -> Result<Config, ConfigError> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError::unreadable(&file, &error))?;
        let config = Config::parse(&text, &file)?;
        for (i, job) in config.jobs.iter().enumerate() {
            let at = Path::default().key("scrape_configs").item(i);
            let http =
                job.discovery.iter().filter_map(|d| if let Discovery::Http(http) = d { Some(http) } else { None });
            let of_discovery = http.enumerate().map(|(n, http)| (at.key("http_sd_configs").item(n), &http.client));
            for (at, client) in std::iter::once((at.clone(), &job.http)).chain(of_discovery) {
                check_client(&text, &at, client).map_err(|problem| ConfigError::from_problem(&file, &text, problem))?;
            }
        }
        Ok(config)
    }
}

fn check_client(text: &str, at: &Path, client: &HttpClient) -> Result<(), Problem> {
    let mut tls_at = at.key("tls_config");
    let mut named = tls(&tls_at, &client.tls);
    match &client.credentials {
        None => {}
        Some(Credentials::Basic { username, password }) => {
            let at = at.key("basic_auth");
            named.extend([(at.key("username_file"), username), (at.key("password_file"), password)]);
        }
        Some(Credentials::Header { credentials, .. }) => {
            // Only the text tells in which of two ways it is written.
            let older = at.key("bearer_token_file");
            let is_older = locate(text, &older) != locate(text, at);
            named.push((if is_older { older } else { at.key("authorization").key("credentials_file") }, credentials));
        }
        Some(Credentials::OAuth2(oauth2)) => {
            let at = at.key("oauth2");
            named.push((at.key("client_secret_file"), &oauth2.client_secret));
            named.extend(tls(&at.key("tls_config"), &oauth2.tls));
            if client.tls == Tls::default() {
                tls_at = at.key("tls_config");
            }
        }
    }
    for header in &client.headers {
        let at = at.key("http_headers").user_key(header.name.as_str()).key("files");
        let files = header.values.iter().filter(|value| matches!(value, Secret::File(_)));
        named.extend(files.enumerate().map(|(n, file)| (at.item(n), file)));
    }
    for (at, secret) in named {
        if let Secret::File(path) = secret {
            let text = std::fs::read_to_string(path);
            text.map_err(|error| Problem::new(&at, format!("{}: {error}", path.display())))?;
        }
    }
    // They can be read; now whether a client can be made of them. (Where a provider is set already, that one stays.)
    let _ = rustls::crypto::ring::default_provider().install_default();
    crate::client::HttpClient::new(client).map(drop).map_err(|message| match message.strip_prefix("tls_config: ") {
        Some(message) => Problem::new(&tls_at, message),
        None => Problem::new(at, message),
    })
}

fn tls<'a>(at: &Path, tls: &'a Tls) -> Vec<(Path, &'a Secret)> {
    let mut named: Vec<_> = tls.ca.iter().map(|ca| (at.key("ca_file"), ca)).collect();
    if let Some((certificate, key)) = &tls.identity {
        named.extend([(at.key("cert_file"), certificate), (at.key("key_file"), key)]);
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The error of a job with these lines, after the file's name; the folder holds `there`, which is no certificate.
    fn error(lines: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("there"), "text\n").unwrap();
        let file = folder.path().join("scraper.yml");
        std::fs::write(&file, format!("scrape_configs:\n- job_name: a\n{lines}")).unwrap();
        let said = Config::check(&file).map_or_else(|error| error.to_string(), |_| "valid".to_owned());
        said.replace(&format!("{}:", file.display()), "").replace(&folder.path().display().to_string(), "DIR")
    }

    #[test]
    fn names_the_key_and_the_reason() {
        const GONE: &str = "DIR/gone: No such file or directory (os error 2)";
        for (lines, said) in [
            ("  basic_auth: {username: u, password_file: there}\n", "valid".to_owned()),
            (
                "  basic_auth:\n    username: u\n    password_file: gone\n",
                format!("5:20: scrape_configs[0].basic_auth.password_file: {GONE}"),
            ),
            (
                "  authorization: {credentials_file: gone}\n",
                format!("3:37: scrape_configs[0].authorization.credentials_file: {GONE}"),
            ),
            ("  bearer_token_file: gone\n", format!("3:22: scrape_configs[0].bearer_token_file: {GONE}")),
            (
                "  http_headers:\n    X-A:\n      files: [there, gone]\n",
                format!("4:5: scrape_configs[0].http_headers.x-a.files[1]: {GONE}"),
            ),
            (
                "  tls_config:\n    ca_file: there\n    cert_file: there\n    key_file: gone\n",
                format!("6:15: scrape_configs[0].tls_config.key_file: {GONE}"),
            ),
            (
                "  http_sd_configs:\n  - url: http://x\n  - url: http://x\n    tls_config: {ca_file: gone}\n",
                format!("6:27: scrape_configs[0].http_sd_configs[1].tls_config.ca_file: {GONE}"),
            ),
            (
                "  tls_config:\n    ca_file: there\n",
                "4:5: scrape_configs[0].tls_config: `ca` holds no certificate in PEM form".to_owned(),
            ),
        ] {
            assert_eq!(error(lines), said, "{lines}");
        }
    }
}
