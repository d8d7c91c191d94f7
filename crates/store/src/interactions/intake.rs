//! Idempotent intake of interactions.
//!
//! All calls lock in one order (the gate of erasures, then ids), so they wait for each other and do not
//! deadlock.

use quarry_runtime::boxed;
use std::collections::HashSet;

use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::super::batch::id_lists;
use super::super::entity::documents;
use super::super::entity::interactions::{Column, Entity, Model};
use super::super::failure::CallFailure;
use super::super::idempotent_rows::{IdempotentRow, insert_if_absent};
use super::super::search_log::erasure::{Erasures, PersonalRecord, lock_gate_shared};
use super::super::{RecordOutcome, Store, StoreError, StoredTime, stored};
use super::{attribution, kind_name};
use quarry_domain::{Interaction, InteractionKind, SessionId, Timestamp, UserId};

/// The largest quantity of one interaction, so that sums do not overflow.
const MAX_QUANTITY: i64 = u32::MAX as i64;

impl Store {
    /// Stores interactions in one transaction, and returns their outcomes in the same order.
    ///
    /// Deleted documents are still known. Interactions of an erased person up to the erasure are dropped
    /// (see [`Store::erase_searches`]).
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

    async fn try_record(&self, interactions: &[Interaction]) -> Result<Vec<RecordOutcome>, CallFailure> {
        let transaction = self.begin().await?;
        lock_gate_shared(&transaction).await?;
        let erasures = Erasures::covering(&transaction, interactions).await?;
        let known = known_documents(&transaction, interactions).await?;
        let (call, now) = (Uuid::new_v4(), stored(chrono::Utc::now()));
        let mut seen = HashSet::with_capacity(interactions.len());
        let mut rows: Vec<Model> = Vec::with_capacity(interactions.len());
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
        let inserted = insert_if_absent(&transaction, &rows, call).await?;
        rows.retain(|row| inserted.contains(&row.id));
        attribution::add_pending(&transaction, &rows).await?;
        transaction.commit().await?;
        for (outcome, interaction) in outcomes.iter_mut().zip(interactions) {
            if *outcome == RecordOutcome::Recorded && !inserted.contains(&interaction.id.0) {
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
        position: interaction.position,
        occurred_at,
        search_clicked_at: is_search_click.then_some(occurred_at),
        recorded_at: now,
        call_id: call,
    }
}

impl PersonalRecord for Interaction {
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

/// The documents of interactions that are stored, deleted ones included.
async fn known_documents(
    transaction: &DatabaseTransaction,
    interactions: &[Interaction],
) -> Result<HashSet<Uuid>, CallFailure> {
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

impl IdempotentRow for Model {
    type Table = Entity;
    const ID: Column = Column::Id;
    const CALL_ID: Column = Column::CallId;

    fn id(&self) -> Uuid {
        self.id
    }
}
