//! `/livez` says that the process answers; `/readyz` whether to send it traffic.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;

use super::HttpState;
use crate::search::IndexFollower;

/// Whether the server may be sent traffic. Clones share it.
#[derive(Clone, Debug)]
pub struct Readiness {
    index: IndexFollower,
    draining: Arc<AtomicBool>,
}

impl Readiness {
    /// Ready once the index was in step with the store. It may lag later, and still answer.
    pub fn new(index: IndexFollower) -> Self {
        Self { index, draining: Arc::default() }
    }

    /// The server is shutting down: no more traffic.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    fn obstacles(&self) -> Vec<&'static str> {
        let mut obstacles = Vec::new();
        if !self.index.progress().ready {
            obstacles.push("the index is catching up with the store");
        }
        if self.draining.load(Ordering::Acquire) {
            obstacles.push("the server is shutting down");
        }
        obstacles
    }
}

#[derive(Serialize)]
struct Health {
    ready: bool,
    #[serde(rename = "notReady", skip_serializing_if = "Vec::is_empty")]
    not_ready: Vec<&'static str>,
}

#[derive(Serialize)]
struct Liveness {
    live: bool,
}

pub(super) async fn livez() -> Response {
    Json(Liveness { live: true }).into_response()
}

pub(super) async fn readyz(State(state): State<HttpState>) -> Response {
    let not_ready = state.readiness.obstacles();
    let status = if not_ready.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Health { ready: not_ready.is_empty(), not_ready })).into_response()
}
