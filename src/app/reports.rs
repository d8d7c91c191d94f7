//! What reports are made of: interactions, sums in the background, the cache, and what knows how
//! complete the log is.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use async_trait::async_trait;
use chrono::Utc;
use tokio::sync::Mutex;

use crate::cache::{Cache, CacheLimits, LocalCache, RedisCache};
use crate::config::{Secret, Settings};
use crate::domain::Timestamp;
use crate::interaction::{InteractionWriter, Interactions};
use crate::keystroke::Keystrokes;
use crate::report::{Coverage, CoverageError, ErasureWatch, Reports, RollUp, RollUpStep};
use crate::store::Store;
use crate::supervisor::{NeverWoken, Outcome, Stage, Supervisor};

/// Between two looks for what can be added up, when there was nothing.
const ROLL_UP_EVERY: Duration = Duration::from_secs(60);

/// Reports, put together, with workers that are not yet started.
pub(super) struct ReportComponents {
    pub(super) reports: Reports,
    pub(super) interactions: Interactions,
    /// The cache, where it is in Redis.
    pub(super) redis_cache: Option<Arc<RedisCache>>,
    writer: InteractionWriter,
    roll_up: RollUp,
}

impl ReportComponents {
    pub(super) fn open(settings: &Settings, store: &Store, keystrokes: &Keystrokes) -> Result<Self> {
        let open =
            |url: &Secret| RedisCache::open(url.expose(), &settings.redis_prefix, CacheLimits::default());
        let redis_cache = settings.redis_url.as_ref().map(open).transpose();
        let redis_cache =
            redis_cache.context("redis_url cannot be used (`quarry config` shows it)")?.map(Arc::new);
        let cache: Arc<dyn Cache> = match redis_cache.clone() {
            Some(cache) => cache,
            None => Arc::new(LocalCache::new(CacheLimits::default())),
        };
        let coverage = Arc::new(Buffered(keystrokes.clone()));
        let (interactions, writer) = Interactions::new(store.clone());
        Ok(Self {
            reports: Reports::new(store.clone(), cache, coverage, settings.reports.ttl),
            interactions,
            redis_cache,
            writer,
            roll_up: RollUp::new(store.clone()),
        })
    }

    /// Starts the workers.
    pub(super) fn spawn(self, supervisor: &mut Supervisor) {
        let (writer, stop) = (self.writer, supervisor.token(Stage::Drain));
        supervisor.spawn("interactions", Stage::Drain, async move {
            writer.run(stop).await;
            Ok(())
        });
        let roll_up = Arc::new(self.roll_up);
        supervisor.spawn_steps("roll-up", Stage::Intake, NeverWoken, move || {
            let roll_up = roll_up.clone();
            async move {
                match roll_up.step(Utc::now()).await {
                    Ok(RollUpStep::Progressed) => Outcome::Progressed,
                    Ok(RollUpStep::Idle) => Outcome::Idle(ROLL_UP_EVERY),
                    Err(error) => Outcome::Failed(Box::new(error)),
                }
            }
        });
        let watch = Arc::new(Mutex::new(ErasureWatch::new(self.reports)));
        supervisor.spawn_steps("report erasures", Stage::Intake, NeverWoken, move || {
            let watch = watch.clone();
            async move {
                match watch.lock().await.step(Utc::now()).await {
                    Ok(_) => Outcome::Idle(ErasureWatch::PERIOD),
                    Err(error) => Outcome::Failed(Box::new(error)),
                }
            }
        });
    }
}

/// What waits in the keystroke buffer is not in the log yet.
struct Buffered(Keystrokes);

#[async_trait]
impl Coverage for Buffered {
    async fn oldest_pending(&self) -> Result<Option<Timestamp>, CoverageError> {
        let health = self.0.health().await.map_err(|error| CoverageError(error.to_string()))?;
        match health.buffer.settled {
            Some(settled) => Ok(Some(settled)),
            None => Err(CoverageError("too much waits in the buffer".to_owned())),
        }
    }
}
