use std::sync::Arc;

use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use quarry_config::KeyConfig;
use quarry_domain::{Caller, KeyHash, Timestamp};

/// The keys that are configured.
#[derive(Debug, Default)]
pub(super) struct KeyRing(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    hash: KeyHash,
    caller: Caller,
    expires: Option<Timestamp>,
    origins: Arc<[String]>,
}

/// Why a key opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// No such key is configured.
    Unknown,
    /// It is over.
    Expired,
    /// It is not for pages of this origin.
    OtherOrigin,
}

/// What a key opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Opened {
    pub(super) caller: Caller,
    pub(super) expires: Option<Timestamp>,
}

impl KeyRing {
    pub(super) fn new(keys: &[KeyConfig]) -> Self {
        let entry = |key: &KeyConfig| Entry {
            hash: key.hash,
            caller: Caller::with_key(key.name.shared(), key.scopes.iter().copied()),
            expires: key.expires,
            origins: key.origins.iter().map(|origin| origin.as_str().to_owned()).collect(),
        };
        Self(keys.iter().map(entry).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names of the keys.
    pub(super) fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.0.iter().filter_map(|entry| entry.caller.shared_key())
    }

    /// What the key of this hash opens, for a page of `origin` if a browser says so.
    pub(super) fn open(&self, hash: &KeyHash, origin: Option<&str>, now: Timestamp) -> Result<Opened, Unfit> {
        let entry = self.find(hash).ok_or(Unfit::Unknown)?;
        if entry.expires.is_some_and(|expires| expires <= now) {
            return Err(Unfit::Expired);
        }
        let allowed = |origin: &str| entry.origins.iter().any(|allowed| allowed == origin);
        if !entry.origins.is_empty() && origin.is_some_and(|origin| !allowed(origin)) {
            return Err(Unfit::OtherOrigin);
        }
        Ok(Opened { caller: entry.caller.clone(), expires: entry.expires })
    }

    /// Compares with every key to the end, so that the time says nothing of which is near.
    fn find(&self, hash: &KeyHash) -> Option<&Entry> {
        let mut place = 0_u64;
        let mut found = Choice::from(0);
        for (index, entry) in (0_u64..).zip(&self.0) {
            let same = entry.hash.0.ct_eq(&hash.0);
            place.conditional_assign(&index, same);
            found |= same;
        }
        let entry = usize::try_from(place).ok().and_then(|place| self.0.get(place));
        entry.filter(|_| bool::from(found))
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, Utc};

    use super::*;
    use quarry_domain::{KeyName, Origin, Scope};

    fn key(name: &str, byte: u8) -> KeyConfig {
        KeyConfig {
            name: KeyName::parse(name).unwrap(),
            hash: KeyHash([byte; 32]),
            scopes: vec![Scope::Search],
            expires: None,
            origins: Vec::new(),
        }
    }

    fn opened(ring: &KeyRing, byte: u8, origin: Option<&str>) -> Result<String, Unfit> {
        let opened = ring.open(&KeyHash([byte; 32]), origin, Utc::now())?;
        Ok(opened.caller.key().unwrap().to_owned())
    }

    #[test]
    fn each_key_is_found_and_no_other() {
        let ring = KeyRing::new(&[key("first", 0), key("second", 1), key("last", 2)]);
        for (byte, name) in [(0, "first"), (1, "second"), (2, "last")] {
            assert_eq!(opened(&ring, byte, None), Ok(name.to_owned()));
        }
        assert_eq!(opened(&ring, 3, None), Err(Unfit::Unknown));
        assert_eq!(opened(&KeyRing::default(), 0, None), Err(Unfit::Unknown));
    }

    #[test]
    fn keys_end_and_keep_to_their_origins() {
        let expires = Some(Utc::now() + TimeDelta::hours(1));
        let origins = vec![Origin::parse("https://shop.example").unwrap()];
        let ring = KeyRing::new(&[KeyConfig { expires, origins, ..key("shop", 7) }]);
        assert_eq!(opened(&ring, 7, None), Ok("shop".to_owned()));
        assert_eq!(opened(&ring, 7, Some("https://shop.example")), Ok("shop".to_owned()));
        for other in ["https://shop.example:444", "http://shop.example", "null", ""] {
            assert_eq!(opened(&ring, 7, Some(other)), Err(Unfit::OtherOrigin), "{other}");
        }
        let late = ring.open(&KeyHash([7; 32]), None, Utc::now() + TimeDelta::hours(1));
        assert_eq!(late, Err(Unfit::Expired));
    }
}
