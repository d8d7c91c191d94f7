//! Answers that are kept for a while: the seam to what keeps them, and cache-aside on top of it.
//!
//! - [`Cache`]: the seam; `local` in this process, `redis` for a fleet.
//! - `aside`: answers from the cache, else computes; `envelope` is how an answer is written,
//!   `flights` lets callers share one computation, `last_good` remembers for when all else is away.
//!
//! Deliberately not here: what is computed, and what makes it out of date before its time. Keys
//! hold no text of anybody; values may, so that [`Cache::clear`] really deletes.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use uuid::Uuid;

/// Keeps bytes under keys for a while, within limits, for one process or for a fleet.
///
/// All that is kept belongs to a generation, of which there is one at a time: [`Self::clear`]
/// begins another. Losing an entry, or all, at any moment is no failure.
#[async_trait]
pub trait Cache: Send + Sync {
    /// What is kept under a key, and the generation that this holds for.
    async fn get(&self, key: &str) -> Result<Looked, CacheError>;

    /// Keeps a value in place of what was there, unless its generation is over. `generation` is
    /// that of a [`Self::get`] from before the value was computed. A value over the limit of one
    /// entry is not kept; others make room, those that end soonest first.
    async fn put(
        &self,
        key: &str,
        value: Bytes,
        generation: Generation,
        keep: Duration,
    ) -> Result<(), CacheError>;

    /// Deletes everything and begins a generation: nothing that was kept or looked up before is
    /// ever answered again.
    async fn clear(&self) -> Result<(), CacheError>;

    /// Takes the lock of a key until it is unlocked or the lease ends; `None` while another has it.
    async fn lock(&self, key: &str, lease: Duration) -> Result<Option<LockToken>, CacheError>;

    /// Gives a lock back. Does nothing if it is another's by now.
    async fn unlock(&self, key: &str, token: LockToken) -> Result<(), CacheError>;
}

/// What [`Cache::get`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// The generation at that moment.
    pub generation: Generation,
    /// The value, if one is kept.
    pub value: Option<Bytes>,
}

/// Names the time between two [`Cache::clear`]s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Generation(Uuid);

/// Who holds a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockToken(Uuid);

/// Why a cache could not do what it was asked. The texts name neither addresses nor keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CacheError {
    /// It cannot be reached, or broke off; the same call may work later.
    #[error("the cache is unavailable: {0}")]
    Unavailable(String),
    /// It answered what it never should: a defect, or foreign data under its keys.
    #[error("the cache is damaged: {0}")]
    Damaged(String),
}

/// Where an answer came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// From the cache, or computed for another call at the same time.
    Hit,
    /// Computed for this call, and kept.
    Miss,
    /// From before: it could not be computed, since the store is away.
    Stale,
    /// Computed for this call without a look into the cache: asked for, or the cache is off or away.
    Bypass,
}
