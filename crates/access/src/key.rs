use rand::SeedableRng;
use rand::distr::{Alphanumeric, SampleString};
use rand::rngs::{StdRng, SysError, SysRng};
use sha2::{Digest, Sha256};

use quarry_domain::KeyHash;

/// Begins every key, so that people and secret scanners recognise one.
pub const KEY_PREFIX: &str = "quarry_";
/// Letters and digits of a key, each worth 5.95 bits: 190 in all.
const CHARS: usize = 32;
/// The longest text that is looked at: longer ones are no keys.
const MAX_BYTES: usize = 256;

/// An API key itself. It is shown once and never kept.
pub struct ApiKey(String);

impl ApiKey {
    /// A new key, made of the operating system's randomness.
    pub fn generate() -> Result<Self, SysError> {
        // 256 bits of it, drawn out by a generator that is fit for cryptography.
        let mut random = StdRng::try_from_rng(&mut SysRng)?;
        let text = Alphanumeric.sample_string(&mut random, CHARS);
        Ok(Self(format!("{KEY_PREFIX}{text}")))
    }

    /// The key, for the one place that shows it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is configured of the key.
    pub fn hash(&self) -> KeyHash {
        digest(&self.0)
    }
}

/// The hash of what somebody presents as a key; none if it cannot be one.
pub(super) fn hash_of(presented: &str) -> Option<KeyHash> {
    let plain = presented.bytes().all(|byte| byte.is_ascii_graphic());
    ((1..=MAX_BYTES).contains(&presented.len()) && plain).then(|| digest(presented))
}

/// A fast hash is right here. Slow ones protect passwords, which people choose and others can
/// guess; a key is 190 random bits, so trying is hopeless however fast it goes, and each request
/// would pay for the slowness.
fn digest(key: &str) -> KeyHash {
    KeyHash(Sha256::digest(key.as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn keys_are_recognisable_random_and_known_by_their_hash() {
        let keys: HashSet<String> = (0..1_000).map(|_| ApiKey::generate().unwrap().0).collect();
        assert_eq!(keys.len(), 1_000);
        for key in &keys {
            let secret = key.strip_prefix(KEY_PREFIX).unwrap();
            assert!(secret.len() == 32 && secret.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{key}");
        }
        let key = ApiKey::generate().unwrap();
        assert_eq!(hash_of(key.expose()), Some(key.hash()));
    }

    #[test]
    fn the_hash_is_plain_sha_256() {
        let hash = hash_of("abc").unwrap().to_string();
        assert_eq!(hash, "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn what_cannot_be_a_key_is_not_hashed() {
        for text in ["", "a b", "ü", &"a".repeat(257)] {
            assert_eq!(hash_of(text), None, "{text}");
        }
    }
}
