//! Rows that a call inserts unless they are there: which of them it did insert.

use std::collections::HashSet;

use sea_orm::sea_query::{Expr, OnConflict, Query};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, QueryFilter, QuerySelect,
};
use uuid::Uuid;

use super::batch::{batches, id_lists};
use super::failure::Failure;

/// Rows in one statement: SQLite takes 32,766 parameters, and none of these rows has over thirty.
const STATEMENT_ROWS: usize = 1_000;
/// Text in one statement, in bytes: MySQL refuses packets of more than 4 MiB by some of its
/// defaults. A single row is far below this.
const STATEMENT_BYTES: usize = 2 << 20;

/// A row that says which call inserted it: whoever else brings the same id, the database decides
/// whose it is.
pub(super) trait OwnRow {
    type Entity: EntityTrait<Column = Self::Column>;
    type Column: ColumnTrait;
    const ID: Self::Column;
    const CALL_ID: Self::Column;
    const COLUMNS: &'static [Self::Column];

    fn id(&self) -> Uuid;

    /// The length of its texts that may be long, in bytes.
    fn text_bytes(&self) -> usize;

    /// Its values, in the order of the columns.
    fn values(&self) -> Vec<Expr>;
}

/// Inserts the rows of a call that are not there yet, in the order of their ids, and returns these.
pub(super) async fn insert_own<R: OwnRow>(
    transaction: &DatabaseTransaction,
    rows: &[R],
    call: Uuid,
) -> Result<HashSet<Uuid>, Failure> {
    let mut sorted: Vec<&R> = rows.iter().collect();
    sorted.sort_unstable_by_key(|row| row.id());
    let mut own = HashSet::with_capacity(rows.len());
    for batch in batches(sorted, STATEMENT_ROWS, STATEMENT_BYTES, |row| row.text_bytes()) {
        let insert = Query::insert()
            .into_table(R::Entity::default())
            .columns(R::COLUMNS.iter().copied())
            .values_from_panic(batch.iter().map(|row| row.values()))
            .on_conflict(OnConflict::column(R::ID).do_nothing_on([R::ID]).to_owned())
            .take();
        let inserted = transaction.execute(&insert).await?.rows_affected();
        let ids: Vec<Uuid> = batch.iter().map(|row| row.id()).collect();
        // MySQL's driver has the rows counted that were there, too.
        if transaction.get_database_backend() != DbBackend::MySql && inserted == ids.len() as u64 {
            own.extend(ids);
            continue;
        }
        for list in id_lists(&ids) {
            let inserted: Vec<Uuid> = R::Entity::find()
                .select_only()
                .column(R::ID)
                .filter(R::ID.is_in(list))
                .filter(R::CALL_ID.eq(call))
                .into_tuple()
                .all(transaction)
                .await?;
            own.extend(inserted);
        }
    }
    Ok(own)
}
