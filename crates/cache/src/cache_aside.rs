//! Cache-aside: an answer comes from the cache, or else is computed and kept.
//!
//! - Calls of one process that want the same share one computation, and servers on one cache
//!   compute it once: one has the lock, the others look for its answer until they have it, or are
//!   out of patience. A call that goes away takes nothing from those that share its computation.
//! - A cache that does not answer is a warning, and the answer is computed.
//! - Where it cannot be computed because the store is away, or not within the time that a call can
//!   wait, the last good answer stands in: from the cache, or, if that is away as well, from the
//!   memory of this process. What is computed meanwhile is kept.
//!
//! It deliberately never answers what is out of date at once, to compute behind it.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;
use tracing::Instrument;
use tracing::field::Empty;

use super::CacheError;
use super::client::{CacheClient, DecodedLookup, LockOutcome};
use super::envelope;
use super::fallback_cache::Epoch;
use super::metrics::{CacheCounters, CacheMetrics};
use super::single_flight::{SingleFlight, detached};
use quarry_domain::Timestamp;
use quarry_runtime::telemetry::TRACED;

/// Tells errors that pass from those that stay.
pub trait TransientError {
    /// What is asked to compute an answer is away: an older one is better than none.
    fn is_transient(&self) -> bool;
}

/// Where an answer came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheStatus {
    /// From the cache, or computed for another call at the same time.
    Hit,
    /// Computed for this call, and kept.
    Miss,
    /// From before: the store cannot be reached, or it, or another server, is still computing.
    Stale,
    /// Computed for this call, and not kept or not looked for: it was asked to be computed, the cache
    /// is off or away, or does not take it, since it is too large or was forgotten meanwhile.
    Bypass,
}

impl CacheStatus {
    /// The outcome in a word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Stale => "stale",
            Self::Bypass => "bypass",
        }
    }
}

/// An answer and where it came from.
#[derive(Clone, Debug, PartialEq)]
pub struct CacheResponse<T> {
    /// The answer.
    pub value: T,
    /// Where it came from.
    pub status: CacheStatus,
    /// Why the cache had no part in it, if it should have.
    pub warning: Option<CacheError>,
}

/// Answers of one kind.
pub struct CacheAside<T, E> {
    answers: CacheClient,
    /// What the keys of this kind begin with.
    kind: &'static str,
    flights: SingleFlight<FlightKey, Result<Computed<T>, E>>,
    counters: CacheCounters,
}

/// The key of an answer, when it was looked for, and whether the cache was away. Callers share only
/// with those that saw the same: what is under way for others may be older than a clearing between.
type FlightKey = (String, Epoch, bool);

/// What came of a computation, for all that share it.
#[derive(Clone)]
struct Computed<T> {
    value: Arc<T>,
    origin: Origin,
    warning: Option<CacheError>,
}

#[derive(Clone, Copy)]
enum Origin {
    /// Computed now.
    ThisServer { is_stored: bool },
    /// Another server's.
    OtherServer,
    /// From before.
    Fallback,
}

impl<T, E> CacheAside<T, E>
where
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
    E: Clone + TransientError + Send + Sync + 'static,
{
    /// Answers of the kind that is named so: another name is other keys. The name says the version
    /// of `T` as well, which changes with whatever `T` consists of.
    pub fn new(answers: CacheClient, kind: &'static str) -> Self {
        Self { answers, kind, flights: SingleFlight::new(), counters: CacheCounters::default() }
    }

    /// How often answers of this kind came from where.
    pub fn metrics(&self) -> CacheMetrics {
        self.counters.metrics()
    }

    /// The answer to a question that is asked now. `question` tells it from all others of its kind,
    /// and holds nothing that must not be read in the cache. `refresh` has it computed now.
    pub async fn get_or_compute<F>(
        &self,
        question: &str,
        now: Timestamp,
        refresh: bool,
        compute: impl FnOnce() -> F,
    ) -> Result<CacheResponse<T>, E>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        let span =
            tracing::info_span!(target: TRACED, "cache", cache.kind = self.kind, cache.outcome = Empty);
        let response = self.find(question, now, refresh, compute).instrument(span.clone()).await;
        if let Ok(response) = &response {
            span.record("cache.outcome", response.status.as_str());
        }
        self.counters.note(&response);
        response
    }

    async fn find<F>(
        &self,
        question: &str,
        now: Timestamp,
        refresh: bool,
        compute: impl FnOnce() -> F,
    ) -> Result<CacheResponse<T>, E>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        if !self.answers.is_enabled() {
            let value = compute().await?;
            return Ok(CacheResponse { value, status: CacheStatus::Bypass, warning: None });
        }
        let key = format!("{}:{question}", self.kind);
        let mut seen = self.answers.look(&key).await;
        if !refresh && let Some(envelope) = self.answers.fresh(&key, &mut seen, now) {
            return Ok(CacheResponse { value: envelope.value, status: CacheStatus::Hit, warning: None });
        }
        let away = seen.away.clone();
        let older = self.answers.fallback(&key, &seen);
        let (flight, is_ours) = if refresh {
            // What is under way may have read the store before this call.
            (detached(refreshed(self.answers.clone(), key, seen, now, compute())), true)
        } else {
            let flight_key = (key.clone(), seen.epoch, away.is_some());
            self.flights.join(flight_key, || shared(self.answers.clone(), key, seen, now, compute()))
        };
        let computed = match older {
            None => flight.await?,
            Some(older) => match timeout(self.answers.stale_after(refresh), flight.clone()).await {
                Ok(computed) => computed?,
                // It goes on, and whoever asks next has it.
                Err(_) => match read(&older) {
                    Some(older) => {
                        Computed { value: Arc::new(older), origin: Origin::Fallback, warning: None }
                    }
                    None => flight.await?,
                },
            },
        };
        let status = match computed.origin {
            Origin::Fallback => CacheStatus::Stale,
            Origin::ThisServer { is_stored } if is_ours => {
                if is_stored && !refresh {
                    CacheStatus::Miss
                } else {
                    CacheStatus::Bypass
                }
            }
            Origin::ThisServer { .. } | Origin::OtherServer => CacheStatus::Hit,
        };
        let value = Arc::unwrap_or_clone(computed.value);
        Ok(CacheResponse { value, status, warning: away.or(computed.warning) })
    }
}

/// Computes when it is this server's turn.
async fn shared<T, E, F>(
    answers: CacheClient,
    key: String,
    seen: DecodedLookup<T>,
    now: Timestamp,
    compute: F,
) -> Result<Computed<T>, E>
where
    T: Serialize + DeserializeOwned,
    E: TransientError,
    F: Future<Output = Result<T, E>>,
{
    match answers.turn(&key, seen, now).await {
        LockOutcome::Refreshed(envelope) => {
            Ok(Computed { value: Arc::new(envelope.value), origin: Origin::OtherServer, warning: None })
        }
        LockOutcome::Acquired(seen, lock) => {
            let computation = refreshed(answers.clone(), key, seen, now, compute);
            let computed = AssertUnwindSafe(computation).catch_unwind().await;
            answers.release(lock).await;
            computed.unwrap_or_else(|panic| resume_unwind(panic))
        }
        LockOutcome::TimedOut(seen) => match answers.fallback(&key, &seen).as_ref().and_then(read) {
            Some(answer) => Ok(Computed { value: Arc::new(answer), origin: Origin::Fallback, warning: None }),
            None => refreshed(answers, key, seen, now, compute).await,
        },
    }
}

/// Computes and keeps, or falls back to the last good answer.
async fn refreshed<T, E, F>(
    answers: CacheClient,
    key: String,
    seen: DecodedLookup<T>,
    now: Timestamp,
    compute: F,
) -> Result<Computed<T>, E>
where
    T: Serialize + DeserializeOwned,
    E: TransientError,
    F: Future<Output = Result<T, E>>,
{
    let away = seen.away.clone();
    match compute.await {
        Ok(answer) => {
            let kept = answers.keep(&key, &seen, now, &answer).await;
            let (is_stored, broke) =
                kept.map_or_else(|error| (false, Some(error)), |is_stored| (is_stored, None));
            let origin = Origin::ThisServer { is_stored };
            Ok(Computed { value: Arc::new(answer), origin, warning: away.or(broke) })
        }
        Err(error) if error.is_transient() => match answers.fallback(&key, &seen).as_ref().and_then(read) {
            Some(answer) => Ok(Computed { value: Arc::new(answer), origin: Origin::Fallback, warning: away }),
            None => Err(error),
        },
        Err(error) => Err(error),
    }
}

/// An answer as it was written.
fn read<T: DeserializeOwned>(bytes: &Bytes) -> Option<T> {
    envelope::decode(bytes).map(|envelope| envelope.value)
}
