//! Counts the visitors of documents in the store for the engine.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use quarry_runtime::boxed;

use super::engine::SearchEngine;
use super::popularity::Popularity;
use quarry_domain::{InteractionKind, Timestamp};
use quarry_store::{Store, StoreError};

/// The documents of each kind of interaction that are counted, those with the most visitors: they bound the memory.
const MAX_DOCUMENTS: u64 = 100_000;

/// Counts the visitors of documents for the engine.
#[derive(Clone)]
pub struct PopularityCounter {
    store: Store,
    engine: Arc<dyn SearchEngine>,
    period: TimeDelta,
}

impl PopularityCounter {
    /// The interval of steps.
    pub const PERIOD: Duration = Duration::from_secs(60);

    /// Creates a counter of the interactions of the last days.
    pub fn new(store: Store, engine: Arc<dyn SearchEngine>, days: u16) -> Self {
        Self { store, engine, period: TimeDelta::days(days.into()) }
    }

    /// Counts the visitors until now; later searches use the numbers.
    #[boxed]
    pub async fn step(&self, now: Timestamp) -> Result<(), StoreError> {
        let from = now - self.period;
        let clicks = self.store.visitors(InteractionKind::Click, from, MAX_DOCUMENTS).await?;
        let conversions = self.store.visitors(InteractionKind::Conversion, from, MAX_DOCUMENTS).await?;
        self.engine.use_popularity(Arc::new(Popularity::new(clicks, conversions)));
        Ok(())
    }
}
