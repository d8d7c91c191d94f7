//! `/livez` says that the process answers; `/readyz` whether to send it traffic.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;

use super::HttpState;

/// Whether the server may be sent traffic. The application sets it; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<Flags>);

#[derive(Debug, Default)]
struct Flags {
    index_caught_up: AtomicBool,
    draining: AtomicBool,
}

impl Readiness {
    /// The index has caught up with the store once. It may lag later, and still answer.
    pub fn index_caught_up(&self) {
        self.0.index_caught_up.store(true, Ordering::Release);
    }

    /// The server is shutting down.
    pub fn draining(&self) {
        self.0.draining.store(true, Ordering::Release);
    }

    fn waiting_for(&self) -> Vec<&'static str> {
        let mut reasons = Vec::new();
        if !self.0.index_caught_up.load(Ordering::Acquire) {
            reasons.push("the index is catching up with the store");
        }
        if self.0.draining.load(Ordering::Acquire) {
            reasons.push("the server is shutting down");
        }
        reasons
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
    let not_ready = state.readiness.waiting_for();
    let status = if not_ready.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Health { ready: not_ready.is_empty(), not_ready })).into_response()
}
