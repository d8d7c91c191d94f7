use quarry_runtime::boxed;
use std::time::Duration;

use quarry_domain::Timestamp;
use quarry_store::{Store, StoreError};

/// Searches that are removed in one transaction: few, so that those who log do not wait long.
const BATCH_SEARCHES: u64 = 1_000;

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetentionStep {
    /// It removed as many searches as it does at once: there may be more.
    Progressed,
    /// Nothing more is old enough.
    Idle,
}

/// Removes logged searches that are older than they may get.
pub struct Retention {
    store: Store,
    keep: Duration,
}

impl Retention {
    /// Keeps searches for so long after their last keystroke.
    pub fn new(store: Store, keep: Duration) -> Self {
        Self { store, keep }
    }

    /// Removes some of what is too old.
    #[boxed]
    pub async fn step(&self, now: Timestamp) -> Result<RetentionStep, StoreError> {
        let removed = self.store.remove_old_searches(now - self.keep, BATCH_SEARCHES).await?;
        Ok(if removed < BATCH_SEARCHES { RetentionStep::Idle } else { RetentionStep::Progressed })
    }
}
