//! Adds searches up by the day, in the background, so that reports over long periods are quick.
//!
//! Deliberately without a lease: the store sees to it that a day is added up by one server, and
//! that reports are right whether or not it is.

use quarry_domain::Timestamp;
use quarry_runtime::boxed;
use quarry_store::{Store, StoreError};

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RollUpStep {
    /// It added something up: there may be more.
    Progressed,
    /// Everything that is over is added up.
    Idle,
}

/// Adds up what reports read.
pub struct RollUp {
    store: Store,
}

impl RollUp {
    /// Adds up searches in this store.
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// Adds up some of what is over by now.
    #[boxed]
    pub async fn step(&self, now: Timestamp) -> Result<RollUpStep, StoreError> {
        match self.store.roll_up_searches(now).await? {
            true => Ok(RollUpStep::Progressed),
            false => Ok(RollUpStep::Idle),
        }
    }
}
