//! Keeps this server's index in step with the store.
//!
//! Catch-up after a restart, a rebuild and a new replica are one path: read what stands above
//! the index's watermark, apply it, move the watermark.

use quarry_runtime::boxed;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use tokio::sync::watch;
use tracing::{info, warn};
use uuid::Uuid;

use super::engine::{Batch, SearchEngine, SearchError};
use quarry_domain::{DocumentChange, Revision};
use quarry_runtime::metrics::flag;
use quarry_store::{Store, StoreError};

/// Changes that are read together: enough that a rebuild is not made of queries, few enough to
/// hold in memory.
const BATCH_CHANGES: u64 = 20_000;

/// Why a step failed; the next one may succeed.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The engine did not take the changes.
    #[error(transparent)]
    Engine(#[from] SearchError),
}

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexStep {
    /// It applied changes, and there may be more.
    Progressed,
    /// The index is in step with the store.
    CaughtUp,
}

/// How far the index has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IndexProgress {
    /// Everything up to here can be found.
    pub applied: Revision,
    /// What the store held when it was looked at last.
    pub latest: Revision,
    /// The index was in step with the store once since the start.
    pub ready: bool,
    /// The reason why the index takes no changes, if so.
    pub last_error: Option<&'static str>,
}

impl IndexProgress {
    /// Registers the revisions of the index, and how many it lacks if the store's latest is known.
    pub fn register(&self, registry: &mut Registry, latest: Option<Revision>) {
        registry.register("index_ready", "1 once the index was in step with the store", flag(self.ready));
        let applied = self.applied.value();
        registry.register(
            "index_revision",
            "The revision up to which searches find changes",
            ConstGauge::new(applied),
        );
        if let Some(latest) = latest {
            let behind = (latest.value() - applied).max(0);
            registry.register(
                "index_revisions_behind",
                "Revisions that the store is ahead of the index",
                ConstGauge::new(behind),
            );
        }
    }
}

/// Follows the store's changes.
pub struct Indexer {
    store: Store,
    engine: Arc<dyn SearchEngine>,
    progress: watch::Sender<IndexProgress>,
    /// The store's id, once known.
    store_id: Option<Uuid>,
    /// What the engine took since the last failure: ahead of its watermark while it gathers
    /// batches for one commit.
    taken: Option<Revision>,
    /// The batch after the one that was applied last, read while that was applied.
    read_ahead: Option<(Revision, Vec<DocumentChange>)>,
}

impl Indexer {
    /// An indexer that has done nothing yet.
    pub fn new(store: Store, engine: Arc<dyn SearchEngine>) -> Self {
        let (progress, _) = watch::channel(IndexProgress::default());
        Self { store, engine, progress, store_id: None, taken: None, read_ahead: None }
    }

    /// Tells how far the index has come, now and later.
    pub fn follow(&self) -> IndexFollower {
        IndexFollower { progress: self.progress.subscribe() }
    }

    /// Applies the next changes, if there are any.
    #[boxed]
    pub async fn step(&mut self) -> Result<IndexStep, IndexError> {
        let outcome = self.try_step().await;
        // An index that the store keeps waiting is not at fault.
        let is_at_fault = matches!(outcome, Err(IndexError::Engine(_)));
        let last_error =
            is_at_fault.then_some("The index takes no changes: its disk may be full, see the log.");
        self.progress.send_if_modified(|progress| {
            std::mem::replace(&mut progress.last_error, last_error) != last_error
        });
        outcome
    }

    async fn try_step(&mut self) -> Result<IndexStep, IndexError> {
        // Whatever fails, the next step begins from what is durable.
        let taken = self.taken.take();
        let store = match self.store_id {
            Some(known) => known,
            None => *self.store_id.insert(self.store.store_id().await?),
        };
        let applied = self.watermark(store).await?;
        let from = applied.unwrap_or(Revision::ZERO).max(taken.unwrap_or(Revision::ZERO));
        let changes = match self.read_ahead.take() {
            Some((after, changes)) if after == from => changes,
            _ => self.store.changes_after(from, BATCH_CHANGES).await?,
        };
        let through = changes.last().map_or(from, DocumentChange::revision);
        // An index that takes no changes must not seem to be in step.
        self.progress.send_if_modified(|progress| {
            let is_ahead = progress.latest < through;
            progress.latest = progress.latest.max(through);
            is_ahead
        });
        let caught_up = (changes.len() as u64) < BATCH_CHANGES;
        let count = changes.len();
        let batch = Batch { store, changes, through, caught_up };
        let applied = if caught_up {
            self.engine.apply(batch).await?
        } else {
            let (applied, next) =
                tokio::join!(self.engine.apply(batch), self.store.changes_after(through, BATCH_CHANGES));
            // A failed look ahead shows itself when it is repeated.
            self.read_ahead = next.ok().map(|changes| (through, changes));
            applied?
        };
        self.taken = Some(through);
        let latest = if caught_up { through } else { self.store.latest_revision().await? };
        if count > 0 {
            info!(index.changes = count, index.revision = through.value(), "index applied changes");
        }
        self.progress.send_if_modified(|progress| {
            let next =
                IndexProgress { applied, latest, ready: progress.ready || caught_up, last_error: None };
            let changed = *progress != next;
            *progress = next;
            changed
        });
        Ok(if caught_up { IndexStep::CaughtUp } else { IndexStep::Progressed })
    }

    /// The index's watermark; an index that cannot be continued is emptied first.
    async fn watermark(&mut self, store: Uuid) -> Result<Option<Revision>, IndexError> {
        let reason = match self.engine.applied_through().await {
            Ok(None) => return Ok(None),
            Ok(Some((of, revision))) if of == store => {
                if revision == self.progress.borrow().applied && revision > Revision::ZERO {
                    return Ok(Some(revision));
                }
                // The first look at this index: a database that was restored from a backup has
                // fewer revisions than an index that followed it further.
                if revision <= self.store.latest_revision().await? {
                    return Ok(Some(revision));
                }
                "the database is older than the index"
            }
            Ok(Some(_)) => "the index belongs to another database",
            Err(SearchError::Damaged(_)) => {
                // What serves is worth more than an index that cannot be filled.
                self.store.latest_revision().await?;
                "the index is damaged"
            }
            Err(error) => return Err(error.into()),
        };
        warn!(reason, "rebuilding the index from the store");
        self.engine.reset().await?;
        self.read_ahead = None;
        Ok(None)
    }
}

/// Watches an indexer from afar.
#[derive(Clone, Debug)]
pub struct IndexFollower {
    progress: watch::Receiver<IndexProgress>,
}

impl IndexFollower {
    /// How far the index has come.
    pub fn progress(&self) -> IndexProgress {
        *self.progress.borrow()
    }

    /// Waits until the index was in step with the store once.
    #[boxed]
    pub async fn until_ready(&self) {
        let mut progress = self.progress.clone();
        if progress.wait_for(|progress| progress.ready).await.is_err() {
            // The indexer is gone: this will never be.
            std::future::pending::<()>().await;
        }
    }

    /// Waits until everything up to a revision can be found; `false` when that takes longer
    /// than `patience`.
    #[boxed]
    pub async fn wait_for(&self, revision: Revision, patience: Duration) -> bool {
        let mut progress = self.progress.clone();
        let reached = progress.wait_for(|progress| progress.applied >= revision);
        matches!(tokio::time::timeout(patience, reached).await, Ok(Ok(_)))
    }
}
