//! Admission control: concurrency limits, memory of request bodies, and tracking until shutdown.
//!
//! A limit that is reached rejects at once, with the time to retry after. The operations in flight already
//! share the machine, so a queue in front of them would only lengthen the wait of everyone in it. A permit
//! is released when it is dropped, however its work ended.

use std::num::NonZero;
use std::sync::Arc;

use http::StatusCode;
use prometheus_client::metrics::counter::Counter;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::HttpLimits;
use super::http_error::HttpError;
use crate::graphql::{ErrorCode, RequestContext};
use crate::memory::{MemoryBudget, MemoryPermit};

/// The largest body from an anonymous client where keys are configured, in bytes.
pub(super) const ANONYMOUS_BODY_BYTES: usize = 64 << 10;

/// Large bodies that are parsed concurrently on blocking threads.
fn parsers() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

/// Admission control for all transports. Clones share it.
#[derive(Clone)]
pub struct Admission(Arc<AdmissionState>);

struct AdmissionState {
    /// One for each kind of work, in the order of [`Work`].
    limits: [ConcurrencyLimit; 5],
    bodies: MemoryBudget,
    parsers: Semaphore,
    shutdown: CancellationToken,
    tasks: TaskTracker,
}

/// A kind of work with a concurrency limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    /// A query or a mutation.
    Operation,
    Subscription,
    WebSocket,
    EventStream,
    Connection,
}

/// A unit of a concurrency limit, released on drop.
#[derive(Debug)]
pub(super) struct Permit(#[expect(dead_code, reason = "held for its destructor")] OwnedSemaphorePermit);

/// The share of memory that a client may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClientClass {
    /// Clients with a key, or any client where no keys are configured.
    Authorized,
    /// Clients without a key where keys are configured. They leave half of the memory to the others.
    Anonymous,
}

impl ClientClass {
    /// The class of a request's principal.
    pub(super) fn of(context: &RequestContext) -> Self {
        if context.principal.is_anonymous() { Self::Anonymous } else { Self::Authorized }
    }

    /// Lowers a limit on bytes to the one of this class.
    pub(super) fn limit(self, limit: usize) -> usize {
        match self {
            Self::Authorized => limit,
            Self::Anonymous => limit.min(ANONYMOUS_BODY_BYTES),
        }
    }
}

/// The usage of one concurrency limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LimitUsage {
    pub(super) kind: &'static str,
    pub(super) used: usize,
    pub(super) limit: usize,
    /// Rejections since the start.
    pub(super) rejected: u64,
}

/// Counts of work in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InFlight {
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
    /// Creates the limits with no work in flight.
    pub fn new(limits: &HttpLimits) -> Self {
        Self(Arc::new(AdmissionState {
            limits: [
                ConcurrencyLimit::new("operations", limits.operations),
                ConcurrencyLimit::new("subscriptions", limits.subscriptions),
                ConcurrencyLimit::new("WebSockets", limits.websockets),
                ConcurrencyLimit::new("event streams", limits.event_streams),
                ConcurrencyLimit::new("connections", limits.connections),
            ],
            bodies: MemoryBudget::new(limits.bodies_bytes),
            parsers: Semaphore::new(parsers()),
            shutdown: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }))
    }

    /// The work in flight now.
    pub fn in_flight(&self) -> InFlight {
        let [operations, subscriptions, websockets, event_streams, connections] =
            self.usage().map(|usage| usage.used);
        let body_bytes = self.0.bodies.taken();
        InFlight { operations, subscriptions, websockets, event_streams, connections, body_bytes }
    }

    /// The usage of every concurrency limit.
    pub(super) fn usage(&self) -> [LimitUsage; 5] {
        self.0.limits.each_ref().map(ConcurrencyLimit::usage)
    }

    /// The memory of request bodies.
    pub(super) fn bodies(&self) -> &MemoryBudget {
        &self.0.bodies
    }

    /// Acquires a permit, or rejects the work at its limit.
    pub(super) fn acquire(&self, work: Work) -> Result<Permit, HttpError> {
        self.0.limits[work as usize].acquire()
    }

    /// Grows a permit for a body that is being read, and later for its JSON values.
    pub(super) fn reserve_body(
        &self,
        permit: &mut MemoryPermit,
        bytes: usize,
        class: ClientClass,
    ) -> Result<(), HttpError> {
        let bodies = &self.0.bodies;
        let share = match class {
            ClientClass::Authorized => bodies.limit(),
            ClientClass::Anonymous => bodies.limit() / 2,
        };
        bodies.grow_within(permit, bytes, share).map_err(|_| {
            let limit = bodies.limit();
            HttpError::busy(format!(
                "Request bodies have reached the server's limit of {limit} bytes. Retry in a moment."
            ))
        })
    }

    /// Runs CPU-bound work on a blocking thread, so that other requests are served in the meantime.
    pub(super) async fn run_blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> T {
        // More threads than cores would only take their share from the threads that serve requests.
        let _parser = self.0.parsers.acquire().await;
        match tokio::task::spawn_blocking(work).await {
            Ok(output) => output,
            // The runtime ends its threads only with itself, and then nothing waits here.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    /// The token that shutdown cancels. Streams without an end of their own end then.
    pub(super) fn shutdown(&self) -> &CancellationToken {
        &self.0.shutdown
    }

    /// The tasks that shutdown waits for.
    pub(super) fn tasks(&self) -> &TaskTracker {
        &self.0.tasks
    }
}

/// A limit on concurrent work of one kind.
struct ConcurrencyLimit {
    kind: &'static str,
    limit: usize,
    free: Arc<Semaphore>,
    rejected: Counter,
}

impl ConcurrencyLimit {
    fn new(kind: &'static str, limit: usize) -> Self {
        let limit = limit.min(Semaphore::MAX_PERMITS);
        Self { kind, limit, free: Arc::new(Semaphore::new(limit)), rejected: Counter::default() }
    }

    fn acquire(&self) -> Result<Permit, HttpError> {
        self.free.clone().try_acquire_owned().map(Permit).map_err(|_| {
            self.rejected.inc();
            let Self { kind, limit, .. } = self;
            HttpError::busy(format!(
                "The server is at its limit of {limit} concurrent {kind}. Retry in a moment."
            ))
        })
    }

    fn usage(&self) -> LimitUsage {
        let used = self.limit.saturating_sub(self.free.available_permits());
        LimitUsage { kind: self.kind, used, limit: self.limit, rejected: self.rejected.get() }
    }
}

impl HttpError {
    /// A limit that is reached for now.
    pub(super) fn busy(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, ErrorCode::TooBusy, message).with_retry_after(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permits_are_released_on_drop() {
        let admission = Admission::new(&HttpLimits { operations: 2, ..HttpLimits::default() });
        let operation = || admission.acquire(Work::Operation);
        let (first, second) = (operation().unwrap(), operation().unwrap());
        assert!(operation().is_err());
        assert_eq!(admission.in_flight().operations, 2);
        drop(first);
        let third = operation().unwrap();
        assert!(operation().is_err());
        drop((second, third));
        assert_eq!(admission.in_flight().operations, 0);
    }

    #[test]
    fn anonymous_clients_leave_memory_to_the_others() {
        let admission = Admission::new(&HttpLimits { bodies_bytes: 100, ..HttpLimits::default() });
        let (mut anonymous, mut authorized) = (MemoryPermit::default(), MemoryPermit::default());
        admission.reserve_body(&mut anonymous, 50, ClientClass::Anonymous).unwrap();
        admission.reserve_body(&mut anonymous, 1, ClientClass::Anonymous).unwrap_err();
        admission.reserve_body(&mut authorized, 50, ClientClass::Authorized).unwrap();
        assert_eq!(admission.in_flight().body_bytes, 100);
        drop((anonymous, authorized));
        assert_eq!(admission.in_flight().body_bytes, 0);
    }

    #[tokio::test]
    async fn blocking_work_runs_on_another_thread() {
        let admission = Admission::new(&HttpLimits::default());
        let here = std::thread::current().id();
        assert_ne!(admission.run_blocking(|| std::thread::current().id()).await, here);
    }
}
