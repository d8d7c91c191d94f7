use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use sha2::{Digest, Sha256};

/// What GraphQL over HTTP puts before a hash that is a document's name.
pub(super) const PREFIX: &str = "sha256:";

/// The SHA-256 of a document's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) struct Hash([u8; 32]);

impl Hash {
    pub(super) fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// Reads hexadecimal digits, with or without the prefix.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let digits = name.strip_prefix(PREFIX).unwrap_or(name);
        let bytes = HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }

    pub(super) fn to_hex(self) -> String {
        HEXLOWER.encode(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_with_and_without_their_prefix() {
        // What Apollo documents for this query.
        let hex = "ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38";
        let hash = Hash::of("{__typename}");
        assert_eq!(hash.to_hex(), hex);
        for name in [hex.to_owned(), format!("sha256:{hex}"), hex.to_uppercase()] {
            assert_eq!(Hash::parse(&name), Some(hash), "{name}");
        }
        for name in ["", "sha256:", "ecf4", "sha1:ecf4", &hex[..63], &format!("{hex}00"), "sha256:sha256:"] {
            assert_eq!(Hash::parse(name), None, "{name}");
        }
    }
}
