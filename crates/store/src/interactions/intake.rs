//! Taking interactions in: each id once, however often and by whomever it is brought.
//!
//! Whose row of an id it is, the database decides; a token in the row says so, and only what a
//! call itself inserted does it add to the roll-ups. All lock in one order (the gate of erasures,
//! ids, roll-ups), so they wait for each other and do not collide.

use quarry_runtime::boxed;
use std::collections::HashSet;

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::super::batch::id_lists;
use super::super::entity::documents;
use super::super::entity::interactions::{Column, Entity, Model};
use super::super::failure::Failure;
use super::super::own_rows::{OwnRow, insert_own};
use super::super::search_log::erasure::{Erasures, Personal, pass_gate};
use super::super::{RecordOutcome, Store, StoreError, StoredTime, stored};
use super::days::RollUps;
use super::kind_name;
use quarry_domain::{Interaction, InteractionKind, SessionId, Timestamp, UserId};

/// The most of one interaction that counts: whatever clients send, sums of these stay numbers.
const MAX_QUANTITY: i64 = u32::MAX as i64;

const COLUMNS: [Column; 12] = [
    Column::Id,
    Column::Kind,
    Column::DocumentId,
    Column::Quantity,
    Column::SessionId,
    Column::UserId,
    Column::SearchId,
    Column::QueryDigest,
    Column::OccurredAt,
    Column::SearchClickedAt,
    Column::RecordedAt,
    Column::CallId,
];

impl Store {
    /// Stores interactions and counts them in the roll-ups, in one transaction; and says what
    /// became of each, in the order given.
    ///
    /// A document that was removed is still known. What a person did up to an erasure is left out
    /// (see [`Store::erase_searches`], which remembers it).
    #[boxed]
    pub async fn record_interactions(
        &self,
        interactions: &[Interaction],
    ) -> Result<Vec<RecordOutcome>, StoreError> {
        if interactions.is_empty() {
            return Ok(Vec::new());
        }
        self.write(interactions.to_vec(), |store, interactions| Box::pin(store.try_record(interactions)))
            .await
    }

    async fn try_record(&self, interactions: &[Interaction]) -> Result<Vec<RecordOutcome>, Failure> {
        let transaction = self.begin().await?;
        pass_gate(&transaction).await?;
        let erasures = Erasures::covering(&transaction, interactions).await?;
        let known = known_documents(&transaction, interactions).await?;
        let (call, now) = (Uuid::new_v4(), stored(chrono::Utc::now()));
        let mut seen = HashSet::with_capacity(interactions.len());
        let mut rows = Vec::with_capacity(interactions.len());
        let mut outcomes = Vec::with_capacity(interactions.len());
        for interaction in interactions {
            outcomes.push(if !known.contains(&interaction.document.0) {
                RecordOutcome::UnknownDocument
            } else if erasures.cover(interaction) {
                RecordOutcome::Erased
            } else if seen.insert(interaction.id) {
                rows.push(row(interaction, call, now));
                RecordOutcome::Recorded
            } else {
                RecordOutcome::Repeated
            });
        }
        let own = insert_own(&transaction, &rows, call).await?;
        rows.retain(|row| own.contains(&row.id));
        RollUps::of(&rows).add(&transaction).await?;
        transaction.commit().await?;
        for (outcome, interaction) in outcomes.iter_mut().zip(interactions) {
            if *outcome == RecordOutcome::Recorded && !own.contains(&interaction.id.0) {
                *outcome = RecordOutcome::Repeated;
            }
        }
        Ok(outcomes)
    }
}

fn row(interaction: &Interaction, call: Uuid, now: StoredTime) -> Model {
    let occurred_at = stored(interaction.occurred_at);
    let is_search_click = interaction.kind == InteractionKind::Click && interaction.search.is_some();
    Model {
        id: interaction.id.0,
        kind: kind_name(interaction.kind).to_owned(),
        document_id: interaction.document.0,
        quantity: interaction.quantity.clamp(1, MAX_QUANTITY),
        session_id: interaction.session.as_ref().map(|session| session.as_str().to_owned()),
        user_id: interaction.user.as_ref().map(|user| user.as_str().to_owned()),
        search_id: interaction.search.map(|search| search.as_uuid()),
        query_digest: interaction.search.map(|search| search.query().0),
        occurred_at,
        search_clicked_at: is_search_click.then_some(occurred_at),
        recorded_at: now,
        call_id: call,
    }
}

impl Personal for Interaction {
    fn session(&self) -> Option<&SessionId> {
        self.session.as_ref()
    }

    fn user(&self) -> Option<&UserId> {
        self.user.as_ref()
    }

    fn at(&self) -> Timestamp {
        self.occurred_at
    }
}

/// The documents that were ever stored, of those that interactions name.
async fn known_documents(
    transaction: &DatabaseTransaction,
    interactions: &[Interaction],
) -> Result<HashSet<Uuid>, Failure> {
    let mut ids: Vec<Uuid> = interactions.iter().map(|interaction| interaction.document.0).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut known = HashSet::with_capacity(ids.len());
    for list in id_lists(&ids) {
        let found: Vec<Uuid> = documents::Entity::find()
            .select_only()
            .column(documents::Column::Id)
            .filter(documents::Column::Id.is_in(list))
            .into_tuple()
            .all(transaction)
            .await?;
        known.extend(found);
    }
    Ok(known)
}

impl OwnRow for Model {
    type Entity = Entity;
    type Column = Column;
    const ID: Column = Column::Id;
    const CALL_ID: Column = Column::CallId;
    const COLUMNS: &'static [Column] = &COLUMNS;

    fn id(&self) -> Uuid {
        self.id
    }

    fn text_bytes(&self) -> usize {
        0
    }

    fn values(&self) -> Vec<Expr> {
        vec![
            self.id.into(),
            self.kind.as_str().into(),
            self.document_id.into(),
            self.quantity.into(),
            self.session_id.clone().into(),
            self.user_id.clone().into(),
            self.search_id.into(),
            self.query_digest.into(),
            self.occurred_at.into(),
            self.search_clicked_at.into(),
            self.recorded_at.into(),
            self.call_id.into(),
        ]
    }
}
