//! The identity of interactions: a repeated request counts once.

use chrono::{DateTime, TimeDelta};
use uuid::{Uuid, uuid};

use quarry_domain::{
    DocumentId, Interaction, InteractionId, InteractionKind, SearchId, SessionId, Timestamp, UserId,
    check_text,
};

/// The UUID namespace of interaction ids.
const ID_NAMESPACE: Uuid = uuid!("a3c1b1de-52c7-4c0c-8a7f-9f0f0d1f5a36");
/// The tolerance for clients whose clock is fast.
const MAX_CLOCK_SKEW: TimeDelta = TimeDelta::days(1);
/// The last position of a search result that clients page to.
const MAX_POSITION: i32 = 1_000_000;
/// The maximum length of an idempotency key.
const MAX_KEY_CHARS: usize = 128;

/// An invalid field of an interaction, with the remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {problem}")]
pub struct InvalidInteraction {
    /// The field's name in the GraphQL schema.
    pub field: &'static str,
    /// The problem and the remedy; completes the field's name.
    pub problem: String,
}

impl InvalidInteraction {
    fn new(field: &'static str, problem: impl Into<String>) -> Self {
        Self { field, problem: problem.into() }
    }
}

/// A client's idempotency key: 1 to 128 characters without control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Parses a key.
    pub fn parse(key: &str) -> Result<Self, InvalidInteraction> {
        let checked = if key.is_empty() {
            Err(format!("is empty: omit it, or use 1 to {MAX_KEY_CHARS} characters"))
        } else {
            check_text(key, MAX_KEY_CHARS)
        };
        checked.map_err(|problem| InvalidInteraction::new("idempotencyKey", problem))?;
        Ok(Self(key.to_owned()))
    }
}

/// An interaction as a client reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewInteraction {
    /// The kind of interaction.
    pub kind: InteractionKind,
    /// The document.
    pub document: DocumentId,
    /// The quantity, at least 1.
    pub quantity: i64,
    /// The user's session, if known.
    pub session: Option<SessionId>,
    /// The user, if logged in.
    pub user: Option<UserId>,
    /// The search that found the document, if any.
    pub search: Option<SearchId>,
    /// The rank of the document in its response, from 1, if known.
    pub position: Option<i32>,
    /// The time by the client's clock; now by default.
    pub occurred_at: Option<Timestamp>,
    /// The client's idempotency key, if any.
    pub idempotency_key: Option<IdempotencyKey>,
}

impl NewInteraction {
    /// Validates the fields and derives the id.
    ///
    /// With an idempotency key, the id derives from the key, kind, document, session and user, so that
    /// neither the lines of one order nor users of a client with poor keys collide. Without a key, the id
    /// derives from all fields if session and time are among them: a request with the same fields is a
    /// repetition. Otherwise a repetition cannot be recognised, and each request counts.
    ///
    /// A time slightly in the future is the work of a fast clock, and becomes `now`.
    pub fn validate(self, now: Timestamp) -> Result<Interaction, InvalidInteraction> {
        if self.quantity < 1 {
            return Err(InvalidInteraction::new("quantity", "must be at least 1"));
        }
        if self.position.is_some_and(|position| !(1..=MAX_POSITION).contains(&position)) {
            let problem =
                format!("must be from 1 to {MAX_POSITION}: the rank of the document in the search result");
            return Err(InvalidInteraction::new("position", problem));
        }
        if self.occurred_at.is_some_and(|at| at < DateTime::UNIX_EPOCH) {
            return Err(InvalidInteraction::new("occurredAt", "must not be before 1970"));
        }
        if self.occurred_at.is_some_and(|at| at > now + MAX_CLOCK_SKEW) {
            return Err(InvalidInteraction::new(
                "occurredAt",
                "is more than a day in the future: check the client's clock",
            ));
        }
        let id = match (&self.idempotency_key, &self.session, self.occurred_at) {
            (Some(key), ..) => self.id_fields("key").text(Some(&key.0)).id(),
            (None, Some(_), Some(at)) => {
                let search = self.search.map(|search| search.to_string());
                let fields = self.id_fields("fields").text(search.as_deref());
                fields.number(self.quantity).number(at.timestamp_micros()).id()
            }
            _ => Uuid::new_v4(),
        };
        Ok(Interaction {
            id: InteractionId(id),
            kind: self.kind,
            document: self.document,
            quantity: self.quantity,
            session: self.session,
            user: self.user,
            search: self.search,
            position: self.position,
            occurred_at: self.occurred_at.map_or(now, |at| at.min(now)),
        })
    }

    /// Encodes the fields that every derived id includes.
    fn id_fields(&self, scheme: &str) -> IdFields {
        let kind = match self.kind {
            InteractionKind::Click => "click",
            InteractionKind::Conversion => "conversion",
        };
        let fields = IdFields(Vec::new()).text(Some(scheme)).text(Some(kind));
        let fields = fields.text(Some(&self.document.0.to_string()));
        let session = self.session.as_ref().map(SessionId::as_str);
        fields.text(session).text(self.user.as_ref().map(UserId::as_str))
    }
}

/// An injective encoding of fields: each text is prefixed with its length.
struct IdFields(Vec<u8>);

impl IdFields {
    fn text(mut self, text: Option<&str>) -> Self {
        match text {
            Some(text) => {
                self.0.extend(text.len().to_le_bytes());
                self.0.extend(text.as_bytes());
            }
            None => self.0.extend(usize::MAX.to_le_bytes()),
        }
        self
    }

    fn number(mut self, number: i64) -> Self {
        self.0.extend(number.to_le_bytes());
        self
    }

    fn id(self) -> Uuid {
        Uuid::new_v5(&ID_NAMESPACE, &self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use chrono::TimeDelta;

    use super::*;
    use quarry_domain::QueryDigest;

    fn now() -> Timestamp {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    fn key(key: &str) -> Option<IdempotencyKey> {
        Some(IdempotencyKey::parse(key).unwrap())
    }

    fn full() -> NewInteraction {
        NewInteraction {
            kind: InteractionKind::Click,
            document: DocumentId(Uuid::from_u128(1)),
            quantity: 2,
            session: Some(SessionId::parse("s").unwrap()),
            user: Some(UserId::parse("u").unwrap()),
            search: Some(SearchId::new(1, QueryDigest(2))),
            position: None,
            occurred_at: Some(now() - TimeDelta::seconds(5)),
            idempotency_key: None,
        }
    }

    fn id(new: &NewInteraction) -> InteractionId {
        new.clone().validate(now()).unwrap().id
    }

    #[test]
    fn repeated_requests_have_the_same_id_and_others_differ() {
        let all = [
            full(),
            NewInteraction { kind: InteractionKind::Conversion, ..full() },
            NewInteraction { document: DocumentId(Uuid::from_u128(2)), ..full() },
            NewInteraction { quantity: 3, ..full() },
            NewInteraction { session: Some(SessionId::parse("su").unwrap()), user: None, ..full() },
            NewInteraction { user: None, ..full() },
            NewInteraction { search: None, ..full() },
            NewInteraction { occurred_at: Some(now()), ..full() },
            NewInteraction { idempotency_key: key("k"), ..full() },
        ];
        let ids: HashSet<InteractionId> = all.iter().map(id).collect();
        assert_eq!(ids.len(), all.len());
        for new in &all {
            assert_eq!(id(new), id(new));
            let later = new.clone().validate(now() + TimeDelta::days(1)).unwrap();
            assert_eq!(later.id, id(new));
        }
    }

    #[test]
    fn requests_without_session_or_time_have_distinct_ids() {
        for new in
            [NewInteraction { session: None, ..full() }, NewInteraction { occurred_at: None, ..full() }]
        {
            assert_ne!(id(&new), id(&new));
        }
    }

    #[test]
    fn an_idempotency_key_is_scoped_to_document_kind_and_user() {
        let keyed = NewInteraction { idempotency_key: key("order 17"), occurred_at: None, ..full() };
        assert_eq!(id(&keyed), id(&NewInteraction { quantity: 9, search: None, ..keyed.clone() }));
        let others = [
            NewInteraction { idempotency_key: key("order 18"), ..keyed.clone() },
            NewInteraction { document: DocumentId(Uuid::from_u128(2)), ..keyed.clone() },
            NewInteraction { kind: InteractionKind::Conversion, ..keyed.clone() },
            NewInteraction { session: None, ..keyed.clone() },
            NewInteraction { user: None, ..keyed.clone() },
        ];
        for other in others {
            assert_ne!(id(&other), id(&keyed));
        }
    }

    #[test]
    fn slightly_fast_clocks_become_now_and_invalid_fields_are_rejected() {
        let at = |occurred_at| NewInteraction { occurred_at, ..full() }.validate(now());
        assert_eq!(at(None).unwrap().occurred_at, now());
        assert_eq!(at(Some(now() + TimeDelta::hours(23))).unwrap().occurred_at, now());
        assert_eq!(at(Some(now() + TimeDelta::hours(25))).unwrap_err().field, "occurredAt");
        let earlier = now() - TimeDelta::days(9);
        assert_eq!(at(Some(earlier)).unwrap().occurred_at, earlier);
        assert_eq!(at(Some(Timestamp::MIN_UTC)).unwrap_err().field, "occurredAt");
        let none = NewInteraction { quantity: 0, ..full() };
        assert_eq!(none.validate(now()).unwrap_err().field, "quantity");
        assert!(IdempotencyKey::parse(&"🦀".repeat(128)).is_ok());
        for bad in ["", "a\0b", &"x".repeat(129)] {
            assert_eq!(IdempotencyKey::parse(bad).unwrap_err().field, "idempotencyKey", "{bad:?}");
        }
    }
}
