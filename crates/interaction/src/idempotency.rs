//! Which interaction a request stands for.

use chrono::{DateTime, TimeDelta};
use uuid::{Uuid, uuid};

use quarry_domain::{
    DocumentId, Interaction, InteractionId, InteractionKind, SearchId, SessionId, Timestamp, UserId,
};

/// Names the ids of interactions.
const ID_NAMESPACE: Uuid = uuid!("a3c1b1de-52c7-4c0c-8a7f-9f0f0d1f5a36");
/// How far ahead a client's clock may be.
const MAX_CLOCK_SKEW: TimeDelta = TimeDelta::days(1);
/// The longest key of a client, in characters.
const MAX_KEY_CHARS: usize = 128;

/// Why an interaction cannot be taken. The message says what to change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {problem}")]
pub struct InvalidInteraction {
    /// The contract's name of the field.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

impl InvalidInteraction {
    fn new(field: &'static str, problem: impl Into<String>) -> Self {
        Self { field, problem: problem.into() }
    }
}

/// A client's own name for an interaction: 1 to 128 characters, no control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Parses a key.
    pub fn parse(key: &str) -> Result<Self, InvalidInteraction> {
        let problem = if key.is_empty() {
            "is empty: leave it out, or give it at least one character".to_owned()
        } else if key.chars().count() > MAX_KEY_CHARS {
            format!("is longer than {MAX_KEY_CHARS} characters")
        } else if key.chars().any(char::is_control) {
            "holds a control character: remove it".to_owned()
        } else {
            return Ok(Self(key.to_owned()));
        };
        Err(InvalidInteraction::new("idempotencyKey", problem))
    }
}

/// An interaction as a client tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewInteraction {
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
    /// When it happened, by the client's clock; now, if it does not say.
    pub occurred_at: Option<Timestamp>,
    /// The client's own name for it.
    pub idempotency_key: Option<IdempotencyKey>,
}

impl NewInteraction {
    /// Checks it and gives it its id.
    ///
    /// With a key, the id derives from it together with kind, document, session and user: so
    /// neither the lines of one order nor visitors whose clients choose poor keys take each other's
    /// place. Without one, it derives from all fields, where session and time are among those given:
    /// what is the same in all of these is a repeated request. Else nothing tells two interactions
    /// from one that is repeated, and each counts.
    ///
    /// A time that is a little ahead is a clock that is fast: it is taken for now.
    pub fn validate(self, now: Timestamp) -> Result<Interaction, InvalidInteraction> {
        if self.quantity < 1 {
            return Err(InvalidInteraction::new("quantity", "is less than 1"));
        }
        if self.occurred_at.is_some_and(|at| at < DateTime::UNIX_EPOCH) {
            return Err(InvalidInteraction::new("occurredAt", "lies before 1970"));
        }
        if self.occurred_at.is_some_and(|at| at > now + MAX_CLOCK_SKEW) {
            return Err(InvalidInteraction::new("occurredAt", "lies in the future"));
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
            occurred_at: self.occurred_at.map_or(now, |at| at.min(now)),
        })
    }

    /// What every derived id derives from.
    fn id_fields(&self, of: &str) -> IdFields {
        let kind = match self.kind {
            InteractionKind::Click => "click",
            InteractionKind::Conversion => "conversion",
        };
        let fields = IdFields(Vec::new()).text(Some(of)).text(Some(kind));
        let fields = fields.text(Some(&self.document.0.to_string()));
        let session = self.session.as_ref().map(SessionId::as_str);
        fields.text(session).text(self.user.as_ref().map(UserId::as_str))
    }
}

/// Fields, written so that no two lists of them look the same.
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
            occurred_at: Some(now() - TimeDelta::seconds(5)),
            idempotency_key: None,
        }
    }

    fn id(new: &NewInteraction) -> InteractionId {
        new.clone().validate(now()).unwrap().id
    }

    #[test]
    fn a_request_that_is_repeated_is_the_same_interaction_and_any_other_is_not() {
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
    fn without_a_session_or_a_time_each_counts() {
        for new in
            [NewInteraction { session: None, ..full() }, NewInteraction { occurred_at: None, ..full() }]
        {
            assert_ne!(id(&new), id(&new));
        }
    }

    #[test]
    fn a_key_names_an_interaction_with_one_document_by_one_visitor() {
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
    fn fast_clocks_are_taken_for_now_and_what_cannot_be_is_refused() {
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
