use quarry_runtime::boxed;
use std::sync::{Mutex, PoisonError};

use tracing::{info, warn};

use quarry_config::KeystrokeSettings;
use quarry_domain::Timestamp;
use quarry_store::{RetentionHold, RetentionTerms, Store, StoreError};

/// The maximum number of searches per transaction: a small one does not delay logging.
const BATCH_SEARCHES: u64 = 1_000;

/// The outcome of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetentionStep {
    /// A full batch was deleted: more may follow.
    Progressed,
    /// No expired searches are left, or the rest is held back.
    Idle,
}

/// Deletes logged searches after their retention time.
pub struct Retention {
    store: Store,
    terms: RetentionTerms,
    /// The last reason to hold back, which is logged once.
    held_back: Mutex<Option<RetentionHold>>,
}

impl Retention {
    /// Creates the retention of the settings; `None` if searches are kept forever.
    pub fn of(settings: &KeystrokeSettings, store: &Store) -> Option<Self> {
        let terms = RetentionTerms { keep: settings.retention, daily_share: settings.retention_daily_share };
        let store = store.clone();
        (!terms.keep.is_zero()).then(|| Self { store, terms, held_back: Mutex::default() })
    }

    /// Deletes a batch of expired searches, up to the daily share.
    #[boxed]
    pub async fn step(&self, now: Timestamp) -> Result<RetentionStep, StoreError> {
        let outcome = self.store.retain_searches(now, self.terms, BATCH_SEARCHES).await?;
        self.report(outcome.held_back);
        Ok(if outcome.removed < BATCH_SEARCHES { RetentionStep::Idle } else { RetentionStep::Progressed })
    }

    fn report(&self, held_back: Option<RetentionHold>) {
        let mut before = self.held_back.lock().unwrap_or_else(PoisonError::into_inner);
        if *before == held_back {
            return;
        }
        *before = held_back;
        match held_back {
            Some(RetentionHold::ClockJumped) => warn!(
                "retention holds back: this machine's clock is days ahead of the last run; if it is right, old searches are \
                 removed from tomorrow on"
            ),
            Some(RetentionHold::DailyShare) => warn!(
                keystrokes.retention_daily_share = self.terms.daily_share,
                "retention holds back: the share of the logged searches that may be removed in a day is used up, the rest \
                 follows on the next days"
            ),
            None => info!("retention holds nothing back any more"),
        }
    }
}
