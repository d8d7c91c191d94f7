use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use url::Url;

/// The longest name of a key in characters.
const MAX_NAME_CHARS: usize = 64;
/// The prefix of a hash, which names the algorithm.
const HASH_PREFIX: &str = "sha256:";

/// A malformed key name, hash or origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is malformed")]
pub struct InvalidKeyPart;

/// The name of an API key, for logs, metrics and errors.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyName(Arc<str>);

impl KeyName {
    /// Accepts 1 to 64 ASCII letters, digits, `-`, `_` and `.`.
    ///
    /// Such names need no escaping in logs and metric labels.
    pub fn parse(name: &str) -> Result<Self, InvalidKeyPart> {
        let plain = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.');
        let fits = (1..=MAX_NAME_CHARS).contains(&name.len()) && name.chars().all(plain);
        fits.then(|| Self(name.into())).ok_or(InvalidKeyPart)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name, shared without a copy.
    pub fn shared(&self) -> Arc<str> {
        self.0.clone()
    }
}

impl TryFrom<String> for KeyName {
    type Error = InvalidKeyPart;
    fn try_from(name: String) -> Result<Self, InvalidKeyPart> {
        Self::parse(&name)
    }
}

impl From<KeyName> for String {
    fn from(name: KeyName) -> Self {
        name.0.to_string()
    }
}

/// The SHA-256 of an API key, which is configured in its place.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyHash(pub [u8; 32]);

impl fmt::Display for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{HASH_PREFIX}{}", HEXLOWER.encode(&self.0))
    }
}

// A hash reveals no key, but does not belong in a log either.
impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHash")
    }
}

impl FromStr for KeyHash {
    type Err = InvalidKeyPart;
    fn from_str(text: &str) -> Result<Self, InvalidKeyPart> {
        let digits = text.strip_prefix(HASH_PREFIX).ok_or(InvalidKeyPart)?;
        let bytes = HEXLOWER.decode(digits.as_bytes()).map_err(|_| InvalidKeyPart)?;
        bytes.try_into().map(Self).map_err(|_| InvalidKeyPart)
    }
}

impl TryFrom<String> for KeyHash {
    type Error = InvalidKeyPart;
    fn try_from(text: String) -> Result<Self, InvalidKeyPart> {
        text.parse()
    }
}

impl From<KeyHash> for String {
    fn from(hash: KeyHash) -> Self {
        hash.to_string()
    }
}

/// The web origin of a page, such as `https://shop.example`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Origin(String);

impl Origin {
    /// Accepts a scheme, a host and an optional port, but no path.
    pub fn parse(text: &str) -> Result<Self, InvalidKeyPart> {
        let url = Url::parse(text).map_err(|_| InvalidKeyPart)?;
        let bare = url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        let known = matches!(url.scheme(), "http" | "https") && url.has_host();
        (bare && known).then(|| Self(url.origin().ascii_serialization())).ok_or(InvalidKeyPart)
    }

    /// The origin as browsers serialise it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Origin {
    type Error = InvalidKeyPart;
    fn try_from(text: String) -> Result<Self, InvalidKeyPart> {
        Self::parse(&text)
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> Self {
        origin.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_read_as_they_are_written() {
        let hash = KeyHash([0xab; 32]);
        assert_eq!(hash.to_string(), format!("sha256:{}", "ab".repeat(32)));
        assert_eq!(hash.to_string().parse(), Ok(hash));
        for text in ["", "sha256:", &"ab".repeat(32), &format!("sha256:{}", "AB".repeat(32)), "sha256:ab"] {
            assert_eq!(text.parse::<KeyHash>(), Err(InvalidKeyPart), "{text}");
        }
    }

    #[test]
    fn origins_are_written_as_browsers_do() {
        let written = |text: &str| Origin::parse(text).map(|origin| origin.as_str().to_owned());
        assert_eq!(written("https://Shop.example:443/"), Ok("https://shop.example".to_owned()));
        assert_eq!(written("http://127.0.0.1:8000"), Ok("http://127.0.0.1:8000".to_owned()));
        for text in ["", "shop.example", "ftp://a.example", "https://a.example/x", "https://u@a.example", "*"]
        {
            assert_eq!(written(text), Err(InvalidKeyPart), "{text}");
        }
    }

    #[test]
    fn names_are_plain() {
        for name in ["a", "shop-search_2.b"] {
            assert_eq!(KeyName::parse(name).map(|name| name.as_str().to_owned()), Ok(name.to_owned()));
        }
        for name in ["", "a b", "ü", &"a".repeat(65)] {
            assert_eq!(KeyName::parse(name), Err(InvalidKeyPart), "{name}");
        }
    }
}
