//! Taking rows out of the log, and out of what was added up of them.

use quarry_runtime::boxed;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::super::batch::id_lists;
use super::super::entity::search_logs::{Column, Entity, Model};
use super::super::failure::Failure;
use super::super::{Store, StoreError, StoredTime, stored};
use super::erasure;
use super::rollups::{RollUps, Volume};
use quarry_domain::Timestamp;

impl Store {
    /// Deletes up to `limit` searches whose last keystroke is before a point in time, oldest
    /// first, and returns how many they were: none when there are no more.
    ///
    /// They leave the roll-ups by query, which hold text; the volume still counts them. All in one
    /// transaction, so a thousand at a time keeps it short.
    #[boxed]
    pub async fn remove_old_searches(&self, before: Timestamp, limit: u64) -> Result<u64, StoreError> {
        self.write((stored(before), limit), |store, (before, limit)| {
            Box::pin(store.try_remove_old(*before, *limit))
        })
        .await
    }

    async fn try_remove_old(&self, before: StoredTime, limit: u64) -> Result<u64, Failure> {
        let transaction = self.begin().await?;
        erasure::forget_old_erasures(&transaction).await?;
        let rows = Entity::find()
            .filter(Column::LastKeystrokeAt.lt(before))
            .order_by_asc(Column::LastKeystrokeAt)
            .order_by_asc(Column::Id)
            .limit(limit)
            .lock_exclusive()
            .all(&*transaction)
            .await?;
        take_out(&transaction, &rows, Volume::Stays).await?;
        transaction.commit().await?;
        Ok(rows.len() as u64)
    }
}

/// Deletes rows that the transaction has locked, and counts it in the roll-ups.
pub(super) async fn take_out(
    transaction: &DatabaseTransaction,
    rows: &[Model],
    volume: Volume,
) -> Result<(), Failure> {
    if rows.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    for list in id_lists(&ids) {
        Entity::delete_many().filter(Column::Id.is_in(list)).exec(transaction).await?;
    }
    RollUps::of(rows).subtract(transaction, volume).await
}
