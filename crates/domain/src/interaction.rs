use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{DocumentId, SessionId, Timestamp, UserId};

/// The kind of an interaction with a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum InteractionKind {
    /// The document was opened.
    Click,
    /// The document was bought, or another goal of the site was reached.
    Conversion,
}

/// The id of an interaction, which doubles as its idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InteractionId(pub Uuid);

/// A digest of a search's comparison key, stored where the text must not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueryDigest(pub i64);

impl QueryDigest {
    /// Digests a [`comparison_key`](super::comparison_key), up to the 256 characters that the log keeps.
    pub fn of(query_key: &str) -> Self {
        let end = query_key.char_indices().nth(256).map_or(query_key.len(), |(end, _)| end);
        let digest = Uuid::new_v5(&Uuid::NAMESPACE_OID, &query_key.as_bytes()[..end]);
        let [half @ .., _, _, _, _, _, _, _, _] = digest.into_bytes();
        Self(i64::from_be_bytes(half))
    }
}

/// The id of a search response: 32 hexadecimal digits.
///
/// It contains the digest of the query, so that a click attributes to a query without its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SearchId(Uuid);

impl SearchId {
    /// Creates the id of a response; `salt` makes it unique.
    pub fn new(salt: u64, query: QueryDigest) -> Self {
        Self(Uuid::from_u64_pair(salt, query.0.cast_unsigned()))
    }

    /// Parses an id in its canonical spelling only.
    pub fn parse(text: &str) -> Option<Self> {
        let is_canonical =
            text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        is_canonical.then(|| Uuid::try_parse(text).ok()).flatten().map(Self)
    }

    /// The digest of the query.
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

/// A click on a document, or a conversion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interaction {
    /// The id.
    pub id: InteractionId,
    /// The kind.
    pub kind: InteractionKind,
    /// The document.
    pub document: DocumentId,
    /// The quantity: at least 1.
    pub quantity: i64,
    /// The user's session, if known.
    pub session: Option<SessionId>,
    /// The user, if logged in.
    pub user: Option<UserId>,
    /// The search response that led to the document, if any.
    pub search: Option<SearchId>,
    /// The time of the interaction.
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
    fn digests_distinguish_queries_up_to_256_characters() {
        assert_eq!(QueryDigest::of("business"), QueryDigest::of("business"));
        assert_ne!(QueryDigest::of("business"), QueryDigest::of("busines"));
        assert_eq!(QueryDigest::of(&"ü".repeat(256)), QueryDigest::of(&"ü".repeat(300)));
        assert_ne!(QueryDigest::of(&"ü".repeat(255)), QueryDigest::of(&"ü".repeat(300)));
    }
}
