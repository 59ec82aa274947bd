//! The colours of series, and the styles of a chart that stands alone.
//!
//! Twelve inks that stay apart for normal sight, protanopia and deuteranopia on both grounds (a test measures
//! it), each with at least 3:1 contrast against the ground (WCAG 2.2, 1.4.11). Pages take the same inks
//! as variables of their style sheet, see `page_inks`.

use std::fmt::Write as _;

/// Number of series inks; a thirteenth series takes the first ink again, dashed.
pub const INKS: usize = 12;

/// The ink of what is gathered as "others".
pub const OTHERS: u8 = INKS as u8;

/// Inks on a light ground.
pub const LIGHT: [&str; INKS + 1] = [
    "#086dcf", "#c08714", "#07918c", "#a7265c", "#8d87f7", "#a8634e", "#25a768", "#4839b4", "#743c16", "#8b5597",
    "#63670e", "#254e88", "#8f98a3",
];

/// The same inks on a dark ground.
pub const DARK: [&str; INKS + 1] = [
    "#62a7fc", "#f8c269", "#66c8c3", "#e16791", "#cacbfd", "#e09b87", "#76dfa2", "#7875e9", "#aa7250", "#c18dcc",
    "#979c54", "#5b83bd", "#6c7682",
];

/// Number of shades of a heat map.
pub const SHADES: usize = 8;

/// Shades from little to much on a light ground: one hue, darker with each.
pub const LIGHT_SHADES: [&str; SHADES] =
    ["#e2edf8", "#c3d9f0", "#9fc1e6", "#76a5d9", "#4c88c9", "#2a6ab2", "#144d90", "#082f63"];

/// The same on a dark ground: brighter with each.
pub const DARK_SHADES: [&str; SHADES] =
    ["#1c2b3d", "#1f4063", "#265785", "#3370a8", "#4a8bc9", "#6fa9e2", "#9dc7f2", "#d4e8fc"];

/// Which ground a chart stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// Follows the viewer: light, or dark where `prefers-color-scheme` says so.
    #[default]
    Auto,
    /// Dark text on a light ground.
    Light,
    /// Light text on a dark ground.
    Dark,
}

impl Theme {
    /// The theme of that name: `auto`, `light`, `dark`.
    pub fn parse(name: &str) -> Option<Theme> {
        match name {
            "auto" => Some(Theme::Auto),
            "light" => Some(Theme::Light),
            "dark" => Some(Theme::Dark),
            _ => None,
        }
    }

    /// The theme where no viewer has a say: light, unless it was chosen.
    pub fn settled(self) -> Theme {
        if self == Theme::Auto { Theme::Light } else { self }
    }
}

/// The colours of everything that is not a series.
struct Ground {
    paper: &'static str,
    text: &'static str,
    muted: &'static str,
    grid: &'static str,
    baseline: &'static str,
    error: &'static str,
    good: &'static str,
    event: &'static str,
}

const LIGHT_GROUND: Ground = Ground {
    paper: "#ffffff",
    text: "#1c2430",
    muted: "#667180",
    grid: "#e6e9ed",
    baseline: "#b9c0c9",
    error: "#b3261e",
    good: "#157f4a",
    event: "#7a3fb5",
};
const DARK_GROUND: Ground = Ground {
    paper: "#14181d",
    text: "#e3e8ee",
    muted: "#8d98a6",
    grid: "#262c34",
    baseline: "#47505c",
    error: "#ff8a80",
    good: "#4cc38a",
    event: "#c79bff",
};

fn colours(out: &mut String, ground: &Ground, inks: &[&str; INKS + 1], shades: &[&str; SHADES], used: &Used) {
    let Ground { paper, text, muted, grid, baseline, error, good, event } = ground;
    let _ = write!(
        out,
        ".b{{fill:{paper}}}.h,.v{{fill:{text}}}.t,.k,.c{{fill:{muted}}}.tm{{fill:{text}}}.e{{fill:{error}}}.g{{stroke:{grid}}}.x{{stroke:{baseline}}}"
    );
    if used.thresholds {
        let _ = write!(out, ".th{{stroke:{error}}}.tl{{fill:{error};stroke:{paper}}}");
    }
    if used.events {
        let _ = write!(out, ".es{{color:{good}}}.ex{{color:{muted}}}.eo{{color:{error}}}.ed{{color:{event}}}");
    }
    if used.shades {
        for (shade, colour) in shades.iter().enumerate() {
            let _ = write!(out, ".q{shade}{{fill:{colour}}}");
        }
    }
    for ink in &used.inks {
        let colour = inks[usize::from(*ink) % inks.len()];
        let _ =
            write!(out, ".l{ink},.d{ink},.p{ink}{{stroke:{colour}}}.a{ink},.w{ink},.f{ink},.b{ink}{{fill:{colour}}}");
    }
}

/// What of the palette a document uses.
#[derive(Debug, Default)]
pub(super) struct Used {
    pub(super) inks: Vec<u8>,
    pub(super) shades: bool,
    pub(super) thresholds: bool,
    pub(super) events: bool,
    pub(super) earlier: bool,
}

/// The style sheet of a chart that stands alone, for what it uses.
pub(super) fn style_sheet(theme: Theme, used: &Used) -> String {
    let mut css = String::with_capacity(1400);
    // Lengths inside the plot are tenths of a px: its group is scaled by 0.1.
    css.push_str(
        "text{font:11px system-ui,-apple-system,\"Segoe UI\",Roboto,\"Helvetica Neue\",Arial,sans-serif;font-variant-numeric:tabular-nums}\
         .h{font-size:13px;font-weight:600}.tm{font-weight:600}.e{font-size:13px}.r{text-anchor:end}.m{text-anchor:middle}\
         path{fill:none;stroke-width:10}.g,.x{shape-rendering:crispEdges}.s{opacity:.8}",
    );
    if used.thresholds {
        css.push_str(".th{stroke-dasharray:60 40}.tl{paint-order:stroke;stroke-width:3;stroke-linejoin:round}");
    }
    if used.events {
        css.push_str(".ev{stroke:currentColor;stroke-width:1;stroke-dasharray:2 3}.eg{fill:currentColor}");
    }
    for ink in &used.inks {
        if used.earlier {
            let _ = write!(css, ".p{ink}{{stroke-width:15;stroke-dasharray:40 30;opacity:.8}}");
        }
        let _ = write!(css, ".l{ink}");
        css.push_str("{stroke-width:15;stroke-linejoin:round;stroke-linecap:round}");
        let _ =
            write!(css, ".d{ink}{{stroke-width:40;stroke-linecap:round}}.w{ink}{{opacity:.12}}.b{ink}{{opacity:.24}}");
    }
    match theme {
        Theme::Light => colours(&mut css, &LIGHT_GROUND, &LIGHT, &LIGHT_SHADES, used),
        Theme::Dark => colours(&mut css, &DARK_GROUND, &DARK, &DARK_SHADES, used),
        Theme::Auto => {
            colours(&mut css, &LIGHT_GROUND, &LIGHT, &LIGHT_SHADES, used);
            css.push_str("@media(prefers-color-scheme:dark){");
            colours(&mut css, &DARK_GROUND, &DARK, &DARK_SHADES, used);
            css.push('}');
        }
    }
    css
}

/// The inks as custom properties of a page, and the classes of [`super::fluid`] and [`super::spark`] that use them.
pub(crate) fn page_inks() -> String {
    let variables = |inks: &[&str; INKS + 1], shades: &[&str; SHADES]| {
        let inks = inks.iter().enumerate().map(|(ink, colour)| format!("--i{ink}:{colour};"));
        let shades = shades.iter().enumerate().map(|(shade, colour)| format!("--q{shade}:{colour};"));
        inks.chain(shades).collect::<String>()
    };
    let [light, dark] = [variables(&LIGHT, &LIGHT_SHADES), variables(&DARK, &DARK_SHADES)];
    let mut css = format!(":root{{{light}}}@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n");
    for shade in 0..SHADES {
        let _ = write!(css, ".q{shade}{{fill:var(--q{shade})}}");
    }
    for ink in 0..=INKS {
        let _ = write!(
            css,
            ".l{ink},.d{ink},.p{ink}{{stroke:var(--i{ink})}}.a{ink},.w{ink},.f{ink},.b{ink}{{fill:var(--i{ink})}}"
        );
        // The layers of a stack cover each other: one that steps back must still hide what lies behind it.
        let _ = write!(css, "path.a{ink}.off{{fill:color-mix(in srgb,var(--i{ink}) 14%,var(--card))}}");
    }
    css.push_str("\npath[class^=l]{stroke-width:1.5px;stroke-linejoin:round;stroke-linecap:round}path[class^=p]{stroke-width:1.5px;stroke-dasharray:4 3;opacity:.8}path[class^=d]{stroke-width:4px;stroke-linecap:round}path[class^=w]{opacity:.12}path[class^=b]{opacity:.24}\n",
    );
    css
}

#[cfg(test)]
mod tests {
    use super::*;

    type Rgb = [f64; 3];
    const NORMAL: [Rgb; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    // Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
    const PROTANOPIA: [Rgb; 3] =
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]];
    const DEUTERANOPIA: [Rgb; 3] =
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]];

    fn linear(hex: &str) -> Rgb {
        [1, 3, 5].map(|at| {
            let x = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
            if x <= 0.04045 { x / 12.92 } else { ((x + 0.055) / 1.055).powf(2.4) }
        })
    }

    fn seen(sight: &[Rgb; 3], c: Rgb) -> Rgb {
        sight.map(|row| row.iter().zip(c).map(|(a, b)| a * b).sum::<f64>().clamp(0.0, 1.0))
    }

    fn oklab([r, g, b]: Rgb) -> Rgb {
        let l = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b).cbrt();
        let m = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b).cbrt();
        let s = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b).cbrt();
        [
            0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s,
            1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
            0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s,
        ]
    }

    fn luminance([r, g, b]: Rgb) -> f64 {
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    #[test]
    fn inks_stay_apart_for_every_sight() {
        for inks in [&LIGHT, &DARK] {
            for sight in [&NORMAL, &PROTANOPIA, &DEUTERANOPIA] {
                for a in 0..INKS {
                    for b in 0..a {
                        let [x, y] = [inks[a], inks[b]].map(|hex| oklab(seen(sight, linear(hex))));
                        let distance = x.iter().zip(y).map(|(p, q)| (p - q).powi(2)).sum::<f64>().sqrt();
                        assert!(distance >= 0.06, "{} and {} are {distance:.3} apart", inks[a], inks[b]);
                    }
                }
            }
        }
    }

    #[test]
    fn shades_are_told_apart_in_their_order() {
        for (shades, ground) in [(&LIGHT_SHADES, &LIGHT_GROUND), (&DARK_SHADES, &DARK_GROUND)] {
            let lightness: Vec<f64> =
                std::iter::once(&ground.paper).chain(shades).map(|hex| oklab(linear(hex))[0]).collect();
            let away = (lightness[1] - lightness[0]).signum();
            for pair in lightness.windows(2) {
                assert!((pair[1] - pair[0]) * away > 0.05, "{pair:?} of {lightness:?}");
            }
        }
    }

    #[test]
    fn inks_stand_out_from_the_ground() {
        for (inks, ground) in [(&LIGHT, &LIGHT_GROUND), (&DARK, &DARK_GROUND)] {
            let paper = luminance(linear(ground.paper));
            for ink in &inks[..INKS] {
                let ink_luminance = luminance(linear(ink));
                let contrast = (paper.max(ink_luminance) + 0.05) / (paper.min(ink_luminance) + 0.05);
                assert!(contrast >= 3.0, "{ink} has only {contrast:.2}:1");
            }
        }
    }
}
