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

/// Remembered checks; more are not kept, so that wrong passwords can't fill the memory.
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
}

/// Checked against for names that nobody has, so that the time of an answer does not tell which names exist.
const NOBODY: &str = "$2b$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi";

impl BasicAuth {
    /// `None` where the operating system gives no random numbers.
    pub(crate) fn new(users: BTreeMap<String, String>) -> Option<Self> {
        let key = ring::hmac::Key::generate(ring::hmac::HMAC_SHA256, &ring::rand::SystemRandom::new()).ok()?;
        Some(BasicAuth { users, accepted: Mutex::default(), key, checks: Semaphore::new(1) })
    }

    /// The user of an Authorization header, or `None` where it names nobody or the password is wrong.
    pub(crate) async fn check(&self, authorization: Option<&str>) -> Option<Asker> {
        let (user, password) = credentials(authorization?)?;
        let tag = self.tag(&user, &password);
        if self.accepted.lock().contains(&tag) {
            return Some(Asker::User(user));
        }
        let _one_at_a_time = self.checks.acquire().await.ok()?;
        let known = self.users.get(&user).cloned();
        let hash = known.clone().unwrap_or_else(|| NOBODY.to_owned());
        let right = tokio::task::spawn_blocking(move || bcrypt::verify(password, &hash).unwrap_or(false)).await.ok()?;
        if !right || known.is_none() {
            return None;
        }
        let mut accepted = self.accepted.lock();
        if accepted.len() < REMEMBERED {
            accepted.insert(tag);
        }
        Some(Asker::User(user))
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
            assert_eq!(auth.check(Some(&header("ann:pa:ss"))).await, Some(Asker::User("ann".into())));
        }
        for wrong in ["ann:pass", "ann:", "bob:pa:ss", ":", "ann"] {
            assert_eq!(auth.check(Some(&header(wrong))).await, None, "{wrong}");
        }
        for wrong in ["", "Basic", "Basic !", "Bearer x"] {
            assert_eq!(auth.check(Some(wrong)).await, None, "{wrong}");
        }
        assert_eq!(auth.check(None).await, None);
    }

    #[test]
    fn the_hash_of_nobody_is_a_hash() {
        assert!(!bcrypt::verify("x", NOBODY).unwrap());
    }
}
