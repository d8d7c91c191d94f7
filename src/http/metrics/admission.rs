//! Concurrency limits, and the memory of requests and responses.

use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use crate::http::admission::{Admission, LimitUsage};
use crate::memory::MemoryBudget;
use quarry_runtime::metrics::{Labels, Series};

pub(super) fn register(registry: &mut Registry, admission: &Admission, responses: &MemoryBudget) {
    let limits = admission.usage();
    let label = |limit: &LimitUsage| -> Labels<1> { [("kind", limit.kind.to_lowercase().replace(' ', "_"))] };
    let gauges = |value: fn(&LimitUsage) -> usize| -> Series<_, _> {
        limits.iter().map(|limit| (label(limit), ConstGauge::new(value(limit)))).collect()
    };
    registry.register("admitted", "In-flight work, by kind", gauges(|limit| limit.used));
    registry.register("admitted_limit", "Maximum of in-flight work, by kind", gauges(|limit| limit.limit));
    registry.register(
        "admission_refused",
        "Rejections at the limit, by kind",
        Series::from_iter(limits.iter().map(|limit| (label(limit), ConstCounter::new(limit.rejected)))),
    );
    let mut budget = |prefix: &str, refusals: &str, of: &str, budget: &MemoryBudget| {
        registry.register(
            format!("{prefix}_bytes"),
            format!("Memory of {of}"),
            ConstGauge::new(budget.taken()),
        );
        registry.register(
            format!("{prefix}_bytes_limit"),
            format!("Maximum memory of {of}"),
            ConstGauge::new(budget.limit()),
        );
        registry.register(
            refusals,
            format!("Rejections at the maximum memory of {of}"),
            budget.refusals().clone(),
        );
    };
    let bodies = "request bodies, with the values of their variables";
    budget("request_body", "request_bodies_refused", bodies, admission.bodies());
    budget("response", "responses_refused", "responses that are not sent yet", responses);
}
