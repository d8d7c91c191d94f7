use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{DocumentId, SessionId, Timestamp, UserId};

/// What a visitor did with a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum InteractionKind {
    /// Opened it.
    Click,
    /// Bought it, or whatever else the site is there for.
    Conversion,
}

/// Identifies an interaction: the same whenever the same one is brought again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InteractionId(pub Uuid);

/// Stands for the comparison form of a search's text, where the text itself must not be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueryDigest(pub i64);

impl QueryDigest {
    /// The digest of a [`comparison_key`](super::comparison_key). Its first 256 characters count,
    /// as in the log of searches.
    pub fn of(query_key: &str) -> Self {
        let end = query_key.char_indices().nth(256).map_or(query_key.len(), |(end, _)| end);
        let digest = Uuid::new_v5(&Uuid::NAMESPACE_OID, &query_key.as_bytes()[..end]);
        let [half @ .., _, _, _, _, _, _, _, _] = digest.into_bytes();
        Self(i64::from_be_bytes(half))
    }
}

/// Names one answer to a search, and carries a digest of what was searched for: 32 hexadecimal
/// digits. So a click that quotes it tells which query led there without saying it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SearchId(Uuid);

impl SearchId {
    /// The id of an answer to a query, made unlike any other by `salt`.
    pub fn new(salt: u64, query: QueryDigest) -> Self {
        Self(Uuid::from_u64_pair(salt, query.0.cast_unsigned()))
    }

    /// Reads an id, in the one spelling that this server gives out.
    pub fn parse(text: &str) -> Option<Self> {
        let is_ours = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        is_ours.then(|| Uuid::try_parse(text).ok()).flatten().map(Self)
    }

    /// What was searched for.
    pub fn query(self) -> QueryDigest {
        QueryDigest(self.0.as_u64_pair().1.cast_signed())
    }

    /// The id as 128 bits.
    pub fn as_uuid(self) -> Uuid {
        self.0
    }
}

impl fmt::Display for SearchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_simple().fmt(f)
    }
}

/// A click on, or a conversion of, a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interaction {
    /// Its id.
    pub id: InteractionId,
    /// What was done.
    pub kind: InteractionKind,
    /// The document.
    pub document: DocumentId,
    /// How many of it: at least 1.
    pub quantity: i64,
    /// The visitor's session, where known.
    pub session: Option<SessionId>,
    /// The visitor, where logged in.
    pub user: Option<UserId>,
    /// The answer that the document was found in, where it was.
    pub search: Option<SearchId>,
    /// When it happened.
    pub occurred_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_id_keeps_its_query_and_has_one_spelling() {
        let digest = QueryDigest::of("business");
        let id = SearchId::new(u64::MAX - 1, digest);
        assert_eq!(id.query(), digest);
        assert_eq!(SearchId::parse(&id.to_string()), Some(id));
        for other in ["", "0", "ABCDEF0123456789ABCDEF0123456789", "{0123456789abcdef0123456789abcde}"] {
            assert_eq!(SearchId::parse(other), None, "{other:?}");
        }
        assert_eq!(SearchId::parse(&id.to_string().to_uppercase()), None);
    }

    #[test]
    fn digests_tell_queries_apart_up_to_256_characters() {
        assert_eq!(QueryDigest::of("business"), QueryDigest::of("business"));
        assert_ne!(QueryDigest::of("business"), QueryDigest::of("busines"));
        assert_eq!(QueryDigest::of(&"ü".repeat(256)), QueryDigest::of(&"ü".repeat(300)));
        assert_ne!(QueryDigest::of(&"ü".repeat(255)), QueryDigest::of(&"ü".repeat(300)));
    }
}
