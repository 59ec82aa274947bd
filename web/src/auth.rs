//! Basic authentication with bcrypt, as the exporter-toolkit does it.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashSet};
use tokio::sync::Semaphore;

/// Who asks: decided here, in one place, and handed on with each request as an extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asker {
    /// Nobody had to say who they are.
    Anyone,
    /// A user of `basic_auth_users`.
    User(String),
}

/// Remembered checks; with more than these it begins anew.
const REMEMBERED: usize = 256;

/// The users and what was checked of them.
#[derive(Debug)]
pub(crate) struct BasicAuth {
    users: BTreeMap<String, String>,
    /// A bcrypt check takes tens of milliseconds of CPU by design: each accepted pair is remembered, by a keyed hash.
    accepted: Mutex<HashSet<[u8; 32]>>,
    key: ring::hmac::Key,
    /// One check at a time, so that guesses can't take every core.
    checks: Semaphore,
    /// The checks that may wait for it.
    places: Semaphore,
    /// Checked against for names that nobody has, at the price of the dearest of the users', so that the time of an
    /// answer does not tell which names exist.
    nobody: String,
}

/// Why nobody is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No name, or not the right password.
    Unknown,
    /// Too many checks are waiting.
    Busy,
}

/// Checks that may wait at a time; more are refused at once.
const WAITING: usize = 16;

impl BasicAuth {
    /// `None` where the operating system gives no random numbers. The hashes have been checked to be such.
    pub(crate) fn new(users: BTreeMap<String, String>) -> Option<Self> {
        let key = ring::hmac::Key::generate(ring::hmac::HMAC_SHA256, &ring::rand::SystemRandom::new()).ok()?;
        let costs =
            users.values().filter_map(|hash| hash.parse::<bcrypt::HashParts>().ok()).map(|parts| parts.get_cost());
        let nobody = bcrypt::hash("", costs.max().unwrap_or(bcrypt::DEFAULT_COST)).ok()?;
        let (checks, places) = (Semaphore::new(1), Semaphore::new(WAITING));
        Some(BasicAuth { users, accepted: Mutex::default(), key, checks, places, nobody })
    }

    /// The user of an Authorization header.
    pub(crate) async fn check(&self, authorization: Option<&str>) -> Result<Asker, Refusal> {
        let (user, password) = authorization.and_then(credentials).ok_or(Refusal::Unknown)?;
        let tag = self.tag(&user, &password);
        if self.accepted.lock().contains(&tag) {
            return Ok(Asker::User(user));
        }
        let _place = self.places.try_acquire().map_err(|_| Refusal::Busy)?;
        let _one_at_a_time = self.checks.acquire().await.map_err(|_| Refusal::Busy)?;
        let known = self.users.get(&user);
        let hash = known.unwrap_or(&self.nobody).clone();
        let verified = tokio::task::spawn_blocking(move || bcrypt::verify(password, &hash).unwrap_or(false)).await;
        if known.is_none() || !verified.unwrap_or(false) {
            return Err(Refusal::Unknown);
        }
        let mut accepted = self.accepted.lock();
        if accepted.len() >= REMEMBERED {
            accepted.clear();
        }
        accepted.insert(tag);
        Ok(Asker::User(user))
    }

    fn tag(&self, user: &str, password: &str) -> [u8; 32] {
        let tag = ring::hmac::sign(&self.key, format!("{}:{user}:{password}", user.len()).as_bytes());
        let mut out = [0; 32];
        out.copy_from_slice(&tag.as_ref()[..32]);
        out
    }
}

fn credentials(authorization: &str) -> Option<(String, String)> {
    let (scheme, coded) = authorization.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let plain = String::from_utf8(BASE64_STANDARD.decode(coded.trim()).ok()?).ok()?;
    plain.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn accepts_the_right_password_only() {
        // Cost 4, the least, to be quick.
        let auth = BasicAuth::new([("ann".to_owned(), bcrypt::hash("pa:ss", 4).unwrap())].into()).unwrap();
        let header = |text: &str| format!("Basic {}", BASE64_STANDARD.encode(text));
        for _ in 0..2 {
            assert_eq!(auth.check(Some(&header("ann:pa:ss"))).await, Ok(Asker::User("ann".into())));
        }
        for wrong in ["ann:pass", "ann:", "bob:pa:ss", ":", "ann"] {
            assert_eq!(auth.check(Some(&header(wrong))).await, Err(Refusal::Unknown), "{wrong}");
        }
        for wrong in ["", "Basic", "Basic !", "Bearer x"] {
            assert_eq!(auth.check(Some(wrong)).await, Err(Refusal::Unknown), "{wrong}");
        }
        assert_eq!(auth.check(None).await, Err(Refusal::Unknown));
        let _places = auth.places.acquire_many(WAITING as u32).await.unwrap();
        assert_eq!(auth.check(Some(&header("ann:pa:ss"))).await, Ok(Asker::User("ann".into())), "remembered");
        assert_eq!(auth.check(Some(&header("ann:pass"))).await, Err(Refusal::Busy));
    }
}
