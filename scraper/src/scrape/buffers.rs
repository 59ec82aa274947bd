//! Memory for pages, shared by all targets: only those that are being fetched or read need any.

use parking_lot::Mutex;

/// Buffers that are kept while nobody uses them.
const KEPT: usize = 8;
/// The largest that is kept; a rare huge page gives its memory back.
const KEPT_BYTES: usize = 4 << 20;

/// Spare buffers.
#[derive(Debug, Default)]
pub(crate) struct Buffers(Mutex<Vec<Vec<u8>>>);

impl Buffers {
    /// An empty buffer, with memory where one was spare.
    pub(crate) fn take(&self) -> Vec<u8> {
        self.0.lock().pop().unwrap_or_default()
    }

    /// Gives a buffer back.
    pub(crate) fn give(&self, mut buffer: Vec<u8>) {
        let mut spare = self.0.lock();
        if spare.len() < KEPT && (1..=KEPT_BYTES).contains(&buffer.capacity()) {
            buffer.clear();
            spare.push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_a_few_of_ordinary_size() {
        let buffers = Buffers::default();
        for _ in 0..2 * KEPT {
            buffers.give(vec![1; 100]);
        }
        buffers.give(vec![1; KEPT_BYTES + 1]);
        let taken: Vec<_> = (0..2 * KEPT).map(|_| buffers.take()).collect();
        assert!(taken.iter().all(Vec::is_empty));
        assert_eq!(taken.iter().filter(|b| b.capacity() > 0).count(), KEPT);
    }
}
