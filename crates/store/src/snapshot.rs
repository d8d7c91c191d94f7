//! Reads of several statements that see one and the same state of the database.
//!
//! What a report reads first says how to read the rest, so a commit in between must not show.

use futures_util::future::BoxFuture;
use sea_orm::sea_query::SelectStatement;
use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseTransaction, DbBackend, IsolationLevel, TransactionOptions,
    TransactionTrait, TryGetableMany,
};

use super::failure::Failure;
use super::plans::explain;
use super::{Store, StoreError};

/// The state of the database as of the first read.
pub(super) struct Snapshot {
    transaction: DatabaseTransaction,
    /// The plans of what was read, where they are asked for.
    plans: Option<Vec<String>>,
}

impl Snapshot {
    pub(super) fn backend(&self) -> DbBackend {
        self.transaction.get_database_backend()
    }

    /// Reads all rows, by the order of their columns.
    pub(super) async fn all<T: TryGetableMany>(
        &mut self,
        select: &SelectStatement,
    ) -> Result<Vec<T>, Failure> {
        let statement = self.backend().build(select);
        if let Some(plans) = &mut self.plans {
            plans.push(explain(&self.transaction, statement.clone()).await?);
        }
        let rows = self.transaction.query_all_raw(statement).await?;
        rows.iter()
            .map(|row| T::try_get_many_by_index(row).map_err(|error| Failure::Database(error.into())))
            .collect()
    }
}

impl Store {
    /// Runs a call that reads by several statements.
    #[track_caller]
    pub(super) fn read_at_once<A, T>(
        &self,
        arguments: A,
        work: for<'a> fn(&'a mut Snapshot, &'a A) -> BoxFuture<'a, Result<T, Failure>>,
    ) -> impl Future<Output = Result<T, StoreError>> + Send
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        let read = self.read_and_explain(arguments, None, work);
        async move { Ok(read.await?.0) }
    }

    /// The same, and how the database goes about each of its statements, in its own words. They
    /// may quote what is read, so they are not to be logged.
    #[track_caller]
    pub(super) fn plans_of<A, T>(
        &self,
        arguments: A,
        work: for<'a> fn(&'a mut Snapshot, &'a A) -> BoxFuture<'a, Result<T, Failure>>,
    ) -> impl Future<Output = Result<Vec<String>, StoreError>> + Send
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        let read = self.read_and_explain(arguments, Some(Vec::new()), work);
        async move { Ok(read.await?.1.unwrap_or_default()) }
    }

    #[track_caller]
    fn read_and_explain<A, T>(
        &self,
        arguments: A,
        plans: Option<Vec<String>>,
        work: for<'a> fn(&'a mut Snapshot, &'a A) -> BoxFuture<'a, Result<T, Failure>>,
    ) -> impl Future<Output = Result<(T, Option<Vec<String>>), StoreError>> + Send
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        self.read(move |database| async move {
            let options = match database.get_database_backend() {
                // What it reads first is what it sees to its end.
                DbBackend::Sqlite => TransactionOptions::default(),
                _ => TransactionOptions {
                    isolation_level: Some(IsolationLevel::RepeatableRead),
                    access_mode: Some(AccessMode::ReadOnly),
                    ..Default::default()
                },
            };
            let mut snapshot = Snapshot { transaction: database.begin_with_options(options).await?, plans };
            let outcome = work(&mut snapshot, &arguments).await;
            let ended = snapshot.transaction.rollback().await;
            // Where the database ended the transaction, there is none to roll back: the cause counts.
            let outcome = outcome?;
            ended?;
            Ok((outcome, snapshot.plans))
        })
    }
}
