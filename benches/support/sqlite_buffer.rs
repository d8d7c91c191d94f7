//! A table of keystrokes in SQLite with group commit: the alternative to the journal.
//!
//! It only inserts. Claims, deletions and the state machine of runs would take additional time, so its rate is
//! an upper bound.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use quarry::domain::{Keystroke, Searcher};
use quarry::keystroke::{
    AppendOutcome, BufferError, BufferHealth, ClaimScope, ClaimedRun, Erasure, FlushCounts, KeystrokeBuffer,
    Settlement,
};
use sea_orm::sea_query::{Alias, Query};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, TransactionTrait};
use tokio::sync::{mpsc, oneshot};

/// The largest transaction, in calls.
const MAX_BATCH: usize = 1_000;
const COLUMNS: [&str; 8] =
    ["arrived_at", "session", "input", "user", "text", "sequence", "submitted", "result_count"];

type Call = (Vec<Keystroke>, oneshot::Sender<()>);

/// The queue in front of the writer.
pub(crate) struct SqliteBuffer(mpsc::Sender<Call>);

impl SqliteBuffer {
    /// Opens a table with the durability of a journal with this interval of syncs.
    ///
    /// Zero syncs each transaction (`synchronous = FULL`). Otherwise a transaction survives the process
    /// (`NORMAL`), and a checkpoint syncs it after the interval.
    pub(crate) async fn open(folder: &Path, sync_every: Duration) -> Arc<dyn KeystrokeBuffer> {
        let synchronous = if sync_every.is_zero() { "FULL" } else { "NORMAL" };
        std::fs::create_dir_all(folder).unwrap();
        let mut options =
            ConnectOptions::new(format!("sqlite://{}/keystrokes.db?mode=rwc", folder.display()));
        options.max_connections(1).sqlx_logging(false);
        let writer = Database::connect(options.clone()).await.unwrap();
        writer
            .execute_unprepared(&format!(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous};
                 CREATE TABLE keystrokes (
                     id INTEGER PRIMARY KEY, arrived_at INTEGER NOT NULL, session TEXT NOT NULL, input TEXT NOT NULL,
                     user TEXT, text TEXT NOT NULL, sequence INTEGER, submitted INTEGER NOT NULL,
                     result_count INTEGER
                 )"
            ))
            .await
            .unwrap();
        let (queue, calls) = mpsc::channel(10_000);
        tokio::spawn(write(writer, calls));
        if !sync_every.is_zero() {
            let checkpoints = Database::connect(options).await.unwrap();
            tokio::spawn(async move {
                loop {
                    tokio::time::sleep(sync_every).await;
                    checkpoints.execute_unprepared("PRAGMA wal_checkpoint(PASSIVE)").await.unwrap();
                }
            });
        }
        Arc::new(Self(queue))
    }
}

/// Commits the queued calls, one transaction after another.
async fn write(connection: DatabaseConnection, mut queue: mpsc::Receiver<Call>) {
    let mut calls = Vec::new();
    while queue.recv_many(&mut calls, MAX_BATCH).await > 0 {
        let now = chrono::Utc::now().timestamp_millis();
        let keystrokes = calls.iter().flat_map(|(keystrokes, _)| keystrokes);
        let rows = keystrokes.map(|keystroke| {
            [
                now.into(),
                keystroke.session.as_str().into(),
                keystroke.input.as_str().into(),
                keystroke.user.as_ref().map(|user| user.as_str().to_owned()).into(),
                keystroke.text.as_str().into(),
                keystroke.sequence.into(),
                keystroke.submitted.into(),
                keystroke.result_count.into(),
            ]
        });
        let insert = Query::insert()
            .into_table(Alias::new("keystrokes"))
            .columns(COLUMNS.map(Alias::new))
            .values_from_panic(rows)
            .take();
        let transaction = connection.begin().await.unwrap();
        transaction.execute(&insert).await.unwrap();
        transaction.commit().await.unwrap();
        for (_, reply) in calls.drain(..) {
            let _ = reply.send(());
        }
    }
}

fn appends_only<T>() -> Result<T, BufferError> {
    Err(BufferError::Unavailable("the benchmark only appends".to_owned()))
}

#[async_trait]
impl KeystrokeBuffer for SqliteBuffer {
    async fn append(&self, keystrokes: &[Keystroke]) -> Result<Vec<AppendOutcome>, BufferError> {
        let (reply, committed) = oneshot::channel();
        self.0.send((keystrokes.to_vec(), reply)).await.unwrap();
        committed.await.unwrap();
        Ok(vec![AppendOutcome::Accepted; keystrokes.len()])
    }

    async fn claim(&self, _: ClaimScope, _: usize) -> Result<Vec<ClaimedRun>, BufferError> {
        appends_only()
    }

    async fn ack(&self, _: &[Settlement], _: FlushCounts) -> Result<(), BufferError> {
        appends_only()
    }

    async fn erase(&self, _: &Searcher) -> Result<Erasure, BufferError> {
        appends_only()
    }

    async fn health(&self) -> Result<BufferHealth, BufferError> {
        appends_only()
    }
}
