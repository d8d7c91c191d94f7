//! The HTTP server: routes, redirects, and the injection of the planned faults.

use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use futures_util::{StreamExt, stream};
use serde_json::json;

use super::SimulatorState;
use super::faults::{Fault, RetryAfter, WrongBody};
use super::pagination::{PageQuery, PaginationStyle, UpstreamPage};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// The routes of the simulator.
pub(super) fn router(state: Arc<SimulatorState>) -> Router {
    Router::new()
        .route("/", get(index))
        .route("/{*path}", get(page))
        .method_not_allowed_fallback(async || detail(StatusCode::METHOD_NOT_ALLOWED))
        .layer(from_fn_with_state(state.clone(), count))
        .with_state(state)
}

/// Middleware that counts requests and response statuses.
async fn count(State(state): State<Arc<SimulatorState>>, request: Request, next: Next) -> Response {
    state.recorder.record_request();
    let response = next.run(request).await;
    state.recorder.record_response(response.status().as_u16());
    response
}

/// Lists the endpoints.
async fn index(State(state): State<Arc<SimulatorState>>) -> Response {
    let mut endpoints = Vec::new();
    for (name, served) in &state.collections {
        for style in PaginationStyle::ALL {
            endpoints.push(json!({
                "collection": name,
                "items": served.items().len(),
                "pagination": style.name(),
                "url": format!("/{name}/{}?{}", style.path(), style.example()),
            }));
        }
    }
    Json(json!({ "faults": state.profile.as_str(), "seed": state.seed, "endpoints": endpoints }))
        .into_response()
}

/// Serves a page, or the planned fault in its place.
///
/// Only page requests consume a number of the plan: redirects, unknown paths and invalid parameters get correct
/// responses under every profile, as from the framework in front of a real upstream.
async fn page(State(state): State<Arc<SimulatorState>>, uri: Uri, headers: HeaderMap) -> Response {
    let Some((name, style, slash)) = resolve(uri.path()) else { return detail(StatusCode::NOT_FOUND) };
    let Some(served) = state.collections.get(name) else { return detail(StatusCode::NOT_FOUND) };
    let address = format!("{}/{name}/{}", origin(&headers), style.path());
    let query = uri.query().unwrap_or_default();
    if !slash {
        return redirect(&address, uri.query());
    }
    let mut request = match PageQuery::parse(style, query) {
        Ok(request) => request,
        Err(bad) => {
            return (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({ "detail": bad }))).into_response();
        }
    };

    let number = served.next_request();
    let (fault, drift) = (served.plan.fault(number), served.plan.drift(number));
    if drift.shifted > served.plan.drift(number - 1).shifted {
        state.recorder.record_fault_name("item moved to the head");
    }
    if let Fault::Stalled(pause) = fault {
        state.recorder.record_fault(fault);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = state.closing.cancelled() => return detail(StatusCode::SERVICE_UNAVAILABLE),
        }
    }
    let items = served.items();
    match fault {
        Fault::None | Fault::Stalled(_) => {}
        Fault::RepeatedPage(choice) => {
            // The first page has no earlier one, so that request gets its correct response.
            if let Some(earlier_page) = request.earlier_page(choice) {
                state.recorder.record_fault(fault);
                request = earlier_page;
            }
        }
        Fault::Reset(_)
        | Fault::Truncated(_)
        | Fault::EmptyItems
        | Fault::ErrorBesideItems
        | Fault::LostNext => state.recorder.record_fault(fault),
        Fault::Status(_) | Fault::Throttled(_) | Fault::EmptyBody | Fault::WrongBody(_) => {
            state.recorder.record_fault(fault);
            return failure(fault);
        }
    }
    let mut page = UpstreamPage::of(&items, drift, request);
    match fault {
        Fault::EmptyItems => page.items.clear(),
        Fault::ErrorBesideItems => page.fail(),
        Fault::LostNext => page.lose_next(),
        Fault::Reset(at) => return reset(page.body(), at),
        Fault::Truncated(at) => return ok(JSON, cut(page.body(), at)),
        _ => {}
    }
    if page.total != items.len() {
        state.recorder.record_fault_name("moved total");
    }
    state.recorder.record_items(name, page.items.iter().map(|item| item.digest));
    whole(&page, &address)
}

/// Parses a path into collection and pagination style, and true for a final slash.
fn resolve(path: &str) -> Option<(&str, PaginationStyle, bool)> {
    let path = path.strip_prefix('/')?;
    let (name, rest) = path.split_once('/').unwrap_or((path, ""));
    let slash = path.len() > name.len() && (rest.is_empty() || rest.ends_with('/'));
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let style = PaginationStyle::ALL.into_iter().find(|style| style.path().trim_end_matches('/') == rest)?;
    Some((name, style, slash))
}

/// The scheme and host from the request, so that links lead back to the simulator.
fn origin(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    host.map(|host| format!("http://{host}")).unwrap_or_default()
}

fn redirect(address: &str, query: Option<&str>) -> Response {
    let location = match query {
        Some(query) => format!("{address}?{query}"),
        None => address.to_owned(),
    };
    (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, location)]).into_response()
}

/// The response of a fault that replaces the page.
fn failure(fault: Fault) -> Response {
    match fault {
        Fault::Status(status @ (StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT)) => {
            let body = format!("<html><head><title>{status}</title></head><body>{status}</body></html>");
            (status, [(header::CONTENT_TYPE, HTML)], body).into_response()
        }
        Fault::Status(status) => detail(status),
        Fault::Throttled(retry_after) => throttled(retry_after),
        Fault::WrongBody(WrongBody::Detail) => ok(JSON, "{\"detail\":\"Something went wrong\"}"),
        Fault::WrongBody(WrongBody::Html) => ok(HTML, "<!doctype html><title>Back soon</title>"),
        Fault::WrongBody(WrongBody::Null) => ok(JSON, "null"),
        _ => ok(JSON, Body::empty()),
    }
}

fn throttled(retry_after: RetryAfter) -> Response {
    let mut response = detail(StatusCode::TOO_MANY_REQUESTS);
    let value = match retry_after {
        RetryAfter::Absent => return response,
        RetryAfter::Seconds(seconds) => HeaderValue::from(seconds),
        RetryAfter::Date(seconds) => {
            let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(seconds));
            HeaderValue::try_from(date).unwrap_or(HeaderValue::from_static("1"))
        }
    };
    response.headers_mut().insert(header::RETRY_AFTER, value);
    response
}

/// Sends a part of the announced body, then closes the connection.
fn reset(body: String, at: usize) -> Response {
    let length = HeaderValue::from(body.len());
    let part = cut(body, at);
    let parts = stream::once(async { Ok(part) }).chain(stream::once(async {
        // The server flushes its buffer when the body is pending; without this yield, it would close
        // the connection before it sends the part.
        tokio::task::yield_now().await;
        Err(io::Error::from(io::ErrorKind::ConnectionReset))
    }));
    let headers = [(header::CONTENT_TYPE, JSON), (header::CONTENT_LENGTH, length)];
    (headers, Body::from_stream(parts)).into_response()
}

/// Truncates a body to `at` thousandths.
fn cut(body: String, at: usize) -> Bytes {
    let length = body.len() * at / 1_000;
    Bytes::from(body).slice(..length)
}

fn whole(page: &UpstreamPage<'_>, address: &str) -> Response {
    let mut response = ok(JSON, page.body());
    if let Some(link) = page.link(address).and_then(|link| HeaderValue::try_from(link).ok()) {
        response.headers_mut().insert(header::LINK, link);
    }
    if let Some(total) = page.total_header() {
        response.headers_mut().insert("x-total-count", HeaderValue::from(total));
    }
    response
}

fn ok(content_type: HeaderValue, body: impl Into<Body>) -> Response {
    ([(header::CONTENT_TYPE, content_type)], body.into()).into_response()
}

/// An error response in the format of FastAPI.
fn detail(status: StatusCode) -> Response {
    let reason = status.canonical_reason().unwrap_or("Error");
    (status, Json(json!({ "detail": reason }))).into_response()
}
