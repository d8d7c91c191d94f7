use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use sha2::{Digest, Sha256};

/// The prefix of document ids that are hashes, by the GraphQL over HTTP specification.
pub(super) const PREFIX: &str = "sha256:";

/// The SHA-256 of a document's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) struct Hash([u8; 32]);

impl Hash {
    pub(super) fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// Parses hexadecimal digits, with or without the prefix.
    pub(super) fn parse(id: &str) -> Option<Self> {
        let digits = id.strip_prefix(PREFIX).unwrap_or(id);
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
    fn ids_are_parsed_with_and_without_their_prefix() {
        // The hash in Apollo's documentation.
        let hex = "ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38";
        let hash = Hash::of("{__typename}");
        assert_eq!(hash.to_hex(), hex);
        for id in [hex.to_owned(), format!("sha256:{hex}"), hex.to_uppercase()] {
            assert_eq!(Hash::parse(&id), Some(hash), "{id}");
        }
        for id in ["", "sha256:", "ecf4", "sha1:ecf4", &hex[..63], &format!("{hex}00"), "sha256:sha256:"] {
            assert_eq!(Hash::parse(id), None, "{id}");
        }
    }
}
