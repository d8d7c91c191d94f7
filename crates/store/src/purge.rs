//! Removal of a source: its documents in batches, then its registration.

use quarry_runtime::boxed;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::entity::documents::{Column, Entity};
use super::entity::{crawls, sources};
use super::failure::CallFailure;
use super::removal;
use super::revisions::Revisions;
use super::{DeleteOutcome, Store, StoreError, stored};
use quarry_domain::SourceName;

impl Store {
    /// Deletes up to `limit` live documents of a source.
    ///
    /// Fewer were the last ones; then the source is no longer registered. Its crawls lose their cursors, from which
    /// a later crawl would infer that it need not fetch all items.
    #[boxed]
    pub async fn purge_documents(
        &self,
        source: &SourceName,
        limit: u64,
    ) -> Result<DeleteOutcome, StoreError> {
        self.write((source.clone(), limit), |store, (source, limit)| {
            Box::pin(store.try_purge(source, *limit))
        })
        .await
    }

    async fn try_purge(&self, source: &SourceName, limit: u64) -> Result<DeleteOutcome, CallFailure> {
        let transaction = self.begin().await?;
        let mut revisions = Revisions::lock(&transaction).await?;
        let live: Vec<Uuid> = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::Source.eq(source.as_str()))
            .filter(Column::DeletedAt.is_null())
            .limit(limit)
            .into_tuple()
            .all(&*transaction)
            .await?;
        removal::soft_delete(&transaction, &mut revisions, &live, stored(chrono::Utc::now())).await?;
        crawls::Entity::update_many()
            .col_expr(crawls::Column::Cursor, Expr::value(Option::<String>::None))
            .filter(crawls::Column::Source.eq(source.as_str()))
            .filter(crawls::Column::Cursor.is_not_null())
            .exec(&*transaction)
            .await?;
        if (live.len() as u64) < limit {
            sources::Entity::delete_by_id(source.as_str()).exec(&*transaction).await?;
        }
        revisions.save(&transaction).await?;
        transaction.commit().await?;
        self.announce(&revisions);
        Ok(DeleteOutcome { deleted: live.len(), revision: revisions.latest() })
    }

    /// The number of live documents of a source that clients stored, which no crawl restores.
    #[boxed]
    pub async fn client_document_count(&self, source: &SourceName) -> Result<u64, StoreError> {
        let select = Entity::find()
            .filter(Column::Source.eq(source.as_str()))
            .filter(Column::DeletedAt.is_null())
            .filter(Column::Tally.is_null());
        self.read(|database| async move { Ok(select.count(&database).await?) }).await
    }
}
