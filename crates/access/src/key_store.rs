use std::sync::Arc;

use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use quarry_config::KeyConfig;
use quarry_domain::{KeyHash, Principal, Timestamp};

/// The configured keys.
#[derive(Debug, Default)]
pub(super) struct KeyStore(Vec<KeyEntry>);

#[derive(Debug)]
struct KeyEntry {
    hash: KeyHash,
    principal: Principal,
    expires: Option<Timestamp>,
    origins: Arc<[String]>,
}

/// A key that fails verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyError {
    /// The key is not configured.
    Unknown,
    /// Its lifetime has ended.
    Expired,
    /// Its allowed origins exclude the page's origin.
    OtherOrigin,
}

/// The principal of a verified key, and the end of its validity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Grant {
    pub(super) principal: Principal,
    pub(super) expires: Option<Timestamp>,
}

impl KeyStore {
    pub(super) fn new(keys: &[KeyConfig]) -> Self {
        let entry = |key: &KeyConfig| KeyEntry {
            hash: key.hash,
            principal: Principal::with_key(key.name.shared(), key.scopes.iter().copied()),
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
        self.0.iter().filter_map(|entry| entry.principal.shared_key())
    }

    /// Verifies the key of this hash, for a page of `origin` in browsers.
    pub(super) fn verify(
        &self,
        hash: &KeyHash,
        origin: Option<&str>,
        now: Timestamp,
    ) -> Result<Grant, KeyError> {
        let entry = self.find(hash).ok_or(KeyError::Unknown)?;
        if entry.expires.is_some_and(|expires| expires <= now) {
            return Err(KeyError::Expired);
        }
        let allowed = |origin: &str| entry.origins.iter().any(|allowed| allowed == origin);
        if !entry.origins.is_empty() && origin.is_some_and(|origin| !allowed(origin)) {
            return Err(KeyError::OtherOrigin);
        }
        Ok(Grant { principal: entry.principal.clone(), expires: entry.expires })
    }

    /// Compares with every key in constant time, so that the duration reveals no near match.
    fn find(&self, hash: &KeyHash) -> Option<&KeyEntry> {
        let mut position = 0_u64;
        let mut found = Choice::from(0);
        for (index, entry) in (0_u64..).zip(&self.0) {
            let same = entry.hash.0.ct_eq(&hash.0);
            position.conditional_assign(&index, same);
            found |= same;
        }
        let entry = usize::try_from(position).ok().and_then(|position| self.0.get(position));
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

    fn verify(store: &KeyStore, byte: u8, origin: Option<&str>) -> Result<String, KeyError> {
        let grant = store.verify(&KeyHash([byte; 32]), origin, Utc::now())?;
        Ok(grant.principal.key().unwrap().to_owned())
    }

    #[test]
    fn each_key_is_found_and_no_other() {
        let store = KeyStore::new(&[key("first", 0), key("second", 1), key("last", 2)]);
        for (byte, name) in [(0, "first"), (1, "second"), (2, "last")] {
            assert_eq!(verify(&store, byte, None), Ok(name.to_owned()));
        }
        assert_eq!(verify(&store, 3, None), Err(KeyError::Unknown));
        assert_eq!(verify(&KeyStore::default(), 0, None), Err(KeyError::Unknown));
    }

    #[test]
    fn keys_end_and_keep_to_their_origins() {
        let expires = Some(Utc::now() + TimeDelta::hours(1));
        let origins = vec![Origin::parse("https://shop.example").unwrap()];
        let store = KeyStore::new(&[KeyConfig { expires, origins, ..key("shop", 7) }]);
        assert_eq!(verify(&store, 7, None), Ok("shop".to_owned()));
        assert_eq!(verify(&store, 7, Some("https://shop.example")), Ok("shop".to_owned()));
        for other in ["https://shop.example:444", "http://shop.example", "null", ""] {
            assert_eq!(verify(&store, 7, Some(other)), Err(KeyError::OtherOrigin), "{other}");
        }
        let late = store.verify(&KeyHash([7; 32]), None, Utc::now() + TimeDelta::hours(1));
        assert_eq!(late, Err(KeyError::Expired));
    }
}
