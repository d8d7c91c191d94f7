//! Idempotent inserts: of several calls with the same id, one inserts the row.

use std::collections::HashSet;

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, InsertMany, IntoActiveModel,
    QueryFilter, QuerySelect,
};
use uuid::Uuid;

use super::batch::{STATEMENT_BYTES, batches, id_lists};
use super::failure::CallFailure;

/// Rows in one statement: SQLite takes 32,766 parameters, and none of these rows has over thirty.
const STATEMENT_ROWS: usize = 1_000;

/// A row with an id as its idempotency key, and the id of its inserting call.
pub(super) trait IdempotentRow:
    Clone + IntoActiveModel<<Self::Table as EntityTrait>::ActiveModel>
{
    type Table: EntityTrait;
    const ID: <Self::Table as EntityTrait>::Column;
    const CALL_ID: <Self::Table as EntityTrait>::Column;

    fn id(&self) -> Uuid;

    /// The length of its long texts in bytes.
    fn text_bytes(&self) -> usize {
        0
    }
}

/// Inserts the absent rows of a call in order of ids, and returns these ids.
pub(super) async fn insert_if_absent<R: IdempotentRow>(
    transaction: &DatabaseTransaction,
    rows: &[R],
    call: Uuid,
) -> Result<HashSet<Uuid>, CallFailure> {
    let mut sorted: Vec<&R> = rows.iter().collect();
    sorted.sort_unstable_by_key(|row| row.id());
    let mut inserted = HashSet::with_capacity(rows.len());
    for batch in batches(sorted, STATEMENT_ROWS, STATEMENT_BYTES, |row| row.text_bytes()) {
        let affected =
            InsertMany::<<R::Table as EntityTrait>::ActiveModel>::many(batch.iter().copied().cloned())
                .on_conflict(OnConflict::column(R::ID).do_nothing_on([R::ID]).to_owned())
                .exec_without_returning(transaction)
                .await?;
        let ids: Vec<Uuid> = batch.iter().map(|row| row.id()).collect();
        // MySQL's driver also counts existing rows as affected.
        if transaction.get_database_backend() != DbBackend::MySql && affected == ids.len() as u64 {
            inserted.extend(ids);
            continue;
        }
        for list in id_lists(&ids) {
            let of_call: Vec<Uuid> = R::Table::find()
                .select_only()
                .column(R::ID)
                .filter(R::ID.is_in(list))
                .filter(R::CALL_ID.eq(call))
                .into_tuple()
                .all(transaction)
                .await?;
            inserted.extend(of_call);
        }
    }
    Ok(inserted)
}
