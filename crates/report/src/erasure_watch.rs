use quarry_runtime::boxed;
use std::time::Duration;

use chrono::TimeDelta;

use super::{CacheError, Reports};
use quarry_domain::Timestamp;
use quarry_store::{ErasureMark, StoreError};

/// How long after an erasure was seen to begin its server forgets for the second time.
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(2);
/// The longest time between two such times.
const LONGEST_PAUSE: TimeDelta = TimeDelta::seconds(64);

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErasureStep {
    /// Somebody was or is being erased: this server forgot its reports.
    Cleared,
    /// There was nothing to forget.
    Idle,
}

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub enum ErasureWatchError {
    /// The store could not be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The cache could not be cleared.
    #[error(transparent)]
    Cache(#[from] CacheError),
}

/// Lets a server forget its reports when another has erased somebody: without Redis, each has its
/// own cache, and with it, a memory for when Redis is away.
///
/// The store says that an erasure has begun, not that it is done. So after the first time it forgets
/// again, after pauses that double: what was computed while an erasure took so long is shown for
/// about as long again.
pub struct ErasureWatch {
    reports: Reports,
    known: Option<ErasureMark>,
    again: Option<ScheduledClear>,
}

/// When to forget again, and the pause before the time after that.
struct ScheduledClear {
    at: Timestamp,
    pause: TimeDelta,
}

impl ErasureWatch {
    /// How often a step is worth it: it costs a small query.
    pub const PERIOD: Duration = Duration::from_secs(2);

    /// Watches for these reports. Begins with the first step: they know nothing older by then.
    pub fn new(reports: Reports) -> Self {
        Self { reports, known: None, again: None }
    }

    /// Looks whether somebody was erased since the last step, and if so, forgets.
    #[boxed]
    pub async fn step(&mut self, now: Timestamp) -> Result<ErasureStep, ErasureWatchError> {
        let mark = self.reports.0.store.erasure_mark().await?;
        let is_known = self.known.as_ref().is_none_or(|known| mark == *known);
        let pause = match &self.again {
            _ if !is_known => FIRST_PAUSE,
            Some(again) if again.at <= now => again.pause,
            _ => {
                self.known = Some(mark);
                return Ok(ErasureStep::Idle);
            }
        };
        self.reports.clear_local().await?;
        // Only now: what failed is done by the next step.
        self.known = Some(mark);
        let next = now.checked_add_signed(pause).filter(|_| pause <= LONGEST_PAUSE);
        self.again = next.map(|at| ScheduledClear { at, pause: pause * 2 });
        Ok(ErasureStep::Cleared)
    }
}
