//! The pipeline from keystrokes to logged searches: its buffer, its feed and its workers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use chrono::Utc;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::data_folder::{JOURNAL_FOLDER, absolute};
use super::{REDIS_CONTEXT, outcome};
use crate::config::Settings;
use crate::keystroke::{
    BufferLimits, ClaimScope, Exclusions, FlushError, FlushStatus, FlushStep, Flusher, FoldPolicy,
    KeystrokeBuffer, Keystrokes, LocalBuffer, LocalFeed, Mask, RedisBuffer, RedisFeed, Retention,
    RetentionStep, SearchFeed,
};
use crate::store::Store;
use crate::supervisor::{GraceEnd, NeverWoken, Outcome, Stage, Supervisor};

/// The interval of retention while no search is old enough.
const RETENTION_INTERVAL: Duration = Duration::from_secs(600);
/// The interval of journal maintenance where every append syncs.
const JOURNAL_INTERVAL: Duration = Duration::from_secs(1);

/// The opened pipeline, whose workers have not started.
pub(super) struct KeystrokePipeline {
    pub(super) keystrokes: Keystrokes,
    pub(super) backend: BufferBackend,
    flusher: Flusher,
    retention: Option<Retention>,
    poll: Duration,
}

/// The storage of the buffer.
#[derive(Clone)]
pub(super) enum BufferBackend {
    /// The memory of this process: the buffer ends with it.
    Local(Arc<LocalBuffer>),
    /// Redis: the buffer outlives this process.
    Redis { buffer: Arc<RedisBuffer>, feed: Arc<RedisFeed> },
}

impl BufferBackend {
    async fn open(settings: &Settings) -> Result<Self> {
        let own = &settings.keystrokes;
        let limits = BufferLimits::of(own);
        if let Some(url) = &settings.redis_url {
            let (url, prefix) = (url.expose(), settings.redis_prefix.as_str());
            return Ok(Self::Redis {
                buffer: Arc::new(RedisBuffer::open(url, prefix, limits).context(REDIS_CONTEXT)?),
                feed: Arc::new(RedisFeed::open(url, prefix).context(REDIS_CONTEXT)?),
            });
        }
        let (folder, sync) = (absolute(&settings.data_dir).join(JOURNAL_FOLDER), own.sync);
        let open = move || LocalBuffer::open(&folder, limits, sync);
        Ok(Self::Local(Arc::new(tokio::task::spawn_blocking(open).await??)))
    }

    /// The known error that prevents the buffer from accepting keystrokes.
    pub(super) fn last_error(&self) -> Option<&'static str> {
        match self {
            Self::Local(buffer) => buffer.last_error(),
            Self::Redis { buffer, .. } => buffer.last_error(),
        }
    }

    /// The buffer, if it is in the memory of this process.
    pub(super) fn local(&self) -> Option<Arc<LocalBuffer>> {
        match self {
            Self::Local(buffer) => Some(buffer.clone()),
            Self::Redis { .. } => None,
        }
    }
}

impl KeystrokePipeline {
    pub(super) async fn open(settings: &Settings, store: &Store) -> Result<Self> {
        let own = &settings.keystrokes;
        let backend = BufferBackend::open(settings).await?;
        let (buffer, feed): (Arc<dyn KeystrokeBuffer>, Arc<dyn SearchFeed>) = match backend.clone() {
            BufferBackend::Local(buffer) => (buffer, Arc::new(LocalFeed::new())),
            BufferBackend::Redis { buffer, feed } => (buffer, feed),
        };
        let flush_status = FlushStatus::default();
        let mask = Mask::of(own);
        let exclusions = Exclusions::of(own);
        let policy =
            FoldPolicy { window: own.window, continue_window: own.continue_window, mask: mask.clone() };
        let retention = Retention::of(own, store);
        Ok(Self {
            flusher: Flusher::new(
                buffer.clone(),
                store.clone(),
                feed.clone(),
                policy,
                exclusions.clone(),
                flush_status.clone(),
            ),
            keystrokes: Keystrokes { buffer, feed, flush_status, mask, exclusions },
            backend,
            retention,
            poll: own.poll,
        })
    }

    /// Starts the workers. The local buffer, if any, is to be closed once they have ended.
    pub(super) fn spawn(self, supervisor: &mut Supervisor) -> Option<Arc<LocalBuffer>> {
        let local = self.backend.local();
        let worker = Arc::new(FlushWorker {
            flusher: Mutex::new(self.flusher),
            local: local.clone(),
            poll: self.poll,
            draining: supervisor.token(Stage::Drain),
            grace_end: supervisor.grace_end(),
            last_step_ms: AtomicU64::new(0),
        });
        supervisor.spawn_resumable("flusher", NeverWoken, move || {
            let worker = worker.clone();
            async move { worker.step().await }
        });
        if let Some(retention) = self.retention {
            let retention = Arc::new(retention);
            supervisor.spawn_steps("retention", Stage::Intake, NeverWoken, move || {
                let retention = retention.clone();
                async move {
                    let step = retention.step(Utc::now()).await;
                    outcome(step.map(|step| step == RetentionStep::Progressed), RETENTION_INTERVAL)
                }
            });
        }
        match self.backend {
            BufferBackend::Local(buffer) => {
                let sync = buffer.sync_every();
                let interval = if sync.is_zero() { JOURNAL_INTERVAL } else { sync };
                supervisor.spawn_steps("journal", Stage::Drain, NeverWoken, move || {
                    let journal = buffer.clone();
                    async move { outcome(journal.sync().await.map(|()| false), interval) }
                });
            }
            BufferBackend::Redis { feed, .. } => {
                let stop = supervisor.token(Stage::Intake);
                supervisor.spawn("search feed", Stage::Intake, async move {
                    feed.run(stop).await;
                    Ok(())
                });
            }
        }
        local
    }
}

/// The flusher as a worker, which empties a local buffer before the process ends.
struct FlushWorker {
    flusher: Mutex<Flusher>,
    local: Option<Arc<LocalBuffer>>,
    poll: Duration,
    draining: CancellationToken,
    grace_end: GraceEnd,
    /// The duration of the last completed step.
    last_step_ms: AtomicU64,
}

impl FlushWorker {
    async fn step(&self) -> Outcome {
        let ending = self.local.as_ref().filter(|_| self.draining.is_cancelled());
        let step = match ending.map(|buffer| (buffer, self.grace_end.left())) {
            None => self.flush(ClaimScope::Due).await,
            Some((_, None)) => self.flush(ClaimScope::All).await,
            Some((buffer, Some(left))) => {
                // Folding does not yield, so a step begins only if it can end in time.
                let needed = 2 * Duration::from_millis(self.last_step_ms.load(Ordering::Relaxed));
                let flush = timeout(left, self.flush(ClaimScope::All));
                let step = if left > needed { flush.await.ok() } else { None };
                let Some(step) = step else { return leave_to_next_start(buffer).await };
                step
            }
        };
        // A few due runs wait for others: each batch has a price, however small it is.
        match step {
            Ok(FlushStep::Progressed { is_whole_batch: false }) if !self.draining.is_cancelled() => {
                Outcome::Idle(self.poll / 2)
            }
            step => outcome(step.map(|step| step != FlushStep::Idle), self.poll),
        }
    }

    async fn flush(&self, scope: ClaimScope) -> Result<FlushStep, FlushError> {
        let started = Instant::now();
        let step = self.flusher.lock().await.step(scope).await;
        let elapsed = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_step_ms.store(elapsed, Ordering::Relaxed);
        step
    }
}

/// Ends the flusher while keystrokes are still buffered: the journal retains them, so nothing is lost.
async fn leave_to_next_start(buffer: &LocalBuffer) -> Outcome {
    if let Ok(health) = buffer.health().await {
        tracing::warn!(
            flush.runs = health.runs,
            flush.keystrokes = health.keystrokes,
            "stopping with unlogged keystrokes: the journal keeps them for the next start"
        );
    }
    Outcome::Idle(Duration::ZERO)
}
