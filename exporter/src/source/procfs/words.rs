//! Words and numbers in the kernel's text, by hand: no UTF-8 check, no allocation.

/// The words of a line, split at spaces and line ends.
#[derive(Debug, Clone)]
pub(crate) struct Words<'a>(&'a [u8]);

impl<'a> Words<'a> {
    pub(crate) fn new(text: &'a [u8]) -> Words<'a> {
        Words(text)
    }

    /// What follows the last word.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// The next word as an unsigned number; `None` where there is none, it has other characters, or it needs more than 64 bits.
    pub(crate) fn number(&mut self) -> Option<u64> {
        number(self.next()?)
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let blank = |b: &u8| matches!(*b, b' ' | b'\n' | b'\t');
        let start = self.0.iter().position(|b| !blank(b))?;
        let rest = &self.0[start..];
        let end = rest.iter().position(blank).unwrap_or(rest.len());
        self.0 = &rest[end..];
        Some(&rest[..end])
    }
}

/// An unsigned hexadecimal number that is the whole of `text`.
pub(crate) fn hexadecimal(text: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(text).ok().filter(|text| !text.starts_with('+'))?;
    u64::from_str_radix(digits, 16).ok()
}

/// An unsigned decimal number that is the whole of `text`.
pub(crate) fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    // 19 digits always fit; only longer ones need the checks.
    if text.len() <= 19 {
        text.iter().try_fold(0_u64, |n, b| b.is_ascii_digit().then(|| n * 10 + u64::from(b - b'0')))
    } else {
        text.iter().try_fold(0_u64, |n, b| {
            if !b.is_ascii_digit() {
                return None;
            }
            n.checked_mul(10)?.checked_add(u64::from(b - b'0'))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_at_the_limits() {
        assert_eq!(number(b"0"), Some(0));
        assert_eq!(number(b"9999999999999999999"), Some(9_999_999_999_999_999_999));
        assert_eq!(number(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(number(b"18446744073709551616"), None);
        assert_eq!(number(b"99999999999999999999999"), None);
        assert_eq!(number(b"00000000000000000000007"), Some(7));
        for bad in [&b""[..], b"-1", b"+1", b"1.5", b" 1", b"0x1"] {
            assert_eq!(number(bad), None);
        }
    }

    proptest! {
        #[test]
        fn any_number_survives(n: u64) {
            prop_assert_eq!(number(n.to_string().as_bytes()), Some(n));
        }

        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            let mut words = Words::new(&bytes);
            while words.number().is_some() {}
            prop_assert!(Words::new(&bytes).all(|w| !w.is_empty()));
        }
    }
}
