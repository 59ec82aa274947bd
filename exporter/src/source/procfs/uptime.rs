//! `/proc/uptime`: `proc_uptime(5)`, what tells how old a process is.

/// Milliseconds since the start of the host; `None` where the file is not one.
pub(crate) fn parse(text: &[u8]) -> Option<u64> {
    let word = super::words::Words::new(text).next()?;
    let point = word.iter().position(|b| *b == b'.').unwrap_or(word.len());
    let seconds = super::words::number(&word[..point])?;
    let mut milliseconds = 0;
    for place in 1..=3 {
        let digit = word.get(point + place).map_or(Some(0), |b| b.is_ascii_digit().then(|| u64::from(b - b'0')))?;
        milliseconds = milliseconds * 10 + digit;
    }
    seconds.checked_mul(1000)?.checked_add(milliseconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn uptimes() {
        for (text, expected) in [
            (&b"350735.47 234388.90\n"[..], Some(350_735_470)),
            (b"7\n", Some(7000)),
            (b"7.5", Some(7500)),
            (b"0.1239 1", Some(123)),
            (b"", None),
            (b"x", None),
            (b"1.x", None),
            (b"18446744073709551615.0", None),
        ] {
            assert_eq!(parse(text), expected, "{}", String::from_utf8_lossy(text));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            let _ = parse(&bytes);
        }
    }
}
