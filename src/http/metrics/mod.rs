//! `/metrics`: the state of the server, in Prometheus's text format.
//!
//! Each part owns its counters and registers them, beside the values that it samples, for each scrape.
//! Names and labels are fixed words, except the names of configured sources and keys: nothing here is
//! about a person, and no input of a client creates a series.

mod admission;
mod keys;
mod operations;
mod page;
mod process;
mod requests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use chrono::Utc;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use prometheus_client::registry::Registry;

use super::HttpState;
use super::admission::Admission;
use super::http_error::HttpError;
use crate::access::AccessControl;
use crate::crawl::CrawlMetrics;
use crate::graphql::RequestId;
use crate::keystroke::Keystrokes;
use crate::memory::MemoryBudget;
use crate::report::Reports;
use crate::search::{IndexFollower, SearchEngine};
use crate::store::Store;
use crate::supervisor::Pulses;
use quarry_runtime::metrics::flag;
use quarry_runtime::redis_link::LinkMetrics;

use keys::KeyMetrics;
pub(super) use operations::{OperationMetrics, RunningOperation};
pub(super) use requests::RequestMetrics;

/// The longest wait for a part that does not answer: far less than a scraper's timeout.
const SAMPLE_TIMEOUT: Duration = Duration::from_secs(2);

/// The parts with metrics of their own.
pub struct MetricsParts {
    /// The keystroke pipeline.
    pub keystrokes: Keystrokes,
    /// The search engine.
    pub search: Arc<dyn SearchEngine>,
    /// The progress of the index.
    pub index: IndexFollower,
    /// The database.
    pub store: Store,
    /// Reports and their cache.
    pub reports: Reports,
    /// Crawls of the configured sources.
    pub crawls: CrawlMetrics,
    /// The workers of the process.
    pub workers: Pulses,
    /// The connections to Redis by purpose; none without Redis.
    pub redis: Vec<(&'static str, LinkMetrics)>,
}

/// The metrics of all parts and of HTTP itself. Clones share them.
#[derive(Clone)]
pub struct Metrics(Arc<MetricsState>);

struct MetricsState {
    parts: MetricsParts,
    operations: Arc<OperationMetrics>,
    requests: RequestMetrics,
    keys: KeyMetrics,
}

impl Metrics {
    /// Creates the metrics of these parts.
    pub fn new(parts: MetricsParts) -> Self {
        process::record_start();
        Self(Arc::new(MetricsState {
            parts,
            operations: Arc::default(),
            requests: RequestMetrics::default(),
            keys: KeyMetrics::default(),
        }))
    }

    /// The metrics of operations.
    pub(super) fn operations(&self) -> &Arc<OperationMetrics> {
        &self.0.operations
    }

    /// The metrics of requests.
    pub(super) fn requests(&self) -> &RequestMetrics {
        &self.0.requests
    }

    /// The metrics of keys.
    pub(super) fn keys(&self) -> &KeyMetrics {
        &self.0.keys
    }

    /// Renders the current page.
    async fn page(
        &self,
        admission: &Admission,
        responses: &MemoryBudget,
        access: &AccessControl,
    ) -> Result<String, fmt::Error> {
        let MetricsState { parts, operations, requests, keys } = &*self.0;
        let (pipeline, engine, latest) = tokio::join!(
            in_time(parts.keystrokes.health()),
            in_time(parts.search.health()),
            in_time(parts.store.latest_revision()),
        );
        let mut own = Registry::with_prefix("quarry");
        operations.register(&mut own);
        requests.register(&mut own);
        keys.register(&mut own, &access.key_names());
        admission::register(&mut own, admission, responses);
        parts.search.register_metrics(&mut own);
        if let Some(engine) = engine {
            engine.register(&mut own);
        }
        parts.index.progress().register(&mut own, latest);
        own.register(
            "keystroke_buffer_up",
            "1 if the keystroke buffer answers; otherwise its metrics are missing",
            flag(pipeline.is_some()),
        );
        if let Some(pipeline) = pipeline {
            pipeline.buffer.register(&mut own, Utc::now());
        }
        parts.keystrokes.flush_status.register(&mut own);
        parts.keystrokes.exclusions.register(&mut own);
        parts.reports.register_metrics(&mut own);
        parts.store.register_metrics(&mut own);
        LinkMetrics::register(&mut own, &parts.redis);
        parts.workers.register(&mut own);
        parts.crawls.register(&mut own);
        process::register_build(&mut own);
        let mut common = Registry::default();
        process::register(&mut common);
        page::encode(&[own, common])
    }
}

/// Returns the output of a call that succeeds in time.
async fn in_time<T, E>(call: impl Future<Output = Result<T, E>>) -> Option<T> {
    tokio::time::timeout(SAMPLE_TIMEOUT, call).await.ok()?.ok()
}

pub(super) async fn serve(State(state): State<HttpState>, Extension(id): Extension<RequestId>) -> Response {
    match state.metrics.page(&state.admission, state.api.responses(), &state.access).await {
        Ok(text) => ([(CONTENT_TYPE, page::MEDIA_TYPE), (CACHE_CONTROL, "no-store")], text).into_response(),
        Err(error) => {
            tracing::error!(request.id = %id, %error, "cannot write the metrics");
            HttpError::broken(&id).into_response()
        }
    }
}
