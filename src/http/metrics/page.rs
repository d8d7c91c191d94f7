//! The page that a scrape is answered with, under way.
//!
//! Names are given whole, `_total` and all: the library's own counters are named for OpenMetrics,
//! which wants other names in its comments. Everything that scrapes understands the older format.

use std::fmt;

use prometheus_client::encoding::text::encode_registry;
use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Metric, Registry};

use crate::figures::Spread;

/// What the names of quarry's own metrics begin with.
const PREFIX: &str = "quarry";

/// Names of labels and their values.
pub(super) type Labels = Vec<(&'static str, String)>;

/// See the module. Nothing of it lives longer than a scrape, so nothing is counted twice.
pub(super) struct Page {
    own: Registry,
    /// Metrics whose names are the same for every program.
    common: Registry,
}

impl Page {
    pub(super) fn new() -> Self {
        Self { own: Registry::with_prefix(PREFIX), common: Registry::default() }
    }

    /// The page as text.
    pub(super) fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::with_capacity(64 << 10);
        encode_registry(&mut text, &self.own)?;
        encode_registry(&mut text, &self.common)?;
        Ok(text)
    }

    /// Adds a metric of the library's; a full stop follows the help text.
    pub(super) fn add(&mut self, name: &str, help: &str, metric: impl Metric) {
        self.own.register(name, help, metric);
    }

    /// What only grows.
    pub(super) fn count(&mut self, name: &str, help: &str, count: u64) {
        self.counts(name, help, vec![(Labels::new(), count)]);
    }

    /// What only grows, by labels.
    pub(super) fn counts(&mut self, name: &str, help: &str, counts: Vec<(Labels, u64)>) {
        self.add(name, help, Samples { samples: counts, kind: MetricType::Counter });
    }

    /// What goes up and down.
    pub(super) fn gauge(&mut self, name: &str, help: &str, value: f64) {
        self.gauges(name, help, vec![(Labels::new(), value)]);
    }

    /// What goes up and down, by labels.
    pub(super) fn gauges(&mut self, name: &str, help: &str, values: Vec<(Labels, f64)>) {
        self.add(name, help, Samples { samples: values, kind: MetricType::Gauge });
    }

    /// Durations, by labels.
    pub(super) fn durations(&mut self, name: &str, help: &str, spreads: Vec<(Labels, Spread)>) {
        self.add(name, help, Spreads(spreads));
    }

    /// What every program tells under the same name.
    pub(super) fn common_gauge(&mut self, name: &str, help: &str, value: f64) {
        let samples = vec![(Labels::new(), value)];
        self.common.register(name, help, Samples { samples, kind: MetricType::Gauge });
    }

    /// What every program counts under the same name.
    pub(super) fn common_count(&mut self, name: &str, help: &str, value: f64) {
        let samples = vec![(Labels::new(), value)];
        self.common.register(name, help, Samples { samples, kind: MetricType::Counter });
    }
}

/// One label and its value.
pub(super) fn label(name: &'static str, value: impl Into<String>) -> Labels {
    vec![(name, value.into())]
}

/// A whole number as a sample has it.
#[expect(clippy::cast_precision_loss, reason = "samples are floats")]
pub(super) fn number(number: impl TryInto<u64>) -> f64 {
    number.try_into().map_or(f64::NAN, |number: u64| number as f64)
}

/// Whether something is so.
pub(super) fn flag(is_so: bool) -> f64 {
    f64::from(u8::from(is_so))
}

/// Samples whose names have no ending added.
#[derive(Debug)]
struct Samples<V> {
    samples: Vec<(Labels, V)>,
    kind: MetricType,
}

impl<V> EncodeMetric for Samples<V>
where
    V: prometheus_client::encoding::EncodeGaugeValue,
{
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        for (labels, value) in &self.samples {
            if labels.is_empty() {
                encoder.encode_gauge(value)?;
            } else {
                encoder.encode_family(labels)?.encode_gauge(value)?;
            }
        }
        Ok(())
    }

    fn metric_type(&self) -> MetricType {
        self.kind
    }
}

#[derive(Debug)]
struct Spreads(Vec<(Labels, Spread)>);

impl EncodeMetric for Spreads {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        for (labels, spread) in &self.0 {
            let (sum, count, buckets) = (spread.sum, spread.count(), &spread.buckets[..]);
            if labels.is_empty() {
                encoder.encode_histogram::<NoLabelSet>(sum, count, buckets, None)?;
            } else {
                encoder.encode_family(labels)?.encode_histogram::<NoLabelSet>(sum, count, buckets, None)?;
            }
        }
        Ok(())
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}
