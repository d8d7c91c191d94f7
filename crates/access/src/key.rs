use rand::SeedableRng;
use rand::distr::{Alphanumeric, SampleString};
use rand::rngs::{StdRng, SysError, SysRng};
use sha2::{Digest, Sha256};

use quarry_domain::KeyHash;

/// The prefix of every key, by which operators and secret scanners recognise one.
pub const KEY_PREFIX: &str = "quarry_";
/// The random letters and digits of a key: 5.95 bits each, 190 in all.
const RANDOM_CHARS: usize = 32;
/// The longest accepted key; longer input is rejected without hashing.
const MAX_KEY_BYTES: usize = 256;

/// An API key in plain text: shown once, never stored.
pub struct ApiKey(String);

impl ApiKey {
    /// Generates a key from the operating system's randomness.
    pub fn generate() -> Result<Self, SysError> {
        // A cryptographically secure generator, seeded with 256 bits.
        let mut random = StdRng::try_from_rng(&mut SysRng)?;
        let text = Alphanumeric.sample_string(&mut random, RANDOM_CHARS);
        Ok(Self(format!("{KEY_PREFIX}{text}")))
    }

    /// The plain text of the key, for the command that prints it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The hash of the key, which is configured in its place.
    pub fn hash(&self) -> KeyHash {
        digest(&self.0)
    }
}

/// Hashes a presented key; returns `None` for input that cannot be one.
pub(super) fn hash_presented(presented: &str) -> Option<KeyHash> {
    let plain = presented.bytes().all(|byte| byte.is_ascii_graphic());
    ((1..=MAX_KEY_BYTES).contains(&presented.len()) && plain).then(|| digest(presented))
}

/// The SHA-256 of a key.
///
/// A fast hash suffices: slow ones protect passwords, which can be guessed, whereas a key has 190
/// random bits, and every request would pay for the slowness.
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
        assert_eq!(hash_presented(key.expose()), Some(key.hash()));
    }

    #[test]
    fn the_hash_is_plain_sha_256() {
        let hash = hash_presented("abc").unwrap().to_string();
        assert_eq!(hash, "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn what_cannot_be_a_key_is_not_hashed() {
        for text in ["", "a b", "ü", &"a".repeat(257)] {
            assert_eq!(hash_presented(text), None, "{text}");
        }
    }
}
