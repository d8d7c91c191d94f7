//! A self-healing connection to Redis with a deadline for every call.
//!
//! The address is that of one server, of sentinels that name the master, or of a cluster.
//!
//! One multiplexed connection, made by the first call. Each call ends by its deadline, whatever it waits
//! for: the connection, the queue or the reply. RESP3 reports a broken connection before the next call,
//! and a connection that times out is dropped, since it may be dead without a sign: the first call after
//! Redis is back gets a new one. Callers share an attempt to connect, and a refused attempt is repeated
//! after a pause.
//!
//! The connection to a cluster has one to each of its nodes: it follows slots that move, and repeats commands that
//! a node refuses or does not answer, within the deadline. Callers tolerate both.
//!
//! Otherwise, deliberately without retries of commands: a lost command may have taken effect, so the caller decides.
//! (The crate's `ConnectionManager` backs off while calls wait, returns the error of a past attempt, and
//! keeps a connection that only times out.)

mod address;
mod client;

use crate::boxed;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;
use redis::{ErrorKind, Pipeline, RedisError, RedisResult, ServerErrorKind, Value, cmd};
use tokio::time::Instant;

use self::client::RedisConnection;
pub use self::client::{RedisClient, client, listening_client};
use crate::metrics::{Series, flag};

/// The time after a refused connection during which calls fail at once.
const REFUSAL_PAUSE: Duration = Duration::from_millis(100);
/// Error codes that end once Redis is repaired, beside those that the crate knows.
const TRANSIENT_CODES: &[&str] =
    &["OOM", "MISCONF", "NOAUTH", "WRONGPASS", "NOREPLICAS", "BUSY", "UNBLOCKED"];

/// The problem and the remedy of a URL that is not a Redis URL.
const INVALID_URL: &str = "the URL is not a Redis URL, or its ca_file has no certificate: use the form redis://host:6379/0, \
     redis+sentinel://host,host/master/0 or redis+cluster://host,host";

/// The problem and the remedy of a user without rights.
const DENIED: &str = "Redis denies its user a command: grant the rights that docs/operations.md lists";

/// A failed call. The messages contain neither addresses nor commands.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LinkError {
    /// A transient failure, or a URL that is not a Redis URL.
    #[error("{0}")]
    Unavailable(String),
    /// A permanent failure.
    #[error("{0}")]
    Refused(String),
}

/// A connection, or an attempt to make one.
type Connecting = Shared<BoxFuture<'static, Result<RedisConnection, LinkError>>>;

/// A connection to Redis: see the [module](self).
pub struct Link {
    client: RedisClient,
    timeout: Duration,
    state: Mutex<LinkState>,
    metrics: LinkMetrics,
}

/// The metrics of one connection. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct LinkMetrics {
    is_down: Arc<AtomicBool>,
    connects: Counter,
}

impl LinkMetrics {
    /// Registers the metrics of connections with the purpose of each.
    pub fn register(registry: &mut Registry, links: &[(&'static str, Self)]) {
        registry.register(
            "redis_up",
            "1 if Redis answered the last call on the connection, or before the first; 0 is checked again every second",
            links.iter().map(|(purpose, link)| ([("purpose", *purpose)], flag(!link.is_down()))).collect::<Series<_, _>>(),
        );
        registry.register(
            "redis_connects",
            "Attempts to connect: more than one means that the connection broke",
            links
                .iter()
                .map(|(purpose, link)| ([("purpose", *purpose)], link.connects.clone()))
                .collect::<Series<_, _>>(),
        );
    }

    /// Records an attempt to connect, and returns its number.
    pub fn record_connect(&self) -> u64 {
        self.connects.inc() + 1
    }

    /// Records the state of the connection.
    pub fn set_down(&self, is_down: bool) {
        // Many threads read the flag on each call: writing it seldom keeps it in their caches.
        if self.is_down() != is_down {
            self.is_down.store(is_down, Ordering::Relaxed);
        }
    }

    fn is_down(&self) -> bool {
        self.is_down.load(Ordering::Relaxed)
    }
}

#[derive(Default)]
struct LinkState {
    current: Option<Attempt>,
    refused: Option<(Instant, LinkError)>,
}

#[derive(Clone)]
struct Attempt {
    number: u64,
    begun: Instant,
    connecting: Connecting,
    is_lost: Arc<AtomicBool>,
}

impl Attempt {
    /// Returns true unless the connection broke, or all callers abandoned the attempt to connect.
    fn is_usable(&self, timeout: Duration) -> bool {
        let is_abandoned = self.connecting.peek().is_none() && self.begun.elapsed() >= timeout;
        !is_abandoned && !self.is_lost.load(Ordering::Acquire)
    }
}

impl Link {
    /// Creates a link whose calls end within `timeout`. The first call connects.
    pub fn new(client: RedisClient, timeout: Duration) -> Self {
        Self { client, timeout, state: Mutex::default(), metrics: LinkMetrics::default() }
    }

    /// Returns true for a link to the nodes of a cluster.
    pub fn is_cluster(&self) -> bool {
        self.client.is_cluster()
    }

    /// Returns the number of the connection: a new one may lead to a restarted Redis.
    pub fn generation(&self) -> u64 {
        self.metrics.connects.get()
    }

    /// Returns the metrics of the link.
    pub fn metrics(&self) -> LinkMetrics {
        self.metrics.clone()
    }

    /// Pings Redis if the last call failed, to learn the state of an idle connection.
    #[boxed]
    pub async fn look_again(&self) {
        if self.metrics.is_down() {
            let mut ping = Pipeline::new();
            ping.add_command(cmd("PING"));
            // `send` records the result.
            let _ = self.send(&mut ping, self.deadline()).await;
        }
    }

    /// Returns the deadline of a call that begins now.
    pub fn deadline(&self) -> Instant {
        Instant::now() + self.timeout
    }

    /// Returns the error of a call without an answer by its deadline.
    pub fn late(&self) -> LinkError {
        LinkError::Unavailable(format!("no answer within {} ms", self.timeout.as_millis()))
    }

    /// Sends commands in one round trip and returns the reply of each.
    #[boxed]
    pub async fn send(
        &self,
        commands: &mut Pipeline,
        deadline: Instant,
    ) -> Result<Vec<RedisResult<Value>>, LinkError> {
        let reply = self.send_once(commands, deadline).await;
        self.metrics.set_down(matches!(reply, Err(LinkError::Unavailable(_))));
        reply
    }

    async fn send_once(
        &self,
        commands: &mut Pipeline,
        deadline: Instant,
    ) -> Result<Vec<RedisResult<Value>>, LinkError> {
        commands.ignore_errors();
        let attempt = self.attempt()?;
        let number = attempt.number;
        let reply = tokio::time::timeout_at(deadline, async {
            let mut connection =
                attempt.connecting.await.inspect_err(|error| self.record_refusal(number, error))?;
            connection.send(commands).await.map_err(LinkError::from)
        });
        let reply: Result<Vec<RedisResult<Value>>, LinkError> =
            reply.await.unwrap_or_else(|_| Err(self.late()));
        if reply.as_ref().map_or(true, |replies| replies.iter().any(was_demoted)) {
            self.drop_connection(number);
        }
        reply
    }

    /// Returns the current connection or attempt to connect, or starts another.
    fn attempt(&self) -> Result<Attempt, LinkError> {
        let mut state = self.state();
        if let Some(attempt) = &state.current
            && attempt.is_usable(self.timeout)
        {
            return Ok(attempt.clone());
        }
        if let Some((at, error)) = &state.refused
            && at.elapsed() < REFUSAL_PAUSE
        {
            return Err(error.clone());
        }
        let number = self.metrics.record_connect();
        let is_lost = Arc::new(AtomicBool::new(false));
        let connecting = connect(self.client.clone(), is_lost.clone(), self.timeout).boxed().shared();
        let attempt = Attempt { number, begun: Instant::now(), connecting, is_lost };
        state.current = Some(attempt.clone());
        Ok(attempt)
    }

    fn record_refusal(&self, number: u64, error: &LinkError) {
        let mut state = self.state();
        if state.current.as_ref().is_some_and(|attempt| attempt.number == number) {
            state.refused = Some((Instant::now(), error.clone()));
        }
    }

    fn drop_connection(&self, number: u64) {
        let mut state = self.state();
        if state.current.as_ref().is_some_and(|attempt| attempt.number == number) {
            state.current = None;
        }
    }

    fn state(&self) -> MutexGuard<'_, LinkState> {
        // No code panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn connect(
    client: RedisClient,
    is_lost: Arc<AtomicBool>,
    timeout: Duration,
) -> Result<RedisConnection, LinkError> {
    // A server that refuses connections now may accept them later.
    client.connect(is_lost, timeout).await.map_err(|error| LinkError::Unavailable(describe(&error)))
}

impl From<RedisError> for LinkError {
    fn from(error: RedisError) -> Self {
        let problem = describe(&error);
        if is_transient(&error) { Self::Unavailable(problem) } else { Self::Refused(problem) }
    }
}

/// Returns true for the error of a read-only replica.
///
/// The address may lead to another server by now.
fn was_demoted(reply: &RedisResult<Value>) -> bool {
    reply.as_ref().is_err_and(|error| error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly))
}

/// Returns true if Redis denies the user a command, also within a script.
fn is_denied(error: &RedisError) -> bool {
    let denials = ["ACL failure in script", "has no permissions to", "can't run this command or subcommand"];
    error.detail().is_some_and(|detail| denials.iter().any(|denial| detail.contains(denial)))
}

fn is_transient(error: &RedisError) -> bool {
    // An operator may grant the right.
    if is_denied(error) {
        return true;
    }
    use ServerErrorKind as Kind;
    match error.kind() {
        ErrorKind::Io | ErrorKind::AuthenticationFailed | ErrorKind::ClusterConnectionNotFound => true,
        ErrorKind::Server(kind) => !matches!(
            kind,
            Kind::ResponseError | Kind::ExecAbort | Kind::CrossSlot | Kind::NotBusy | Kind::NoSub
        ),
        _ => error.code().is_some_and(|code| TRANSIENT_CODES.contains(&code)),
    }
}

/// Describes an error without details that may contain an address or a command.
pub fn describe(error: &RedisError) -> String {
    match error.code() {
        Some(_) if is_denied(error) => DENIED.to_owned(),
        Some(code) => format!("Redis answered {code}"),
        None if error.is_timeout() => "connecting took too long".to_owned(),
        None if error.is_connection_refusal() => "the connection was refused".to_owned(),
        None if error.is_connection_dropped() => "the connection broke".to_owned(),
        None => format!("the connection failed: {}", error.category()),
    }
}

/// Returns whole milliseconds, at least one: Redis refuses an expiry of zero.
pub fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).clamp(1, MAX_MS)
}

/// A hundred years: sums of times are exact in Lua's numbers.
const MAX_MS: u64 = 100 * 365 * 24 * 3_600 * 1_000;
