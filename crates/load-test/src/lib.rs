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
mod client_session;
mod comparison;
mod metrics;
pub mod plan;
mod report;
mod search_log;
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

use client::{RequestErrorKind, ServerPool};
use client_session::{LoadTestRun, Pacing};
use metrics::MetricsRecorder;
use plan::{KEYSTROKE_SPREAD, UserProfile, virtual_users};

pub use comparison::{
    Comparison, Difference, DifferenceKind, ExpectedSearch, StoredSearch, Tolerance, compare,
};
pub use metrics::{LatencyHistogram, LoadTestMetrics};

/// The most keystrokes that the contract takes in one request.
pub const MAX_BATCH: usize = 100;
/// Keystrokes of a word, as typing speed is counted.
const KEYSTROKES_PER_WORD: f64 = 5.0;
/// Beyond the window, a pause has this share of it and this time on top: clocks and timers differ.
const IDLE_SLACK: f64 = 0.1;
const IDLE_MARGIN: Duration = Duration::from_millis(100);
/// A wait of this share of the window may have been a pause to the server.
const SPLIT_RISK_SHARE: f64 = 0.9;
/// Keystrokes that are meant to be one search are at most this share of the window apart.
const MAX_KEYSTROKE_SHARE: f64 = 0.5;
/// Between two looks into the log, or twice what a look takes if that is longer.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// After everything is there, one more look for what comes late: after the window and this.
const SETTLE_DELAY: Duration = Duration::from_secs(1);

/// What to do, against which servers.
#[derive(Clone, Debug)]
pub struct LoadTestConfig {
    /// Requests go to one after the other.
    pub servers: Vec<Url>,
    /// The API key that requests carry, where the servers ask for one.
    pub key: Option<String>,
    /// Who types, and how.
    pub profile: UserProfile,
    /// Words a minute of five keystrokes each; 0 is as fast as can be.
    pub words_per_minute: f64,
    /// Persons at a time.
    pub concurrency: usize,
    /// Keystrokes in one request; one goes as `logKeystroke`, more as `logKeystrokes`.
    pub batch: usize,
    /// The server's window: a pause that ends a search.
    pub window: Duration,
    /// How long a refused keystroke is sent again, and how long the log may take beyond the window.
    pub retry_timeout: Duration,
}

/// Why nothing could be typed.
#[derive(Debug, thiserror::Error)]
pub enum LoadTestError {
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
    Incompatible {
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
pub struct LoadTestOutcome {
    /// What happened while people typed.
    pub metrics: LoadTestMetrics,
    /// How long they typed.
    pub typing: Duration,
    /// What the server made of it.
    pub verification: Verification,
}

/// What the server made of it.
#[derive(Debug)]
pub enum Verification {
    /// The log was read to its end.
    Compared(Comparison),
    /// Typing had to stop, so there is nothing to compare.
    Aborted(String),
    /// The log could not be read.
    LogUnreadable(String),
}

impl LoadTestOutcome {
    /// Whether every keystroke was taken and exactly the expected rows are stored.
    pub fn is_clean(&self) -> bool {
        let is_clean = |comparison: &Comparison| comparison.differences.is_empty();
        self.metrics.unaccepted == 0
            && matches!(&self.verification, Verification::Compared(comparison) if is_clean(comparison))
    }
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadTestStage {
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
pub async fn run(
    config: &LoadTestConfig,
    progress: &(dyn Fn(LoadTestStage) + Sync),
) -> Result<LoadTestOutcome, LoadTestError> {
    let pacing = pacing(config)?;
    let pool = ServerPool::new(&config.servers, config.key.as_deref())?;
    for server in pool.servers() {
        probe(&pool, server, &config.profile.prefix).await?;
    }
    let (stop, abort_reason) = (CancellationToken::new(), OnceLock::new());
    let run_state =
        Arc::new(LoadTestRun { pool, pacing, recorder: MetricsRecorder::new(), stop, abort_reason });
    let (began, clock) = (Utc::now(), Instant::now());
    let expected = type_all(&run_state, config, progress).await;
    let typing = clock.elapsed();
    let verification = match run_state.abort_reason.get() {
        Some(reason) => Verification::Aborted(reason.clone()),
        None => verify(&run_state.pool, config, &expected, began, progress).await,
    };
    Ok(LoadTestOutcome { metrics: run_state.recorder.finish(), typing, verification })
}

fn pacing(config: &LoadTestConfig) -> Result<Pacing, LoadTestError> {
    let window = config.window;
    let minutes = if config.words_per_minute > 0.0 {
        1.0 / (config.words_per_minute * KEYSTROKES_PER_WORD)
    } else {
        0.0
    };
    let keystroke = Duration::try_from_secs_f64(60.0 * minutes).unwrap_or(Duration::MAX);
    let longest = KEYSTROKE_SPREAD.end * config.batch as f64;
    let apart = Duration::try_from_secs_f64(keystroke.as_secs_f64() * longest).unwrap_or(Duration::MAX);
    if apart > window.mul_f64(MAX_KEYSTROKE_SHARE) {
        return Err(LoadTestError::TooSlow { apart, window });
    }
    Ok(Pacing {
        keystroke,
        idle: window.mul_f64(1.0 + IDLE_SLACK) + IDLE_MARGIN,
        split_risk: window.mul_f64(SPLIT_RISK_SHARE),
        retry_timeout: config.retry_timeout,
        batch: config.batch.clamp(1, MAX_BATCH),
    })
}

async fn probe(pool: &ServerPool, server: &Url, prefix: &str) -> Result<(), LoadTestError> {
    let Err(error) = search_log::probe(pool, server, prefix).await else { return Ok(()) };
    let (server, message) = (server.to_string(), error.message);
    if error.kind == RequestErrorKind::NotApplied || error.code == client::NO_ANSWER {
        return Err(LoadTestError::Unreachable { server, message });
    }
    Err(LoadTestError::Incompatible { server, code: error.code, message })
}

/// Seats everybody, so many at a time; what must be stored of each session.
async fn type_all(
    run_state: &Arc<LoadTestRun>,
    config: &LoadTestConfig,
    progress: &(dyn Fn(LoadTestStage) + Sync),
) -> HashMap<String, Vec<ExpectedSearch>> {
    let mut users = virtual_users(&config.profile);
    let mut sessions = JoinSet::new();
    let mut expected = HashMap::new();
    let mut searches = 0;
    loop {
        while sessions.len() < config.concurrency.max(1) && !run_state.stop.is_cancelled() {
            let Some(virtual_user) = users.next() else { break };
            let run_state = run_state.clone();
            sessions.spawn(async move { run_state.run_user(virtual_user).await });
        }
        match sessions.join_next().await {
            Some(Ok((session, rows))) => {
                searches += rows.len();
                expected.insert(session, rows);
                progress(LoadTestStage::Typing { searches });
            }
            Some(Err(error)) => std::panic::resume_unwind(error.into_panic()),
            None => return expected,
        }
    }
}

/// Waits until the log has what it must, then looks once more for what it must not.
async fn verify(
    pool: &ServerPool,
    config: &LoadTestConfig,
    expected: &HashMap<String, Vec<ExpectedSearch>>,
    began: DateTime<Utc>,
    progress: &(dyn Fn(LoadTestStage) + Sync),
) -> Verification {
    let deadline = Instant::now() + config.window + config.retry_timeout;
    let prefix = format!("{}-", config.profile.prefix);
    let mut is_settled = false;
    loop {
        let polled = Instant::now();
        let read = search_log::read_since(pool, began, &prefix).await.map(|rows| compare(expected, rows));
        let is_late = Instant::now() >= deadline;
        match read {
            Ok(comparison) if is_settled || is_late => return Verification::Compared(comparison),
            Ok(comparison) if !comparison.is_incomplete() => {
                is_settled = true;
                progress(LoadTestStage::Settling);
                sleep(config.window + SETTLE_DELAY).await;
            }
            Ok(comparison) => {
                progress(LoadTestStage::Waiting { missing: comparison.count(DifferenceKind::Missing) });
                sleep(POLL_INTERVAL.max(polled.elapsed() * 2)).await;
            }
            Err(error) if is_late || error.kind == RequestErrorKind::Permanent => {
                return Verification::LogUnreadable(format!("{}: {}", error.code, error.message));
            }
            Err(_) => sleep(POLL_INTERVAL).await,
        }
    }
}
