//! A page that several follow is made once for all of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use http::Uri;
use tokio::time::Instant;

/// The pages that are being followed. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Followed(Arc<Mutex<HashMap<Uri, Weak<Page>>>>);

/// One page, held by those who follow it, with its last state where there are several.
#[derive(Debug, Default)]
pub(super) struct Page(tokio::sync::Mutex<Option<(Instant, Arc<str>)>>);

impl Followed {
    /// The page at `uri`, the same for everybody.
    pub(super) fn page(&self, uri: &Uri) -> Arc<Page> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, page| page.strong_count() > 0);
        all.get(uri).and_then(Weak::upgrade).unwrap_or_else(|| {
            let page = Arc::default();
            all.insert(uri.clone(), Arc::downgrade(&page));
            page
        })
    }
}

impl Page {
    /// Its state, no older than `age`: the last one, or what `make` gives. None where that gives none.
    pub(super) async fn state(
        self: &Arc<Self>,
        age: Duration,
        make: impl Future<Output = Option<String>>,
    ) -> Option<Arc<str>> {
        // Whoever comes while it is being made waits for it.
        let mut last = self.0.lock().await;
        if let Some((at, state)) = &*last
            && at.elapsed() < age
        {
            return Some(state.clone());
        }
        *last = None;
        let state: Arc<str> = make.await?.into();
        if Arc::strong_count(self) > 1 {
            *last = Some((Instant::now(), state.clone()));
        }
        Some(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGE: Duration = Duration::from_secs(5);

    #[tokio::test]
    async fn followers_of_one_page_share_its_state() {
        let followed = Followed::default();
        let (a, b) = (followed.page(&Uri::from_static("/")), followed.page(&Uri::from_static("/")));
        let other = followed.page(&Uri::from_static("/host"));
        assert_eq!(&*a.state(AGE, async { Some("1".to_owned()) }).await.unwrap(), "1");
        assert_eq!(&*b.state(AGE, async { panic!("made twice") }).await.unwrap(), "1");
        assert_eq!(&*other.state(AGE, async { Some("2".to_owned()) }).await.unwrap(), "2");
        assert_eq!(&*b.state(Duration::ZERO, async { Some("3".to_owned()) }).await.unwrap(), "3");
        assert_eq!(b.state(Duration::ZERO, async { None }).await, None);
    }

    #[tokio::test]
    async fn a_page_of_one_follower_is_not_kept() {
        let followed = Followed::default();
        let page = followed.page(&Uri::from_static("/"));
        page.state(AGE, async { Some("1".to_owned()) }).await.unwrap();
        assert_eq!(&*page.state(AGE, async { Some("2".to_owned()) }).await.unwrap(), "2");
        drop(page);
        followed.page(&Uri::from_static("/host"));
        assert_eq!(followed.0.lock().unwrap().len(), 1, "nobody follows the other one");
    }
}
