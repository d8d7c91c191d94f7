//! Calls that want the same share one computation, which goes on when its callers go away.

use std::collections::HashMap;
use std::hash::Hash;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, pending};
use tracing::Instrument;

/// A computation that is under way, and everybody's copy of its outcome.
pub(super) type Flight<V> = Shared<BoxFuture<'static, V>>;

/// The computations that are under way, by what they are about.
pub(super) struct SingleFlight<K, V>(Arc<Mutex<HashMap<K, Flight<V>>>>);

impl<K, V> SingleFlight<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    pub(super) fn new() -> Self {
        Self(Arc::default())
    }

    /// The flight of this key that is under way, or else a new one; and whether it is new.
    pub(super) fn join<F>(&self, key: K, begin: impl FnOnce() -> F) -> (Flight<V>, bool)
    where
        F: Future<Output = V> + Send + 'static,
    {
        let mut in_flight = lock(&self.0);
        if let Some(flight) = in_flight.get(&key) {
            return (flight.clone(), false);
        }
        let guard = FlightGuard { key: key.clone(), flights: self.0.clone() };
        let computation = begin();
        let flight = detached(async move {
            let _guard = guard;
            computation.await
        });
        in_flight.insert(key, flight.clone());
        (flight, true)
    }
}

/// A computation that goes on whether anybody waits for it or not.
pub(super) fn detached<V>(computation: impl Future<Output = V> + Send + 'static) -> Flight<V>
where
    V: Clone + Send + Sync + 'static,
{
    // Whoever asked first is told in traces what it took.
    let task = tokio::spawn(computation.in_current_span());
    let outcome = async move {
        match task.await {
            Ok(outcome) => outcome,
            Err(error) => match error.try_into_panic() {
                // A defect of the computation is one of each call that waits for it.
                Ok(panic) => resume_unwind(panic),
                // The process is ending.
                Err(_) => pending().await,
            },
        }
    };
    outcome.boxed().shared()
}

/// Takes a flight off the list when it ends, however it ends: who comes later begins another.
struct FlightGuard<K: Eq + Hash, V> {
    key: K,
    flights: Arc<Mutex<HashMap<K, Flight<V>>>>,
}

impl<K: Eq + Hash, V> Drop for FlightGuard<K, V> {
    fn drop(&mut self) {
        lock(&self.flights).remove(&self.key);
    }
}

fn lock<K, V>(flights: &Mutex<HashMap<K, Flight<V>>>) -> MutexGuard<'_, HashMap<K, Flight<V>>> {
    // Nothing panics half-way through a change of the list.
    flights.lock().unwrap_or_else(PoisonError::into_inner)
}
