//! From the buffer to the log: claim, fold, store, acknowledge.
//!
//! All servers flush concurrently, without a leader: a claim belongs to its claimer for a lease, and the ids
//! of searches derive from the claim. After a crash at any point, the claim comes back and folds to the same
//! searches under the same ids, and the log stores each id once. A run that continues a stored search supersedes
//! its row: the claim holds the remembered search, so each attempt writes the same revision, and the log stores
//! each revision once.

use quarry_runtime::boxed;
use std::sync::Arc;
use std::time::Instant;

use tracing::{Instrument, info, warn};
use uuid::Uuid;

use super::buffer::{BufferError, ClaimScope, ClaimedRun, FlushCounts, KeystrokeBuffer, Settlement};
use super::exclusions::Exclusions;
use super::feed::SearchFeed;
use super::flush_status::FlushStatus;
use super::fold::{FoldPolicy, fold};
use super::remembered::{FoldedSearch, RememberedSearch, SearchTrace};
use quarry_domain::{FoundCount, LoggedSearchId, query_key};
use quarry_runtime::telemetry::TRACED;
use quarry_store::{NewSearch, Store, StoreError};

/// The runs per claim: with a search or two each, about the rows of one insert.
const CLAIM_RUNS: usize = 500;
/// The UUID namespace of logged searches.
const NAMESPACE: Uuid = Uuid::from_u128(0x1f0c_9a1d_6a0e_4c51_8d0b_3f8e_52a7_c4d9);

/// A failed flush; the next one continues it.
#[derive(Debug, thiserror::Error)]
pub enum FlushError {
    /// The buffer failed.
    #[error(transparent)]
    Buffer(#[from] BufferError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The outcome of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlushStep {
    /// Runs were flushed: more may be due, and are after a whole batch.
    Progressed {
        /// The claim returned as many runs as a batch has.
        is_whole_batch: bool,
    },
    /// No run is due.
    Idle,
}

/// Moves the keystrokes of a buffer to the log.
pub struct Flusher {
    buffer: Arc<dyn KeystrokeBuffer>,
    store: Store,
    feed: Arc<dyn SearchFeed>,
    policy: FoldPolicy,
    exclusions: Exclusions,
    status: FlushStatus,
    /// Unacknowledged claims, kept after a failure: an outage of the database holds back one batch only.
    claimed: Vec<ClaimedRun>,
}

impl Flusher {
    /// Creates a flusher.
    pub fn new(
        buffer: Arc<dyn KeystrokeBuffer>,
        store: Store,
        feed: Arc<dyn SearchFeed>,
        policy: FoldPolicy,
        exclusions: Exclusions,
        status: FlushStatus,
    ) -> Self {
        Self { buffer, store, feed, policy, exclusions, status, claimed: Vec::new() }
    }

    /// Flushes a batch of runs.
    #[boxed]
    pub async fn step(&mut self, scope: ClaimScope) -> Result<FlushStep, FlushError> {
        let outcome = self.try_step(scope).await;
        let error = outcome.as_ref().err().map(|error| (error, self.message(error)));
        if let Some((FlushError::Store(StoreError::Refused(_)), message)) = error {
            self.status.set_refused(message);
        }
        self.status.set_last_error(error.map(|(_, message)| message));
        outcome
    }

    /// The message of an error in the health of the pipeline.
    fn message(&self, error: &FlushError) -> &'static str {
        match error {
            FlushError::Buffer(BufferError::Unavailable(_)) => "The keystroke buffer cannot be reached.",
            FlushError::Buffer(BufferError::Damaged(_)) => "The keystroke buffer is damaged: see the log.",
            FlushError::Store(StoreError::Unavailable(_)) => {
                self.store.status().trouble().unwrap_or("The database cannot be reached.")
            }
            FlushError::Store(_) => "The database refuses searches: see the log.",
        }
    }

    async fn try_step(&mut self, scope: ClaimScope) -> Result<FlushStep, FlushError> {
        if self.claimed.is_empty() {
            self.claimed = self.buffer.claim(scope, CLAIM_RUNS).await?;
        }
        if self.claimed.is_empty() {
            return Ok(FlushStep::Idle);
        }
        let runs = self.claimed.len();
        let span = tracing::info_span!(target: TRACED, "flush", flush.runs = runs);
        match self.flush(&self.claimed).instrument(span).await {
            // The database refuses one of the runs, which must not block the others.
            Err(FlushError::Store(StoreError::Refused(_))) if runs > 1 => self.flush_one_by_one().await?,
            Err(FlushError::Store(StoreError::Refused(reason))) => {
                // The run comes back after its lease.
                self.claimed.clear();
                return Err(StoreError::Refused(reason).into());
            }
            // Stored, but not acknowledged: the runs come back after the lease, and their ids are known.
            Err(FlushError::Buffer(error)) => {
                self.claimed.clear();
                return Err(error.into());
            }
            outcome => outcome?,
        }
        self.claimed.clear();
        // A claim may return fewer runs than are due: only an empty one means that none is left.
        Ok(FlushStep::Progressed { is_whole_batch: runs >= CLAIM_RUNS })
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
        let mut counts = FlushCounts::default();
        let mut searches = Vec::with_capacity(runs.len());
        let mut settled = Vec::with_capacity(runs.len());
        let mut excluded = Vec::new();
        let mut add =
            |run: &ClaimedRun, search: &RememberedSearch| match self.exclusions.exclusion(&search.search) {
                Some(exclusion) => excluded.push(exclusion),
                None => searches.push(new_search(run, search)),
            };
        for run in runs {
            let folded = fold(&run.keystrokes, run.remembered.as_ref(), &self.policy, run.reason);
            counts.late += folded.late;
            let mut last = run.remembered.clone();
            if let Some((remembered, search)) = last.as_mut().zip(folded.continued) {
                remembered.revision += 1;
                remembered.search = search;
                add(run, remembered);
            }
            for (index, search) in folded.searches.into_iter().enumerate() {
                let id = LoggedSearchId(search_id(run, index));
                let new = RememberedSearch { id, revision: 1, search, trace: SearchTrace::default() };
                add(run, &new);
                last = Some(new);
            }
            let remember = last.zip(folded.trace).map(|(last, trace)| RememberedSearch { trace, ..last });
            settled.push(Settlement::of(run, remember));
        }
        let logged = self.store.log_searches(&searches).await?;
        counts.searches = (logged.inserted.len() - logged.superseded) as u64;
        counts.duplicates = logged.duplicates as u64;
        // Subscribers receive a search after it is stored, and none that was stored before.
        if let Err(error) = self.feed.publish(&logged.inserted).await {
            warn!(error = %error, "logged searches were not published");
        }
        self.buffer.ack(&settled, counts).await?;
        self.exclusions.count(&excluded);
        self.status.observe(started.elapsed());
        info!(
            flush.runs = runs.len(),
            flush.searches = counts.searches,
            flush.duplicates = counts.duplicates,
            duration_ms = started.elapsed().as_secs_f64() * 1_000.0,
            "searches logged"
        );
        Ok(())
    }
}

/// The id of the search with this index, derived from the claim.
fn search_id(run: &ClaimedRun, index: usize) -> Uuid {
    Uuid::new_v5(&NAMESPACE, format!("{}\n{index}", run.id.0).as_bytes())
}

fn new_search(run: &ClaimedRun, of: &RememberedSearch) -> NewSearch {
    let search: &FoldedSearch = &of.search;
    let found = search.result_count.map(FoundCount::unpacked);
    NewSearch {
        id: of.id,
        revision: of.revision,
        session: run.session.clone(),
        user: search.user.clone(),
        query_key: query_key(&search.query),
        query: search.query.clone(),
        truncated: search.truncated,
        keystrokes: search.keystrokes,
        result_count: found.map(|found| found.count),
        tier: found.and_then(|found| found.tier),
        context: search.context.clone(),
        reason: search.reason,
        started_at: search.started_at,
        last_keystroke_at: search.last_keystroke_at,
    }
}
