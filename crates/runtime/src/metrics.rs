//! Families of Prometheus metrics that belong to the code that counts.

use std::fmt;

use prometheus_client::encoding::{EncodeLabelSet, EncodeMetric, MetricEncoder};
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::{MetricType, TypedMetric};

/// Metrics of one name, each with its labels, in a fixed order.
///
/// The crate's `Family` creates its metrics and looks them up by their labels under a lock. Code on a hot
/// path owns its counter instead, and a scrape collects clones of such counters here.
#[derive(Debug)]
pub struct Series<L, M>(Vec<(L, M)>);

/// Labels with fixed names.
pub type Labels<const N: usize> = [(&'static str, String); N];

impl<L, M> FromIterator<(L, M)> for Series<L, M> {
    fn from_iter<I: IntoIterator<Item = (L, M)>>(metrics: I) -> Self {
        Self(metrics.into_iter().collect())
    }
}

impl<L: EncodeLabelSet, M: EncodeMetric + TypedMetric> EncodeMetric for Series<L, M> {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(labels, metric)| metric.encode(encoder.encode_family(labels)?))
    }

    fn metric_type(&self) -> MetricType {
        M::TYPE
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A gauge that is 1 or 0.
pub fn flag(value: bool) -> ConstGauge<u32> {
    ConstGauge::new(u32::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::encoding::text::encode_registry;
    use prometheus_client::metrics::counter::Counter;
    use prometheus_client::registry::Registry;

    #[test]
    fn a_series_shows_the_counters_of_their_owners_in_order() {
        let (first, second) = (Counter::<u64>::default(), Counter::<u64>::default());
        let mut registry = Registry::default();
        let labeled = [("b", first.clone()), ("a", second)];
        let series: Series<_, _> =
            labeled.map(|(value, counter)| ([("of", value)], counter)).into_iter().collect();
        registry.register("calls", "Calls", series);
        registry.register("none", "None", Series::<Labels<1>, Counter>::from_iter([]));
        first.inc_by(2);
        let mut text = String::new();
        encode_registry(&mut text, &registry).unwrap();
        let expected =
            "# HELP calls Calls.\n# TYPE calls counter\ncalls_total{of=\"b\"} 2\ncalls_total{of=\"a\"} 0\n";
        assert_eq!(text, expected);
    }
}
