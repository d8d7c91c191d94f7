//! Health endpoints: `/livez` for the process, `/readyz` for its readiness for traffic.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CACHE_CONTROL;
use serde::Serialize;

use super::HttpState;
use crate::search::IndexFollower;

/// A health check: returns its problem as one sentence, without waiting.
pub type HealthCheck = dyn Fn() -> Option<&'static str> + Send + Sync;

/// The readiness for traffic. Clones share it.
#[derive(Clone)]
pub struct Readiness {
    index: IndexFollower,
    is_draining: Arc<AtomicBool>,
    degradations: Vec<Arc<HealthCheck>>,
    obstacles: Vec<Arc<HealthCheck>>,
}

impl Readiness {
    /// Ready once the index has caught up with the store. It may lag later and still answer.
    pub fn new(index: IndexFollower) -> Self {
        Self { index, is_draining: Arc::default(), degradations: Vec::new(), obstacles: Vec::new() }
    }

    /// Adds a check whose problem is reported and leaves the server ready: searches still work.
    pub fn degraded_by(mut self, check: Arc<HealthCheck>) -> Self {
        self.degradations.push(check);
        self
    }

    /// Adds a check whose problem makes the server unready.
    pub fn unready_by(mut self, check: Arc<HealthCheck>) -> Self {
        self.obstacles.push(check);
        self
    }

    /// Reports the server as unready: it is shutting down.
    pub fn drain(&self) {
        self.is_draining.store(true, Ordering::Release);
    }

    /// Returns true while the server is shutting down.
    pub(super) fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::Acquire)
    }

    fn health(&self) -> Health {
        let progress = self.index.progress();
        let mut not_ready = Vec::new();
        if !progress.ready {
            not_ready.push("the index is catching up with the store");
        }
        if self.is_draining() {
            not_ready.push("the server is shutting down");
        }
        not_ready.extend(self.obstacles.iter().filter_map(|check| check()));
        let mut degraded: Vec<&'static str> = Vec::new();
        for sentence in self.degradations.iter().filter_map(|check| check()) {
            if !degraded.contains(&sentence) {
                degraded.push(sentence);
            }
        }
        let (applied, latest) = (progress.applied.value(), progress.latest.value());
        let index = IndexHealth { applied, latest, behind: (latest - applied).max(0) };
        Health { ready: not_ready.is_empty(), not_ready, degraded, index }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Health {
    ready: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_ready: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    degraded: Vec<&'static str>,
    index: IndexHealth,
}

/// Revisions: the searchable one, and the latest of the store that this server knows.
#[derive(Serialize)]
struct IndexHealth {
    applied: i64,
    latest: i64,
    behind: i64,
}

#[derive(Serialize)]
struct Liveness {
    live: bool,
}

pub(super) async fn livez() -> Response {
    Json(Liveness { live: true }).into_response()
}

pub(super) async fn readyz(State(state): State<HttpState>) -> Response {
    let health = state.readiness.health();
    let status = if health.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(CACHE_CONTROL, "no-store")], Json(health)).into_response()
}
