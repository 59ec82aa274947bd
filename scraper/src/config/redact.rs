//! A configuration that can be shown.

use serde_yaml::Value;

/// Keys whose text nobody needs to see again.
const SECRETS: [&str; 6] = ["password", "credentials", "bearer_token", "key", "client_secret", "secrets"];

/// Keys of URLs, which may hold a password.
const URLS: [&str; 3] = ["url", "proxy_url", "token_url"];

/// The text with comments left out and every secret as `<secret>`. Only for texts that were compiled.
pub(super) fn redact(text: &str) -> String {
    let Ok(mut root) = serde_yaml::from_str::<Value>(text) else {
        return String::new();
    };
    hide(&mut root);
    match root {
        Value::Null => String::new(),
        root => serde_yaml::to_string(&root).unwrap_or_default(),
    }
}

fn hide(node: &mut Value) {
    match node {
        Value::Mapping(map) => {
            for (key, value) in map.iter_mut() {
                match key.as_str() {
                    // A label may be called `key`: those stand under `labels` and keep their values.
                    Some("labels" | "external_labels") => {}
                    Some(key) if SECRETS.contains(&key) && !value.is_mapping() => *value = "<secret>".into(),
                    Some("proxy_connect_header" | "endpoint_params") => *value = "<secret>".into(),
                    Some(key) if URLS.contains(&key) => hide_password(value),
                    _ => hide(value),
                }
            }
        }
        Value::Sequence(list) => list.iter_mut().for_each(hide),
        _ => {}
    }
}

fn hide_password(value: &mut Value) {
    let url = value.as_str().and_then(|text| reqwest::Url::parse(text).ok());
    if let Some(mut url) = url.filter(|url| url.password().is_some())
        && url.set_password(Some("xxxxx")).is_ok()
    {
        *value = url.as_str().into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hides_secrets_and_nothing_else() {
        let text = "scrape_configs:\n- job_name: a # why\n  basic_auth:\n    username: u\n    password: hush\n  static_configs:\n  - labels:\n      key: shown\n";
        assert_eq!(
            redact(text),
            "scrape_configs:\n- job_name: a\n  basic_auth:\n    username: u\n    password: <secret>\n  static_configs:\n  - labels:\n      key: shown\n"
        );
        for (text, want) in [
            ("proxy_url: http://u:hush@p:3128/\n", "proxy_url: http://u:xxxxx@p:3128/\n"),
            ("proxy_url: http://p:3128\n", "proxy_url: http://p:3128\n"),
            (
                "http_headers:\n  X-A:\n    secrets: [hush]\n    values: [v]\n",
                "http_headers:\n  X-A:\n    secrets: <secret>\n    values:\n    - v\n",
            ),
            ("proxy_connect_header:\n  X-A: [hush]\n", "proxy_connect_header: <secret>\n"),
            ("bearer_token: hush\nbearer_token_file: f\n", "bearer_token: <secret>\nbearer_token_file: f\n"),
            ("oauth2:\n  client_secret: hush\n", "oauth2:\n  client_secret: <secret>\n"),
        ] {
            assert_eq!(redact(text), want);
        }
        assert_eq!(redact("# nothing\n"), "");
    }
}
