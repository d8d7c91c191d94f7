//! Erasure of a person's interactions.
//!
//! The log's erasures keep it permanent, because the intake consults them: a concurrent call either
//! commits before the erasure, or sees it.

use quarry_runtime::boxed;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::super::batch::id_lists;
use super::super::entity::interactions::{Column, Entity};
use super::super::failure::CallFailure;
use super::super::transaction::until_none;
use super::super::{Store, StoreError};
use quarry_domain::Searcher;

/// Rows that one transaction deletes.
const BATCH_INTERACTIONS: u64 = 1_000;

impl Store {
    /// Deletes a person's interactions in batches, and returns their number.
    ///
    /// To be called after [`Store::erase_searches`], which stores the erasure: only then does the intake
    /// drop interactions that arrive later but happened before. After a failure, another call continues.
    #[boxed]
    pub async fn erase_interactions(&self, searcher: &Searcher) -> Result<u64, StoreError> {
        let searcher = searcher.clone();
        self.write_in_steps(|store| async move {
            until_none(|| {
                store.write(searcher.clone(), |store, searcher| {
                    Box::pin(store.try_erase_interactions(searcher))
                })
            })
            .await
        })
        .await
    }

    async fn try_erase_interactions(&self, searcher: &Searcher) -> Result<u64, CallFailure> {
        let of_searcher = match searcher {
            Searcher::Session(session) => Column::SessionId.eq(session.as_str()),
            Searcher::User(user) => Column::UserId.eq(user.as_str()),
        };
        let transaction = self.begin().await?;
        let ids: Vec<Uuid> = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(of_searcher)
            .order_by_asc(Column::Id)
            .limit(BATCH_INTERACTIONS)
            .lock_exclusive()
            .into_tuple()
            .all(&*transaction)
            .await?;
        for list in id_lists(&ids) {
            Entity::delete_many().filter(Column::Id.is_in(list)).exec(&*transaction).await?;
        }
        transaction.commit().await?;
        Ok(ids.len() as u64)
    }
}
