//! Links between views: each carries the range, the time zone and the choices of the view.

use crate::parameters::{Parameters, encoded};

/// A view of a page: its path and its parameters as they were written, so that a view of the last six hours stays one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    page: &'static str,
    pairs: Vec<(&'static str, String)>,
}

/// What a link to another page takes along.
const SHARED: [&str; 3] = ["from", "until", "tz"];

impl Link {
    /// A page without parameters.
    pub(super) fn to(page: &'static str) -> Link {
        Link { page, pairs: Vec::new() }
    }

    /// The view that was asked for: of the `known` parameters those that were given.
    pub(super) fn asked(page: &'static str, known: &[&'static str], given: &Parameters) -> Link {
        let given = known.iter().filter_map(|name| given.get(name).map(|value| (*name, value.to_owned())));
        Link { page, pairs: given.collect() }
    }

    /// Another page over the same range.
    pub(super) fn elsewhere(&self, page: &'static str) -> Link {
        let shared = self.pairs.iter().filter(|(name, _)| SHARED.contains(name));
        Link { page, pairs: shared.cloned().collect() }
    }

    /// The same view with this parameter.
    pub(super) fn with(&self, name: &'static str, value: &str) -> Link {
        let mut link = self.clone();
        match link.pairs.iter_mut().find(|(other, _)| *other == name) {
            Some((_, old)) => *old = value.to_owned(),
            None => link.pairs.push((name, value.to_owned())),
        }
        link
    }

    /// The same view without this parameter.
    pub(super) fn without(&self, name: &str) -> Link {
        let others = self.pairs.iter().filter(|(other, _)| *other != name);
        Link { page: self.page, pairs: others.cloned().collect() }
    }

    /// The value of a parameter.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(other, _)| *other == name).map(|(_, value)| value.as_str())
    }

    /// The path of the page.
    pub(super) fn page(&self) -> &'static str {
        self.page
    }

    /// The parameters.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.pairs.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// The link.
    pub(super) fn href(&self) -> String {
        let pairs: Vec<String> = self.pairs().map(|(name, value)| format!("{name}={}", readable(value))).collect();
        if pairs.is_empty() { self.page.to_owned() } else { format!("{}?{}", self.page, pairs.join("&")) }
    }

    /// The same view over another range.
    pub(super) fn over(&self, from: &str, until: Option<&str>) -> String {
        let link = self.with("from", from);
        until.map_or_else(|| link.without("until"), |until| link.with("until", until)).href()
    }

    /// The page of a host.
    pub(super) fn to_host(&self, instance: &str) -> Link {
        self.elsewhere("/host").with("instance", instance)
    }

    /// The page of a group of a host.
    pub(super) fn to_group(&self, instance: &str, group: &str) -> Link {
        self.elsewhere("/group").with("instance", instance).with("group", group)
    }

    /// What changed on a host in the range.
    pub(super) fn to_changes(&self, instance: &str) -> Link {
        self.elsewhere("/changes").with("instance", instance)
    }

    /// The process tree of a host, at a moment of the past where one is given.
    pub(super) fn to_tree(&self, instance: &str, at: Option<&str>) -> Link {
        let tz = self.get("tz").map(|tz| ("tz", tz.to_owned()));
        let pairs = tz.into_iter().chain(at.map(|at| ("at", at.to_owned())));
        Link { page: "/tree", pairs: pairs.collect() }.with("instance", instance)
    }

    /// The page of a process: `start` in Unix seconds tells it from others with its pid.
    pub(super) fn to_process(&self, instance: &str, pid: &str, start: Option<f64>) -> Link {
        let link = self.elsewhere("/process").with("instance", instance).with("pid", pid);
        match start.filter(|start| start.is_finite()) {
            Some(start) => link.with("start", &start.to_string()),
            None => link,
        }
    }
}

/// Encoded, but for what a query string may hold as it is and people like to read.
fn readable(value: &str) -> String {
    encoded(value).replace("%2D", "-").replace("%2E", ".").replace("%3A", ":").replace("%5F", "_").replace("%2F", "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_carry_any_name() {
        let name = "a&b=\"c\" #%+/:9";
        let href = Link::to("/host").with("instance", name).with("from", "-6h").href();
        assert_eq!(href, "/host?instance=a%26b%3D%22c%22%20%23%25%2B/:9&from=-6h");
        let given = Parameters::parse(href.split_once('?').unwrap().1, &["instance", "from"], &[]).unwrap();
        assert_eq!(given.get("instance"), Some(name));
    }

    #[test]
    fn another_page_keeps_the_range_alone() {
        let link = Link::to("/host").with("instance", "a").with("from", "-1h").with("sort", "cpu").with("tz", "UTC");
        assert_eq!(link.to_group("a", "g").href(), "/group?from=-1h&tz=UTC&instance=a&group=g");
        assert_eq!(
            link.to_process("a", "7", Some(12.25)).href(),
            "/process?from=-1h&tz=UTC&instance=a&pid=7&start=12.25"
        );
        assert_eq!(link.over("-6h", None), "/host?instance=a&from=-6h&sort=cpu&tz=UTC");
        assert_eq!(Link::to("/").href(), "/");
    }
}
