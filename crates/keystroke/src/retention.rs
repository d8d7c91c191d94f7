use quarry_runtime::boxed;
use std::sync::{Mutex, PoisonError};

use tracing::{info, warn};

use quarry_config::KeystrokeSettings;
use quarry_domain::Timestamp;
use quarry_store::{RetentionHold, RetentionTerms, Store, StoreError};

/// Searches that are removed in one transaction: few, so that those who log do not wait long.
const BATCH_SEARCHES: u64 = 1_000;

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetentionStep {
    /// It removed as many searches as it does at once: there may be more.
    Progressed,
    /// Nothing more is old enough, or the rest must wait.
    Idle,
}

/// Removes logged searches that are older than they may get.
pub struct Retention {
    store: Store,
    terms: RetentionTerms,
    /// Why it held back last, so that the log says it once.
    held_back: Mutex<Option<RetentionHold>>,
}

impl Retention {
    /// The retention that the settings describe; none where searches are kept for ever.
    pub fn of(settings: &KeystrokeSettings, store: &Store) -> Option<Self> {
        let terms = RetentionTerms { keep: settings.retention, daily_share: settings.retention_daily_share };
        let store = store.clone();
        (!terms.keep.is_zero()).then(|| Self { store, terms, held_back: Mutex::default() })
    }

    /// Removes some of what is too old, as far as the share of a day allows.
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
