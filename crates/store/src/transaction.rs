//! How the store reads and writes: bounded in time, and repeated where two writers collided.
//!
//! A call that has begun runs to its end in a task of its own, even if whoever made it gives up,
//! as a client does that hangs up. Drivers do not take being dropped half-way: MySQL's hands a
//! connection back to the pool that is still within a transaction, locks and all.

use std::ops::Deref;
use std::panic::Location;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use sea_orm::{
    DatabaseConnection, DatabaseTransaction, DbBackend, IsolationLevel, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};
use tokio::sync::OwnedMutexGuard;
use tokio::task::JoinError;
use tokio::time::{sleep, timeout};
use tracing::{Instrument, Span};

use super::failure::Failure;
use super::{Store, StoreError};
use quarry_runtime::telemetry::TRACED;

/// How often a transaction that lost against another one is tried.
const WRITE_ATTEMPTS: u32 = 8;
/// The longest pause before the first repetition; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
/// For how long it is tried again; what waited this long for a lock waits no second time.
const WRITE_PATIENCE: Duration = Duration::from_secs(30);
/// The longest that a call that only reads may take on a database server.
const READ_LIMIT: Duration = Duration::from_secs(30);
/// The longest that a call that writes may take on a database server, repetitions included:
/// removing a million documents at the end of a crawl takes minutes.
const WRITE_LIMIT: Duration = Duration::from_secs(900);

/// A writing transaction; dropped without a commit, it leaves nothing.
pub(super) struct Writing {
    // Dropped first: the next writer's turn begins when this transaction is over.
    transaction: DatabaseTransaction,
    _turn: Option<OwnedMutexGuard<()>>,
}

impl Writing {
    pub(super) async fn commit(self) -> Result<(), Failure> {
        Ok(self.transaction.commit().await?)
    }
}

impl Deref for Writing {
    type Target = DatabaseTransaction;
    fn deref(&self) -> &DatabaseTransaction {
        &self.transaction
    }
}

impl Store {
    /// Begins a writing transaction.
    ///
    /// Each of its reads sees what was committed before it, not before the transaction's first
    /// read, as MySQL would have it: what is compared with must be what the locks protect.
    pub(super) async fn begin(&self) -> Result<Writing, Failure> {
        let turn = match &self.turns {
            Some(turns) => Some(turns.clone().lock_owned().await),
            None => None,
        };
        let options = match self.backend() {
            // Takes the write lock at once; taken later, it could fail without being waited for.
            DbBackend::Sqlite => TransactionOptions {
                sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                ..Default::default()
            },
            _ => TransactionOptions {
                isolation_level: Some(IsolationLevel::ReadCommitted),
                ..Default::default()
            },
        };
        let transaction = self.database.begin_with_options(options).await?;
        Ok(Writing { transaction, _turn: turn })
    }

    /// Runs a whole writing transaction, again if it lost against another one.
    #[track_caller]
    pub(super) fn write<A, T>(
        &self,
        arguments: A,
        work: for<'a> fn(&'a Store, &'a A) -> BoxFuture<'a, Result<T, Failure>>,
    ) -> impl Future<Output = Result<T, StoreError>> + Send
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        let store = self.clone();
        let repeated = async move {
            let began = Instant::now();
            let mut pause = FIRST_PAUSE;
            for _ in 1..WRITE_ATTEMPTS {
                match work(&store, &arguments).await {
                    Err(failure) if failure.is_conflict() && began.elapsed() < WRITE_PATIENCE => {
                        sleep(pause.mul_f64(rand::random())).await;
                        pause *= 2;
                    }
                    outcome => return outcome,
                }
            }
            work(&store, &arguments).await
        };
        self.see_through(WRITE_LIMIT, repeated).instrument(span("write"))
    }

    /// Runs a call that writes in several transactions, to its end: each is repeated on its own.
    #[track_caller]
    pub(super) fn write_in_steps<T, F>(
        &self,
        work: impl FnOnce(Store) -> F,
    ) -> impl Future<Output = Result<T, StoreError>> + Send
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let steps = work(self.clone());
        self.see_through(WRITE_LIMIT, async move { Ok(steps.await?) }).instrument(span("write"))
    }

    /// Runs a call that only reads.
    #[track_caller]
    pub(super) fn read<T, F>(
        &self,
        work: impl FnOnce(DatabaseConnection) -> F,
    ) -> impl Future<Output = Result<T, StoreError>> + Send
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Failure>> + Send + 'static,
    {
        self.see_through(READ_LIMIT, work(self.database.clone())).instrument(span("read"))
    }

    /// Lets a call run to its end, and waits for it as long as it may take: a server may have
    /// stopped answering in the middle of it. A SQLite file always answers, in the time that its
    /// busy timeout bounds.
    async fn see_through<T: Send + 'static>(
        &self,
        limit: Duration,
        work: impl Future<Output = Result<T, Failure>> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.note_file::<T>()?;
        let task = tokio::spawn(work);
        let ended = match self.backend() {
            DbBackend::Sqlite => task.await,
            _ => match timeout(limit, task).await {
                Ok(ended) => ended,
                Err(_) => {
                    self.metrics.record::<T>(None);
                    return Err(StoreError::Unavailable(format!("no answer within {limit:?}")));
                }
            },
        };
        match ended.map_err(JoinError::try_into_panic) {
            Ok(outcome) => {
                // What was written to a file that is gone by now must not be acknowledged.
                self.note_file::<T>()?;
                self.metrics.record(Some(&outcome));
                Ok(outcome?)
            }
            Err(Ok(panic)) => std::panic::resume_unwind(panic),
            Err(Err(_)) => Err(StoreError::Unavailable("this process is shutting down".to_owned())),
        }
    }
}

/// What traces tell of a call: the part of the store that makes it, by the name of its file.
#[track_caller]
fn span(operation: &'static str) -> Span {
    let part = part_of(Location::caller().file());
    tracing::info_span!(target: TRACED, "store", db.operation = operation, store.part = part, otel.kind = "client")
}

fn part_of(file: &'static str) -> &'static str {
    let inner = file.rsplit_once("store/src/").map_or(file, |(_, inner)| inner);
    inner.trim_end_matches(".rs").trim_end_matches("/mod")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_by_their_files() {
        assert_eq!(part_of("/any/where/crates/store/src/search_log/reports/mod.rs"), "search_log/reports");
        assert_eq!(part_of("crates/store/src/documents.rs"), "documents");
    }
}
