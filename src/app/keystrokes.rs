//! The pipeline from keystrokes to logged searches: which buffer and which feed, and its workers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use chrono::Utc;
use tokio::sync::Mutex;

use super::JOURNAL_FOLDER;
use crate::config::Settings;
use crate::keystroke::{
    BufferLimits, FlushProgress, FlushStep, Flusher, FoldPolicy, KeystrokeBuffer, Keystrokes, LocalBuffer,
    LocalFeed, RedisBuffer, RedisFeed, Retention, RetentionStep, SearchFeed, Wanted,
};
use crate::store::Store;
use crate::supervisor::{NeverWoken, Outcome, Stage, Supervisor};

/// Between two looks for searches that are too old, when there were none.
const RETENTION_EVERY: Duration = Duration::from_secs(600);
/// How often the journal is looked after where every call flushes it by itself.
const TIDY_EVERY: Duration = Duration::from_secs(1);

/// The pipeline, put together and not yet started.
pub(super) struct KeystrokePipeline {
    pub(super) keystrokes: Keystrokes,
    /// The buffer, where it is in Redis.
    pub(super) redis_buffer: Option<Arc<RedisBuffer>>,
    flusher: Flusher,
    retention: Option<Retention>,
    place: Place,
    poll: Duration,
}

/// Where keystrokes wait.
#[derive(Clone)]
enum Place {
    /// In this process: the buffer ends with it.
    Here(Arc<LocalBuffer>),
    /// In Redis: the buffer outlives this process.
    Redis(Arc<RedisFeed>),
}

impl KeystrokePipeline {
    pub(super) async fn open(settings: &Settings, store: &Store) -> Result<Self> {
        let own = &settings.keystrokes;
        let limits = BufferLimits::of(own);
        let mut redis_buffer = None;
        let (buffer, feed, place): (Arc<dyn KeystrokeBuffer>, Arc<dyn SearchFeed>, Place) =
            match &settings.redis_url {
                Some(url) => {
                    let refused = "redis_url cannot be used (`quarry config` shows it)";
                    let (url, prefix) = (url.expose(), settings.redis_prefix.as_str());
                    let buffer = Arc::new(RedisBuffer::open(url, prefix, limits).context(refused)?);
                    redis_buffer = Some(buffer.clone());
                    let feed = Arc::new(RedisFeed::open(url, prefix).context(refused)?);
                    (buffer, feed.clone(), Place::Redis(feed))
                }
                None => {
                    let (folder, sync) = (super::whole(&settings.data_dir).join(JOURNAL_FOLDER), own.sync);
                    let open = move || LocalBuffer::open(&folder, limits, sync);
                    let buffer = Arc::new(tokio::task::spawn_blocking(open).await??);
                    (buffer.clone(), Arc::new(LocalFeed::new()), Place::Here(buffer))
                }
            };
        let progress = FlushProgress::default();
        let policy = FoldPolicy { window: own.window, mask: own.mask };
        let retention = Retention::of(own, store);
        Ok(Self {
            flusher: Flusher::new(buffer.clone(), store.clone(), feed.clone(), policy, progress.clone()),
            keystrokes: Keystrokes::new(buffer, feed, progress),
            redis_buffer,
            retention,
            place,
            poll: own.poll,
        })
    }

    /// The feed, where it is in Redis.
    pub(super) fn redis_feed(&self) -> Option<Arc<RedisFeed>> {
        match &self.place {
            Place::Redis(feed) => Some(feed.clone()),
            Place::Here(_) => None,
        }
    }

    /// The buffer, where it is in this process.
    pub(super) fn local_buffer(&self) -> Option<Arc<LocalBuffer>> {
        match &self.place {
            Place::Here(buffer) => Some(buffer.clone()),
            Place::Redis(_) => None,
        }
    }

    /// Starts the workers. What is left to do once they have ended is returned.
    pub(super) fn spawn(self, supervisor: &mut Supervisor) -> LastWrites {
        let journaled = self.local_buffer();
        let Self { flusher, retention, place, poll, keystrokes: _, redis_buffer: _ } = self;
        let flusher = Arc::new(Mutex::new(flusher));
        let draining = supervisor.token(Stage::Drain);
        let grace_end = supervisor.grace_end();
        // Folding does not yield, so a step is not begun that may not end in time.
        let last_took = Arc::new(AtomicU64::new(0));
        let step = move || {
            // Once nothing comes in any more, a buffer that ends with the process is emptied, as far as it has time.
            let last = journaled.clone().filter(|_| draining.is_cancelled());
            let left = last.as_ref().and_then(|_| grace_end.left());
            let wanted = if last.is_some() { Wanted::All } else { Wanted::Due };
            let (flusher, last_took) = (flusher.clone(), last_took.clone());
            async move {
                let began = Instant::now();
                let most = 2 * Duration::from_millis(last_took.load(Ordering::Relaxed));
                let step = async {
                    let stepped = flusher.lock().await.step(wanted).await;
                    let took = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
                    last_took.store(took, Ordering::Relaxed);
                    stepped
                };
                let stepped = match (last, left) {
                    (Some(buffer), Some(left)) if left <= most => return leave_to_next_start(&buffer).await,
                    (Some(buffer), Some(left)) => match tokio::time::timeout(left, step).await {
                        Ok(stepped) => stepped,
                        Err(_) => return leave_to_next_start(&buffer).await,
                    },
                    _ => step.await,
                };
                match stepped {
                    Ok(FlushStep::Progressed) => Outcome::Progressed,
                    Ok(FlushStep::Idle) => Outcome::Idle(poll),
                    Err(error) => Outcome::Failed(Box::new(error)),
                }
            }
        };
        supervisor.spawn_resumable("flusher", NeverWoken, step);
        if let Some(retention) = retention {
            let retention = Arc::new(retention);
            supervisor.spawn_steps("retention", Stage::Intake, NeverWoken, move || {
                let retention = retention.clone();
                async move {
                    match retention.step(Utc::now()).await {
                        Ok(RetentionStep::Progressed) => Outcome::Progressed,
                        Ok(RetentionStep::Idle) => Outcome::Idle(RETENTION_EVERY),
                        Err(error) => Outcome::Failed(Box::new(error)),
                    }
                }
            });
        }
        match place {
            Place::Here(buffer) => {
                let every = if buffer.sync_every().is_zero() { TIDY_EVERY } else { buffer.sync_every() };
                let journal = buffer.clone();
                supervisor.spawn_steps("journal", Stage::Drain, NeverWoken, move || {
                    let journal = journal.clone();
                    async move {
                        match journal.sync().await {
                            Ok(()) => Outcome::Idle(every),
                            Err(error) => Outcome::Failed(Box::new(error)),
                        }
                    }
                });
                LastWrites(Some(buffer))
            }
            Place::Redis(feed) => {
                let stop = supervisor.token(Stage::Intake);
                supervisor.spawn("search feed", Stage::Intake, async move {
                    feed.run(stop).await;
                    Ok(())
                });
                LastWrites(None)
            }
        }
    }
}

/// Ends the flusher with keystrokes that wait: the journal keeps them, so nothing is lost.
async fn leave_to_next_start(buffer: &LocalBuffer) -> Outcome {
    if let Ok(health) = buffer.health().await {
        tracing::warn!(
            flush.runs = health.runs,
            flush.keystrokes = health.keystrokes,
            "stopping with keystrokes that are not logged: the journal keeps them for the next start"
        );
    }
    Outcome::Idle(Duration::ZERO)
}

/// What is written when all workers have ended.
pub(super) struct LastWrites(Option<Arc<LocalBuffer>>);

impl LastWrites {
    pub(super) async fn finish(self) -> Result<()> {
        if let Some(buffer) = self.0 {
            buffer.close().await?;
        }
        Ok(())
    }
}
