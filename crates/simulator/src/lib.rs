//! A simulator of an unreliable upstream with deterministic faults.
//!
//! Real upstreams reject, throttle, stall, truncate, repeat and misreport. The simulator derives the same faults
//! from a seed, so that the demo needs no network, and the failure of a crawl can be reproduced.
//!
//! | File | Holds |
//! |---|---|
//! | `collection` | the served items, from a file or from values |
//! | `faults`, `drift` | the fault of each request: pure functions of profile, seed and request number |
//! | `pagination` | the four pagination styles and their responses: pure |
//! | `endpoint` | the HTTP server, which injects the faults |
//! | `stats` | statistics of the served requests, and their printed table |
//! | `split_mix` | the random number generator |
//! | `synthetic` | messages, products and sales for the demo, for `quarry seed` and the benchmarks |
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use quarry::simulator::{Collection, FaultProfile, Simulator, synthetic};
//!
//! let messages = Collection::from_values("messages", synthetic::messages(3_349, 7))?;
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! let stats = Simulator::new([messages], FaultProfile::Harsh, 7).serve(listener, std::future::pending()).await;
//! # drop(stats);
//! # Ok(())
//! # }
//! ```
//!
//! Deliberately not here: authentication, rate limits by client, and TLS. Faults depend on the number of requested
//! pages and not on time, so slow and fast clients meet the same ones.

mod collection;
mod drift;
mod endpoint;
mod faults;
mod pagination;
mod split_mix;
mod stats;
pub mod synthetic;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use collection::Item;
use stats::StatsRecorder;

pub use collection::{Collection, CollectionError};
pub use drift::{Drift, UNSTEADY_REQUESTS};
pub use faults::{Fault, FaultPlan, FaultProfile, RetryAfter, UnknownFaultProfile, WrongBody};
pub use pagination::{DEFAULT_LIMIT, MAX_LIMIT};
pub use stats::{CollectionStats, SimulatorStats};

/// The grace period of open connections during shutdown.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(1);

/// An unreliable upstream, not yet listening.
#[derive(Debug)]
pub struct Simulator {
    state: Arc<SimulatorState>,
}

impl Simulator {
    /// Creates an upstream; of two collections with one name, it serves the later.
    pub fn new(collections: impl IntoIterator<Item = Collection>, profile: FaultProfile, seed: u64) -> Self {
        let served = |collection: Collection| {
            let name = collection.name().to_owned();
            let plan = FaultPlan::new(profile, seed, &name);
            let items = RwLock::new(collection.items().clone());
            (name, ServedCollection { plan, requests: AtomicU64::new(0), items })
        };
        let collections = collections.into_iter().map(served).collect();
        let (recorder, closing) = (StatsRecorder::default(), CancellationToken::new());
        Self { state: Arc::new(SimulatorState { profile, seed, collections, recorder, closing }) }
    }

    /// A handle for statistics and for new items during operation.
    pub fn handle(&self) -> SimulatorHandle {
        SimulatorHandle { state: self.state.clone() }
    }

    /// Serves until `shutdown` resolves; returns the statistics.
    ///
    /// A shutdown ends stalls at once; other responses have a grace period of a second.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> SimulatorStats {
        let closing = self.state.closing.clone();
        let stop = {
            let closing = closing.clone();
            async move {
                shutdown.await;
                closing.cancel();
            }
        };
        let server = axum::serve(listener, endpoint::router(self.state.clone())).with_graceful_shutdown(stop);
        let overdue = async {
            closing.cancelled().await;
            tokio::time::sleep(SHUTDOWN_GRACE).await;
        };
        // Serving ends with the signal only: errors of a connection end that connection alone.
        tokio::select! {
            _ = server => {}
            () = overdue => {}
        }
        self.state.stats()
    }
}

/// A handle of a running simulator.
#[derive(Clone, Debug)]
pub struct SimulatorHandle {
    state: Arc<SimulatorState>,
}

impl SimulatorHandle {
    /// Replaces the items of a collection.
    ///
    /// The request number continues, so a collection with a steady total keeps it.
    pub fn replace(&self, collection: &Collection) -> Result<(), UnknownCollection> {
        let name = collection.name();
        let served = self.state.collections.get(name).ok_or_else(|| UnknownCollection(name.to_owned()))?;
        *served.items.write().unwrap_or_else(PoisonError::into_inner) = collection.items().clone();
        Ok(())
    }

    /// The statistics so far.
    pub fn stats(&self) -> SimulatorStats {
        self.state.stats()
    }
}

/// An unknown collection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no collection is called {0:?}: replace one that the simulator was created with")]
pub struct UnknownCollection(String);

/// The shared state of the endpoints.
#[derive(Debug)]
struct SimulatorState {
    profile: FaultProfile,
    seed: u64,
    collections: BTreeMap<String, ServedCollection>,
    recorder: StatsRecorder,
    /// Ends stalls during shutdown.
    closing: CancellationToken,
}

impl SimulatorState {
    fn stats(&self) -> SimulatorStats {
        self.recorder
            .stats(self.collections.iter().map(|(name, served)| (name.clone(), served.items().len())))
    }
}

/// A collection with its fault plan and the number of page requests.
#[derive(Debug)]
struct ServedCollection {
    plan: FaultPlan,
    requests: AtomicU64,
    items: RwLock<Arc<[Item]>>,
}

impl ServedCollection {
    /// Counts a page request; returns its number, from 1.
    fn next_request(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn items(&self) -> Arc<[Item]> {
        self.items.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
