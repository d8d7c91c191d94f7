//! The total order of changes to documents.
//!
//! Revisions come from a counter row that is locked until the transaction ends. A greater revision thus never
//! becomes visible before a smaller one, and readers that follow them miss no change.

use quarry_runtime::boxed;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect};
use tokio::sync::watch;

use super::entity::counters;
use super::failure::CallFailure;
use super::{Store, StoreError};
use quarry_domain::Revision;

const COUNTER: &str = "revision";

/// The counter, locked by a transaction.
pub(super) struct Revisions {
    stored: i64,
    latest: i64,
}

impl Revisions {
    /// Locks the counter until the transaction ends.
    pub(super) async fn lock(transaction: &DatabaseTransaction) -> Result<Self, CallFailure> {
        let counter = counters::Entity::find_by_id(COUNTER).lock_exclusive().one(transaction).await?;
        let stored = counter.ok_or_else(|| CallFailure::unreadable("revision counter"))?.value;
        Ok(Self { stored, latest: stored })
    }

    /// Advances the counter and returns the next revision.
    pub(super) fn advance(&mut self) -> i64 {
        self.latest += 1;
        self.latest
    }

    /// The latest revision once the transaction commits.
    pub(super) fn latest(&self) -> Revision {
        Revision::new(self.latest)
    }

    /// Stores the counter if it changed.
    pub(super) async fn save(&self, transaction: &DatabaseTransaction) -> Result<(), CallFailure> {
        if self.latest != self.stored {
            counters::Entity::update_many()
                .col_expr(counters::Column::Value, Expr::value(self.latest))
                .filter(counters::Column::Name.eq(COUNTER))
                .exec(transaction)
                .await?;
        }
        Ok(())
    }
}

impl Store {
    /// The latest committed revision.
    #[boxed]
    pub async fn latest_revision(&self) -> Result<Revision, StoreError> {
        self.read(|database| async move {
            let counter = counters::Entity::find_by_id(COUNTER).one(&database).await?;
            let counter = counter.ok_or_else(|| CallFailure::unreadable("revision counter"))?;
            Ok(Revision::new(counter.value))
        })
        .await
    }

    /// The latest revision that this process committed, as a hint to read changes immediately.
    pub fn committed_here(&self) -> watch::Receiver<Revision> {
        self.committed.subscribe()
    }

    /// Publishes the latest revision of a committed transaction, if it changed documents.
    pub(super) fn announce(&self, revisions: &Revisions) {
        if revisions.latest == revisions.stored {
            return;
        }
        let revision = revisions.latest();
        self.committed.send_if_modified(|known| {
            let is_later = revision > *known;
            *known = revision.max(*known);
            is_later
        });
    }
}
