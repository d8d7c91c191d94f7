//! Erasure of a person's interactions.
//!
//! The log's erasures keep it permanent, because the intake consults them: a concurrent call either
//! commits before the erasure, or sees it.

use quarry_runtime::boxed;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::super::batch::id_lists;
use super::super::entity::interactions::{Column, Entity};
use super::super::failure::CallFailure;
use super::super::transaction::until_none;
use super::super::{Store, StoreError};
use super::attribution;
use quarry_domain::{Searcher, SessionId};

/// Rows that one transaction deletes.
const BATCH_INTERACTIONS: u64 = 1_000;

impl Store {
    /// Deletes a person's interactions in batches, and returns their number.
    ///
    /// To be called after [`Store::erase_searches`], which stores the erasure: only then does the intake
    /// drop interactions that arrive later but happened before. After a failure, another call continues.
    #[boxed]
    pub async fn erase_interactions(&self, searcher: &Searcher) -> Result<u64, StoreError> {
        self.erase_interaction_rows(Condition::all().add(match searcher {
            Searcher::Session(session) => Column::SessionId.eq(session.as_str()),
            Searcher::User(user) => Column::UserId.eq(user.as_str()),
        }))
        .await
    }

    /// Deletes the anonymous interactions of a session in batches, and returns their number.
    #[boxed]
    pub async fn erase_anonymous_interactions(&self, session: &SessionId) -> Result<u64, StoreError> {
        let rows = Condition::all().add(Column::SessionId.eq(session.as_str())).add(Column::UserId.is_null());
        self.erase_interaction_rows(rows).await
    }

    async fn erase_interaction_rows(&self, rows: Condition) -> Result<u64, StoreError> {
        self.write_in_steps(|store| async move {
            until_none(|| {
                store.write(rows.clone(), |store, rows| Box::pin(store.try_erase_interactions(rows)))
            })
            .await
        })
        .await
    }

    async fn try_erase_interactions(&self, of_searcher: &Condition) -> Result<u64, CallFailure> {
        let transaction = self.begin().await?;
        let ids: Vec<Uuid> = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(of_searcher.clone())
            .order_by_asc(Column::Id)
            .limit(BATCH_INTERACTIONS)
            .lock_exclusive()
            .into_tuple()
            .all(&*transaction)
            .await?;
        attribution::delete_pending(&transaction, &ids).await?;
        for list in id_lists(&ids) {
            Entity::delete_many().filter(Column::Id.is_in(list)).exec(&*transaction).await?;
        }
        transaction.commit().await?;
        Ok(ids.len() as u64)
    }
}
