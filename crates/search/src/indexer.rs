//! The indexer: keeps the index of this server in sync with the store.
//!
//! A restart, a rebuild and a new replica take one path: read the changes above the index's watermark,
//! apply them, and advance the watermark. Of the servers that share an index, the holder of a lease feeds it,
//! and the others watch its watermark.

use quarry_runtime::boxed;
use std::sync::Arc;
use std::time::{Duration, Instant};

use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use tokio::sync::watch;
use tracing::{info, warn};
use uuid::Uuid;

use super::engine::{Batch, SearchEngine, SearchError};
use quarry_domain::{DocumentChange, Revision};
use quarry_runtime::metrics::flag;
use quarry_store::{Lease, Store, StoreError};

/// Changes per read: enough to amortize the query, few enough for memory.
const BATCH_CHANGES: u64 = 20_000;

/// The time for which a server may feed a shared index without renewing its lease.
const FEEDER_TTL: Duration = Duration::from_secs(15);
/// The interval at which the lease is renewed.
const FEEDER_RENEWAL: Duration = Duration::from_secs(3);

/// A failed step; the next one may succeed.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] SearchError),
}

/// The outcome of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexStep {
    /// Applied changes; there may be more.
    Progressed,
    /// The index is in sync with the store.
    CaughtUp,
}

/// The progress of the index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IndexProgress {
    /// The last visible revision.
    pub applied: Revision,
    /// The latest revision of the store when it was last read.
    pub latest: Revision,
    /// True once the index has been in sync with the store.
    pub ready: bool,
    /// The reason for which the index rejects changes.
    pub last_error: Option<&'static str>,
}

impl IndexProgress {
    /// Registers the revisions of the index, and how many it lacks if the store's latest is known.
    pub fn register(&self, registry: &mut Registry, latest: Option<Revision>) {
        registry.register("index_ready", "1 once the index was in sync with the store", flag(self.ready));
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

/// The lease of the server that feeds an index which several servers share.
#[derive(Clone, Debug)]
pub struct FeederLease {
    /// The name of the index.
    pub index: String,
    /// This server.
    pub holder: Uuid,
}

/// The lease of a feeder as this server last saw it.
struct FeederRole {
    /// The lease as the store names it.
    lease: Lease,
    /// The time of the last renewal, while this server holds the lease.
    renewed: Option<Instant>,
}

/// Applies the changes of a store to an engine.
pub struct Indexer {
    store: Store,
    engine: Arc<dyn SearchEngine>,
    /// `None` if the index is this server's own.
    feeder: Option<FeederRole>,
    progress: watch::Sender<IndexProgress>,
    /// The store's id, once known.
    store_id: Option<Uuid>,
    /// The last revision passed to the engine since a failure; above its watermark between commits.
    sent: Option<Revision>,
    /// The next batch with the revision before it, read while the last one was applied.
    read_ahead: Option<(Revision, Vec<DocumentChange>)>,
}

impl Indexer {
    /// Creates an indexer; [`Self::step`] drives it.
    pub fn new(store: Store, engine: Arc<dyn SearchEngine>) -> Self {
        let (progress, _) = watch::channel(IndexProgress::default());
        Self { store, engine, feeder: None, progress, store_id: None, sent: None, read_ahead: None }
    }

    /// Creates an indexer of an index that several servers share.
    pub fn shared(store: Store, engine: Arc<dyn SearchEngine>, lease: FeederLease) -> Self {
        let lease = Lease { name: format!("feeder {}", lease.index), holder: lease.holder };
        let feeder = Some(FeederRole { lease, renewed: None });
        Self { feeder, ..Self::new(store, engine) }
    }

    /// Returns a receiver of the progress.
    pub fn follow(&self) -> IndexFollower {
        IndexFollower { progress: self.progress.subscribe() }
    }

    /// Applies the next batch of changes.
    #[boxed]
    pub async fn step(&mut self) -> Result<IndexStep, IndexError> {
        let outcome = self.try_step().await;
        // A failure of the store is not one of the index.
        let last_error = match &outcome {
            Err(IndexError::Engine(SearchError::Unavailable(_))) => {
                Some("The search engine is unavailable or takes no changes, see the log.")
            }
            Err(IndexError::Engine(_)) => {
                Some("The index takes no changes: its disk may be full, see the log.")
            }
            Ok(_) | Err(IndexError::Store(_)) => None,
        };
        self.progress.send_if_modified(|progress| {
            std::mem::replace(&mut progress.last_error, last_error) != last_error
        });
        outcome
    }

    async fn try_step(&mut self) -> Result<IndexStep, IndexError> {
        // After any failure, the next step begins from the durable watermark.
        let sent = self.sent.take();
        let store = match self.store_id {
            Some(known) => known,
            None => *self.store_id.insert(self.store.store_id().await?),
        };
        if !self.feeds().await? {
            self.read_ahead = None;
            return self.watch(store).await;
        }
        let applied = self.watermark(store).await?;
        // An index that was deleted, or restored from a snapshot, lacks changes that were sent.
        let lacks_changes = applied.unwrap_or(Revision::ZERO) < self.progress.borrow().applied;
        let sent = if lacks_changes { None } else { sent };
        let from = applied.unwrap_or(Revision::ZERO).max(sent.unwrap_or(Revision::ZERO));
        let changes = match self.read_ahead.take() {
            Some((after, changes)) if after == from => changes,
            _ => self.store.changes_after(from, BATCH_CHANGES).await?,
        };
        let through = changes.last().map_or(from, DocumentChange::revision);
        // Published before `apply`: an index that rejects changes must not appear to be in sync.
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
            // The next step repeats a failed read and reports it.
            self.read_ahead = next.ok().map(|changes| (through, changes));
            applied?
        };
        self.sent = Some(through);
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

    /// Returns true if this server applies changes to the index.
    ///
    /// A server whose lease has expired during a step is fenced by the watermark, which it no longer advances.
    async fn feeds(&mut self) -> Result<bool, StoreError> {
        let Some(role) = &mut self.feeder else { return Ok(true) };
        if role.renewed.is_some_and(|at| at.elapsed() < FEEDER_RENEWAL) {
            return Ok(true);
        }
        let Lease { name, holder } = &role.lease;
        let was_held = role.renewed.take().is_some();
        // A read costs less than a failed acquisition, so each step finds a lease that was released.
        let is_free =
            was_held || self.store.lease_holder(name).await?.is_none_or(|holding| holding == *holder);
        let started = Instant::now();
        let is_held = is_free && self.store.acquire_lease(name, *holder, FEEDER_TTL).await?.is_some();
        role.renewed = is_held.then_some(started);
        if is_held != was_held {
            info!(lease = name, feeds = is_held, "the feeder of the index changed");
        }
        Ok(is_held)
    }

    /// Lets another server feed a shared index at once, rather than when the lease expires.
    #[boxed]
    pub async fn release(&mut self) -> Result<(), StoreError> {
        let Some(FeederRole { lease, renewed }) = &mut self.feeder else { return Ok(()) };
        if renewed.take().is_none() {
            return Ok(());
        }
        self.store.release_lease(lease).await
    }

    /// Reads how far another server has fed the index.
    async fn watch(&mut self, store: Uuid) -> Result<IndexStep, IndexError> {
        let latest = self.store.latest_revision().await?;
        let applied = match self.engine.applied_through().await? {
            Some((of, revision)) if of == store => revision,
            _ => Revision::ZERO,
        };
        self.progress.send_if_modified(|progress| {
            let ready = progress.ready || applied >= latest;
            let next = IndexProgress { applied, latest, ready, last_error: None };
            std::mem::replace(progress, next) != next
        });
        Ok(IndexStep::CaughtUp)
    }

    /// Returns the index's watermark, and empties an index that cannot continue.
    async fn watermark(&mut self, store: Uuid) -> Result<Option<Revision>, IndexError> {
        let reason = match self.engine.applied_through().await {
            Ok(None) => return Ok(None),
            Ok(Some((of, revision))) if of == store => {
                if revision == self.progress.borrow().applied && revision > Revision::ZERO {
                    return Ok(Some(revision));
                }
                // On the first step: a database restored from a backup may be behind the index.
                if revision <= self.store.latest_revision().await? {
                    return Ok(Some(revision));
                }
                "the database is older than the index"
            }
            Ok(Some(_)) => "the index belongs to another database",
            Err(SearchError::Damaged(_)) => {
                // While the store fails, the damaged index still serves more than an empty one.
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

/// Receives the progress of an indexer.
#[derive(Clone, Debug)]
pub struct IndexFollower {
    progress: watch::Receiver<IndexProgress>,
}

impl IndexFollower {
    /// Returns the present progress.
    pub fn progress(&self) -> IndexProgress {
        *self.progress.borrow()
    }

    /// Waits until the index has been in sync with the store.
    #[boxed]
    pub async fn until_ready(&self) {
        let mut progress = self.progress.clone();
        if progress.wait_for(|progress| progress.ready).await.is_err() {
            // The indexer was dropped, so the index never becomes ready.
            std::future::pending::<()>().await;
        }
    }

    /// Waits until a revision is visible, and returns false after the timeout.
    #[boxed]
    pub async fn wait_for(&self, revision: Revision, timeout: Duration) -> bool {
        let mut progress = self.progress.clone();
        let reached = progress.wait_for(|progress| progress.applied >= revision);
        matches!(tokio::time::timeout(timeout, reached).await, Ok(Ok(_)))
    }
}
