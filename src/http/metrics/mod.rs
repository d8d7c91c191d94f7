//! `/metrics`: how the server does, in Prometheus's text format.
//!
//! Figures are kept where they arise; each scrape asks for them and writes the page anew. One file
//! a part: what it is called, and what it means. Names and labels are fixed words, save the names
//! of configured sources and keys: nothing here is about a person, and nothing that a client sends
//! makes another series.

mod admitted;
mod buffer;
mod cache;
mod crawls;
mod database;
mod engine;
mod keys;
mod links;
mod operations;
mod page;
mod process;
mod requests;
mod workers;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use chrono::Utc;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use super::HttpState;
use super::admission::Admission;
use super::problem::Problem;
use crate::access::AccessControl;
use crate::crawl::CrawlTally;
use crate::graphql::RequestId;
use crate::keystroke::Keystrokes;
use crate::memory::MemoryBudget;
use crate::report::Reports;
use crate::search::{IndexFollower, SearchEngine};
use crate::store::Store;
use crate::supervisor::Pulses;

use keys::Keys;
pub use links::{RedisFigures, RedisWatch};
pub(super) use operations::{Operations, Running};
use page::Page;
pub(super) use requests::Requests;

/// How long a scrape waits for a part that does not answer: far less than a scraper waits.
const PATIENCE: Duration = Duration::from_secs(2);
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What the page tells of.
pub struct MetricsParts {
    /// The way in for keystrokes.
    pub keystrokes: Keystrokes,
    /// What searches are answered from.
    pub search: Arc<dyn SearchEngine>,
    /// How far the index has come.
    pub index: IndexFollower,
    /// The database.
    pub store: Store,
    /// Reports and their cache.
    pub reports: Reports,
    /// Crawls of the configured sources.
    pub crawls: CrawlTally,
    /// The workers of the process.
    pub workers: Pulses,
    /// The connections to Redis; none where there is no Redis.
    pub redis: Vec<RedisWatch>,
}

/// What the page tells of, and what is counted for it here. Clones share it.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    parts: MetricsParts,
    operations: Arc<Operations>,
    requests: Requests,
    keys: Keys,
}

impl Metrics {
    /// The metrics of these parts.
    pub fn new(parts: MetricsParts) -> Self {
        process::begin();
        Self(Arc::new(Inner {
            parts,
            operations: Arc::default(),
            requests: Requests::default(),
            keys: Keys::default(),
        }))
    }

    /// Where operations are counted.
    pub(super) fn operations(&self) -> &Arc<Operations> {
        &self.0.operations
    }

    /// Where requests are counted.
    pub(super) fn requests(&self) -> &Requests {
        &self.0.requests
    }

    /// Where operations are counted by key.
    pub(super) fn keys(&self) -> &Keys {
        &self.0.keys
    }

    /// The page as of now.
    async fn page(
        &self,
        admission: &Admission,
        responses: &MemoryBudget,
        gate: &AccessControl,
    ) -> Result<String, fmt::Error> {
        let Inner { parts, operations, requests, keys } = &*self.0;
        let (health, index, latest) = tokio::join!(
            answer(parts.keystrokes.health()),
            answer(parts.search.health()),
            answer(parts.store.latest_revision()),
        );
        let mut page = Page::new();
        operations.tell(&mut page);
        requests.tell(&mut page);
        keys.tell(&mut page, &gate.key_names());
        admitted::tell(&mut page, admission, responses);
        engine::tell(&mut page, index.as_ref(), &parts.search.load(), parts.index.progress(), latest);
        buffer::tell(&mut page, health.map(|health| health.buffer).as_ref(), Utc::now());
        buffer::tell_flushing(&mut page, parts.keystrokes.progress());
        cache::tell(&mut page, &parts.reports.cache_metrics());
        database::tell(&mut page, &parts.store.figures());
        links::tell(&mut page, &parts.redis);
        workers::tell(&mut page, &parts.workers.figures());
        crawls::tell(&mut page, &parts.crawls.figures());
        process::tell(&mut page);
        page.text()
    }
}

/// What a part answers in time.
async fn answer<T, E>(part: impl Future<Output = Result<T, E>>) -> Option<T> {
    tokio::time::timeout(PATIENCE, part).await.ok()?.ok()
}

pub(super) async fn serve(State(state): State<HttpState>, Extension(id): Extension<RequestId>) -> Response {
    match state.metrics.page(&state.admission, state.api.responses(), &state.gate).await {
        Ok(text) => ([(CONTENT_TYPE, TEXT), (CACHE_CONTROL, "no-store")], text).into_response(),
        Err(error) => {
            tracing::error!(request.id = %id, %error, "the metrics cannot be written");
            Problem::broken(&id).into_response()
        }
    }
}
