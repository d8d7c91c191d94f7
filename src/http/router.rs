use std::panic::AssertUnwindSafe;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{any, get};
use axum::{Json, Router};
use futures_util::FutureExt;
use http::header::{CACHE_CONTROL, CONNECTION, VARY};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use serde::Serialize;
use tracing::field::Empty;
use tracing::{Instrument, Span};

use super::compression::compressed;
use super::host::RequestHost;
use super::http_error::HttpError;
use super::negotiation::prefers_page;
use super::{HttpState, console, graphiql, graphql, health, metrics, origin, websocket};
use crate::graphql::{ErrorCode, RequestId};
use crate::telemetry::{TRACED, continue_trace};

/// The header of the request id, in both directions.
const REQUEST_ID: &str = "x-request-id";

/// The routes of the server.
pub fn router(state: HttpState) -> Router {
    let check_origin = middleware::from_fn_with_state(state.clone(), origin::check);
    let mut operations = any(graphql::serve);
    if let Some(cors) = state.origins.cors() {
        operations = operations.layer(cors);
    }
    let operations = Router::new().route("/graphql", operations.layer(check_origin.clone()));
    let explorer = graphiql::routes().layer(middleware::from_fn_with_state(state.clone(), require_explorer));
    let console = console::routes().layer(middleware::from_fn_with_state(state.clone(), require_console));
    let mut routes = Router::new()
        .route("/", get(entry_point).fallback(not_found))
        .merge(console)
        .merge(compressed(operations.merge(explorer)))
        .route("/graphql/", any(without_slash))
        .route("/graphql/ws", any(websocket::serve).layer(check_origin))
        .merge(health_routes());
    if !state.separate_metrics {
        routes = routes.route("/metrics", get(metrics::serve));
    }
    with_common_layers(routes.fallback(not_found), state)
}

/// The routes of the address for operators.
pub fn metrics_router(state: HttpState) -> Router {
    let routes = health_routes().route("/metrics", get(metrics::serve));
    let fallback = async || unknown_path("metrics at /metrics, health at /livez and /readyz");
    with_common_layers(routes.fallback(fallback), state)
}

fn health_routes() -> Router<HttpState> {
    Router::new().route("/livez", get(health::livez)).route("/readyz", get(health::readyz))
}

fn with_common_layers(routes: Router<HttpState>, state: HttpState) -> Router {
    routes
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(state.clone())
        .layer(middleware::from_fn_with_state(state, observe))
}

/// Identifies, counts, traces and logs a request, and responds in place of a handler that panics.
///
/// It deliberately lacks tower-http's `request-id`, which accepts any header value of a client, and
/// `catch-panic`, whose response could not name the request id.
async fn observe(State(state): State<HttpState>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let _in_flight = state.metrics.requests().begin();
    let given = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok());
    let id = given.and_then(RequestId::given).unwrap_or_else(RequestId::fresh);
    request.extensions_mut().insert(id.clone());
    let span = span(&request, &id);
    let mut response = match RequestHost::of(&request) {
        Err(error) => error.into_response(),
        Ok(host) => {
            request.extensions_mut().insert(host);
            let caught = AssertUnwindSafe(next.run(request)).catch_unwind().instrument(span.clone()).await;
            caught.unwrap_or_else(|_| {
                // The panic's own message is left out: it may quote client input.
                tracing::error!(request.id = %id, "request panicked");
                HttpError::broken(&id).into_response()
            })
        }
    };
    let status = response.status();
    state.metrics.requests().responded(status);
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
    // At shutdown, a connection that is kept alive could close just when its next request arrives.
    let is_closing = state.readiness.is_draining() || state.admission.shutdown().is_cancelled();
    if is_closing && status != StatusCode::SWITCHING_PROTOCOLS {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    // Neither the path nor the query is logged: a URL may hold search texts.
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

/// Serves the explorer if it is enabled.
async fn require_explorer(State(state): State<HttpState>, request: Request, next: Next) -> Response {
    if state.serves_explorer() {
        return next.run(request).await;
    }
    is_off("The explorer is off on this server: set server.graphiql to \"on\" to serve it.")
}

/// Serves the console's files if it is enabled.
async fn require_console(State(state): State<HttpState>, request: Request, next: Next) -> Response {
    if state.serves_console() {
        return next.run(request).await;
    }
    is_off("The console is off on this server: set server.console to \"on\" to serve it.")
}

fn is_off(remedy: &'static str) -> Response {
    HttpError::new(StatusCode::NOT_FOUND, ErrorCode::NotFound, remedy).into_response()
}

/// The span of a request. It holds neither the path nor an unknown method: both are client input.
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

/// Serves the console to browsers, and lists the addresses of the API for other clients.
async fn entry_point(State(state): State<HttpState>, headers: HeaderMap) -> Response {
    let response = match (prefers_page(&headers), state.serves_console(), state.serves_explorer()) {
        (true, true, _) => console::page(&headers),
        // A relative URL also works behind a proxy that adds a path prefix.
        (true, false, true) => ([(CACHE_CONTROL, "no-store")], Redirect::to("graphiql")).into_response(),
        (_, has_console, has_explorer) => {
            let addresses = EntryPoint {
                graphql: "/graphql",
                subscriptions: "/graphql/ws",
                console: has_console.then_some("/"),
                graphiql: has_explorer.then_some("/graphiql"),
            };
            ([(CACHE_CONTROL, "no-store")], Json(addresses)).into_response()
        }
    };
    ([(VARY, "accept, accept-encoding")], response).into_response()
}

/// The addresses of the API.
#[derive(Serialize)]
struct EntryPoint {
    graphql: &'static str,
    subscriptions: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    console: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    graphiql: Option<&'static str>,
}

/// Redirects to the path without its trailing slash; keeps the method and the query.
async fn without_slash(uri: Uri) -> Response {
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    // A relative URL also works behind a proxy that adds a path prefix.
    Redirect::permanent(&format!("../graphql{query}")).into_response()
}

async fn not_found(State(state): State<HttpState>) -> Response {
    let mut paths =
        vec!["GraphQL at /graphql", "subscriptions at /graphql/ws", "health at /livez and /readyz"];
    if state.serves_console() {
        paths.push("a console at /");
    }
    if state.serves_explorer() {
        paths.push("an explorer at /graphiql");
    }
    if !state.separate_metrics {
        paths.push("metrics at /metrics");
    }
    unknown_path(&paths.join(", "))
}

fn unknown_path(paths: &str) -> Response {
    let message = format!("Unknown path. This server has {paths}.");
    HttpError::new(StatusCode::NOT_FOUND, ErrorCode::NotFound, message).into_response()
}

async fn method_not_allowed() -> Response {
    HttpError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        ErrorCode::BadUserInput,
        "Send GET requests only to this path.",
    )
    .into_response()
}
