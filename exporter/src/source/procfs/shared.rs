//! Limits that many processes have: kept once.

use std::sync::Arc;

use crate::snapshot::Limits;

/// So many are looked through; further ones are kept for each process.
const MOST: usize = 64;

/// The limits that processes were seen to have.
#[derive(Debug, Default)]
pub(crate) struct SharedLimits(Vec<Arc<Limits>>);

impl SharedLimits {
    /// The limits of a process, whose last ones were `last`.
    pub(crate) fn shared(&mut self, limits: Limits, last: Option<Arc<Limits>>) -> Arc<Limits> {
        if let Some(last) = last.filter(|last| **last == limits) {
            return last;
        }
        if let Some(known) = self.0.iter().find(|known| ***known == limits) {
            return known.clone();
        }
        let limits = Arc::new(limits);
        if self.0.len() >= MOST {
            self.0.retain(|known| Arc::strong_count(known) > 1);
        }
        if self.0.len() < MOST {
            self.0.push(limits.clone());
        }
        limits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::Resource;

    #[test]
    fn equal_ones_are_kept_once() {
        let limits = |number: u64| {
            let mut limits = Limits::default();
            limits.set(Resource::OpenFiles, [number, number]);
            limits
        };
        let mut shared = SharedLimits::default();
        let first = shared.shared(limits(1), None);
        assert!(Arc::ptr_eq(&first, &shared.shared(limits(1), None)));
        assert!(Arc::ptr_eq(&first, &shared.shared(limits(1), Some(first.clone()))));
        assert!(!Arc::ptr_eq(&first, &shared.shared(limits(2), Some(first.clone()))));
        for number in 3..200 {
            shared.shared(limits(number), None);
        }
        assert!(shared.0.len() <= MOST);
        assert!(Arc::ptr_eq(&first, &shared.shared(limits(1), None)), "what somebody has stays");
    }
}
