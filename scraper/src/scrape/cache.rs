//! What a target's series were at its last scrapes, so that a series that is known costs a comparison of its text: no
//! label is decoded, nothing is hashed or allocated while a page keeps its order.

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, Hash};
use std::mem;

/// Where a series stands in the cache.
pub(crate) type Place = usize;

/// What a series on a page turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known<R> {
    /// Metric relabelling drops it.
    Dropped,
    /// It was found during this scrape and has no number yet.
    New,
    /// The store's number.
    Stored(R),
    /// The store's number; the last good page did not have it.
    Away(R),
}

#[derive(Clone, Debug)]
struct Entry<R> {
    /// Where its text begins in the cache's.
    start: usize,
    length: u32,
    /// The place that came after this one last time.
    next: u32,
    /// The scrape that saw it last.
    seen: u32,
    /// Whether a staleness marker is due when it goes: a sample at the scrape's own time is stored.
    live: bool,
    /// The same for the scrape under way.
    followed: bool,
    /// Whether it tells since when another series counts (`_created`).
    tells_start: bool,
    known: Known<R>,
}

/// One target's series by their text. `R` is the store's number of a series.
#[derive(Clone, Debug)]
pub(crate) struct SeriesCache<R> {
    text: String,
    entries: Vec<Entry<R>>,
    index: HashTable<u32>,
    hasher: FixedState,
    /// The number of the scrape under way.
    scrape: u32,
    /// Entries before this place were there before the scrape under way.
    settled: usize,
    /// Where the page is expected to go on, and the entry before.
    expected: u32,
    previous: Option<u32>,
    /// The place at which the last page began.
    first: u32,
    /// Series that the last good scrape had.
    present: usize,
    /// Series of a cache that was given up, for which markers may be due.
    orphans: Vec<R>,
    /// What the last page said beside samples, by place, so that it is not said again. What is forgotten here is merely
    /// handed to the store once more, which knows it.
    starts: HashMap<u32, i64, FixedState>,
    exemplars: HashMap<u32, u64, FixedState>,
}

impl<R> Default for SeriesCache<R> {
    fn default() -> Self {
        SeriesCache {
            text: String::new(),
            entries: Vec::new(),
            index: HashTable::new(),
            hasher: FixedState::default(),
            scrape: 0,
            settled: 0,
            expected: 0,
            previous: None,
            first: 0,
            present: 0,
            orphans: Vec::new(),
            starts: HashMap::default(),
            exemplars: HashMap::default(),
        }
    }
}

impl<R: Copy + Eq + Hash> SeriesCache<R> {
    /// Begins a scrape. It ends with [`SeriesCache::finish`] or [`SeriesCache::abandon`].
    pub(crate) fn begin(&mut self) {
        self.scrape = self.scrape.wrapping_add(1);
        self.settled = self.entries.len();
        self.expected = self.first;
        self.previous = None;
    }

    /// About how many samples the scrape under way will bring.
    pub(crate) fn expected_samples(&self) -> usize {
        self.entries.len()
    }

    /// How many series the last good scrape had, without those that are dropped.
    pub(crate) fn present(&self) -> usize {
        self.present
    }

    /// The place of a series' text; `None` where the text is new.
    #[inline]
    pub(crate) fn find(&mut self, series: &str) -> Option<Place> {
        let place = match self.entries.get(self.expected as usize) {
            Some(entry) if self.text_of(entry) == series => self.expected,
            _ => self.look_up(series)?,
        };
        self.step_to(place);
        Some(place as Place)
    }

    fn look_up(&self, series: &str) -> Option<u32> {
        let hash = self.hasher.hash_one(series);
        let same = |place: &u32| self.text_of(&self.entries[*place as usize]) == series;
        self.index.find(hash, same).copied()
    }

    #[inline]
    fn step_to(&mut self, place: u32) {
        match self.previous {
            Some(previous) => self.entries[previous as usize].next = place,
            None => self.first = place,
        }
        self.previous = Some(place);
        self.expected = self.entries[place as usize].next;
    }

    /// Adds a series that [`SeriesCache::find`] does not know.
    pub(crate) fn insert(&mut self, series: &str, known: Known<R>) -> Place {
        let place = self.entries.len() as u32;
        let start = self.text.len();
        self.text.push_str(series);
        self.entries.push(Entry {
            start,
            length: series.len() as u32,
            next: place + 1,
            seen: self.scrape.wrapping_sub(1),
            live: false,
            followed: false,
            tells_start: false,
            known,
        });
        let (text, entries, hasher) = (&self.text, &self.entries, &self.hasher);
        self.index
            .insert_unique(hasher.hash_one(series), place, |p| hasher.hash_one(slice(text, &entries[*p as usize])));
        self.step_to(place);
        place as Place
    }

    /// What a place holds.
    #[inline]
    pub(crate) fn known(&self, place: Place) -> Known<R> {
        self.entries[place].known
    }

    /// The place of a text, without stepping there.
    pub(crate) fn place(&self, series: &str) -> Option<Place> {
        self.look_up(series).map(|place| place as Place)
    }

    /// Whether a place tells since when another series counts.
    #[inline]
    pub(crate) fn tells_start(&self, place: Place) -> bool {
        self.entries[place].tells_start
    }

    /// Notes that it does.
    pub(crate) fn set_tells_start(&mut self, place: Place) {
        self.entries[place].tells_start = true;
    }

    /// Notes the start that a place tells; `true` where it is another one than before.
    pub(crate) fn start_changed(&mut self, place: Place, start_ms: i64) -> bool {
        self.starts.insert(place as u32, start_ms) != Some(start_ms)
    }

    /// Notes the exemplar of a place, as a hash; `true` where it is another one than before.
    pub(crate) fn exemplar_changed(&mut self, place: Place, hash: u64) -> bool {
        self.exemplars.insert(place as u32, hash) != Some(hash)
    }

    /// Gives a place that was new its number.
    pub(crate) fn set_stored(&mut self, place: Place, series: R) {
        self.entries[place].known = Known::Stored(series);
    }

    /// Notes that the scrape under way has a sample of the series; `followed` where it is at the scrape's own time, so
    /// that a marker is due when the series goes. `false` where the scrape had a sample of it before.
    #[inline]
    pub(crate) fn mark(&mut self, place: Place, followed: bool) -> bool {
        let entry = &mut self.entries[place];
        let first = entry.seen != self.scrape;
        entry.seen = self.scrape;
        entry.followed = if first { followed } else { entry.followed | followed };
        first
    }

    /// Ends a scrape that succeeded; returns the series that it no longer had.
    pub(crate) fn finish(&mut self) -> Vec<R> {
        let mut gone = mem::take(&mut self.orphans);
        let mut unseen = 0;
        self.present = 0;
        for entry in &mut self.entries {
            if entry.seen == self.scrape {
                entry.live = entry.followed;
                self.present += usize::from(matches!(entry.known, Known::Stored(_)));
                continue;
            }
            unseen += 1;
            if let Known::Stored(series) = entry.known {
                if mem::take(&mut entry.live) {
                    gone.push(series);
                }
                entry.known = Known::Away(series);
            }
        }
        if !gone.is_empty() {
            // Another text may have become the same series: that one is still there.
            let seen = self.entries.iter().filter(|e| e.seen == self.scrape);
            let here: HashSet<R> = seen.filter_map(|e| stored(e.known)).collect();
            let mut told = HashSet::new();
            gone.retain(|series| !here.contains(series) && told.insert(*series));
        }
        // Series that come and go at every scrape must not fill the memory; one that flaps keeps its place.
        if unseen > (self.entries.len() - unseen) + 1000 {
            self.forget_unseen();
        }
        self.settled = self.entries.len();
        gone
    }

    /// Ends a scrape that failed, or that never began, as if it had not been; returns every series that was there before.
    pub(crate) fn abandon(&mut self) -> Vec<R> {
        let (text, entries, hasher) = (&self.text, &self.entries, &self.hasher);
        for (place, entry) in entries.iter().enumerate().skip(self.settled) {
            let hash = hasher.hash_one(slice(text, entry));
            if let Ok(found) = self.index.find_entry(hash, |p| *p as usize == place) {
                found.remove();
            }
        }
        self.text.truncate(self.entries.get(self.settled).map_or(self.text.len(), |e| e.start));
        self.entries.truncate(self.settled);
        self.say_again();
        let mut told = HashSet::new();
        let mut gone = mem::take(&mut self.orphans);
        for entry in &mut self.entries {
            if mem::take(&mut entry.live) {
                gone.extend(stored(entry.known));
            }
        }
        gone.retain(|series| told.insert(*series));
        gone
    }

    /// A scrape was not taken: the next one tells again of series that have ended, of starts and of exemplars.
    pub(crate) fn owe(&mut self, ended: impl IntoIterator<Item = R>) {
        self.orphans.extend(ended);
        self.say_again();
    }

    fn say_again(&mut self) {
        self.starts.clear();
        self.exemplars.clear();
    }

    /// Forgets what the texts meant, since relabelling has changed; the next scrape tells which series are gone.
    pub(crate) fn forget_meanings(self) -> Self {
        let live = self.entries.iter().filter(|e| e.live).filter_map(|e| stored(e.known));
        SeriesCache { orphans: self.orphans.iter().copied().chain(live).collect(), ..SeriesCache::default() }
    }

    /// Gives series that the store has forgotten their new numbers, by their texts. Returns them by the old ones.
    pub(crate) fn renew<E>(
        &mut self,
        forgotten: &HashSet<R>,
        mut intern: impl FnMut(&str) -> Result<R, E>,
    ) -> Result<HashMap<R, R>, E> {
        let mut renewed = HashMap::new();
        for entry in &mut self.entries {
            let Known::Stored(old) = entry.known else { continue };
            if !forgotten.contains(&old) {
                continue;
            }
            let new = match renewed.get(&old) {
                Some(new) => *new,
                None => intern(slice(&self.text, entry))?,
            };
            renewed.insert(old, new);
            entry.known = Known::Stored(new);
        }
        Ok(renewed)
    }

    /// The number of texts.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.entries.len()
    }

    fn forget_unseen(&mut self) {
        let old = mem::take(&mut self.entries);
        let text = mem::take(&mut self.text);
        self.index.clear();
        self.say_again();
        self.first = 0;
        self.previous = None;
        let scrape = self.scrape;
        for entry in old.into_iter().filter(|e| e.seen == scrape) {
            let place = self.insert(slice(&text, &entry), entry.known);
            let new = &mut self.entries[place];
            (new.seen, new.live, new.tells_start) = (entry.seen, entry.live, entry.tells_start);
        }
    }

    #[inline]
    fn text_of(&self, entry: &Entry<R>) -> &str {
        slice(&self.text, entry)
    }
}

#[inline]
fn slice<'a, R>(text: &'a str, entry: &Entry<R>) -> &'a str {
    &text[entry.start..entry.start + entry.length as usize]
}

fn stored<R>(known: Known<R>) -> Option<R> {
    match known {
        Known::Stored(series) => Some(series),
        Known::New | Known::Dropped | Known::Away(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Scrapes a page whose series are words, each stored under the number of its first letter; returns who is gone.
    fn scrape(cache: &mut SeriesCache<u8>, page: &str, succeeds: bool) -> String {
        // A scrape that brought no page does not begin.
        if succeeds || !page.is_empty() {
            cache.begin();
        }
        for word in page.split_whitespace() {
            let place = cache.find(word).unwrap_or_else(|| cache.insert(word, Known::Stored(word.as_bytes()[0])));
            let number = word.as_bytes()[0];
            assert!(matches!(cache.known(place), Known::Stored(n) | Known::Away(n) if n == number), "{word}");
            cache.set_stored(place, number);
            cache.mark(place, true);
        }
        let mut gone = if succeeds { cache.finish() } else { cache.abandon() };
        gone.sort_unstable();
        String::from_utf8(gone).unwrap()
    }

    #[test]
    fn tells_who_is_gone() {
        let mut cache = SeriesCache::default();
        for (page, succeeds, gone) in [
            ("a b c", true, ""),
            ("c a", true, "b"),
            ("c a", true, ""),
            ("a b c d", true, ""),
            // A failed scrape: all that were there are gone, what it brought never was.
            ("a e", false, "abcd"),
            ("", false, ""),
            ("a b", true, ""),
            // The same series under another text.
            ("a2 b", true, ""),
            ("b", true, "a"),
            ("", true, "b"),
        ] {
            assert_eq!(scrape(&mut cache, page, succeeds), gone, "{page}");
        }
        assert_eq!(cache.find("e"), None);
    }

    #[test]
    fn follows_only_samples_at_the_time_of_the_scrape() {
        let mut cache = SeriesCache::default();
        cache.begin();
        for (word, followed) in [("a", true), ("b", false)] {
            let place = cache.insert(word, Known::New);
            assert!(cache.mark(place, followed));
            assert!(!cache.mark(place, followed), "a second time in one scrape");
            cache.set_stored(place, word.as_bytes()[0]);
        }
        assert!(cache.finish().is_empty());
        cache.begin();
        assert_eq!(cache.finish(), [b'a']);
    }

    #[test]
    fn new_rules_leave_no_series_behind() {
        let mut cache = SeriesCache::default();
        scrape(&mut cache, "a b c", true);
        let mut cache = cache.forget_meanings();
        assert_eq!(scrape(&mut cache, "b x", true), "ac");
        assert_eq!(scrape(&mut cache, "x", true), "b");
        let mut cache = cache.forget_meanings().forget_meanings();
        assert_eq!(scrape(&mut cache, "y", false), "x");
    }

    #[test]
    fn memory_is_bounded_where_every_page_is_new() {
        let mut cache = SeriesCache::default();
        for round in 0..50 {
            let page: Vec<String> = (0..200).map(|i| format!("a{round}_{i}")).collect();
            scrape(&mut cache, &page.join(" "), true);
            assert!(cache.len() <= 1600, "{}", cache.len());
        }
        let last: Vec<String> = (0..200).map(|i| format!("a49_{i}")).collect();
        assert_eq!(scrape(&mut cache, &last.join(" "), true), "");
    }

    proptest! {
        #[test]
        fn knows_every_page_in_any_order(pages in proptest::collection::vec((proptest::collection::vec("[a-f][0-3]?", 0..12), proptest::bool::weighted(0.8)), 0..12)) {
            let mut cache = SeriesCache::default();
            let mut live: std::collections::BTreeSet<u8> = Default::default();
            for (words, succeeds) in pages {
                let here = words.iter().map(|w| w.as_bytes()[0]).filter(|_| succeeds).collect();
                let gone: Vec<u8> = live.difference(&here).copied().collect();
                prop_assert_eq!(scrape(&mut cache, &words.join(" "), succeeds).into_bytes(), gone);
                live = here;
            }
        }
    }
}
