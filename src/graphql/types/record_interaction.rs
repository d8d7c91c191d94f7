use async_graphql::{ID, InputObject, NewType, SimpleObject};

use super::InteractionKind;
use crate::graphql::scalars::{DateTime, OrDefault};

/// How many of a document.
#[derive(Clone, Copy, Debug, NewType)]
pub(in crate::graphql) struct Quantity(i32);

impl Default for Quantity {
    fn default() -> Self {
        Self(1)
    }
}

/// What a visitor did with a document.
#[derive(Clone, Debug, InputObject)]
pub(in crate::graphql) struct RecordInteractionInput {
    /// What was done.
    kind: InteractionKind,
    /// The document.
    document_id: ID,
    /// How many of it: 1 or more.
    #[graphql(default)]
    quantity: OrDefault<Quantity>,
    /// The visitor's session, as the client names it: 1 to 128 characters.
    session_id: Option<ID>,
    /// The visitor, where logged in: 1 to 128 characters. Leave it out for anonymous visitors.
    user_id: Option<ID>,
    /// The `searchId` of the answer that the document was found in.
    search_id: Option<ID>,
    /// When it happened: now unless given.
    occurred_at: Option<DateTime>,
    /// The client's own name for this interaction, 1 to 128 characters: however often it is sent with it, it counts
    /// once. Without it, a repeat of the same session, document, kind, quantity, search and `occurredAt`, all of
    /// them given, counts once as well.
    idempotency_key: Option<ID>,
}

/// What `recordInteraction` did.
#[derive(Clone, Debug, SimpleObject)]
pub(in crate::graphql) struct RecordInteractionPayload {
    /// The database has it, by this call or by an earlier one that it repeats.
    pub(in crate::graphql) accepted: bool,
}
