//! Columns in memory as they are in the file of the index: whole numbers in as few bytes as the largest one takes, and texts.

/// Whole numbers, each in the same number of bytes, the lowest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Packed {
    /// 0 to 8; in 0 bytes all numbers are 0.
    width: u8,
    length: usize,
    bytes: Vec<u8>,
}

impl Packed {
    /// So many numbers from their bytes; `None` where these are not as many.
    pub(super) fn from_bytes(width: u8, length: usize, bytes: &[u8]) -> Option<Packed> {
        let fits = width <= 8 && length.checked_mul(usize::from(width)) == Some(bytes.len());
        fits.then(|| Packed { width, length, bytes: bytes.to_vec() })
    }

    pub(super) fn push(&mut self, number: u64) {
        let width = width_of(number);
        if width > self.width {
            let mut wider = Vec::with_capacity((self.length + 1) * usize::from(width));
            (0..self.length).for_each(|at| wider.extend(&self.get(at).to_le_bytes()[..usize::from(width)]));
            (self.width, self.bytes) = (width, wider);
        }
        self.bytes.extend(&number.to_le_bytes()[..usize::from(self.width)]);
        self.length += 1;
    }

    /// The number at a place; 0 where there is none.
    pub(super) fn get(&self, at: usize) -> u64 {
        let width = usize::from(self.width);
        let Some(bytes) = at.checked_mul(width).and_then(|begin| self.bytes.get(begin..begin + width)) else {
            return 0;
        };
        match bytes {
            [one] => u64::from(*one),
            [low, high] => u64::from(u16::from_le_bytes([*low, *high])),
            _ => {
                let mut all = [0; 8];
                all[..width].copy_from_slice(bytes);
                u64::from_le_bytes(all)
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.length
    }

    pub(super) fn width(&self) -> u8 {
        self.width
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.bytes.capacity()
    }
}

impl FromIterator<u64> for Packed {
    fn from_iter<I: IntoIterator<Item = u64>>(numbers: I) -> Packed {
        let mut packed = Packed::default();
        numbers.into_iter().for_each(|number| packed.push(number));
        packed.shrink();
        packed
    }
}

fn width_of(number: u64) -> u8 {
    8 - (number.leading_zeros() / 8) as u8
}

/// Texts, one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Texts {
    /// Where each one ends.
    ends: Packed,
    text: String,
}

impl Texts {
    /// `None` where the ends are not places in the text, in order.
    pub(super) fn new(ends: Packed, text: String) -> Option<Texts> {
        let mut begin = 0;
        for at in 0..ends.len() {
            let end = usize::try_from(ends.get(at)).ok()?;
            text.get(begin..end)?;
            begin = end;
        }
        (begin == text.len()).then_some(Texts { ends, text })
    }

    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(self.text.len() as u64);
    }

    /// The text at a place; empty where there is none.
    pub(super) fn get(&self, at: usize) -> &str {
        let begin = at.checked_sub(1).map_or(0, |before| self.ends.get(before)) as usize;
        self.text.get(begin..self.ends.get(at) as usize).unwrap_or("")
    }

    /// The place of a text, where they ascend.
    pub(super) fn find(&self, text: &str) -> Option<usize> {
        let (mut begin, mut end) = (0, self.len());
        while begin < end {
            let middle = begin + (end - begin) / 2;
            match self.get(middle).cmp(text) {
                std::cmp::Ordering::Less => begin = middle + 1,
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Greater => end = middle,
            }
        }
        None
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|at| self.get(at))
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn ends(&self) -> &Packed {
        &self.ends
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn shrink(&mut self) {
        self.ends.shrink();
        self.text.shrink_to_fit();
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.ends.memory_bytes() + self.text.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn takes_as_many_bytes_as_the_largest_number() {
        for (numbers, width) in [
            (&[][..], 0),
            (&[0, 0], 0),
            (&[0, 1, 255], 1),
            (&[255, 256, 0], 2),
            (&[1, 65_536], 3),
            (&[u64::MAX, 0, 7], 8),
        ] {
            let packed: Packed = numbers.iter().copied().collect();
            assert_eq!((packed.width(), packed.len()), (width, numbers.len()), "{numbers:?}");
        }
        assert_eq!(Packed::from_bytes(2, 3, &[0; 5]), None);
        assert_eq!(Packed::from_bytes(9, 1, &[0; 9]), None);
        assert_eq!(
            Texts::new([1, 3].into_iter().collect(), "aä".into()).map(|t| t.get(1).to_owned()).as_deref(),
            Some("ä")
        );
        assert_eq!(Texts::new([2, 3].into_iter().collect(), "aä".into()), None);
        assert_eq!(Texts::new([3, 1].into_iter().collect(), "aä".into()), None);
    }

    proptest! {
        #[test]
        fn gives_what_it_was_given(
            numbers in proptest::collection::vec((any::<u64>(), 0u32..64).prop_map(|(n, shift)| n >> shift), 0..40),
            texts in proptest::collection::btree_set("\\PC{0,9}", 0..20),
        ) {
            let packed: Packed = numbers.iter().copied().collect();
            let same = Packed::from_bytes(packed.width(), packed.len(), packed.bytes()).unwrap();
            prop_assert_eq!((0..numbers.len()).map(|at| same.get(at)).collect::<Vec<_>>(), numbers);
            let mut all = Texts::default();
            texts.iter().for_each(|text| all.push(text));
            prop_assert!(all.iter().eq(texts.iter().map(String::as_str)));
            for (at, text) in texts.iter().enumerate() {
                prop_assert_eq!(all.find(text), Some(at));
            }
        }
    }
}
