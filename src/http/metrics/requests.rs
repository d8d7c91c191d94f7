//! Metrics of HTTP requests of any kind.

use http::StatusCode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use quarry_runtime::metrics::Series;

/// The classes of statuses.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// The counters of requests.
#[derive(Debug, Default)]
pub(in crate::http) struct RequestMetrics {
    by_class: [Counter; CLASSES.len()],
    in_flight: Gauge,
}

/// An in-flight request, until it is dropped.
pub(in crate::http) struct InFlightRequest<'a>(&'a Gauge);

impl RequestMetrics {
    /// Counts a request as in flight.
    pub(in crate::http) fn begin(&self) -> InFlightRequest<'_> {
        self.in_flight.inc();
        InFlightRequest(&self.in_flight)
    }

    /// Counts a response.
    pub(in crate::http) fn responded(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).saturating_sub(1);
        if let Some(counter) = self.by_class.get(class) {
            counter.inc();
        }
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        let classes = CLASSES.into_iter().zip(&self.by_class);
        registry.register(
            "http_requests",
            "HTTP responses, by class of status; a WebSocket is 1xx",
            Series::from_iter(classes.map(|(class, counter)| ([("status", class)], counter.clone()))),
        );
        registry.register("http_requests_under_way", "In-flight HTTP requests", self.in_flight.clone());
    }
}

impl Drop for InFlightRequest<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}
