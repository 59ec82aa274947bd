//! Descriptions of metric families, as the store's callers see them.

use super::Store;
use crate::Family;

impl Store {
    /// Keeps descriptions. They are on disk after the next commit of samples.
    pub fn note_families(&self, families: impl IntoIterator<Item = Family>) {
        let mut kept = self.inner.shared.families.lock();
        families.into_iter().for_each(|family| kept.note(family));
    }

    /// All descriptions by name; where there are several of one name, the newest is the last.
    pub fn families(&self) -> Vec<Family> {
        self.inner.shared.families.lock().all()
    }
}
