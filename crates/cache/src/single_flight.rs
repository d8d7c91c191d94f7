//! Single flight: concurrent callers share one computation, which outlives its callers.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, pending};
use tracing::Instrument;

use quarry_runtime::task::output_of;

/// A running computation; each clone resolves to its output.
pub(super) type Flight<V> = Shared<BoxFuture<'static, V>>;

type FlightsByKey<K, V> = Mutex<HashMap<K, Flight<V>>>;

/// The running computations by key.
pub(super) struct SingleFlight<K, V>(Arc<FlightsByKey<K, V>>);

impl<K, V> SingleFlight<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    pub(super) fn new() -> Self {
        Self(Arc::default())
    }

    /// Joins the flight of a key, or starts one and returns true with it.
    pub(super) fn join<F>(&self, key: K, start: impl FnOnce() -> F) -> (Flight<V>, bool)
    where
        F: Future<Output = V> + Send + 'static,
    {
        let mut flights = lock(&self.0);
        if let Some(flight) = flights.get(&key) {
            return (flight.clone(), false);
        }
        let guard = FlightGuard { key: key.clone(), flights: self.0.clone() };
        let computation = start();
        let flight = spawn(async move {
            let _guard = guard;
            computation.await
        });
        flights.insert(key, flight.clone());
        (flight, true)
    }
}

/// Spawns a computation that completes whether or not a caller awaits it.
pub(super) fn spawn<V>(computation: impl Future<Output = V> + Send + 'static) -> Flight<V>
where
    V: Clone + Send + Sync + 'static,
{
    // The trace of the first caller includes the computation.
    let task = tokio::spawn(computation.in_current_span());
    let output = async move {
        // Every caller panics as if it had computed by itself.
        match output_of(task.await) {
            Some(output) => output,
            // Cancelled: the runtime shuts down.
            None => pending().await,
        }
    };
    output.boxed().shared()
}

/// Removes a flight when it ends, even by a panic: later callers start another.
struct FlightGuard<K: Eq + Hash, V> {
    key: K,
    flights: Arc<FlightsByKey<K, V>>,
}

impl<K: Eq + Hash, V> Drop for FlightGuard<K, V> {
    fn drop(&mut self) {
        lock(&self.flights).remove(&self.key);
    }
}

fn lock<K, V>(flights: &FlightsByKey<K, V>) -> MutexGuard<'_, HashMap<K, Flight<V>>> {
    // The map is consistent after a panic: each change is a single call.
    flights.lock().unwrap_or_else(PoisonError::into_inner)
}
