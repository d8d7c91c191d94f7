//! A load test with virtual users who type, and the verification of the search log.
//!
//! Acceptance test and load generator in one. It uses only GraphQL over HTTP, and no code of the server: the
//! expected rows come from the plan of each virtual user, so the server cannot verify itself.
//!
//! | File | Holds |
//! |---|---|
//! | `plan` | keystrokes of the virtual users and the expected rows: pure, from a seed |
//! | `words` | generated search texts |
//! | `client` | GraphQL over HTTP, to one server or several |
//! | `client_session` | the session of one virtual user: pacing, retries, batches |
//! | `search_log` | reading the stored rows |
//! | `comparison` | expected rows against stored ones: pure |
//! | `metrics`, `report` | counters, latencies, and the printed table |
//!
//! It is a closed workload: each search box sends its requests in sequence, so the number of concurrent virtual
//! users sets the load, not a rate. Deliberately not here: authentication, subscriptions, and faults of the
//! server's machine, which a test injects from outside.

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

/// The schema's limit of keystrokes in one request.
pub const MAX_BATCH: usize = 100;
/// The keystrokes of a word in the definition of typing speed.
const KEYSTROKES_PER_WORD: f64 = 5.0;
/// The share of the window by which a pause exceeds it: clocks and timers differ.
const IDLE_SLACK: f64 = 0.1;
/// The fixed part of the same margin.
const IDLE_MARGIN: Duration = Duration::from_millis(100);
/// The share of the window from which the server may read a pause.
const SPLIT_RISK_SHARE: f64 = 0.9;
/// The longest gap within a search, as a share of the window.
const MAX_KEYSTROKE_SHARE: f64 = 0.5;
/// The shortest poll interval of the log; after slow polls, it is twice their duration.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// The delay beyond the window before the last poll, which detects late rows.
const SETTLE_DELAY: Duration = Duration::from_secs(1);

/// The configuration of a load test.
#[derive(Clone, Debug)]
pub struct LoadTestConfig {
    /// The servers, used in turn.
    pub servers: Vec<Url>,
    /// The API key of the requests, if the servers require one.
    pub key: Option<String>,
    /// The behaviour of the virtual users.
    pub profile: UserProfile,
    /// The typing speed in words of five keystrokes a minute; 0 for no think time.
    pub words_per_minute: f64,
    /// The number of concurrent virtual users.
    pub concurrency: usize,
    /// Keystrokes in one request: one through `logKeystroke`, more through `logKeystrokes`.
    pub batch: usize,
    /// The window of the server: a pause of this length ends a search.
    pub window: Duration,
    /// The time limit of a keystroke's retries, and of the log's delay beyond the window.
    pub retry_timeout: Duration,
}

/// An error before the first keystroke.
#[derive(Debug, thiserror::Error)]
pub enum LoadTestError {
    /// The typing speed would split searches at the window.
    #[error(
        "requests of one search can be {apart:.1?} apart at this speed, too long for a window of {window:?}: \
         raise --speed, lower --batch, or set --window to the server's window"
    )]
    TooSlow {
        /// The longest gap between requests.
        apart: Duration,
        /// The window.
        window: Duration,
    },
    /// The HTTP client cannot be built.
    #[error("the HTTP client cannot be built: {0}")]
    Client(String),
    /// A server does not respond.
    #[error(
        "{server} does not respond ({message}): start it with `quarry serve`, or set another address with --url"
    )]
    Unreachable {
        /// Its address.
        server: String,
        /// The transport error.
        message: String,
    },
    /// A server responds with an error.
    #[error(
        "{server} rejects the query of the search log with {code}: {message}: \
         check that --url is a quarry server, and that --key has the scopes SEARCH and REPORTS"
    )]
    Incompatible {
        /// Its address.
        server: String,
        /// The error code.
        code: String,
        /// The error message.
        message: String,
    },
}

/// The outcome of a load test.
#[derive(Debug)]
pub struct LoadTestOutcome {
    /// Counters and latencies of the requests.
    pub metrics: LoadTestMetrics,
    /// The duration of the typing.
    pub typing: Duration,
    /// The verification of the log.
    pub verification: Verification,
}

/// The verification of the server's search log.
#[derive(Debug)]
pub enum Verification {
    /// The log was read to its end.
    Compared(Comparison),
    /// Typing was aborted, so the log is incomplete.
    Aborted(String),
    /// The log could not be read.
    LogUnreadable(String),
}

impl LoadTestOutcome {
    /// Returns true if all keystrokes were accepted and exactly the expected rows are stored.
    pub fn is_clean(&self) -> bool {
        let is_clean = |comparison: &Comparison| comparison.differences.is_empty();
        self.metrics.unaccepted == 0
            && matches!(&self.verification, Verification::Compared(comparison) if is_clean(comparison))
    }
}

/// The progress of a load test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadTestStage {
    /// Virtual users are typing.
    Typing {
        /// The completed searches.
        searches: usize,
    },
    /// All keystrokes are sent, and rows are missing in the log.
    Waiting {
        /// The missing rows.
        missing: usize,
    },
    /// All rows are stored; a last poll will detect late ones.
    Settling,
}

/// Derives the id prefix of a run, which separates runs against one database.
pub fn session_prefix(seed: u64, now: DateTime<Utc>) -> String {
    let moment = now.timestamp_micros().cast_unsigned();
    format!("{:012x}", StdRng::seed_from_u64(seed ^ moment.rotate_left(32)).random::<u64>() >> 16)
}

/// Runs a load test: types, waits for the log, and compares.
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

/// Runs all virtual users and returns the expected rows by session.
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

/// Polls the log until no row is missing, then once more for extra rows.
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
