//! A connection to Redis that heals by itself and lets no call wait.
//!
//! One multiplexed connection, made when it is first needed. Whatever a call waits for (the
//! connection, its place in the queue, the answer), it ends within the time that it was given.
//! A connection that broke is known before the next call is sent (RESP3 reports its loss), and
//! one that let a call wait in vain is given up, for it may be dead without a sign; so the first
//! call after Redis is back finds a fresh one. Callers share an attempt to connect, and a
//! refused one is not repeated at once.
//!
//! It deliberately lacks retries of commands: whether one took effect is not known, so that the
//! caller decides. (The crate's `ConnectionManager` has the back-off that calls must not wait
//! for, answers with the error of a past attempt, and keeps a connection that only times out.)

use crate::boxed;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ErrorKind, IntoConnectionInfo, Pipeline, ProtocolVersion, PushInfo,
    PushKind, RedisError, RedisResult, ServerErrorKind, Value, cmd,
};
use tokio::time::Instant;

use crate::metrics::{Series, flag};

/// After a connection was refused, calls fail at once for so long.
const REFUSAL_PAUSE: Duration = Duration::from_millis(100);
/// Commands that wait to be written; a call that finds the queue full waits, within its time.
const QUEUED_COMMANDS: usize = 1_024;
/// Codes of answers that pass when Redis is put right, beside those that the crate knows.
const PASSING_CODES: &[&str] = &["OOM", "MISCONF", "NOAUTH", "WRONGPASS", "NOREPLICAS", "BUSY", "UNBLOCKED"];

/// Why there is no answer. The texts name neither addresses nor what was sent.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LinkError {
    /// It may be well the next time.
    #[error("{0}")]
    Unavailable(String),
    /// It will be the same the next time.
    #[error("{0}")]
    Refused(String),
}

/// A connection, or an attempt to make one.
type Connecting = Shared<BoxFuture<'static, Result<MultiplexedConnection, LinkError>>>;

/// See the module.
pub struct Link {
    client: Client,
    patience: Duration,
    state: Mutex<State>,
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

    /// Records if the connection answers.
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
struct State {
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
    /// It is neither lost nor left by callers that went away while it was under way.
    fn is_of_use(&self, patience: Duration) -> bool {
        let is_left = self.connecting.peek().is_none() && self.begun.elapsed() >= patience;
        !is_left && !self.is_lost.load(Ordering::Acquire)
    }
}

/// The client of an address, or nothing if it is not one of a Redis.
pub fn client(url: &str) -> Option<Client> {
    client_speaking(url, ProtocolVersion::RESP3)
}

/// The same for subscriptions: the crate hears them by the older protocol.
pub fn listening_client(url: &str) -> Option<Client> {
    client_speaking(url, ProtocolVersion::RESP2)
}

fn client_speaking(url: &str, protocol: ProtocolVersion) -> Option<Client> {
    let info = url.into_connection_info().ok()?;
    let settings = info.redis_settings().clone().set_protocol(protocol);
    Client::open(info.set_redis_settings(settings)).ok()
}

impl Link {
    /// A link whose calls end within `patience`. Connects when it is first used.
    pub fn new(client: Client, patience: Duration) -> Self {
        Self { client, patience, state: Mutex::default(), metrics: LinkMetrics::default() }
    }

    /// Which connection is in use: another number is another connection, and maybe a Redis that
    /// was started anew.
    pub fn generation(&self) -> u64 {
        self.metrics.connects.get()
    }

    /// Returns the metrics of the link.
    pub fn metrics(&self) -> LinkMetrics {
        self.metrics.clone()
    }

    /// Finds out whether Redis is back, where the last call was in vain: a link that nobody needs
    /// for a while would seem to be down for as long.
    #[boxed]
    pub async fn look_again(&self) {
        if self.metrics.is_down() {
            let mut ping = Pipeline::new();
            ping.add_command(cmd("PING"));
            // `send` records the result.
            let _ = self.send(&mut ping, self.deadline()).await;
        }
    }

    /// When a call that begins now must end.
    pub fn deadline(&self) -> Instant {
        Instant::now() + self.patience
    }

    /// Sends commands in one round trip; each has its own answer.
    #[boxed]
    pub async fn send(
        &self,
        commands: &mut Pipeline,
        deadline: Instant,
    ) -> Result<Vec<RedisResult<Value>>, LinkError> {
        let answer = self.send_once(commands, deadline).await;
        self.metrics.set_down(matches!(answer, Err(LinkError::Unavailable(_))));
        answer
    }

    async fn send_once(
        &self,
        commands: &mut Pipeline,
        deadline: Instant,
    ) -> Result<Vec<RedisResult<Value>>, LinkError> {
        commands.ignore_errors();
        let attempt = self.attempt()?;
        let number = attempt.number;
        let answer = tokio::time::timeout_at(deadline, async {
            let mut connection =
                attempt.connecting.await.inspect_err(|error| self.note_refusal(number, error))?;
            commands.query_async(&mut connection).await.map_err(LinkError::from)
        });
        let answer: Result<Vec<RedisResult<Value>>, LinkError> = answer.await.unwrap_or_else(|_| {
            Err(LinkError::Unavailable(format!("no answer within {} ms", self.patience.as_millis())))
        });
        if answer.as_ref().map_or(true, |answers| answers.iter().any(was_demoted)) {
            self.give_up(number);
        }
        answer
    }

    /// The connection, or the attempt that is under way, or a new one.
    fn attempt(&self) -> Result<Attempt, LinkError> {
        let mut state = self.state();
        if let Some(attempt) = &state.current
            && attempt.is_of_use(self.patience)
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
        let connecting = connect(self.client.clone(), is_lost.clone(), self.patience).boxed().shared();
        let attempt = Attempt { number, begun: Instant::now(), connecting, is_lost };
        state.current = Some(attempt.clone());
        Ok(attempt)
    }

    fn note_refusal(&self, number: u64, error: &LinkError) {
        let mut state = self.state();
        if state.current.as_ref().is_some_and(|attempt| attempt.number == number) {
            state.refused = Some((Instant::now(), error.clone()));
        }
    }

    fn give_up(&self, number: u64) {
        let mut state = self.state();
        if state.current.as_ref().is_some_and(|attempt| attempt.number == number) {
            state.current = None;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn connect(
    client: Client,
    is_lost: Arc<AtomicBool>,
    patience: Duration,
) -> Result<MultiplexedConnection, LinkError> {
    let watch = move |push: PushInfo| {
        if push.kind == PushKind::Disconnection {
            is_lost.store(true, Ordering::Release);
        }
        Ok::<(), ()>(())
    };
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(patience))
        .set_response_timeout(None)
        .set_pipeline_buffer_size(QUEUED_COMMANDS)
        .set_push_sender(watch);
    let connected = client.get_multiplexed_async_connection_with_config(&config).await;
    // Whatever a server says that lets nobody in, it may say something else later.
    connected.map_err(|error| LinkError::Unavailable(describe(&error)))
}

impl From<RedisError> for LinkError {
    fn from(error: RedisError) -> Self {
        let said = describe(&error);
        if is_passing(&error) { Self::Unavailable(said) } else { Self::Refused(said) }
    }
}

/// It takes no writes any more: its address may stand for another by now.
fn was_demoted(answer: &RedisResult<Value>) -> bool {
    answer.as_ref().is_err_and(|error| error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly))
}

fn is_passing(error: &RedisError) -> bool {
    use ServerErrorKind as Kind;
    match error.kind() {
        ErrorKind::Io | ErrorKind::AuthenticationFailed => true,
        ErrorKind::Server(kind) => !matches!(
            kind,
            Kind::ResponseError | Kind::ExecAbort | Kind::CrossSlot | Kind::NotBusy | Kind::NoSub
        ),
        _ => error.code().is_some_and(|code| PASSING_CODES.contains(&code)),
    }
}

/// What happened, without details that could hold an address or what was sent.
pub fn describe(error: &RedisError) -> String {
    match error.code() {
        Some(code) => format!("Redis answered {code}"),
        None if error.is_timeout() => "connecting took too long".to_owned(),
        None if error.is_connection_refusal() => "the connection was refused".to_owned(),
        None if error.is_connection_dropped() => "the connection broke".to_owned(),
        None => format!("the connection failed: {}", error.category()),
    }
}

/// Whole milliseconds, at least one: what Redis lets expire needs some time.
pub fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).clamp(1, MAX_MS)
}

/// A hundred years: sums of times stay exact in Lua's numbers.
const MAX_MS: u64 = 100 * 365 * 24 * 3_600 * 1_000;
