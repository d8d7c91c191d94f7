//! Reports with all that they depend on: interactions, roll-ups, the cache, and the coverage of the log.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::Utc;
use tokio::sync::Mutex;

use super::outcome;
use crate::cache::CacheClient;
use crate::domain::Timestamp;
use crate::interaction::{InteractionWriter, Interactions};
use crate::keystroke::Keystrokes;
use crate::report::{Coverage, CoverageError, ErasureWatch, Reports};
use crate::store::Store;
use crate::supervisor::{NeverWoken, Stage, Supervisor};

/// The interval of roll-ups while none is due.
const ROLL_UP_INTERVAL: Duration = Duration::from_secs(60);

/// The interval at which interactions are attributed to logged searches; reports attribute them, too.
const ATTRIBUTION_INTERVAL: Duration = Duration::from_secs(30);

/// The opened components, whose workers have not started.
pub(super) struct ReportComponents {
    pub(super) reports: Reports,
    pub(super) interactions: Interactions,
    writer: InteractionWriter,
    store: Store,
}

impl ReportComponents {
    pub(super) fn new(store: &Store, cache: CacheClient, keystrokes: &Keystrokes) -> Self {
        let coverage = Arc::new(BufferCoverage(keystrokes.clone()));
        let (interactions, writer) = Interactions::new(store.clone());
        let reports = Reports::with_client(store.clone(), cache, coverage);
        Self { reports, interactions, writer, store: store.clone() }
    }

    /// Starts the workers.
    pub(super) fn spawn(self, supervisor: &mut Supervisor) {
        let (writer, interactions, stop) = (self.writer, self.interactions, supervisor.token(Stage::Drain));
        supervisor.spawn("interactions", Stage::Drain, async move {
            writer.run(stop).await;
            // Without a handle of its own, it would end with the last caller, before its stage.
            drop(interactions);
            Ok(())
        });
        let store = self.store.clone();
        supervisor.spawn_steps("roll-up", Stage::Intake, NeverWoken, move || {
            let store = store.clone();
            async move { outcome(store.roll_up_searches(Utc::now()).await, ROLL_UP_INTERVAL) }
        });
        let store = self.store;
        supervisor.spawn_steps("attribution", Stage::Intake, NeverWoken, move || {
            let store = store.clone();
            async move {
                outcome(store.attribute_interactions(Utc::now()).await.map(|()| false), ATTRIBUTION_INTERVAL)
            }
        });
        let watch = Arc::new(Mutex::new(ErasureWatch::new(self.reports)));
        supervisor.spawn_steps("report erasures", Stage::Intake, NeverWoken, move || {
            let watch = watch.clone();
            async move {
                outcome(watch.lock().await.step(Utc::now()).await.map(|_| false), ErasureWatch::PERIOD)
            }
        });
    }
}

/// The coverage of the log: buffered keystrokes are not logged yet.
struct BufferCoverage(Keystrokes);

#[async_trait]
impl Coverage for BufferCoverage {
    async fn oldest_pending(&self) -> Result<Option<Timestamp>, CoverageError> {
        let health = self.0.health().await.map_err(|error| CoverageError(error.to_string()))?;
        match health.buffer.settled {
            Some(settled) => Ok(Some(settled)),
            None => Err(CoverageError("the buffer holds too many keystrokes".to_owned())),
        }
    }
}
