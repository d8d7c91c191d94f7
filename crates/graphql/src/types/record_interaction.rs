use async_graphql::{Context, ID, InputObject, NewType, SimpleObject};

use super::InteractionKind;
use super::keystroke_input::invalid;
use crate::error::Failure;
use crate::ids::NodeId;
use crate::scalars::{DateTime, OrDefault};
use quarry_domain::{Interaction, InvalidKeystroke, SearchId, SessionId, Timestamp, UserId};
use quarry_interaction::{IdempotencyKey, InvalidInteraction, NewInteraction};

/// The largest quantity that is taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LargestQuantity(pub(crate) u32);

impl LargestQuantity {
    /// The limit of this API; a schema without one has none.
    pub(crate) fn of(ctx: &Context<'_>) -> Self {
        ctx.data_opt().copied().unwrap_or(Self(u32::MAX))
    }
}

/// How many of a document.
#[derive(Clone, Copy, Debug, NewType)]
pub(crate) struct Quantity(i32);

impl Default for Quantity {
    fn default() -> Self {
        Self(1)
    }
}

/// What a visitor did with a document.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct RecordInteractionInput {
    /// What was done.
    kind: InteractionKind,
    /// The document.
    document_id: ID,
    /// The number of them: 1 or more, and at most the server's `limits.quantity`, 10000 unless set.
    #[graphql(default)]
    quantity: OrDefault<Quantity>,
    /// The visitor's session, as the client names it: 1 to 128 characters.
    session_id: Option<ID>,
    /// The visitor, where logged in: 1 to 128 characters. Leave it out for anonymous visitors.
    user_id: Option<ID>,
    /// The `searchId` of the answer that the document was found in.
    search_id: Option<ID>,
    /// When it happened: now unless given. A clock that is up to a day ahead is taken for now.
    occurred_at: Option<DateTime>,
    /// The client's own name for this interaction, 1 to 128 characters: sent again with the same document, kind,
    /// session and user, it counts once. Without it, a repeat counts once only where `sessionId` and `occurredAt`
    /// are given and all else is the same.
    idempotency_key: Option<ID>,
}

impl RecordInteractionInput {
    /// The interaction, if all of it can be taken.
    pub(crate) fn checked(
        self,
        now: Timestamp,
        LargestQuantity(most): LargestQuantity,
    ) -> Result<Interaction, Failure> {
        let quantity = i64::from(self.quantity.0.0);
        if quantity > i64::from(most) {
            return Err(Failure::bad_input(
                "input.quantity",
                format_args!(
                    "is more than {most}: send several interactions, or let the operator raise limits.quantity"
                ),
            ));
        }
        let Some(NodeId::Document(document)) = NodeId::parse(&self.document_id) else {
            return Err(Failure::bad_input("input.documentId", "is not the id of a document"));
        };
        let search = self.search_id.map(|id| {
            SearchId::parse(&id).ok_or_else(|| {
                Failure::bad_input(
                    "input.searchId",
                    "is not a `searchId` of this server: pass one back unchanged",
                )
            })
        });
        let nameless = |error: InvalidKeystroke| invalid("input", &error);
        let refused =
            |error: InvalidInteraction| Failure::bad_input(format!("input.{}", error.field), &error.problem);
        let interaction = NewInteraction {
            kind: self.kind.into(),
            document,
            quantity,
            session: self.session_id.map(|id| SessionId::parse(&id)).transpose().map_err(nameless)?,
            user: self.user_id.map(|id| UserId::parse(&id)).transpose().map_err(nameless)?,
            search: search.transpose()?,
            occurred_at: self.occurred_at.map(|at| at.0),
            idempotency_key: self
                .idempotency_key
                .map(|key| IdempotencyKey::parse(&key))
                .transpose()
                .map_err(refused)?,
        };
        interaction.validate(now).map_err(refused)
    }
}

/// What `recordInteraction` did.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct RecordInteractionPayload {
    /// The database has it, by this call or by an earlier one that it repeats. False where the person was erased
    /// and it happened before that.
    pub(crate) accepted: bool,
}
