//! Lists of target groups that stand outside of the configuration, under the same rules as `static_configs`.

use super::compile::target_group;
use super::job::TargetGroup;
use super::position::Path;
use super::raw::RawGroup;

/// How a list is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListFormat {
    /// JSON alone.
    Json,
    /// YAML.
    Yaml,
}

/// Reads a list of groups. The error says what is wrong and where.
pub(crate) fn parse_groups(bytes: &[u8], format: ListFormat) -> Result<Vec<TargetGroup>, String> {
    let raw: Vec<RawGroup> = match format {
        ListFormat::Json => serde_json::from_slice(bytes).map_err(|e| e.to_string())?,
        ListFormat::Yaml => {
            let list: Option<Vec<RawGroup>> = serde_yaml::from_slice(bytes)
                // The way to an element of the list itself begins with a dot.
                .map_err(|e| e.to_string().trim_start_matches('.').to_owned())?;
            list.unwrap_or_default()
        }
    };
    let compile = |(i, group): (usize, RawGroup)| {
        target_group(&Path::default().item(i), group).map_err(|p| format!("{}: {}", p.at, p.message))
    };
    raw.into_iter().enumerate().map(compile).collect()
}
