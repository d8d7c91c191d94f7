use std::time::Duration;

use async_trait::async_trait;

use super::remembered::RememberedSearch;
use quarry_config::{KeystrokeSettings, Settings};
use quarry_domain::{BufferedKeystroke, InputId, Keystroke, Searcher, SessionId, Timestamp};

/// From here on, a sequence is a time of the client in milliseconds, as of `Date.now()`; below, it is a counter.
///
/// `scripts/append.lua` repeats it, and the delay.
const FIRST_TIME: i64 = 1_000_000_000_000;
/// The delay of requests, in milliseconds: a time which precedes others by less was overtaken by them.
const REQUEST_DELAY: i64 = 10_000;

/// Returns true if a keystroke that was not delivered before is another search, although its sequence does not exceed
/// that of a run with this first one.
///
/// The counter began again, or a submission was overtaken by other text: it counts in any case.
pub(crate) fn is_another(sequence: i64, submitted: bool, first: i64) -> bool {
    counts_again(sequence, first) || submitted && sequence < FIRST_TIME
}

/// Returns true if a client that sends `sequence` after a run with this first one has begun to count again, as after a
/// page load.
pub(crate) fn counts_again(sequence: i64, first: i64) -> bool {
    let is_overtaken = sequence >= FIRST_TIME && first.saturating_sub(sequence) < REQUEST_DELAY;
    sequence <= first && !is_overtaken
}

/// A failed call of a buffer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BufferError {
    /// The connection failed, so the outcome is unknown.
    ///
    /// A retry is harmless: a claim comes back when its lease ends, a second `ack` removes nothing, and a
    /// repeated keystroke folds like one.
    #[error("the keystroke buffer is unavailable: {0}")]
    Unavailable(String),
    /// The reply is invalid: a defect, or foreign data under its keys.
    #[error("the keystroke buffer is damaged: {0}")]
    Damaged(String),
}

/// The limits of a buffer, equal for all implementations.
#[derive(Clone, Copy, Debug)]
pub struct BufferLimits {
    /// The pause after which a run is due. A submission is remembered for as long after the last
    /// keystroke of its run, to identify its echoes.
    pub window: Duration,
    /// The number of keystrokes at which a run is due.
    pub run_keystrokes: u32,
    /// The age of the first keystroke at which a run is due.
    pub run_age: Duration,
    /// The maximum number of keystrokes in the whole buffer, including claimed ones.
    pub keystrokes: u64,
    /// The approximate maximum of their memory; the last keystroke may exceed it.
    pub bytes: u64,
    /// The maximum number of keystrokes of one session within `flood_period`.
    pub flood_keystrokes: u32,
    /// The period of `flood_keystrokes`.
    pub flood_period: Duration,
    /// The time for which the watermark of a closed or claimed run identifies late keystrokes.
    pub late_memory: Duration,
    /// The time for which a claim belongs to its claimer alone.
    pub lease: Duration,
    /// The time for which the last stored search of an input is remembered.
    pub memory: Duration,
}

impl BufferLimits {
    /// The limits from the settings, with constants for the others.
    pub fn of(settings: &KeystrokeSettings) -> Self {
        Self {
            window: settings.window,
            run_keystrokes: 1_000,
            run_age: Duration::from_secs(600),
            keystrokes: settings.max_buffered,
            bytes: settings.max_buffered_mb << 20,
            flood_keystrokes: settings.flood_limit,
            flood_period: Duration::from_secs(10),
            late_memory: Duration::from_secs(600),
            // Many times the duration of a flush; the runs of a crashed server wait for it.
            lease: Duration::from_secs(10),
            memory: settings.memory,
        }
    }
}

impl Default for BufferLimits {
    fn default() -> Self {
        Self::of(&Settings::default().keystrokes)
    }
}

/// The outcome of appending a keystroke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendOutcome {
    /// The buffer holds it, or discarded it as an echo of a claimed submission.
    Accepted,
    /// Dropped: its sequence does not exceed that of a run that was closed or claimed, or it was delivered again.
    Late,
    /// Dropped: its session exceeds the rate limit.
    Flooded,
    /// Rejected: the buffer is full.
    Full,
}

/// The reason why a run was due when it was claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum DueReason {
    /// The window passed without a keystroke.
    Idle,
    /// A submission. After it, the run holds only its echoes and keystrokes that it overtook; later text
    /// belongs to another run.
    Submitted,
    /// The limit of length or age, possibly in the middle of a word. That is rare and accepted: the limits
    /// are far above typing without a pause or Enter.
    Limit,
    /// The buffer ends with its process.
    Shutdown,
}

/// The runs that a claim may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimScope {
    /// The due runs.
    Due,
    /// All runs: the buffer ends with its process.
    All,
}

/// The id of a claim, which it keeps when it comes back after its lease.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct ClaimId(pub String);

/// A claimed run, which takes no more keystrokes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedRun {
    /// The id of the claim.
    pub id: ClaimId,
    /// The session of the run.
    pub session: SessionId,
    /// The input of the run.
    pub input: InputId,
    /// The reason why it was due.
    pub reason: DueReason,
    /// Its keystrokes in the order of arrival, at least one.
    pub keystrokes: Vec<BufferedKeystroke>,
    /// The last stored search of the input at the first claim of the run.
    pub remembered: Option<RememberedSearch>,
}

/// The acknowledgement of a claim: its searches are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The id of the claim.
    pub claim: ClaimId,
    /// The session of its run.
    pub session: SessionId,
    /// The input of its run.
    pub input: InputId,
    /// The last stored search of the input from now on; `None` leaves it.
    pub remember: Option<RememberedSearch>,
}

impl Settlement {
    /// Acknowledges a run.
    pub fn of(run: &ClaimedRun, remember: Option<RememberedSearch>) -> Self {
        Self { claim: run.id.clone(), session: run.session.clone(), input: run.input.clone(), remember }
    }
}

/// The erasure of a searcher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// The number of erased keystrokes.
    pub keystrokes: u64,
    /// The time by the buffer's clock: earlier keystrokes are erased.
    pub at: Timestamp,
}

/// The counts of a flush, which the buffer adds up for the whole fleet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlushCounts {
    /// Stored searches.
    pub searches: u64,
    /// Searches that an earlier flush had stored before its `ack` was lost.
    pub duplicates: u64,
    /// Keystrokes that the fold dropped as late.
    pub late: u64,
}

/// The contents and counters of a buffer; of the whole fleet where it is shared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BufferHealth {
    /// Waiting runs, including claimed ones.
    pub runs: u64,
    /// Their keystrokes.
    pub keystrokes: u64,
    /// The first keystroke of the oldest waiting run.
    pub oldest: Option<Timestamp>,
    /// A time by the buffer's clock before all waiting keystrokes: older ones are acknowledged. `None` if too
    /// many runs wait to determine it.
    pub settled: Option<Timestamp>,
    /// Accepted keystrokes.
    pub accepted: u64,
    /// Keystrokes dropped as late.
    pub late: u64,
    /// Keystrokes dropped by the rate limit of their session.
    pub flooded: u64,
    /// Keystrokes rejected by a full buffer.
    pub full: u64,
    /// First claims.
    pub claimed: u64,
    /// Repeated claims, after a lease ended.
    pub reclaimed: u64,
    /// Stored searches.
    pub searches: u64,
    /// Searches that had been stored before.
    pub duplicates: u64,
    /// The last acknowledgement.
    pub last_flush: Option<Timestamp>,
    /// The known error that prevents it from accepting keystrokes.
    pub last_error: Option<&'static str>,
}

/// Buffers keystrokes until their searches are stored.
///
/// Calls are atomic and free of policy: the fold decides what a search is. The buffer's clock counts, never a
/// server's.
#[async_trait]
pub trait KeystrokeBuffer: Send + Sync {
    /// Appends each keystroke to the run of its session and input, in one round trip.
    ///
    /// Returns the outcomes in order; a batch is equivalent to single calls. The first keystroke opens a run.
    /// After the return, each `Accepted` keystroke is claimed eventually, despite crashes, unless it is a
    /// discarded echo.
    ///
    /// A submitted keystroke completes its run, unless it was overtaken: the run holds higher sequences, and
    /// remains open. The next keystroke, before or after the claim, is one of three:
    ///
    /// - An echo: the submitted text again (by [`comparison_key`]) within the window, and by no other user,
    ///   for example a second Enter. An open run takes it; after the claim it is discarded, and counts as
    ///   accepted.
    /// - Overtaken: its sequence does not exceed the highest of the run. An open run takes it; otherwise it is
    ///   late.
    /// - Other text: it opens a new run and deletes the submission. The submitted run is closed, and waits
    ///   unchanged for its claim. Any number of closed runs may wait.
    ///
    /// [`comparison_key`]: quarry_domain::comparison_key
    async fn append(&self, keystrokes: &[Keystroke]) -> Result<Vec<AppendOutcome>, BufferError>;

    /// Claims up to `limit` runs, ordered by due time and, within an input, by age.
    ///
    /// A later keystroke of the same input opens a new run. A claim that is not acknowledged within its lease
    /// is claimed again, with the same id, reason, keystrokes and remembered search.
    ///
    /// The runs of an input are claimed one after the other: the next one waits until the claim of the previous
    /// one is acknowledged, since it may continue its search. It waits for `memory` and `late_memory` at most, and
    /// then remembers none.
    async fn claim(&self, scope: ClaimScope, limit: usize) -> Result<Vec<ClaimedRun>, BufferError>;

    /// Acknowledges claims, which removes their runs; ignores claims that are gone.
    ///
    /// Each input remembers the last search of its claim for `memory`.
    async fn ack(&self, settled: &[Settlement], counts: FlushCounts) -> Result<(), BufferError>;

    /// Erases a searcher from open, closed and claimed runs, and from remembered searches.
    ///
    /// For a user, erases each run in which the user id occurs, as a whole.
    async fn erase(&self, searcher: &Searcher) -> Result<Erasure, BufferError>;

    /// Removes erased texts from files below the buffer, as far as it may; after all erasures of a person.
    async fn scrub(&self) {}

    /// The contents and counters.
    async fn health(&self) -> Result<BufferHealth, BufferError>;
}
