//! An upstream that misbehaves on purpose, and the same way each time.
//!
//! quarry exists because real upstreams refuse, throttle, stall, cut off, repeat and lie. This one does so by
//! a seed, so that the demo needs no network, and a crawl that once went wrong can be watched going wrong again.
//!
//! | File | Holds |
//! |---|---|
//! | `collection` | what is served, read from a file or from values |
//! | `faults`, `drift` | what goes wrong with which request: pure functions of profile, seed and number |
//! | `pages` | the four ways of paging, and their answers: pure |
//! | `endpoint` | the HTTP side, which carries out what the others decide |
//! | `count` | what was served, and its printed table |
//! | `synthetic` | messages, products and sales for the demo, for `quarry seed` and the benchmarks |
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use quarry::simulator::{Collection, FaultProfile, Simulator, synthetic};
//!
//! let messages = Collection::from_values("messages", synthetic::messages(3_349, 7))?;
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! let served = Simulator::new([messages], FaultProfile::Harsh, 7).serve(listener, std::future::pending()).await;
//! # drop(served);
//! # Ok(())
//! # }
//! ```
//!
//! Deliberately not here: authentication, pace limits that depend on the client, and TLS. Faults do not depend on
//! time, only on how many pages were asked for, so a patient client and a hasty one meet the same ones.

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

/// How long open connections may take to end once the simulator is told to stop.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(1);

/// An unreliable upstream that does not listen yet.
#[derive(Debug)]
pub struct Simulator {
    state: Arc<SimulatorState>,
}

impl Simulator {
    /// An upstream of these collections; of two with one name, the later stands.
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

    /// A way to look in, and to change what is served, while it runs.
    pub fn handle(&self) -> SimulatorHandle {
        SimulatorHandle { state: self.state.clone() }
    }

    /// Answers until told to stop, then says what was served.
    ///
    /// Stalls end at once when it stops; other answers in hand have a second to finish.
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
        // Serving ends with the signal only: what goes wrong with one connection is that connection's matter.
        tokio::select! {
            _ = server => {}
            () = overdue => {}
        }
        self.state.stats()
    }
}

/// Looks into a simulator that runs, and changes what it serves.
#[derive(Clone, Debug)]
pub struct SimulatorHandle {
    state: Arc<SimulatorState>,
}

impl SimulatorHandle {
    /// Serves these items under the collection's name from now on.
    ///
    /// The count of requests goes on, so a collection whose total has become steady stays so.
    pub fn replace(&self, collection: &Collection) -> Result<(), UnknownCollection> {
        let name = collection.name();
        let served = self.state.collections.get(name).ok_or_else(|| UnknownCollection(name.to_owned()))?;
        *served.items.write().unwrap_or_else(PoisonError::into_inner) = collection.items().clone();
        Ok(())
    }

    /// What was served so far.
    pub fn stats(&self) -> SimulatorStats {
        self.state.stats()
    }
}

/// The simulator serves no collection of this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no collection is called {0:?}: only one that the simulator was built with can be replaced")]
pub struct UnknownCollection(String);

/// What the endpoints share.
#[derive(Debug)]
struct SimulatorState {
    profile: FaultProfile,
    seed: u64,
    collections: BTreeMap<String, ServedCollection>,
    recorder: StatsRecorder,
    /// Cuts stalls short when the simulator stops.
    closing: CancellationToken,
}

impl SimulatorState {
    fn stats(&self) -> SimulatorStats {
        self.recorder
            .stats(self.collections.iter().map(|(name, served)| (name.clone(), served.items().len())))
    }
}

/// One collection, and how often its pages were asked for.
#[derive(Debug)]
struct ServedCollection {
    plan: FaultPlan,
    requests: AtomicU64,
    items: RwLock<Arc<[Item]>>,
}

impl ServedCollection {
    /// The number of this request for a page, from 1.
    fn next_request(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn items(&self) -> Arc<[Item]> {
        self.items.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
