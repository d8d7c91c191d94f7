//! Metrics of GraphQL operations by type and group.

use std::sync::Arc;
use std::time::Instant;

use async_graphql::ServerError;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use quarry_runtime::metrics::Series;

use crate::graphql::{ErrorCode, FieldGroup, OperationKind};

/// Upper bounds of durations, in seconds: from 100 µs to 30 s.
const DURATION_BUCKETS: [f64; 17] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
    10.0, 30.0,
];
/// The types of operations; the last is for requests that were refused before parsing.
const TYPES: [&str; 4] = [
    OperationKind::Query.as_str(),
    OperationKind::Mutation.as_str(),
    OperationKind::Subscription.as_str(),
    "none",
];

/// The groups of each type of [`TYPES`]; others never occur.
fn groups_by_type() -> impl Iterator<Item = Vec<FieldGroup>> {
    let kinds = [OperationKind::Query, OperationKind::Mutation, OperationKind::Subscription];
    let groups = kinds.into_iter().map(|kind| FieldGroup::of_kind(kind).collect());
    groups.chain([vec![FieldGroup::Refused]])
}

/// The metrics of operations, one [`GroupMetrics`] for each type and group.
pub(in crate::http) struct OperationMetrics {
    by_type: Vec<Vec<GroupMetrics>>,
    in_flight: [Gauge; 3],
}

/// The metrics of the operations of one type and group.
struct GroupMetrics {
    durations: Histogram,
    failed: Counter,
    errors: Vec<Counter>,
}

/// An in-flight operation. It ends when it is dropped.
pub(in crate::http) struct RunningOperation {
    metrics: Arc<OperationMetrics>,
    kind: OperationKind,
    group: FieldGroup,
    started: Instant,
    has_failed: bool,
}

impl Default for OperationMetrics {
    fn default() -> Self {
        let group = |_: &FieldGroup| GroupMetrics {
            durations: Histogram::new(DURATION_BUCKETS),
            failed: Counter::default(),
            errors: ErrorCode::ALL.iter().map(|_| Counter::default()).collect(),
        };
        Self {
            by_type: TYPES.iter().map(|_| FieldGroup::ALL.iter().map(group).collect()).collect(),
            in_flight: Default::default(),
        }
    }
}

impl OperationMetrics {
    /// Counts an operation as in flight.
    pub(in crate::http) fn begin(
        self: &Arc<Self>,
        kind: OperationKind,
        group: FieldGroup,
    ) -> RunningOperation {
        self.in_flight[kind as usize].inc();
        RunningOperation { metrics: self.clone(), kind, group, started: Instant::now(), has_failed: false }
    }

    /// Counts a request that was refused before parsing.
    pub(in crate::http) fn refused(&self, started: Instant, errors: &[ServerError]) {
        let group = &self.by_type[TYPES.len() - 1][FieldGroup::Refused as usize];
        group.failed.inc();
        group.record_errors(errors);
        group.durations.observe(started.elapsed().as_secs_f64());
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        let groups = || {
            TYPES.iter().zip(groups_by_type()).zip(&self.by_type).flat_map(|((kind, shown), groups)| {
                shown
                    .into_iter()
                    .map(move |group| ([("type", *kind), ("group", group.as_str())], &groups[group as usize]))
            })
        };
        registry.register(
            "operation_duration_seconds",
            "Duration of GraphQL operations; of subscriptions, from start to end",
            Series::from_iter(groups().map(|(labels, group)| (labels, group.durations.clone()))),
        );
        registry.register(
            "operations_failed",
            "GraphQL operations with at least one error",
            Series::from_iter(groups().map(|(labels, group)| (labels, group.failed.clone()))),
        );
        let errors = groups().flat_map(|([kind, name], group)| {
            let by_code = ErrorCode::ALL.iter().zip(&group.errors);
            by_code.map(move |(code, counter)| ([kind, name, ("code", code.as_str())], counter.clone()))
        });
        registry.register(
            "operation_errors",
            "Errors in the responses to GraphQL operations; one response may contain several",
            Series::from_iter(errors),
        );
        let in_flight = TYPES.iter().zip(&self.in_flight);
        registry.register(
            "operations_under_way",
            "In-flight GraphQL operations, active subscriptions among them",
            Series::from_iter(in_flight.map(|(kind, gauge)| ([("type", *kind)], gauge.clone()))),
        );
    }
}

impl RunningOperation {
    /// Records the errors of a response.
    pub(in crate::http) fn record_errors(&mut self, errors: &[ServerError]) {
        if errors.is_empty() {
            return;
        }
        let is_first = !std::mem::replace(&mut self.has_failed, true);
        let group = self.group();
        group.record_errors(errors);
        if is_first {
            group.failed.inc();
        }
    }

    fn group(&self) -> &GroupMetrics {
        &self.metrics.by_type[self.kind as usize][self.group as usize]
    }
}

impl Drop for RunningOperation {
    fn drop(&mut self) {
        self.group().durations.observe(self.started.elapsed().as_secs_f64());
        self.metrics.in_flight[self.kind as usize].dec();
    }
}

impl GroupMetrics {
    fn record_errors(&self, errors: &[ServerError]) {
        for error in errors {
            let code = ErrorCode::of(error).unwrap_or(ErrorCode::InternalServerError);
            self.errors[code as usize].inc();
        }
    }
}
