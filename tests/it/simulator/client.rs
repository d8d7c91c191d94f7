//! A running simulator and a client.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use quarry::simulator::{Collection, FaultPlan, FaultProfile, Simulator, SimulatorHandle, SimulatorStats};
use reqwest::{Client, Response, redirect};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A collection of `{"id": 0}`, `{"id": 1}` and so on.
pub(super) fn numbered(length: u64) -> Collection {
    Collection::from_values("messages", (0..length).map(|id| json!({ "id": id }))).unwrap()
}

/// A simulator on a port of its own.
pub(super) struct Upstream {
    pub(super) handle: SimulatorHandle,
    pub(super) address: SocketAddr,
    client: Client,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<SimulatorStats>,
}

impl Upstream {
    pub(super) async fn start(collection: Collection, profile: FaultProfile, seed: u64) -> Self {
        // Fails in all tests but the first of the process, which share the provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let simulator = Simulator::new([collection], profile, seed);
        let handle = simulator.handle();
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async move {
            let _ = stopped.await;
        };
        let serving = tokio::spawn(simulator.serve(listener, shutdown));
        let client = Client::builder().redirect(redirect::Policy::none()).no_proxy().build().unwrap();
        Self { handle, address, client, stop, serving }
    }

    pub(super) fn request(&self, path: &str) -> reqwest::RequestBuilder {
        self.client.get(format!("http://{}{path}", self.address))
    }

    pub(super) async fn get(&self, path: &str) -> Response {
        self.request(path).send().await.unwrap()
    }

    pub(super) async fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.get(path).await.text().await.unwrap()).unwrap()
    }

    pub(super) async fn stop(self) -> SimulatorStats {
        self.stop.send(()).unwrap();
        self.serving.await.unwrap()
    }
}

/// The first seed whose first request meets the wanted fault.
pub(super) fn seed_where(profile: FaultProfile, wanted: impl Fn(quarry::simulator::Fault) -> bool) -> u64 {
    (0..100_000).find(|seed| wanted(FaultPlan::new(profile, *seed, "messages").fault(1))).unwrap()
}

/// The ids of a list of items.
pub(super) fn ids(items: &Value) -> Vec<u64> {
    items.as_array().unwrap().iter().map(|item| item["id"].as_u64().unwrap()).collect()
}

/// The number of occurrences of each value.
pub(super) fn occurrences<T: Ord>(values: impl IntoIterator<Item = T>) -> BTreeMap<T, u64> {
    let mut occurrences = BTreeMap::new();
    for value in values {
        *occurrences.entry(value).or_default() += 1;
    }
    occurrences
}
