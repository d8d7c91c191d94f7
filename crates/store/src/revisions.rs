//! The one order of all changes to documents.
//!
//! Revisions come from a counter row that is locked until the transaction ends, so a greater
//! revision never becomes visible before a smaller one, whoever writes: a reader that follows
//! them upwards misses nothing.

use quarry_runtime::boxed;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect};
use tokio::sync::watch;

use super::entity::counters;
use super::failure::Failure;
use super::{Store, StoreError};
use quarry_domain::Revision;

const COUNTER: &str = "revision";

/// The locked counter, in the hands of one transaction.
pub(super) struct Revisions {
    stored: i64,
    latest: i64,
}

impl Revisions {
    /// Waits for the writers before this one, and keeps the later ones waiting.
    pub(super) async fn lock(transaction: &DatabaseTransaction) -> Result<Self, Failure> {
        let counter = counters::Entity::find_by_id(COUNTER).lock_exclusive().one(transaction).await?;
        let stored = counter.ok_or_else(|| Failure::unreadable("revision counter"))?.value;
        Ok(Self { stored, latest: stored })
    }

    /// Hands out the next revision.
    pub(super) fn take(&mut self) -> i64 {
        self.latest += 1;
        self.latest
    }

    /// The latest revision once the transaction commits.
    pub(super) fn latest(&self) -> Revision {
        Revision::new(self.latest)
    }

    /// Writes the counter back if any revision was handed out.
    pub(super) async fn save(&self, transaction: &DatabaseTransaction) -> Result<(), Failure> {
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
    /// The latest revision that was committed by anyone.
    #[boxed]
    pub async fn latest_revision(&self) -> Result<Revision, StoreError> {
        self.read(|database| async move {
            let counter = counters::Entity::find_by_id(COUNTER).one(&database).await?;
            let counter = counter.ok_or_else(|| Failure::unreadable("revision counter"))?;
            Ok(Revision::new(counter.value))
        })
        .await
    }

    /// The latest revision that this process committed: a hint to look for changes at once.
    pub fn committed_here(&self) -> watch::Receiver<Revision> {
        self.committed.subscribe()
    }

    /// Tells those who wait for changes that a transaction, now committed, made some.
    pub(super) fn announce(&self, revisions: &Revisions) {
        if revisions.latest == revisions.stored {
            return;
        }
        let revision = revisions.latest();
        self.committed.send_if_modified(|known| {
            let later = revision > *known;
            if later {
                *known = revision;
            }
            later
        });
    }
}
