//! Keys of Prometheus that Procession does not do: refused by name, so that nobody waits for what will not happen.

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;

/// The value of such a key. Absent, null, `false`, empty text, list or mapping are let through: they ask for nothing.
pub(super) struct Refused<A>(PhantomData<A>);

impl<A> Default for Refused<A> {
    fn default() -> Self {
        Refused(PhantomData)
    }
}

impl<A> fmt::Debug for Refused<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Refused")
    }
}

/// What to do without the key.
pub(super) trait Advice {
    /// Follows "is not supported: ".
    const TEXT: &'static str;
}

/// What to do without a kind of discovery, whoever else knows it.
pub(super) const OTHER_DISCOVERY: &str = Discovery::TEXT;

macro_rules! advice {
    ($($(#[$attribute:meta])* $name:ident: $text:literal;)*) => {$(
        $(#[$attribute])*
        pub(super) enum $name {}
        $(#[$attribute])*
        impl Advice for $name {
            const TEXT: &'static str = $text;
        }
    )*};
}

advice! {
    Discovery: "list the targets under `static_configs`, or let a program write them for `file_sd_configs` or serve them for `http_sd_configs`";
    #[cfg(not(feature = "kubernetes"))]
    Kubernetes: "this program was built without the feature `kubernetes`; build it with that, or let a program write the targets for `file_sd_configs` or serve them for `http_sd_configs`";
    Rules: "rules and alerts are evaluated by a Prometheus or Grafana on the query API";
    RemoteWriting: "samples stay in the store of this scraper";
    RemoteReading: "queries are answered from the store of this scraper";
    NativeHistograms: "native histograms are not stored; classic ones are";
    StorageKeys: "storage is set up by the flags `--storage.*`";
    Receiving: "samples come from scrapes alone";
    SplitFiles: "write all of `scrape_configs` into one file";
    Logging: "the scraper logs to standard error, and `/api/v1/targets` has the last error of each target";
    Tracing: "there are no traces of the scraper itself";
    Settings: "leave it out";
}

impl<'de, A: Advice> Deserialize<'de> for Refused<A> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Empty<A>(PhantomData<A>);

        impl<A: Advice> Empty<A> {
            fn judge<E: Error>(asks_for_nothing: bool) -> Result<Refused<A>, E> {
                match asks_for_nothing {
                    true => Ok(Refused::default()),
                    false => Err(E::custom(format!("this key of Prometheus is not supported: {}", A::TEXT))),
                }
            }
        }

        impl<'de, A: Advice> Visitor<'de> for Empty<A> {
            type Value = Refused<A>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("nothing")
            }
            fn visit_unit<E: Error>(self) -> Result<Refused<A>, E> {
                Self::judge(true)
            }
            fn visit_bool<E: Error>(self, value: bool) -> Result<Refused<A>, E> {
                Self::judge(!value)
            }
            fn visit_u64<E: Error>(self, value: u64) -> Result<Refused<A>, E> {
                Self::judge(value == 0)
            }
            fn visit_i64<E: Error>(self, _: i64) -> Result<Refused<A>, E> {
                Self::judge(false)
            }
            fn visit_f64<E: Error>(self, _: f64) -> Result<Refused<A>, E> {
                Self::judge(false)
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Refused<A>, E> {
                Self::judge(text.is_empty())
            }
            fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<Refused<A>, S::Error> {
                Self::judge(list.next_element::<IgnoredAny>()?.is_none())
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Refused<A>, M::Error> {
                Self::judge(map.next_key::<IgnoredAny>()?.is_none())
            }
        }

        deserializer.deserialize_any(Empty(PhantomData))
    }
}
