//! The background job that aggregates searches by day, for reports over long periods.
//!
//! Deliberately not here: a lease. The store guarantees that one server aggregates a day, and that
//! reports are correct with or without the aggregate.

use quarry_domain::Timestamp;
use quarry_runtime::boxed;
use quarry_store::{Store, StoreError};

/// The outcome of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RollUpStep {
    /// It aggregated something; more may be due.
    Progressed,
    /// Nothing is due.
    Idle,
}

/// The roll-up job of a store.
pub struct RollUp {
    store: Store,
}

impl RollUp {
    /// Creates the job.
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// Aggregates a batch of what is due at `now`.
    #[boxed]
    pub async fn step(&self, now: Timestamp) -> Result<RollUpStep, StoreError> {
        match self.store.roll_up_searches(now).await? {
            true => Ok(RollUpStep::Progressed),
            false => Ok(RollUpStep::Idle),
        }
    }
}
