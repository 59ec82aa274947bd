//! Links between views: each carries the range, the time zone and the choices of the view.

use crate::parameters::encoded;

/// What a link to a host's page carries.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct HostLink {
    pub(super) instance: String,
    /// As it was written, so that a view of the last six hours stays one.
    pub(super) from: Option<String>,
    pub(super) until: Option<String>,
    pub(super) tz: Option<String>,
    pub(super) sort: Option<String>,
    pub(super) draw: Option<String>,
    pub(super) rows: Option<String>,
}

impl HostLink {
    /// The parameters that are set, in a fixed order.
    pub(super) fn pairs(&self) -> Vec<(&'static str, &str)> {
        let optional = [
            ("from", &self.from),
            ("until", &self.until),
            ("tz", &self.tz),
            ("sort", &self.sort),
            ("draw", &self.draw),
            ("rows", &self.rows),
        ];
        let given = optional.into_iter().filter_map(|(name, value)| value.as_deref().map(|value| (name, value)));
        std::iter::once(("instance", self.instance.as_str())).chain(given).collect()
    }

    /// The link.
    pub(super) fn href(&self) -> String {
        let pairs: Vec<String> =
            self.pairs().into_iter().map(|(name, value)| format!("{name}={}", readable(value))).collect();
        format!("/host?{}", pairs.join("&"))
    }

    /// The same view over another range.
    pub(super) fn over(&self, from: &str, until: Option<&str>) -> String {
        let until = until.map(str::to_owned);
        HostLink { from: Some(from.to_owned()), until, ..self.clone() }.href()
    }
}

/// Encoded, but for what a query string may hold as it is and people like to read.
fn readable(value: &str) -> String {
    encoded(value).replace("%2D", "-").replace("%2E", ".").replace("%3A", ":").replace("%5F", "_").replace("%2F", "/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::Parameters;

    #[test]
    fn links_carry_any_name() {
        let link =
            HostLink { instance: "a&b=\"c\" #%+/:9".to_owned(), from: Some("-6h".to_owned()), ..HostLink::default() };
        let href = link.href();
        assert_eq!(href, "/host?instance=a%26b%3D%22c%22%20%23%25%2B/:9&from=-6h");
        let given = Parameters::parse(href.split_once('?').unwrap().1, &["instance", "from"], &[]).unwrap();
        assert_eq!(given.get("instance"), Some(link.instance.as_str()));
    }
}
