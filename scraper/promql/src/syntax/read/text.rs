//! Texts in quotes. Between backquotes nothing is escaped, else `\n`, `\x41`, `\101`, `\u00e9` and such.

/// How long a text is behind its opening quote, the closing one included; where it has no end or a wrong escape, what
/// is wrong.
pub(super) fn length(rest: &str, quote: char) -> Result<usize, String> {
    let mut at = 0;
    loop {
        let tail = &rest[at..];
        match tail.chars().next() {
            Some(c) if c == quote => return Ok(at + 1),
            None if quote == '`' => return Err("unterminated raw string".to_owned()),
            None => return Err("unterminated quoted string".to_owned()),
            Some('\n') if quote != '`' => return Err("unterminated quoted string".to_owned()),
            Some('\\') if quote != '`' => at += 1 + escape(&tail[1..], quote)?.1,
            Some(c) => at += c.len_utf8(),
        }
    }
}

/// What a text with its quotes stands for. The escapes of single bytes may make something that is not Unicode: `None`.
pub(super) fn unquoted(token: &str) -> Option<String> {
    let quote = token.chars().next()?;
    let inner = token.get(1..token.len() - 1)?;
    if quote == '`' || !inner.contains('\\') {
        return Some(inner.to_owned());
    }
    let mut bytes = Vec::with_capacity(inner.len());
    let mut at = 0;
    while let Some(c) = inner[at..].chars().next() {
        let (piece, length) = match c {
            '\\' => {
                let (piece, length) = escape(&inner[at + 1..], quote).ok()?;
                (piece, length + 1)
            }
            c => (Piece::Char(c), c.len_utf8()),
        };
        match piece {
            Piece::Char(c) => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            Piece::Byte(b) => bytes.push(b),
        }
        at += length;
    }
    String::from_utf8(bytes).ok()
}

enum Piece {
    Char(char),
    Byte(u8),
}

/// What stands behind a backslash, and how long it is.
fn escape(rest: &str, quote: char) -> Result<(Piece, usize), String> {
    let not_ended = || "escape sequence not terminated".to_owned();
    let first = rest.chars().next().ok_or_else(not_ended)?;
    let (skipped, digits, base) = match first {
        'a' => return Ok((Piece::Byte(7), 1)),
        'b' => return Ok((Piece::Byte(8), 1)),
        'f' => return Ok((Piece::Byte(12), 1)),
        'n' => return Ok((Piece::Byte(b'\n'), 1)),
        'r' => return Ok((Piece::Byte(b'\r'), 1)),
        't' => return Ok((Piece::Byte(b'\t'), 1)),
        'v' => return Ok((Piece::Byte(11), 1)),
        '\\' => return Ok((Piece::Byte(b'\\'), 1)),
        c if c == quote => return Ok((Piece::Char(c), 1)),
        '0'..='7' => (0, 3, 8),
        'x' => (1, 2, 16),
        'u' => (1, 4, 16),
        'U' => (1, 8, 16),
        c => return Err(format!("unknown escape sequence {}", code_point(c))),
    };
    let mut value: u32 = 0;
    let mut chars = rest.chars().skip(skipped);
    for _ in 0..digits {
        let c = chars.next().ok_or_else(not_ended)?;
        let digit =
            c.to_digit(base).ok_or_else(|| format!("illegal character {} in escape sequence", code_point(c)))?;
        value = value.wrapping_mul(base) | digit;
    }
    let piece = match first {
        'u' | 'U' => char::from_u32(value).map(Piece::Char),
        _ => u8::try_from(value).ok().map(Piece::Byte),
    };
    let piece = piece.ok_or_else(|| "escape sequence is an invalid Unicode code point".to_owned())?;
    Ok((piece, skipped + digits))
}

/// `U+0063 'c'`
fn code_point(c: char) -> String {
    let number = format!("U+{:04X}", u32::from(c));
    if c.is_control() { number } else { format!("{number} '{c}'") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_all_quotes_and_escapes() {
        for (token, expected) in [
            (r#""a b""#, Some("a b")),
            ("'a\"b'", Some("a\"b")),
            (r"'it\'s'", Some("it's")),
            ("`a\\n\n'\"`", Some("a\\n\n'\"")),
            (r#""\a\b\f\n\r\t\v\\\"""#, Some("\x07\x08\x0c\n\r\t\x0b\\\"")),
            (r#""\x41\101\u00e9\U0001F600""#, Some("AAé😀")),
            (r#""\xc3\xa9 \303\251""#, Some("é é")),
            (r#""\xff""#, None),
            (r#""""#, Some("")),
        ] {
            assert_eq!(length(&token[1..], token.chars().next().unwrap()), Ok(token.len() - 1), "{token}");
            assert_eq!(unquoted(token).as_deref(), expected, "{token}");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        for (rest, quote, expected) in [
            ("abc", '"', "unterminated quoted string"),
            ("abc\n\"", '"', "unterminated quoted string"),
            ("abc\"", '`', "unterminated raw string"),
            ("\\", '"', "escape sequence not terminated"),
            ("\\x4", '"', "escape sequence not terminated"),
            ("\\c\"", '"', "unknown escape sequence U+0063 'c'"),
            ("\\'\"", '"', "unknown escape sequence U+0027 '''"),
            ("\\\n\"", '"', "unknown escape sequence U+000A"),
            ("\\x.\"", '"', "illegal character U+002E '.' in escape sequence"),
            ("\\ud800\"", '"', "escape sequence is an invalid Unicode code point"),
            ("\\UFFFFFFFF\"", '"', "escape sequence is an invalid Unicode code point"),
            ("\\777\"", '"', "escape sequence is an invalid Unicode code point"),
        ] {
            assert_eq!(length(rest, quote), Err(expected.to_owned()), "{rest}");
        }
    }
}
