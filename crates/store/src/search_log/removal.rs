//! Deletion of rows of the log, together with their counts.

use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::super::batch::id_lists;
use super::super::entity::search_logs::{Column, Entity, Model};
use super::super::failure::CallFailure;
use super::rollups::RollUps;

/// Deletes locked rows, and subtracts them from the roll-ups.
pub(super) async fn delete_rows(
    transaction: &DatabaseTransaction,
    rows: &[Model],
) -> Result<(), CallFailure> {
    if rows.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    for list in id_lists(&ids) {
        Entity::delete_many().filter(Column::Id.is_in(list)).exec(transaction).await?;
    }
    RollUps::change(transaction, &[], rows).await
}
