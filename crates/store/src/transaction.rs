//! Reads and writes with time limits, and retries of conflicting transactions.
//!
//! A call that has started runs to its end in its own task, even if its caller is dropped, as when a client
//! disconnects. Drivers do not support cancellation within a call: MySQL's returns a connection to the
//! pool that is still within a transaction, with its locks.

use std::ops::Deref;
use std::panic::Location;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use sea_orm::{
    DatabaseConnection, DatabaseTransaction, DbBackend, IsolationLevel, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};
use tokio::sync::OwnedMutexGuard;
use tokio::time::{sleep, timeout};
use tracing::{Instrument, Span};

use super::failure::CallFailure;
use super::{Store, StoreError};
use quarry_runtime::retry::Backoff;
use quarry_runtime::task::output_of;
use quarry_runtime::telemetry::TRACED;

/// The number of attempts of a conflicting transaction.
const WRITE_ATTEMPTS: u32 = 8;
/// The pauses before retries; the attempts end before the maximum.
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(10), Duration::from_secs(1));
/// The time limit for starting a retry, which excludes a second wait for a lock.
const RETRY_TIME: Duration = Duration::from_secs(30);
/// The timeout of reads on a database server.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// The timeout of writes on a database server, including retries.
///
/// The deletion of a million documents at the end of a crawl takes minutes.
const WRITE_TIMEOUT: Duration = Duration::from_secs(900);

/// Repeats a writing step until it affects no rows, and returns their number.
pub(super) async fn until_none<F>(mut step: impl FnMut() -> F) -> Result<u64, StoreError>
where
    F: Future<Output = Result<u64, StoreError>>,
{
    let mut total = 0;
    loop {
        match step().await? {
            0 => return Ok(total),
            affected => total += affected,
        }
    }
}

/// A writing transaction; it is rolled back if dropped without a commit.
pub(super) struct WriteTransaction {
    // Dropped first: the next writer starts after the end of this transaction.
    transaction: DatabaseTransaction,
    _guard: Option<OwnedMutexGuard<()>>,
}

impl WriteTransaction {
    pub(super) async fn commit(self) -> Result<(), CallFailure> {
        Ok(self.transaction.commit().await?)
    }
}

impl Deref for WriteTransaction {
    type Target = DatabaseTransaction;
    fn deref(&self) -> &DatabaseTransaction {
        &self.transaction
    }
}

impl Store {
    /// Waits for the other writers of an embedded database.
    pub(super) async fn write_guard(&self) -> Option<OwnedMutexGuard<()>> {
        match &self.write_lock {
            Some(lock) => Some(lock.clone().lock_owned().await),
            None => None,
        }
    }

    /// Begins a writing transaction.
    ///
    /// Each read sees all earlier commits, not only those before the transaction's first read, as by MySQL's
    /// default: comparisons need the rows that the locks protect.
    pub(super) async fn begin(&self) -> Result<WriteTransaction, CallFailure> {
        let guard = self.write_guard().await;
        let options = match self.backend() {
            // Takes the write lock immediately: a later upgrade could fail without waiting.
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
        Ok(WriteTransaction { transaction, _guard: guard })
    }

    /// Runs a writing transaction, with retries after conflicts.
    #[track_caller]
    pub(super) fn write<A, T>(
        &self,
        arguments: A,
        work: for<'a> fn(&'a Store, &'a A) -> BoxFuture<'a, Result<T, CallFailure>>,
    ) -> impl Future<Output = Result<T, StoreError>> + Send
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        let store = self.clone();
        let retried = async move {
            let started = Instant::now();
            for attempt in 1..WRITE_ATTEMPTS {
                match work(&store, &arguments).await {
                    Err(failure) if failure.is_conflict() && started.elapsed() < RETRY_TIME => {
                        let pause = BACKOFF.delay(attempt, &mut rand::rng());
                        sleep(pause).await;
                    }
                    outcome => return outcome,
                }
            }
            work(&store, &arguments).await
        };
        self.run_to_end(WRITE_TIMEOUT, retried).instrument(span("write"))
    }

    /// Runs a call of several writing transactions, each with its own retries.
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
        self.run_to_end(WRITE_TIMEOUT, async move { Ok(steps.await?) }).instrument(span("write"))
    }

    /// Runs a call that only reads.
    #[track_caller]
    pub(super) fn read<T, F>(
        &self,
        work: impl FnOnce(DatabaseConnection) -> F,
    ) -> impl Future<Output = Result<T, StoreError>> + Send
    where
        T: Send + 'static,
        F: Future<Output = Result<T, CallFailure>> + Send + 'static,
    {
        self.run_to_end(READ_TIMEOUT, work(self.database.clone())).instrument(span("read"))
    }

    /// Runs a call to its end in a task, and waits up to a timeout.
    ///
    /// A server may stop responding within a call. SQLite always responds within its busy timeout.
    async fn run_to_end<T: Send + 'static>(
        &self,
        time_limit: Duration,
        work: impl Future<Output = Result<T, CallFailure>> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.check_and_count_file::<T>()?;
        let task = tokio::spawn(work);
        let ended = match self.backend() {
            DbBackend::Sqlite => task.await,
            _ => match timeout(time_limit, task).await {
                Ok(ended) => ended,
                Err(_) => {
                    self.metrics.record::<T>(None);
                    return Err(StoreError::Unavailable(format!("no response within {time_limit:?}")));
                }
            },
        };
        let outcome = output_of(ended).ok_or_else(StoreError::shutting_down)?;
        // A write to a deleted file must not be acknowledged.
        self.check_and_count_file::<T>()?;
        self.metrics.record(Some(&outcome));
        Ok(outcome?)
    }
}

/// The span of a call, with the name of its file as the part of the store.
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
    fn parts_are_the_names_of_files() {
        assert_eq!(part_of("/any/where/crates/store/src/search_log/reports/mod.rs"), "search_log/reports");
        assert_eq!(part_of("crates/store/src/documents.rs"), "documents");
    }
}
