//! Figures in the cells of tables.

use maud::{Markup, html};

use crate::chart::Unit;

/// A figure, with "–" for what is not known and a dimmed zero; `class` says where it is left out, see the style sheet.
pub(super) fn figure(unit: Unit, value: f64, class: &str) -> Markup {
    let text = match value {
        value if value.is_nan() => "\u{2013}".to_owned(),
        0.0 => "0".to_owned(),
        value => unit.format(value),
    };
    let dim = if value.is_nan() || value == 0.0 { "dim" } else { "" };
    let class = [class, dim].join(" ");
    html! { td class=[Some(class.trim()).filter(|class| !class.is_empty())] { (text) } }
}

/// For sorting: the unknown is less than anything known.
pub(super) fn known(value: f64) -> f64 {
    if value.is_nan() { f64::NEG_INFINITY } else { value }
}
