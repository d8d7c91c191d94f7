//! Leases: names that one process of a fleet holds for a limited time.
//!
//! The clock of the database decides, because the clocks of servers differ; processes with SQLite share
//! that of their machine. A transaction that depends on a lease locks its row, so the lease cannot pass to
//! another process before the transaction ends.

use quarry_runtime::boxed;
use std::time::Duration;

use sea_orm::sea_query::{Expr, ExprTrait, InsertStatement, Query, SimpleExpr};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, QueryFilter, QuerySelect,
    SqlErr,
};
use uuid::Uuid;

use super::entity::leases::{Column, Entity};
use super::failure::CallFailure;
use super::{Lease, Store, StoreError, stored};

impl Store {
    /// Acquires a free or expired lease, or renews one's own; `None` if another process holds it.
    #[boxed]
    pub async fn acquire_lease(
        &self,
        name: &str,
        holder: Uuid,
        ttl: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        let lease = Lease { name: name.to_owned(), holder };
        self.write((lease, ttl), |store, (lease, ttl)| Box::pin(store.try_acquire(lease, *ttl))).await
    }

    async fn try_acquire(&self, lease: &Lease, ttl: Duration) -> Result<Option<Lease>, CallFailure> {
        let backend = self.backend();
        let Lease { name, holder } = lease;
        let transaction = self.begin().await?;
        let taken = Entity::update_many()
            .col_expr(Column::Holder, Expr::value(*holder))
            .col_expr(Column::ExpiresAt, now_plus(backend, ttl))
            .filter(Column::Name.eq(name))
            .filter(Column::Holder.eq(*holder).or(Expr::col(Column::ExpiresAt).lte(now(backend))))
            .exec(&*transaction)
            .await?;
        if taken.rows_affected == 0 {
            match transaction.execute(&insert(backend, lease, ttl)).await {
                Ok(_) => {}
                // Another process holds it.
                Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => {
                    return Ok(None);
                }
                Err(error) => return Err(error.into()),
            }
        }
        transaction.commit().await?;
        Ok(Some(lease.clone()))
    }

    /// The holder of a lease that has not expired.
    #[boxed]
    pub async fn lease_holder(&self, name: &str) -> Result<Option<Uuid>, StoreError> {
        let select = Entity::find()
            .select_only()
            .column(Column::Holder)
            .filter(Column::Name.eq(name))
            .filter(Expr::col(Column::ExpiresAt).gt(now(self.backend())))
            .into_tuple();
        self.read(|database| async move { Ok(select.one(&database).await?) }).await
    }

    /// Takes a lease over from a holder that is known to be dead.
    #[boxed]
    pub async fn take_over_lease(
        &self,
        name: &str,
        dead: Uuid,
        holder: Uuid,
        ttl: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        let held = Lease { name: name.to_owned(), holder: dead };
        let taken = self
            .write((held, holder, ttl), |store, (held, holder, ttl)| {
                Box::pin(store.try_extend(held, *holder, *ttl))
            })
            .await?;
        Ok(taken.then(|| Lease { name: name.to_owned(), holder }))
    }

    /// Extends a lease, also an expired one that no other process has acquired.
    #[boxed]
    pub async fn renew_lease(&self, lease: &Lease, ttl: Duration) -> Result<(), StoreError> {
        let renewed = self
            .write((lease.clone(), ttl), |store, (lease, ttl)| {
                Box::pin(store.try_extend(lease, lease.holder, *ttl))
            })
            .await?;
        if renewed { Ok(()) } else { Err(StoreError::LeaseLost(lease.name.clone())) }
    }

    /// Extends a lease of the expected holder, for the same or another holder.
    async fn try_extend(&self, held: &Lease, to: Uuid, ttl: Duration) -> Result<bool, CallFailure> {
        let transaction = self.begin().await?;
        let extended = Entity::update_many()
            .col_expr(Column::Holder, Expr::value(to))
            .col_expr(Column::ExpiresAt, now_plus(self.backend(), ttl))
            .filter(Column::Name.eq(&held.name))
            .filter(Column::Holder.eq(held.holder))
            .exec(&*transaction)
            .await?;
        transaction.commit().await?;
        Ok(extended.rows_affected > 0)
    }

    /// Releases a lease, unless another process holds it.
    #[boxed]
    pub async fn release_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        self.write(lease.clone(), |store, lease| Box::pin(store.try_release(lease))).await
    }

    async fn try_release(&self, lease: &Lease) -> Result<(), CallFailure> {
        let transaction = self.begin().await?;
        Entity::delete_many()
            .filter(Column::Name.eq(&lease.name))
            .filter(Column::Holder.eq(lease.holder))
            .exec(&*transaction)
            .await?;
        transaction.commit().await
    }
}

/// Checks a lease, and locks it until the transaction ends.
pub(super) async fn check(transaction: &DatabaseTransaction, lease: &Lease) -> Result<(), CallFailure> {
    let held: Option<String> = Entity::find()
        .select_only()
        .column(Column::Name)
        .filter(Column::Name.eq(&lease.name))
        .filter(Column::Holder.eq(lease.holder))
        .filter(Expr::col(Column::ExpiresAt).gt(now(transaction.get_database_backend())))
        .lock_exclusive()
        .into_tuple()
        .one(transaction)
        .await?;
    match held {
        Some(_) => Ok(()),
        None => Err(StoreError::LeaseLost(lease.name.clone()).into()),
    }
}

/// The time of the database.
fn now(backend: DbBackend) -> SimpleExpr {
    match backend {
        DbBackend::Postgres => Expr::cust("clock_timestamp()"),
        DbBackend::MySql => Expr::cust("UTC_TIMESTAMP(6)"),
        _ => Expr::value(stored(chrono::Utc::now())),
    }
}

/// Inserts the row of a lease.
pub(super) fn insert(backend: DbBackend, lease: &Lease, ttl: Duration) -> InsertStatement {
    let Lease { name, holder } = lease;
    Query::insert()
        .into_table(Entity)
        .columns([Column::Name, Column::Holder, Column::ExpiresAt])
        .values_panic([Expr::value(name), Expr::value(*holder), now_plus(backend, ttl)])
        .take()
}

fn now_plus(backend: DbBackend, ttl: Duration) -> SimpleExpr {
    // Longer than any lease, without overflow on any clock.
    const MAX_TTL: Duration = Duration::from_secs(366 * 24 * 60 * 60);
    let ttl = ttl.min(MAX_TTL);
    let ttl_us = ttl.as_micros() as i64;
    match backend {
        DbBackend::Postgres => {
            Expr::cust_with_values("clock_timestamp() + $1 * interval '1 microsecond'", [ttl_us])
        }
        DbBackend::MySql => Expr::cust_with_values("UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND", [ttl_us]),
        _ => Expr::value(stored(chrono::Utc::now() + ttl)),
    }
}
