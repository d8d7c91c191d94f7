//! From the buffer to the log: claim, fold, store, acknowledge.
//!
//! Every server flushes at once, without a leader: a claim is its claimer's alone for a lease, and
//! what a search is called derives from the claim. So whatever ends at whatever point, a claim
//! comes back, folds to the same searches under the same ids, and the log takes each id once.

use quarry_runtime::boxed;
use std::sync::Arc;
use std::time::Instant;

use tracing::{Instrument, info, warn};
use uuid::Uuid;

use super::buffer::{BufferError, ClaimId, ClaimedRun, FlushTally, KeystrokeBuffer, Wanted};
use super::feed::SearchFeed;
use super::fold::{FoldPolicy, FoldedSearch, fold};
use super::progress::FlushProgress;
use quarry_domain::{LoggedSearchId, comparison_key};
use quarry_runtime::telemetry::TRACED;
use quarry_store::{NewSearch, Store, StoreError};

/// Runs that are claimed at once: with a search or two each, about what one statement inserts.
const CLAIMED_RUNS: usize = 500;
/// The name space of the version 5 UUIDs that identify logged searches.
const NAMESPACE: Uuid = Uuid::from_u128(0x1f0c_9a1d_6a0e_4c51_8d0b_3f8e_52a7_c4d9);

/// Why a flush failed; the next one goes on where it stopped.
#[derive(Debug, thiserror::Error)]
pub enum FlushError {
    /// The buffer did not answer.
    #[error(transparent)]
    Buffer(#[from] BufferError),
    /// The database did not take the searches.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlushStep {
    /// It flushed what it claimed: there may be more.
    Progressed,
    /// Nothing more is due.
    Idle,
}

/// Empties a buffer into the log.
pub struct Flusher {
    buffer: Arc<dyn KeystrokeBuffer>,
    store: Store,
    feed: Arc<dyn SearchFeed>,
    policy: FoldPolicy,
    progress: FlushProgress,
    /// Claims that are not acknowledged yet: kept over a failure, so that waiting for the
    /// database holds one batch and no more.
    claimed: Vec<ClaimedRun>,
}

impl Flusher {
    /// A flusher that has done nothing yet.
    pub fn new(
        buffer: Arc<dyn KeystrokeBuffer>,
        store: Store,
        feed: Arc<dyn SearchFeed>,
        policy: FoldPolicy,
        progress: FlushProgress,
    ) -> Self {
        Self { buffer, store, feed, policy, progress, claimed: Vec::new() }
    }

    /// Flushes what is due by the buffer's clock, or everything.
    #[boxed]
    pub async fn step(&mut self, wanted: Wanted) -> Result<FlushStep, FlushError> {
        let outcome = self.try_step(wanted).await;
        let trouble = outcome.as_ref().err().and_then(|_| self.store.status().trouble());
        self.progress.note(outcome.as_ref().err(), trouble);
        outcome
    }

    async fn try_step(&mut self, wanted: Wanted) -> Result<FlushStep, FlushError> {
        if self.claimed.is_empty() {
            self.claimed = self.buffer.claim(wanted, CLAIMED_RUNS).await?;
        }
        if self.claimed.is_empty() {
            return Ok(FlushStep::Idle);
        }
        let runs = self.claimed.len();
        let span = tracing::info_span!(target: TRACED, "flush", flush.runs = runs);
        match self.flush(&self.claimed).instrument(span).await {
            // The database is there and says no: whichever run it is, it must not hold up the others.
            Err(FlushError::Store(StoreError::Refused(_))) if runs > 1 => self.flush_one_by_one().await?,
            Err(FlushError::Store(StoreError::Refused(reason))) => {
                // It comes back after its lease.
                self.claimed.clear();
                return Err(StoreError::Refused(reason).into());
            }
            // Stored, but not acknowledged: they come back after the lease and are known by their ids.
            Err(FlushError::Buffer(error)) => {
                self.claimed.clear();
                return Err(error.into());
            }
            outcome => outcome?,
        }
        self.claimed.clear();
        // A claim may bring fewer runs than are due, so only an empty one says that none is left.
        Ok(FlushStep::Progressed)
    }

    async fn flush_one_by_one(&mut self) -> Result<(), FlushError> {
        let mut refused = None;
        while let Some(run) = self.claimed.pop() {
            match self.flush(std::slice::from_ref(&run)).await {
                Err(FlushError::Store(StoreError::Refused(reason))) => refused = Some(reason),
                outcome => outcome?,
            }
        }
        refused.map_or(Ok(()), |reason| Err(StoreError::Refused(reason).into()))
    }

    async fn flush(&self, runs: &[ClaimedRun]) -> Result<(), FlushError> {
        let started = Instant::now();
        let mut tally = FlushTally::default();
        let mut searches = Vec::with_capacity(runs.len());
        for run in runs {
            let folded = fold(&run.keystrokes, &self.policy, run.reason);
            tally.late += folded.late;
            let named = folded.searches.into_iter().enumerate();
            searches.extend(named.map(|(place, search)| named_search(run, place, search)));
        }
        let logged = self.store.log_searches(&searches).await?;
        tally.searches = logged.inserted.len() as u64;
        tally.duplicates = logged.duplicates as u64;
        // Whoever follows hears of a search once it is stored, and of none that was stored before.
        if let Err(error) = self.feed.publish(&logged.inserted).await {
            warn!(error = %error, "logged searches were not announced");
        }
        let claims: Vec<ClaimId> = runs.iter().map(|run| run.id.clone()).collect();
        self.buffer.ack(&claims, tally).await?;
        self.progress.flushed(started.elapsed());
        info!(
            flush.runs = runs.len(),
            flush.searches = tally.searches,
            flush.duplicates = tally.duplicates,
            duration_ms = started.elapsed().as_secs_f64() * 1_000.0,
            "searches logged"
        );
        Ok(())
    }
}

fn named_search(run: &ClaimedRun, place: usize, search: FoldedSearch) -> NewSearch {
    let id = Uuid::new_v5(&NAMESPACE, format!("{}\n{place}", run.id.0).as_bytes());
    NewSearch {
        id: LoggedSearchId(id),
        session: run.session.clone(),
        user: search.user,
        query_key: comparison_key(&search.query),
        query: search.query,
        truncated: search.truncated,
        keystrokes: search.keystrokes,
        result_count: search.result_count,
        reason: search.reason,
        started_at: search.started_at,
        last_keystroke_at: search.last_keystroke_at,
    }
}
