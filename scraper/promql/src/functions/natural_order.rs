//! An order of texts in which numbers count as numbers: `host2` before `host10`.

use std::cmp::Ordering;

pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    loop {
        let (left, right) = (chunk(&mut a), chunk(&mut b));
        match (left.is_empty(), right.is_empty()) {
            (true, true) => return Ordering::Equal,
            (true, false) => return Ordering::Less,
            (false, true) => return Ordering::Greater,
            (false, false) => {}
        }
        let order = if left[0].is_ascii_digit() && right[0].is_ascii_digit() {
            compare_digits(left, right)
        } else {
            left.cmp(right)
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// Takes the longest start that is all digits or has none.
fn chunk<'a>(text: &mut &'a [u8]) -> &'a [u8] {
    let digits = text.first().is_some_and(u8::is_ascii_digit);
    let len = text.iter().take_while(|b| b.is_ascii_digit() == digits).count();
    let (chunk, rest) = text.split_at(len);
    *text = rest;
    chunk
}

fn compare_digits(a: &[u8], b: &[u8]) -> Ordering {
    let strip = |d: &[u8]| d.iter().take_while(|b| **b == b'0').count();
    let (x, y) = (&a[strip(a)..], &b[strip(b)..]);
    // Without leading zeros more digits are more; equal numbers are told apart by their zeros.
    x.len().cmp(&y.len()).then_with(|| x.cmp(y)).then_with(|| a.len().cmp(&b.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_count() {
        let sorted = ["", "1", "01", "2", "10", "a", "a1b", "a2", "a10", "a10b1", "a10b2", "b"];
        for (i, a) in sorted.iter().enumerate() {
            for (j, b) in sorted.iter().enumerate() {
                assert_eq!(compare(a, b), i.cmp(&j), "{a} {b}");
            }
        }
    }
}
