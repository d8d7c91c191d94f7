//! Erasing what a person did. That it stays so is the doing of the log's erasures, which the intake
//! asks: a call that was under way either committed before, or sees the erasure.

use quarry_runtime::boxed;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::super::batch::id_lists;
use super::super::entity::interactions::{Column, Entity, Model};
use super::super::failure::Failure;
use super::super::{Store, StoreError};
use super::days::RollUps;
use quarry_domain::Searcher;

/// Rows that one transaction deletes.
const BATCH_INTERACTIONS: u64 = 1_000;

impl Store {
    /// Deletes a person's interactions, takes them out of the roll-ups, and returns how many they
    /// were. It deletes in steps; called again after a failure, it goes on.
    ///
    /// To be called after [`Store::erase_searches`], which remembers the erasure: only then are
    /// interactions left out that reach the store later but happened before.
    #[boxed]
    pub async fn erase_interactions(&self, searcher: &Searcher) -> Result<u64, StoreError> {
        let searcher = searcher.clone();
        self.write_in_steps(|store| async move {
            let mut erased = 0;
            loop {
                let batch = store
                    .write(searcher.clone(), |store, searcher| {
                        Box::pin(store.try_erase_interactions(searcher))
                    })
                    .await?;
                if batch == 0 {
                    return Ok(erased);
                }
                erased += batch;
            }
        })
        .await
    }

    async fn try_erase_interactions(&self, searcher: &Searcher) -> Result<u64, Failure> {
        let of_searcher = match searcher {
            Searcher::Session(session) => Column::SessionId.eq(session.as_str()),
            Searcher::User(user) => Column::UserId.eq(user.as_str()),
        };
        let transaction = self.begin().await?;
        let rows = Entity::find()
            .filter(of_searcher)
            .order_by_asc(Column::Id)
            .limit(BATCH_INTERACTIONS)
            .lock_exclusive()
            .all(&*transaction)
            .await?;
        take_out(&transaction, &rows).await?;
        transaction.commit().await?;
        Ok(rows.len() as u64)
    }
}

/// Deletes rows that the transaction has locked, and counts it in the roll-ups.
async fn take_out(transaction: &DatabaseTransaction, rows: &[Model]) -> Result<(), Failure> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    for list in id_lists(&ids) {
        Entity::delete_many().filter(Column::Id.is_in(list)).exec(transaction).await?;
    }
    RollUps::of(rows).subtract(transaction).await
}
