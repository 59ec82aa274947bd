//! A configuration that can be shown.

use serde_yaml::Value;

/// Keys whose text nobody needs to see again.
const SECRETS: [&str; 4] = ["password", "credentials", "key", "client_secret"];

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
                    _ => hide(value),
                }
            }
        }
        Value::Sequence(list) => list.iter_mut().for_each(hide),
        _ => {}
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
        assert_eq!(redact("# nothing\n"), "");
    }
}
