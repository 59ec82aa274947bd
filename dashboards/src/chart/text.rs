//! Widths of text without a font: a table instead of a font file.
//!
//! The viewer's font is not known here, so the table holds the advance widths of DejaVu Sans, which is wider
//! than the other fonts that `sans-serif` usually means. What fits by this table fits everywhere.

/// Advance widths of U+0020..=U+007E in thousandths of an em.
const ASCII: [u16; 95] = [
    318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, // space to /
    636, 636, 636, 636, 636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531, // 0 to ?
    1000, 684, 686, 698, 770, 632, 575, 775, 752, 295, 295, 656, 557, 863, 748, 787, // @ to O
    603, 787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390, 337, 390, 838, 500, // P to _
    500, 613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612, // ` to o
    635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838, // p to ~
];

/// Width of one character in thousandths of an em.
fn advance(c: char) -> u32 {
    match c {
        ' '..='~' => u32::from(ASCII[c as usize - 0x20]),
        '\u{2026}' => 1000,
        // Combining marks take no room of their own.
        '\u{300}'..='\u{36f}' => 0,
        // Wide scripts and emoji fill the em square.
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' => 1000,
        '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{fffd}' => 1030,
        '\u{1f000}'..='\u{3fffd}' => 1250,
        _ => 700,
    }
}

/// Width of `text` in px at a font size of `size` px.
pub(super) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(advance).sum::<u32>() as f64 * size / 1000.0
}

/// `text` cut with an ellipsis so that it fits into `room` px; the text itself where it fits.
pub(super) fn fit(text: &str, size: f64, room: f64) -> String {
    // A name may be long; no more of it than could ever fit is measured.
    let mut used = 0.0;
    let ellipsis = size;
    let mut cut = 0;
    for (at, c) in text.char_indices() {
        if used + ellipsis <= room {
            cut = at;
        }
        used += f64::from(advance(c)) * size / 1000.0;
        // Sums in another order differ in their last digits.
        if used > room + 1e-6 {
            return format!("{}\u{2026}", text[..cut].trim_end());
        }
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_widths() {
        assert_eq!(width("0123", 10.0), 4.0 * 6.36);
        assert_eq!(width("", 10.0), 0.0);
        assert_eq!(width("日本", 10.0), 20.0);
    }

    #[test]
    fn long_names_are_cut() {
        assert_eq!(fit("short", 11.0, 100.0), "short");
        let cut = fit("a-very-long-process-name", 11.0, 80.0);
        assert!(cut.ends_with('\u{2026}') && cut.starts_with("a-very"), "{cut}");
        assert_eq!(fit("anything", 11.0, 2.0), "\u{2026}");
    }

    proptest! {
        #[test]
        fn what_was_fitted_fits(s in any::<String>(), room in 12.0..300.0f64) {
            prop_assert!(width(&fit(&s, 11.0, room), 11.0) <= room + 1e-9);
        }
    }
}
