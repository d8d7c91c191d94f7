use std::panic::AssertUnwindSafe;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{self, Next, map_response};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{any, get};
use axum::{Json, Router};
use futures_util::FutureExt;
use http::header::{CACHE_CONTROL, CONNECTION, VARY};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use serde::Serialize;
use tracing::field::Empty;
use tracing::{Instrument, Span};

use super::negotiation::prefers_page;
use super::problem::Problem;
use super::{HttpState, compression, graphiql, graphql, health, host, metrics, origin, websocket};
use crate::graphql::{ErrorCode, RequestId};
use crate::telemetry::{TRACED, continue_trace};

/// The header that names a request, in both directions.
const REQUEST_ID: &str = "x-request-id";

/// Every path of the server.
pub fn router(state: HttpState) -> Router {
    let guard = middleware::from_fn_with_state(state.clone(), origin::guard);
    let mut operations =
        any(graphql::serve).layer(compression::layer()).layer(map_response(compression::finish));
    if let Some(cors) = state.origins.cors() {
        operations = operations.layer(cors);
    }
    let mut routes = Router::new()
        .route("/", get(entrance).fallback(not_found))
        .route("/graphql", operations.layer(guard.clone()))
        .route("/graphql/", any(without_slash))
        .route("/graphql/ws", any(websocket::serve).layer(guard))
        .merge(health())
        .merge(
            graphiql::routes()
                .layer(compression::layer())
                .layer(map_response(compression::finish))
                .layer(middleware::from_fn_with_state(state.clone(), if_explorable)),
        );
    if !state.metrics_apart {
        routes = routes.route("/metrics", get(metrics::serve));
    }
    finish(routes.fallback(not_found), state)
}

/// The paths of the address that only operators reach.
pub fn metrics_router(state: HttpState) -> Router {
    let routes = health().route("/metrics", get(metrics::serve));
    finish(routes.fallback(async || nothing_here("metrics at /metrics, health at /livez and /readyz")), state)
}

fn health() -> Router<HttpState> {
    Router::new().route("/livez", get(health::livez)).route("/readyz", get(health::readyz))
}

/// What holds for every path.
fn finish(routes: Router<HttpState>, state: HttpState) -> Router {
    routes
        .method_not_allowed_fallback(not_allowed)
        .with_state(state.clone())
        .layer(middleware::from_fn_with_state(state, identify))
}

/// Names the request, for the log and the client, and counts it. Whatever panics below is answered,
/// and breaks nothing else off.
async fn identify(State(state): State<HttpState>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let _in_flight = state.metrics.requests().begin();
    let given = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok());
    let id = given.and_then(RequestId::given).unwrap_or_else(RequestId::fresh);
    request.extensions_mut().insert(id.clone());
    let span = span(&request, &id);
    let mut response = match host::check(&request) {
        Err(problem) => problem.into_response(),
        Ok(()) => {
            let answered = AssertUnwindSafe(next.run(request)).catch_unwind().instrument(span.clone()).await;
            answered.unwrap_or_else(|_| {
                // The panic's own message is left out: it may quote what a client sent.
                tracing::error!(request.id = %id, "a request panicked");
                Problem::broken(&id).into_response()
            })
        }
    };
    let status = response.status();
    state.metrics.requests().responded(status);
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
    // A connection that is kept would be closed soon, perhaps just when its next request is sent.
    let closing = state.readiness.is_draining() || state.admission.stopping().is_cancelled();
    if closing && status != StatusCode::SWITCHING_PROTOCOLS {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    // The path and the query of a URL hold what people search for, so neither is logged.
    tracing::debug!(
        request.id = %id,
        http.status = status.as_u16(),
        duration_ms = started.elapsed().as_secs_f64() * 1_000.0,
        "request answered"
    );
    if let Ok(id) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// Serves the explorer only where it is meant to be.
async fn if_explorable(State(state): State<HttpState>, request: Request, next: Next) -> Response {
    if state.is_explorable() {
        return next.run(request).await;
    }
    Problem::new(
        StatusCode::NOT_FOUND,
        ErrorCode::NotFound,
        "The explorer is off on this server: set server.graphiql to \"on\" to serve it.",
    )
    .into_response()
}

/// What traces tell of a request. Neither the path as it was sent nor a method that nobody knows: they
/// can hold anything.
fn span(request: &Request, id: &RequestId) -> Span {
    let route = request.extensions().get::<MatchedPath>();
    let span = tracing::info_span!(
        target: TRACED,
        "request",
        otel.kind = "server",
        request.id = %id,
        http.request.method = known_method(request.method()),
        http.route = route.map_or("none", MatchedPath::as_str),
        http.response.status_code = Empty,
        otel.status_code = Empty,
    );
    let traceparent = request.headers().get("traceparent").and_then(|value| value.to_str().ok());
    continue_trace(&span, traceparent);
    span
}

fn known_method(method: &Method) -> &'static str {
    let known = ["GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"];
    known.into_iter().find(|name| *name == method.as_str()).unwrap_or("_OTHER")
}

/// Leads browsers to the explorer, and tells other clients where the API is.
async fn entrance(State(state): State<HttpState>, headers: HeaderMap) -> Response {
    let answer = if state.is_explorable() && prefers_page(&headers) {
        // Relative, so that it holds behind a proxy that serves this under a path of its own.
        Redirect::to("graphiql").into_response()
    } else {
        let graphiql = state.is_explorable().then_some("/graphiql");
        Json(Entrance { graphql: "/graphql", subscriptions: "/graphql/ws", graphiql }).into_response()
    };
    ([(VARY, "accept"), (CACHE_CONTROL, "no-store")], answer).into_response()
}

/// The addresses of the API.
#[derive(Serialize)]
struct Entrance {
    graphql: &'static str,
    subscriptions: &'static str,
    /// Only where it is served.
    #[serde(skip_serializing_if = "Option::is_none")]
    graphiql: Option<&'static str>,
}

/// Leads to the path without the slash, whatever the method, with the query that it came with.
async fn without_slash(uri: Uri) -> Response {
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    // Relative, so that it holds behind a proxy that serves this under a path of its own.
    Redirect::permanent(&format!("../graphql{query}")).into_response()
}

async fn not_found(State(state): State<HttpState>) -> Response {
    let mut paths =
        vec!["GraphQL at /graphql", "subscriptions at /graphql/ws", "health at /livez and /readyz"];
    if state.is_explorable() {
        paths.push("an explorer at /graphiql");
    }
    if !state.metrics_apart {
        paths.push("metrics at /metrics");
    }
    nothing_here(&paths.join(", "))
}

fn nothing_here(paths: &str) -> Response {
    let message = format!("There is nothing here. There is: {paths}.");
    Problem::new(StatusCode::NOT_FOUND, ErrorCode::NotFound, message).into_response()
}

async fn not_allowed() -> Response {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::BadUserInput, "This path takes GET only.")
        .into_response()
}
