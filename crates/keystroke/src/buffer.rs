use std::time::Duration;

use async_trait::async_trait;

use quarry_config::{KeystrokeSettings, Settings};
use quarry_domain::{BufferedKeystroke, InputId, Keystroke, Searcher, SessionId, Timestamp};

/// Why a buffer could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum BufferError {
    /// It cannot be reached, or broke off: whether the call took effect is not known. Making it
    /// again is harmless: a claim comes back when its lease ends, a second `ack` removes nothing,
    /// and a keystroke that was taken twice folds like one.
    #[error("the keystroke buffer is unavailable: {0}")]
    Unavailable(String),
    /// It answered what it never should: a defect, or foreign data under its keys.
    #[error("the keystroke buffer is damaged: {0}")]
    Damaged(String),
}

/// The limits of a buffer, the same for every adapter.
#[derive(Clone, Copy, Debug)]
pub struct BufferLimits {
    /// A run is due when no keystroke came for this long. For as long, what was submitted is
    /// remembered after the last keystroke of its run, to know its echo by.
    pub window: Duration,
    /// A run is due when it holds this many keystrokes.
    pub run_keystrokes: u32,
    /// A run is due when its first keystroke is this old.
    pub run_age: Duration,
    /// The most keystrokes that the whole buffer holds, claimed ones included.
    pub keystrokes: u64,
    /// About the most bytes that these take in memory: one keystroke more can be over it.
    pub bytes: u64,
    /// The most keystrokes of one session within `flood_period`.
    pub flood_keystrokes: u32,
    /// See `flood_keystrokes`.
    pub flood_period: Duration,
    /// How long the last sequence of a claimed or closed run is remembered, to know late keystrokes by.
    pub late_memory: Duration,
    /// For how long a claim is its claimer's alone.
    pub lease: Duration,
}

impl BufferLimits {
    /// The limits that the settings describe. Those that are no settings stand here alone.
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
            // Many times what a flush takes, and how long what a server held that died waits for another.
            lease: Duration::from_secs(10),
        }
    }
}

impl Default for BufferLimits {
    fn default() -> Self {
        Self::of(&Settings::default().keystrokes)
    }
}

/// What became of a keystroke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// The buffer has it, or had it before: an echo of what was submitted and claimed is stored nowhere.
    Accepted,
    /// Dropped: its sequence is not above the last one of a run that was claimed or closed already.
    Late,
    /// Dropped: its session sends more than the flood limit.
    Flooded,
    /// Not taken: the buffer holds as much as it may.
    Full,
}

/// Why a run was due when it was claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum DueReason {
    /// No keystroke came for the window.
    Idle,
    /// It was submitted. After the keystroke that did it, it holds only echoes of that one, and such
    /// keystrokes as that one overtook: what was typed after it stands in a run of its own.
    Submitted,
    /// It was over a limit of length or age. That may be in the middle of a word: the limits are
    /// far above what people type without a pause or Enter, so it is rare, and nothing is done about it.
    Limit,
    /// The buffer ends with its process.
    Shutdown,
}

/// Which runs to claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Those that are due.
    Due,
    /// Every one: the buffer ends with its process.
    All,
}

/// Names a claimed run. A claim that comes back after its lease keeps its id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct ClaimId(pub String);

/// A run that was taken out of reach of later keystrokes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedRun {
    /// Names the claim.
    pub id: ClaimId,
    /// The session of the run.
    pub session: SessionId,
    /// The input of the run.
    pub input: InputId,
    /// Why it was due.
    pub reason: DueReason,
    /// Its keystrokes in the order of arrival, at least one.
    pub keystrokes: Vec<BufferedKeystroke>,
}

/// What was removed of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Erased {
    /// Keystrokes.
    pub keystrokes: u64,
    /// When, by the buffer's clock: what came up to then is erased.
    pub at: Timestamp,
}

/// What became of claimed runs, for the counts of the whole fleet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlushTally {
    /// Searches that were stored.
    pub searches: u64,
    /// Searches that had been stored already, by a claim whose `ack` got lost.
    pub duplicates: u64,
    /// Keystrokes of the runs that were dropped as late when the run was folded.
    pub late: u64,
}

/// What a buffer holds and has done: for the whole fleet where the buffer is shared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BufferHealth {
    /// Runs that wait, claimed ones included.
    pub runs: u64,
    /// Their keystrokes.
    pub keystrokes: u64,
    /// When the first keystroke of the run arrived that waits longest to be claimed or acked.
    pub oldest: Option<Timestamp>,
    /// By the buffer's clock, the time before which no keystroke arrived that waits: whatever is
    /// older was acknowledged. `None` where too much waits to tell.
    pub settled: Option<Timestamp>,
    /// Keystrokes taken.
    pub accepted: u64,
    /// Keystrokes dropped as late.
    pub late: u64,
    /// Keystrokes dropped by the flood limit.
    pub flooded: u64,
    /// Keystrokes not taken because the buffer was full.
    pub full: u64,
    /// Runs claimed for the first time.
    pub claimed: u64,
    /// Runs claimed again after their lease ended.
    pub reclaimed: u64,
    /// Searches stored.
    pub searches: u64,
    /// Searches that had been stored already.
    pub duplicates: u64,
    /// When something was last acked.
    pub last_flush: Option<Timestamp>,
    /// The reason why it takes no keystrokes, where one is known.
    pub last_error: Option<&'static str>,
}

/// Holds keystrokes until they are stored. Atomic and without policy: what a search is, the
/// fold decides. Its own clock counts, never a server's.
#[async_trait]
pub trait KeystrokeBuffer: Send + Sync {
    /// Appends each keystroke to the run of its session and input, all in one round trip, and
    /// says of each what became of it, in order: several are taken as if sent one by one. A run
    /// begins with its first keystroke. Once this returns, `Accepted` keystrokes come out of
    /// `claim` sooner or later, whatever ends, unless they are swallowed echoes.
    ///
    /// A keystroke that is marked as submitted completes its run, unless it was overtaken: by its
    /// sequence, the run holds later ones, and stays open. What is typed next, whether the run was
    /// claimed by then or not, is one of three:
    ///
    /// - An echo: the submitted text again (by [`comparison_key`], and by no other user) within the
    ///   window. A second Enter, or a report that comes after it. It is appended to the run if that
    ///   is open still; if it was claimed, the echo is swallowed: counted as accepted, stored nowhere.
    /// - Overtaken: its sequence is not above the run's highest. It is appended as well, or late.
    /// - Anything else begins a new run and ends the memory of what was submitted. The submitted run
    ///   is closed: it waits, as it is, to be claimed. Any number of closed runs may wait.
    ///
    /// [`comparison_key`]: quarry_domain::comparison_key
    async fn append(&self, keystrokes: &[Keystroke]) -> Result<Vec<Appended>, BufferError>;

    /// Claims up to `limit` runs, those first that have been due longest, and of those that are due
    /// since the same time and of the same box, the older. A later keystroke of
    /// the same session and input begins a new run. A claim that is not acked within the lease
    /// is claimed again, with the same id, reason and keystrokes.
    async fn claim(&self, wanted: Wanted, limit: usize) -> Result<Vec<ClaimedRun>, BufferError>;

    /// Removes claimed runs for good; those that are gone already are passed over.
    async fn ack(&self, claims: &[ClaimId], tally: FlushTally) -> Result<(), BufferError>;

    /// Removes every keystroke of a person, from open, closed and claimed runs alike. Of a user, only the
    /// keystrokes of runs in which the user id stands go, but the whole runs.
    async fn erase(&self, searcher: &Searcher) -> Result<Erased, BufferError>;

    /// What it holds and has done.
    async fn health(&self) -> Result<BufferHealth, BufferError>;
}
