//! What is under way, and what is let in beside it.
//!
//! Who comes when all places are taken is refused at once, with a word on when to come again:
//! what is under way already shares the machine, so a queue in front of it would only add to the
//! wait of everybody in it. A place is given back when it is dropped, however its work ended.

use std::sync::Arc;

use http::StatusCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::HttpLimits;
use super::problem::Problem;
use crate::figures::Count;
use crate::graphql::ErrorCode;

/// Up to this size, in bytes, bodies have a quarter of the room to themselves.
const SMALL_BODY_BYTES: usize = 64 << 10;

/// What is under way. Clones share it.
#[derive(Clone)]
pub struct Admission(Arc<Inner>);

struct Inner {
    operations: Turnstile,
    subscriptions: Turnstile,
    websockets: Turnstile,
    event_streams: Turnstile,
    connections: Turnstile,
    bodies: Turnstile,
    stopping: CancellationToken,
    tasks: TaskTracker,
}

/// A place that is taken until this is dropped.
#[derive(Debug)]
pub(super) struct Place(#[expect(dead_code, reason = "held for its destructor")] OwnedSemaphorePermit);

/// Room in memory that is taken until this is dropped.
#[derive(Debug, Default)]
pub(super) struct Room(Option<OwnedSemaphorePermit>);

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
            bodies: Turnstile::new("bytes of request bodies", limits.bodies_bytes),
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

    /// Room for request bodies, in bytes.
    pub(super) fn room(&self) -> Places {
        self.0.bodies.places()
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

    /// More room for a body that is being read.
    pub(super) fn body_room(&self, room: &mut Room, bytes: usize) -> Result<(), Problem> {
        let bodies = &self.0.bodies;
        let held = room.0.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        // A few that send much, slowly, would keep out all who send what nearly everybody sends.
        let for_all = bodies.limit / 4;
        if held.saturating_add(bytes) > SMALL_BODY_BYTES
            && bodies.taken().saturating_add(bytes) > bodies.limit - for_all
        {
            return Err(bodies.refuse());
        }
        let more = bodies.take(bytes)?;
        match &mut room.0 {
            Some(room) => room.merge(more),
            none => *none = Some(more),
        }
        Ok(())
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
    refused: Count,
}

impl Turnstile {
    fn new(of: &'static str, limit: usize) -> Self {
        let limit = limit.min(Semaphore::MAX_PERMITS);
        Self { of, limit, free: Arc::new(Semaphore::new(limit)), refused: Count::default() }
    }

    fn enter(&self) -> Result<Place, Problem> {
        self.take(1).map(Place)
    }

    fn take(&self, count: usize) -> Result<OwnedSemaphorePermit, Problem> {
        let places = u32::try_from(count).ok();
        places
            .and_then(|places| self.free.clone().try_acquire_many_owned(places).ok())
            .ok_or_else(|| self.refuse())
    }

    fn refuse(&self) -> Problem {
        self.refused.one();
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
    fn a_body_takes_room_as_it_grows() {
        let admission = Admission::new(&HttpLimits { bodies_bytes: 100, ..HttpLimits::default() });
        let (mut one, mut other) = (Room::default(), Room::default());
        admission.body_room(&mut one, 60).unwrap();
        admission.body_room(&mut other, 30).unwrap();
        admission.body_room(&mut one, 20).unwrap_err();
        admission.body_room(&mut one, 10).unwrap();
        assert_eq!(admission.under_way().body_bytes, 100);
        drop(one);
        assert_eq!(admission.under_way().body_bytes, 30);
        admission.body_room(&mut other, usize::MAX).unwrap_err();
    }

    #[test]
    fn large_bodies_leave_room_for_small_ones() {
        let admission = Admission::new(&HttpLimits { bodies_bytes: 4 << 20, ..HttpLimits::default() });
        let (mut large, mut small) = (Room::default(), Room::default());
        admission.body_room(&mut large, 3 << 20).unwrap();
        admission.body_room(&mut large, 1).unwrap_err();
        admission.body_room(&mut small, SMALL_BODY_BYTES).unwrap();
        admission.body_room(&mut small, 1).unwrap_err();
        drop(large);
        admission.body_room(&mut small, 1).unwrap();
    }
}
