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

/// A digest of a search's query key, stored where the text must not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueryDigest(pub i64);

impl QueryDigest {
    /// Digests a [`query_key`](super::query_key), up to the 256 characters that the log keeps.
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

    /// Creates the id of a response at a time, to a session if it is known.
    ///
    /// It contains a digest of the session and the second, by which a click is attributed to the logged search.
    /// Responses to a session's same query within a second have one id.
    pub fn of_response(session: Option<&SessionId>, at: Timestamp, random: u32, query: QueryDigest) -> Self {
        let session = session.map_or(random, session_digest);
        // The time of a second fits into 32 bits until 2106.
        let second = u32::try_from(at.timestamp()).unwrap_or_default();
        Self::new(u64::from(session) << 32 | u64::from(second), query)
    }

    /// The time of the response, to the second.
    pub fn responded_at(self) -> Timestamp {
        let second = self.0.as_u64_pair().0 as u32;
        Timestamp::from_timestamp(second.into(), 0).unwrap_or_default()
    }

    /// Returns true if the response was to this session.
    pub fn is_of(self, session: &SessionId) -> bool {
        self.0.as_u64_pair().0 >> 32 == u64::from(session_digest(session))
    }

    /// Reads an id from its 128 bits.
    pub fn from_uuid(id: Uuid) -> Self {
        Self(id)
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

fn session_digest(session: &SessionId) -> u32 {
    let digest = Uuid::new_v5(&Uuid::NAMESPACE_OID, session.as_str().as_bytes());
    (digest.as_u64_pair().0 >> 32) as u32
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
    /// The rank of the document in the response, from 1, if known.
    pub position: Option<i32>,
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
    fn the_id_of_a_response_names_its_session_and_second() {
        let [one, other] = ["s-1", "s-2"].map(|id| SessionId::parse(id).unwrap());
        let at = Timestamp::from_timestamp(1_800_000_000, 999_000_000).unwrap();
        let id = SearchId::of_response(Some(&one), at, 7, QueryDigest(-3));
        assert_eq!((id.query(), id.responded_at().timestamp()), (QueryDigest(-3), 1_800_000_000));
        assert!(id.is_of(&one) && !id.is_of(&other));
        assert!(!SearchId::of_response(None, at, 7, QueryDigest(-3)).is_of(&one));
        assert_eq!(SearchId::from_uuid(id.as_uuid()), id);
    }

    #[test]
    fn digests_distinguish_queries_up_to_256_characters() {
        assert_eq!(QueryDigest::of("business"), QueryDigest::of("business"));
        assert_ne!(QueryDigest::of("business"), QueryDigest::of("busines"));
        assert_eq!(QueryDigest::of(&"ü".repeat(256)), QueryDigest::of(&"ü".repeat(300)));
        assert_ne!(QueryDigest::of(&"ü".repeat(255)), QueryDigest::of(&"ü".repeat(300)));
    }
}
