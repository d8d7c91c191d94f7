//! What is under way, and what is let in beside it.
//!
//! Who comes when all places are taken is refused at once, with a word on when to come again:
//! what is under way already shares the machine, so a queue in front of it would only add to the
//! wait of everybody in it. A place is given back when it is dropped, however its work ended.

use std::num::NonZero;
use std::sync::Arc;

use http::StatusCode;
use prometheus_client::metrics::counter::Counter;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::HttpLimits;
use super::problem::Problem;
use crate::graphql::{Asker, ErrorCode};
use crate::memory::{MemoryBudget, MemoryPermit};

/// The most bytes a caller without a key may send at once where keys are configured.
pub(super) const KEYLESS_BYTES: usize = 64 << 10;

/// Large bodies that are parsed at once, apart from the threads that serve requests.
fn parsers() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

/// What is under way. Clones share it.
#[derive(Clone)]
pub struct Admission(Arc<Inner>);

struct Inner {
    operations: Turnstile,
    subscriptions: Turnstile,
    websockets: Turnstile,
    event_streams: Turnstile,
    connections: Turnstile,
    bodies: MemoryBudget,
    parsers: Semaphore,
    stopping: CancellationToken,
    tasks: TaskTracker,
}

/// A place that is taken until this is dropped.
#[derive(Debug)]
pub(super) struct Place(#[expect(dead_code, reason = "held for its destructor")] OwnedSemaphorePermit);

/// The callers that memory is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallerClass {
    /// Callers with a key, or any where no keys are configured.
    Keyed,
    /// Callers without a key where keys are configured: they leave half of the memory to the others.
    Keyless,
}

impl CallerClass {
    /// The class of a caller.
    pub(super) fn of(asker: &Asker) -> Self {
        if asker.caller.is_anonymous() { Self::Keyless } else { Self::Keyed }
    }

    /// The most bytes that such a caller may send at once.
    pub(super) fn limit(self, limit: usize) -> usize {
        match self {
            Self::Keyed => limit,
            Self::Keyless => limit.min(KEYLESS_BYTES),
        }
    }
}

/// Places of one kind, as of now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Places {
    pub(super) of: &'static str,
    pub(super) taken: usize,
    pub(super) limit: usize,
    /// How often there was none.
    pub(super) refused: u64,
}

/// How much is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// Queries and mutations.
    pub operations: usize,
    /// Subscriptions.
    pub subscriptions: usize,
    /// WebSockets.
    pub websockets: usize,
    /// Event streams.
    pub event_streams: usize,
    /// Connections of any kind.
    pub connections: usize,
    /// Bytes of request bodies.
    pub body_bytes: usize,
}

impl Admission {
    /// Nothing under way yet.
    pub fn new(limits: &HttpLimits) -> Self {
        Self(Arc::new(Inner {
            operations: Turnstile::new("operations", limits.operations),
            subscriptions: Turnstile::new("subscriptions", limits.subscriptions),
            websockets: Turnstile::new("WebSockets", limits.websockets),
            event_streams: Turnstile::new("event streams", limits.event_streams),
            connections: Turnstile::new("connections", limits.connections),
            bodies: MemoryBudget::new(limits.bodies_bytes),
            parsers: Semaphore::new(parsers()),
            stopping: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }))
    }

    /// How much is under way now.
    pub fn under_way(&self) -> Load {
        Load {
            operations: self.0.operations.taken(),
            subscriptions: self.0.subscriptions.taken(),
            websockets: self.0.websockets.taken(),
            event_streams: self.0.event_streams.taken(),
            connections: self.0.connections.taken(),
            body_bytes: self.0.bodies.taken(),
        }
    }

    /// Places of every kind.
    pub(super) fn places(&self) -> [Places; 5] {
        let inner = &*self.0;
        [&inner.operations, &inner.subscriptions, &inner.websockets, &inner.event_streams, &inner.connections]
            .map(Turnstile::places)
    }

    /// The memory of request bodies.
    pub(super) fn bodies(&self) -> &MemoryBudget {
        &self.0.bodies
    }

    /// A place for a query or a mutation.
    pub(super) fn operation(&self) -> Result<Place, Problem> {
        self.0.operations.enter()
    }

    /// A place for a subscription.
    pub(super) fn subscription(&self) -> Result<Place, Problem> {
        self.0.subscriptions.enter()
    }

    /// A place for a WebSocket.
    pub(super) fn websocket(&self) -> Result<Place, Problem> {
        self.0.websockets.enter()
    }

    /// A place for an event stream.
    pub(super) fn event_stream(&self) -> Result<Place, Problem> {
        self.0.event_streams.enter()
    }

    /// A place for a connection.
    pub(super) fn connection(&self) -> Result<Place, Problem> {
        self.0.connections.enter()
    }

    /// More memory for a body that is being read, and later for its values.
    pub(super) fn body_room(
        &self,
        room: &mut MemoryPermit,
        bytes: usize,
        class: CallerClass,
    ) -> Result<(), Problem> {
        let bodies = &self.0.bodies;
        let share = match class {
            CallerClass::Keyed => bodies.limit(),
            CallerClass::Keyless => bodies.limit() / 2,
        };
        bodies.grow_within(room, bytes, share).map_err(|_| {
            let limit = bodies.limit();
            Problem::busy(format!(
                "The server is at its limit of {limit} bytes of request bodies. Try again in a moment."
            ))
        })
    }

    /// Runs work that takes long on a thread of its own, so that requests are served in the meantime.
    pub(super) async fn apart<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        // More threads than cores would only take their share from the threads that serve requests.
        let _parser = self.0.parsers.acquire().await;
        match tokio::task::spawn_blocking(work).await {
            Ok(done) => done,
            // The runtime ends its threads only with itself, and then nothing waits here.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    /// Cancelled once the server stops: what has no end of its own ends then.
    pub(super) fn stopping(&self) -> &CancellationToken {
        &self.0.stopping
    }

    /// What a stopping server waits for.
    pub(super) fn tasks(&self) -> &TaskTracker {
        &self.0.tasks
    }
}

/// So many places.
struct Turnstile {
    of: &'static str,
    limit: usize,
    free: Arc<Semaphore>,
    refused: Counter,
}

impl Turnstile {
    fn new(of: &'static str, limit: usize) -> Self {
        let limit = limit.min(Semaphore::MAX_PERMITS);
        Self { of, limit, free: Arc::new(Semaphore::new(limit)), refused: Counter::default() }
    }

    fn enter(&self) -> Result<Place, Problem> {
        self.free.clone().try_acquire_owned().map(Place).map_err(|_| self.refuse())
    }

    fn refuse(&self) -> Problem {
        self.refused.inc();
        let (limit, of) = (self.limit, self.of);
        Problem::busy(format!("The server has its limit of {limit} {of} under way. Try again in a moment."))
    }

    fn places(&self) -> Places {
        Places { of: self.of, taken: self.taken(), limit: self.limit, refused: self.refused.get() }
    }

    fn taken(&self) -> usize {
        self.limit.saturating_sub(self.free.available_permits())
    }
}

impl Problem {
    /// Too much is under way.
    pub(super) fn busy(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, ErrorCode::TooBusy, message).with_retry_after(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_given_back_when_dropped() {
        let admission = Admission::new(&HttpLimits { operations: 2, ..HttpLimits::default() });
        let first = admission.operation().unwrap();
        let second = admission.operation().unwrap();
        assert!(admission.operation().is_err());
        assert_eq!(admission.under_way().operations, 2);
        drop(first);
        let third = admission.operation().unwrap();
        assert!(admission.operation().is_err());
        drop((second, third));
        assert_eq!(admission.under_way().operations, 0);
    }

    #[test]
    fn who_has_no_key_leaves_memory_to_the_others() {
        let admission = Admission::new(&HttpLimits { bodies_bytes: 100, ..HttpLimits::default() });
        let (mut keyless, mut keyed) = (MemoryPermit::default(), MemoryPermit::default());
        admission.body_room(&mut keyless, 50, CallerClass::Keyless).unwrap();
        admission.body_room(&mut keyless, 1, CallerClass::Keyless).unwrap_err();
        admission.body_room(&mut keyed, 50, CallerClass::Keyed).unwrap();
        assert_eq!(admission.under_way().body_bytes, 100);
        drop((keyless, keyed));
        assert_eq!(admission.under_way().body_bytes, 0);
    }

    #[tokio::test]
    async fn long_work_is_done_apart() {
        let admission = Admission::new(&HttpLimits::default());
        let here = std::thread::current().id();
        assert_ne!(admission.apart(|| std::thread::current().id()).await, here);
    }
}
