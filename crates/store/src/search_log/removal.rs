//! Taking rows out of the log, and out of what was added up of them.

use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::super::batch::id_lists;
use super::super::entity::search_logs::{Column, Entity, Model};
use super::super::failure::Failure;
use super::rollups::{RollUps, Volume};

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
