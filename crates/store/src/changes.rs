//! The stream of changes that indexes follow.

use quarry_runtime::boxed;
use sea_orm::sea_query::{Order, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, QueryResult};

use super::documents::{add_columns, document};
use super::entity::documents::{Column, Entity};
use super::failure::CallFailure;
use super::{Store, StoreError};
use quarry_domain::{DocumentChange, DocumentId, Revision, Timestamp, Tombstone};

impl Store {
    /// Changes after a revision in order, including tombstones.
    ///
    /// One statement reads one state of the database. Revisions ascend in the order of commits, so the result
    /// has each change up to its last one, except those superseded by a later change.
    #[boxed]
    pub async fn changes_after(
        &self,
        after: Revision,
        limit: u64,
    ) -> Result<Vec<DocumentChange>, StoreError> {
        let mut query = Query::select();
        query
            .columns([Column::Revision, Column::DeletedAt])
            .from(Entity)
            .and_where(Column::Revision.gt(after.value()))
            .order_by(Column::Revision, Order::Asc)
            .limit(limit);
        add_columns(&mut query);
        self.read(move |database| async move {
            let rows = database.query_all(&query).await?;
            rows.iter().map(change).collect()
        })
        .await
    }
}

fn change(row: &QueryResult) -> Result<DocumentChange, CallFailure> {
    let revision = Revision::new(row.try_get_by_index(0)?);
    let deleted_at: Option<Timestamp> = row.try_get_by_index(1)?;
    match deleted_at {
        None => Ok(DocumentChange::Upserted(revision, Box::new(document(row, 2)?))),
        Some(_) => {
            let id = DocumentId(row.try_get_by_index(2)?);
            Ok(DocumentChange::Deleted(revision, Tombstone { id }))
        }
    }
}
