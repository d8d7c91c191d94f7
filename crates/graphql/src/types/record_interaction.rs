use async_graphql::{Context, ID, InputObject, NewType, SimpleObject};

use super::InteractionKind;
use super::keystroke_input::invalid;
use crate::failure::Failure;
use crate::ids::NodeId;
use crate::scalars::{DateTime, OrDefault};
use quarry_domain::{Interaction, InvalidKeystroke, SearchId, SessionId, Timestamp, UserId};
use quarry_interaction::{IdempotencyKey, InvalidInteraction, NewInteraction};

/// The maximum quantity of an interaction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MaxQuantity(pub(crate) u32);

impl MaxQuantity {
    /// The configured limit; `u32::MAX` in a schema without settings.
    pub(crate) fn of(ctx: &Context<'_>) -> Self {
        ctx.data_opt().copied().unwrap_or(Self(u32::MAX))
    }
}

/// The quantity of an interaction.
#[derive(Clone, Copy, Debug, NewType)]
pub(crate) struct Quantity(i32);

impl Default for Quantity {
    fn default() -> Self {
        Self(1)
    }
}

/// A click on, or a conversion of, a document.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct RecordInteractionInput {
    /// The kind of the interaction.
    kind: InteractionKind,
    /// The id of the document.
    document_id: ID,
    /// The quantity: from 1 to the server's `limits.quantity`, which is 10000 by default.
    #[graphql(default)]
    quantity: OrDefault<Quantity>,
    /// The user's session as named by the client: 1 to 128 characters.
    session_id: Option<ID>,
    /// The logged-in user: 1 to 128 characters. Omit it for anonymous users.
    user_id: Option<ID>,
    /// The `searchId` of the search result that contained the document.
    search_id: Option<ID>,
    /// The rank of the document in that search result, from 1: reports average it.
    position: Option<i32>,
    /// The time of the interaction: now by default. A time up to a day in the future counts as now.
    occurred_at: Option<DateTime>,
    /// A key of 1 to 128 characters that identifies the interaction: a retry with the same key, document, kind, session
    /// and user is recorded once. Without a key, a retry is recorded once only if `sessionId` and `occurredAt` are given
    /// and all fields are equal.
    idempotency_key: Option<ID>,
}

impl RecordInteractionInput {
    /// Validates the interaction.
    pub(crate) fn checked(
        self,
        now: Timestamp,
        MaxQuantity(max): MaxQuantity,
    ) -> Result<Interaction, Failure> {
        let quantity = i64::from(self.quantity.0.0);
        if quantity > i64::from(max) {
            return Err(Failure::bad_input(
                "input.quantity",
                format_args!(
                    "is more than {max}: send several interactions, or ask the operator to raise limits.quantity"
                ),
            ));
        }
        let Some(NodeId::Document(document)) = NodeId::parse(&self.document_id) else {
            return Err(Failure::not_a_document_id("input.documentId"));
        };
        let search = self.search_id.map(|id| {
            SearchId::parse(&id).ok_or_else(|| {
                Failure::bad_input(
                    "input.searchId",
                    "is not a `searchId` of this server: pass it as the server returned it",
                )
            })
        });
        let invalid_id = |error: InvalidKeystroke| invalid("input", &error);
        let invalid_field =
            |error: InvalidInteraction| Failure::bad_input(format!("input.{}", error.field), &error.problem);
        let interaction = NewInteraction {
            kind: self.kind.into(),
            document,
            quantity,
            session: self.session_id.map(|id| SessionId::parse(&id)).transpose().map_err(invalid_id)?,
            user: self.user_id.map(|id| UserId::parse(&id)).transpose().map_err(invalid_id)?,
            search: search.transpose()?,
            position: self.position,
            occurred_at: self.occurred_at.map(|at| at.0),
            idempotency_key: self
                .idempotency_key
                .map(|key| IdempotencyKey::parse(&key))
                .transpose()
                .map_err(invalid_field)?,
        };
        interaction.validate(now).map_err(invalid_field)
    }
}

/// The result of `recordInteraction`.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct RecordInteractionPayload {
    /// True if the database stored the interaction, now or by an earlier call that this one repeats. False if the session
    /// or user was erased after the interaction.
    pub(crate) accepted: bool,
}
