//! People who type against a running server, and the check of what it made of that.
//!
//! Acceptance harness and load generator in one: it speaks GraphQL over HTTP and nothing else, and knows
//! nothing of how the server reads keystrokes. What must be stored comes from the plan of each simulated
//! person, so the server's own reading cannot vouch for itself.
//!
//! | File | Holds |
//! |---|---|
//! | `plan` | who types what, and what must come of it: pure, from a seed |
//! | `words` | what people search for |
//! | `client` | GraphQL over HTTP, to one server or several |
//! | `hands` | one person at the keys: pace, retries, batches |
//! | `log` | reading back what was stored |
//! | `comparison` | expected rows against stored ones: pure |
//! | `tally`, `report` | what happened meanwhile, and the printed table |
//!
//! Each box sends one request after the other, so the load is what its persons can do, not a set rate: to load
//! a server more, seat more persons. Deliberately not here: authentication, subscriptions, and faults of the
//! server's machine, which a test brings about from outside.

mod client;
mod comparison;
mod hands;
mod log;
pub mod plan;
mod report;
mod tally;
mod words;

use quarry_runtime::boxed;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use url::Url;

use client::{Fleet, RefusalKind};
use hands::{Pace, Room};
use plan::{Habits, KEYSTROKE_SPREAD, persons};
use tally::Tally;

pub use comparison::{Comparison, Difference, DifferenceKind, ExpectedSearch, Leeway, StoredSearch, compare};
pub use tally::{Counts, Latencies};

/// The most keystrokes that the contract takes in one request.
pub const MAX_BATCH: usize = 100;
/// Keystrokes of a word, as typing speed is counted.
const KEYSTROKES_PER_WORD: f64 = 5.0;
/// Beyond the window, a pause has this share of it and this time on top: clocks and timers differ.
const IDLE_SLACK: f64 = 0.1;
const IDLE_MARGIN: Duration = Duration::from_millis(100);
/// A wait of this share of the window may have been a pause to the server.
const SUSPICIOUS: f64 = 0.9;
/// Keystrokes that are meant to be one search are at most this share of the window apart.
const MAX_PACE: f64 = 0.5;
/// Between two looks into the log, or twice what a look takes if that is longer.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);
/// After everything is there, one more look for what comes late: after the window and this.
const SETTLE: Duration = Duration::from_secs(1);

/// What to do, against which servers.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// Requests go to one after the other.
    pub servers: Vec<Url>,
    /// The API key that requests carry, where the servers ask for one.
    pub key: Option<String>,
    /// Who types, and how.
    pub habits: Habits,
    /// Words a minute of five keystrokes each; 0 is as fast as can be.
    pub words_per_minute: f64,
    /// Persons at a time.
    pub concurrency: usize,
    /// Keystrokes in one request; one goes as `logKeystroke`, more as `logKeystrokes`.
    pub batch: usize,
    /// The server's window: a pause that ends a search.
    pub window: Duration,
    /// How long a refused keystroke is sent again, and how long the log may take beyond the window.
    pub patience: Duration,
}

/// Why nothing could be typed.
#[derive(Debug, thiserror::Error)]
pub enum TypistError {
    /// The keystrokes of one search would be searches of their own.
    #[error(
        "at this speed, {apart:.1?} can pass between two requests of one search, and the window is {window:?}: \
         type faster (--speed), send fewer at once (--batch), or give the server's window (--window)"
    )]
    TooSlow {
        /// How far apart requests can be.
        apart: Duration,
        /// The window.
        window: Duration,
    },
    /// No HTTP client could be built.
    #[error("no HTTP client could be built: {0}")]
    Client(String),
    /// A server does not answer.
    #[error(
        "{server} does not answer ({message}): start it with `quarry serve`, or give another address with --url"
    )]
    Unreachable {
        /// Its address.
        server: String,
        /// What went wrong.
        message: String,
    },
    /// A server answers, but not as it must.
    #[error("{server} cannot be typed against: it answers {code}: {message}")]
    Unfit {
        /// Its address.
        server: String,
        /// The code of its error.
        code: String,
        /// What it said.
        message: String,
    },
}

/// What a run came to.
#[derive(Debug)]
pub struct Outcome {
    /// What happened while people typed.
    pub counts: Counts,
    /// How long they typed.
    pub typing: Duration,
    /// What the server made of it.
    pub verdict: Verdict,
}

/// What the server made of it.
#[derive(Debug)]
pub enum Verdict {
    /// The log was read to its end.
    Compared(Comparison),
    /// Typing had to stop, so there is nothing to compare.
    Stopped(String),
    /// The log could not be read.
    Unreadable(String),
}

impl Outcome {
    /// Whether every keystroke was taken and exactly the expected rows are stored.
    pub fn is_clean(&self) -> bool {
        let is_clean = |comparison: &Comparison| comparison.differences.is_empty();
        self.counts.unaccepted == 0
            && matches!(&self.verdict, Verdict::Compared(comparison) if is_clean(comparison))
    }
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// So many searches were typed to their end.
    Typing {
        /// How many.
        searches: usize,
    },
    /// Everything was typed; so many rows are not stored yet.
    Waiting {
        /// How many.
        missing: usize,
    },
    /// Everything is stored; a last look comes later.
    Settling,
}

/// A prefix for the ids of a run, so that runs against one database do not mix.
pub fn session_prefix(seed: u64, now: DateTime<Utc>) -> String {
    let moment = now.timestamp_micros().cast_unsigned();
    format!("{:012x}", StdRng::seed_from_u64(seed ^ moment.rotate_left(32)).random::<u64>() >> 16)
}

/// Types everything, waits until it is stored, and compares.
#[boxed]
pub async fn run(assignment: &Assignment, progress: &(dyn Fn(Stage) + Sync)) -> Result<Outcome, TypistError> {
    let pace = pace(assignment)?;
    let fleet = Fleet::new(&assignment.servers, assignment.key.as_deref())?;
    for server in fleet.servers() {
        probe(&fleet, server, &assignment.habits.prefix).await?;
    }
    let (stop, stopped) = (CancellationToken::new(), OnceLock::new());
    let room = Arc::new(Room { fleet, pace, tally: Tally::new(), stop, stopped });
    let (began, clock) = (Utc::now(), Instant::now());
    let expected = type_all(&room, assignment, progress).await;
    let typing = clock.elapsed();
    let verdict = match room.stopped.get() {
        Some(reason) => Verdict::Stopped(reason.clone()),
        None => verify(&room.fleet, assignment, &expected, began, progress).await,
    };
    Ok(Outcome { counts: room.tally.finish(), typing, verdict })
}

fn pace(assignment: &Assignment) -> Result<Pace, TypistError> {
    let window = assignment.window;
    let minutes = if assignment.words_per_minute > 0.0 {
        1.0 / (assignment.words_per_minute * KEYSTROKES_PER_WORD)
    } else {
        0.0
    };
    let keystroke = Duration::try_from_secs_f64(60.0 * minutes).unwrap_or(Duration::MAX);
    let longest = KEYSTROKE_SPREAD.end * assignment.batch as f64;
    let apart = Duration::try_from_secs_f64(keystroke.as_secs_f64() * longest).unwrap_or(Duration::MAX);
    if apart > window.mul_f64(MAX_PACE) {
        return Err(TypistError::TooSlow { apart, window });
    }
    Ok(Pace {
        keystroke,
        idle: window.mul_f64(1.0 + IDLE_SLACK) + IDLE_MARGIN,
        suspicious: window.mul_f64(SUSPICIOUS),
        patience: assignment.patience,
        batch: assignment.batch.clamp(1, MAX_BATCH),
    })
}

async fn probe(fleet: &Fleet, server: &Url, prefix: &str) -> Result<(), TypistError> {
    let Err(refusal) = log::probe(fleet, server, prefix).await else { return Ok(()) };
    let (server, message) = (server.to_string(), refusal.message);
    if refusal.kind == RefusalKind::NotTaken || refusal.code == client::NO_ANSWER {
        return Err(TypistError::Unreachable { server, message });
    }
    Err(TypistError::Unfit { server, code: refusal.code, message })
}

/// Seats everybody, so many at a time; what must be stored of each session.
async fn type_all(
    room: &Arc<Room>,
    assignment: &Assignment,
    progress: &(dyn Fn(Stage) + Sync),
) -> HashMap<String, Vec<ExpectedSearch>> {
    let mut waiting = persons(&assignment.habits);
    let mut seated = JoinSet::new();
    let mut expected = HashMap::new();
    let mut searches = 0;
    loop {
        while seated.len() < assignment.concurrency.max(1) && !room.stop.is_cancelled() {
            let Some(person) = waiting.next() else { break };
            let room = room.clone();
            seated.spawn(async move { room.seat(person).await });
        }
        match seated.join_next().await {
            Some(Ok((session, rows))) => {
                searches += rows.len();
                expected.insert(session, rows);
                progress(Stage::Typing { searches });
            }
            Some(Err(error)) => std::panic::resume_unwind(error.into_panic()),
            None => return expected,
        }
    }
}

/// Waits until the log has what it must, then looks once more for what it must not.
async fn verify(
    fleet: &Fleet,
    assignment: &Assignment,
    expected: &HashMap<String, Vec<ExpectedSearch>>,
    began: DateTime<Utc>,
    progress: &(dyn Fn(Stage) + Sync),
) -> Verdict {
    let deadline = Instant::now() + assignment.window + assignment.patience;
    let prefix = format!("{}-", assignment.habits.prefix);
    let mut is_settled = false;
    loop {
        let looked = Instant::now();
        let read = log::read_since(fleet, began, &prefix).await.map(|rows| compare(expected, rows));
        let is_late = Instant::now() >= deadline;
        match read {
            Ok(comparison) if is_settled || is_late => return Verdict::Compared(comparison),
            Ok(comparison) if !comparison.is_incomplete() => {
                is_settled = true;
                progress(Stage::Settling);
                sleep(assignment.window + SETTLE).await;
            }
            Ok(comparison) => {
                progress(Stage::Waiting { missing: comparison.count(DifferenceKind::Missing) });
                sleep(LOOK_INTERVAL.max(looked.elapsed() * 2)).await;
            }
            Err(refusal) if is_late || refusal.kind == RefusalKind::Final => {
                return Verdict::Unreadable(format!("{}: {}", refusal.code, refusal.message));
            }
            Err(_) => sleep(LOOK_INTERVAL).await,
        }
    }
}
