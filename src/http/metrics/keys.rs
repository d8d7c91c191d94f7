//! Metrics of operations by the name of the client's key.

use std::sync::Arc;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use quarry_runtime::metrics::Series;

/// The operations of each key. The settings name the keys, so there are few.
#[derive(Default)]
pub(in crate::http) struct KeyMetrics(Family<KeyLabel, Counter>);

type KeyLabel = [(&'static str, Arc<str>); 1];

impl KeyMetrics {
    /// Counts an operation of a client with this key.
    pub(in crate::http) fn record(&self, key: &Arc<str>) {
        self.0.get_or_create(&label(key)).inc();
    }

    /// Registers the counters of the configured keys, used or not.
    pub(super) fn register(&self, registry: &mut Registry, names: &[Arc<str>]) {
        let counters =
            names.iter().map(label).map(|label| (label.clone(), self.0.get_or_create_owned(&label)));
        registry.register(
            "key_operations",
            "GraphQL operations of clients with a key, by its name; the counter of an unused key does not grow",
            Series::from_iter(counters),
        );
    }
}

fn label(key: &Arc<str>) -> KeyLabel {
    [("key", key.clone())]
}
