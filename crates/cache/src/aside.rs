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
use super::answers::{Answers, Seen, Turn};
use super::envelope;
use super::flights::{Flights, detached};
use super::last_good::Era;
use super::tally::{CacheFigures, Tally};
use quarry_domain::Timestamp;
use quarry_runtime::telemetry::TRACED;

/// Tells errors that pass from those that stay.
pub trait Outage {
    /// What is asked to compute an answer is away: an older one is better than none.
    fn is_outage(&self) -> bool;
}

/// Where an answer came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
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

impl Outcome {
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
pub struct Answered<T> {
    /// The answer.
    pub answer: T,
    /// Where it came from.
    pub outcome: Outcome,
    /// Why the cache had no part in it, if it should have.
    pub warning: Option<CacheError>,
}

/// Answers of one kind.
pub struct CacheAside<T, E> {
    answers: Answers,
    /// What the keys of this kind begin with.
    kind: &'static str,
    flights: Flights<FlightKey, Result<Landed<T>, E>>,
    tally: Tally,
}

/// The key of an answer, when it was looked for, and whether the cache was away. Callers share only
/// with those that saw the same: what is under way for others may be older than a clearing between.
type FlightKey = (String, Era, bool);

/// What came of a computation, for all that share it.
#[derive(Clone)]
struct Landed<T> {
    answer: Arc<T>,
    origin: Origin,
    warning: Option<CacheError>,
}

#[derive(Clone, Copy)]
enum Origin {
    /// Computed now.
    Computed { is_kept: bool },
    /// Another server's.
    Found,
    /// From before.
    LastGood,
}

impl<T, E> CacheAside<T, E>
where
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
    E: Clone + Outage + Send + Sync + 'static,
{
    /// Answers of the kind that is named so: another name is other keys. The name says the version
    /// of `T` as well, which changes with whatever `T` consists of.
    pub fn new(answers: Answers, kind: &'static str) -> Self {
        Self { answers, kind, flights: Flights::new(), tally: Tally::default() }
    }

    /// How often answers of this kind came from where.
    pub fn figures(&self) -> CacheFigures {
        self.tally.figures()
    }

    /// The answer to a question that is asked now. `question` tells it from all others of its kind,
    /// and holds nothing that must not be read in the cache. `refresh` has it computed now.
    pub async fn answer<F>(
        &self,
        question: &str,
        now: Timestamp,
        refresh: bool,
        compute: impl FnOnce() -> F,
    ) -> Result<Answered<T>, E>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        let span =
            tracing::info_span!(target: TRACED, "cache", cache.kind = self.kind, cache.outcome = Empty);
        let answered = self.find(question, now, refresh, compute).instrument(span.clone()).await;
        if let Ok(answered) = &answered {
            span.record("cache.outcome", answered.outcome.as_str());
        }
        self.tally.note(&answered);
        answered
    }

    async fn find<F>(
        &self,
        question: &str,
        now: Timestamp,
        refresh: bool,
        compute: impl FnOnce() -> F,
    ) -> Result<Answered<T>, E>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        if !self.answers.are_kept() {
            let answer = compute().await?;
            return Ok(Answered { answer, outcome: Outcome::Bypass, warning: None });
        }
        let key = format!("{}:{question}", self.kind);
        let mut seen = self.answers.look(&key).await;
        if !refresh && let Some(written) = self.answers.fresh(&key, &mut seen, now) {
            return Ok(Answered { answer: written.answer, outcome: Outcome::Hit, warning: None });
        }
        let away = seen.away.clone();
        let older = self.answers.last_good(&key, &seen);
        let (flight, is_ours) = if refresh {
            // What is under way may have read the store before this call.
            (detached(refreshed(self.answers.clone(), key, seen, now, compute())), true)
        } else {
            let flight_key = (key.clone(), seen.era, away.is_some());
            self.flights.join(flight_key, || shared(self.answers.clone(), key, seen, now, compute()))
        };
        let landed = match older {
            None => flight.await?,
            Some(older) => match timeout(self.answers.stale_after(refresh), flight.clone()).await {
                Ok(landed) => landed?,
                // It goes on, and whoever asks next has it.
                Err(_) => match read(&older) {
                    Some(older) => {
                        Landed { answer: Arc::new(older), origin: Origin::LastGood, warning: None }
                    }
                    None => flight.await?,
                },
            },
        };
        let outcome = match landed.origin {
            Origin::LastGood => Outcome::Stale,
            Origin::Computed { is_kept } if is_ours => {
                if is_kept && !refresh {
                    Outcome::Miss
                } else {
                    Outcome::Bypass
                }
            }
            Origin::Computed { .. } | Origin::Found => Outcome::Hit,
        };
        let answer = Arc::unwrap_or_clone(landed.answer);
        Ok(Answered { answer, outcome, warning: away.or(landed.warning) })
    }
}

/// Computes when it is this server's turn.
async fn shared<T, E, F>(
    answers: Answers,
    key: String,
    seen: Seen<T>,
    now: Timestamp,
    compute: F,
) -> Result<Landed<T>, E>
where
    T: Serialize + DeserializeOwned,
    E: Outage,
    F: Future<Output = Result<T, E>>,
{
    match answers.turn(&key, seen, now).await {
        Turn::Done(written) => {
            Ok(Landed { answer: Arc::new(written.answer), origin: Origin::Found, warning: None })
        }
        Turn::Ours(seen, lock) => {
            let computation = refreshed(answers.clone(), key, seen, now, compute);
            let landed = AssertUnwindSafe(computation).catch_unwind().await;
            answers.give_back(lock).await;
            landed.unwrap_or_else(|panic| resume_unwind(panic))
        }
        Turn::Theirs(seen) => match answers.last_good(&key, &seen).as_ref().and_then(read) {
            Some(answer) => Ok(Landed { answer: Arc::new(answer), origin: Origin::LastGood, warning: None }),
            None => refreshed(answers, key, seen, now, compute).await,
        },
    }
}

/// Computes and keeps, or falls back to the last good answer.
async fn refreshed<T, E, F>(
    answers: Answers,
    key: String,
    seen: Seen<T>,
    now: Timestamp,
    compute: F,
) -> Result<Landed<T>, E>
where
    T: Serialize + DeserializeOwned,
    E: Outage,
    F: Future<Output = Result<T, E>>,
{
    let away = seen.away.clone();
    match compute.await {
        Ok(answer) => {
            let kept = answers.keep(&key, &seen, now, &answer).await;
            let (is_kept, broke) = kept.map_or_else(|error| (false, Some(error)), |is_kept| (is_kept, None));
            let origin = Origin::Computed { is_kept };
            Ok(Landed { answer: Arc::new(answer), origin, warning: away.or(broke) })
        }
        Err(error) if error.is_outage() => match answers.last_good(&key, &seen).as_ref().and_then(read) {
            Some(answer) => Ok(Landed { answer: Arc::new(answer), origin: Origin::LastGood, warning: away }),
            None => Err(error),
        },
        Err(error) => Err(error),
    }
}

/// An answer as it was written.
fn read<T: DeserializeOwned>(bytes: &Bytes) -> Option<T> {
    envelope::read(bytes).map(|written| written.answer)
}
