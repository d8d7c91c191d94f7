//! `/livez` says that the process answers; `/readyz` whether to send it traffic.

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

/// Says what works worse than it should, if anything does: one sentence. It is asked often, and must
/// not wait.
pub type Shortcoming = dyn Fn() -> Option<&'static str> + Send + Sync;

/// Whether the server may be sent traffic. Clones share it.
#[derive(Clone)]
pub struct Readiness {
    index: IndexFollower,
    draining: Arc<AtomicBool>,
    shortcomings: Vec<Arc<Shortcoming>>,
    obstacles: Vec<Arc<Shortcoming>>,
}

impl Readiness {
    /// Ready once the index was in step with the store. It may lag later, and still answer.
    pub fn new(index: IndexFollower) -> Self {
        Self { index, draining: Arc::default(), shortcomings: Vec::new(), obstacles: Vec::new() }
    }

    /// Tells of a shortcoming that leaves the server ready: searches are answered all the same.
    pub fn telling(mut self, shortcoming: Arc<Shortcoming>) -> Self {
        self.shortcomings.push(shortcoming);
        self
    }

    /// Adds a reason not to be ready, for as long as it lasts.
    pub fn unless(mut self, obstacle: Arc<Shortcoming>) -> Self {
        self.obstacles.push(obstacle);
        self
    }

    /// The server is shutting down: no more traffic.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// The server is shutting down.
    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
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
        not_ready.extend(self.obstacles.iter().filter_map(|obstacle| obstacle()));
        let mut degraded: Vec<&'static str> = Vec::new();
        for sentence in self.shortcomings.iter().filter_map(|shortcoming| shortcoming()) {
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

/// Revisions: what can be found, what the store holds as far as this server knows.
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
    // Whoever asks wants to know it as of now.
    (status, [(CACHE_CONTROL, "no-store")], Json(health)).into_response()
}
