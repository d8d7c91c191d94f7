//! Reads of several statements in one snapshot of the database.
//!
//! The first statement of a report decides the others, so a concurrent commit must not show in between.

use futures_util::future::BoxFuture;
use sea_orm::sea_query::SelectStatement;
use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseTransaction, DbBackend, IsolationLevel, TransactionOptions,
    TransactionTrait, TryGetableMany,
};

use super::failure::CallFailure;
use super::{Store, StoreError};

/// The state of the database as of the first read.
pub(super) struct ReadTransaction(DatabaseTransaction);

impl ReadTransaction {
    pub(super) fn backend(&self) -> DbBackend {
        self.0.get_database_backend()
    }

    /// Reads all rows, with columns by position.
    pub(super) async fn all<T: TryGetableMany>(
        &self,
        select: &SelectStatement,
    ) -> Result<Vec<T>, CallFailure> {
        let rows = self.0.query_all(select).await?;
        rows.iter()
            .map(|row| T::try_get_many_by_index(row).map_err(|error| CallFailure::Database(error.into())))
            .collect()
    }
}

impl Store {
    /// Runs a call that reads by several statements.
    #[track_caller]
    pub(super) fn read_snapshot<A, T>(
        &self,
        arguments: A,
        work: for<'a> fn(&'a ReadTransaction, &'a A) -> BoxFuture<'a, Result<T, CallFailure>>,
    ) -> impl Future<Output = Result<T, StoreError>> + Send
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        self.read(move |database| async move {
            let options = match database.get_database_backend() {
                // The first read determines the snapshot.
                DbBackend::Sqlite => TransactionOptions::default(),
                _ => TransactionOptions {
                    isolation_level: Some(IsolationLevel::RepeatableRead),
                    access_mode: Some(AccessMode::ReadOnly),
                    ..Default::default()
                },
            };
            let snapshot = ReadTransaction(database.begin_with_options(options).await?);
            let outcome = work(&snapshot, &arguments).await;
            let ended = snapshot.0.rollback().await;
            // If the database ended the transaction, the rollback fails as well: the cause counts.
            let outcome = outcome?;
            ended?;
            Ok(outcome)
        })
    }
}
