//! A scripted upstream over real HTTP, and a source without delays.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri, header};
use futures_util::{StreamExt, stream};
use quarry::config::{Settings, SourceConfig};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Barrier;
use tokio::task::AbortHandle;
use url::Url;

/// A request that the upstream received.
#[derive(Clone, Debug)]
pub(crate) struct ReceivedRequest {
    /// The number of requests before it.
    pub(crate) number: usize,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: HashMap<String, String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl ReceivedRequest {
    pub(crate) fn number_of(&self, name: &str) -> Option<usize> {
        self.query.get(name)?.parse().ok()
    }

    /// Returns the text of a header, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    /// Returns the body as JSON, or null.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// The reaction of the upstream to a request.
pub(crate) enum Reply {
    Response(Response<Body>),
    /// Sends the start of a longer body, then closes the connection.
    CutOff(String),
    /// Never responds.
    Stall,
    /// Responds with JSON once as many requests as the barrier counts are waiting.
    Together(Arc<Barrier>, Value),
}

/// Returns a JSON response.
pub(crate) fn ok(body: &Value) -> Reply {
    raw(200, body.to_string())
}

/// Returns a response with any body.
pub(crate) fn raw(status: u16, body: impl Into<Body>) -> Reply {
    with_header(status, body, header::CONTENT_TYPE.as_str(), "application/json")
}

/// Returns a response with a header.
pub(crate) fn with_header(status: u16, body: impl Into<Body>, name: &str, value: &str) -> Reply {
    let response = Response::builder()
        .status(StatusCode::from_u16(status).expect("a status"))
        .header(name, value)
        .body(body.into())
        .expect("a response");
    Reply::Response(response)
}

/// A listening upstream, which stops when it is dropped.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<ReceivedRequest>>>,
    server: AbortHandle,
}

impl Upstream {
    /// Starts an upstream that reacts to requests as scripted.
    pub(crate) async fn start(script: impl Fn(&ReceivedRequest) -> Reply + Send + Sync + 'static) -> Self {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (log, script) = (requests.clone(), Arc::new(script));
        let handler = move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
            let request = {
                let mut log = log.lock().expect("not poisoned");
                let query = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
                let query = query.into_owned().collect();
                let (number, path) = (log.len(), uri.path().to_owned());
                let request = ReceivedRequest { number, method, path, query, headers, body };
                log.push(request.clone());
                request
            };
            let reply = script(&request);
            async move {
                match reply {
                    Reply::Response(response) => response,
                    Reply::Stall => std::future::pending().await,
                    Reply::Together(barrier, body) => {
                        barrier.wait().await;
                        Response::new(Body::from(body.to_string()))
                    }
                    Reply::CutOff(start) => {
                        let cut = async {
                            // Flushes the bytes written so far.
                            tokio::task::yield_now().await;
                            Err(std::io::Error::other("cut off"))
                        };
                        Response::new(Body::from_stream(stream::iter([Ok(start)]).chain(stream::once(cut))))
                    }
                }
            }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = Router::new().fallback(handler);
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Self { address, requests, server: server.abort_handle() }
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        format!("http://{}{path}", self.address).parse().expect("a URL")
    }

    /// Returns all requests so far.
    pub(crate) fn requests(&self) -> Vec<ReceivedRequest> {
        self.requests.lock().expect("not poisoned").clone()
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Returns `n` items with the keys `k0`, `k1`, ….
pub(crate) fn items(n: usize) -> Vec<Value> {
    (0..n).map(item).collect()
}

/// Returns the item with the key `k{number}`.
pub(crate) fn item(number: usize) -> Value {
    json!({
        "id": format!("k{number}"), "message": format!("text {number}"), "user_id": number % 3,
        "user_name": format!("User {}", number % 3), "timestamp": "2026-01-02T03:04:05Z", "extra": number,
    })
}

/// Returns the page of `all` that `skip` and `limit` of the request select.
pub(crate) fn page_of(all: &[Value], request: &ReceivedRequest) -> Value {
    let skip = request.number_of("skip").unwrap_or(0).min(all.len());
    let limit = request.number_of("limit").unwrap_or(10);
    let end = (skip + limit).min(all.len());
    json!({"total": all.len(), "items": &all[skip..end]})
}

/// Returns a source at `url` with offsets, ten items per page and minimal delays.
pub(crate) fn source(url: Url) -> SourceConfig {
    let text = format!(
        r#"
        [[sources]]
        name = "messages"
        url = "{url}"
        items = "/items"
        total = "/total"
        delay = "0s"
        timeout = "5s"
        backoff = "1ms"
        max_backoff = "4ms"
        max_body_bytes = 1048576
        max_pages = 1000
        max_duration = "1h"
        pagination = {{ kind = "offset", size = 10 }}
        [sources.fields]
        key = "/id"
        text = "/message"
        author_key = "/user_id"
        author_name = "/user_name"
        published_at = "/timestamp"
        "#
    );
    source_of(&text)
}

/// Returns a source at `url` without a total, with these settings and minimal delays.
pub(crate) fn source_with(url: Url, settings: &str) -> SourceConfig {
    source_of(&format!(
        r#"
        [[sources]]
        name = "messages"
        url = "{url}"
        items = "/items"
        delay = "0s"
        backoff = "1ms"
        max_backoff = "4ms"
        {settings}
        [sources.fields]
        key = "/id"
        text = "/message"
        "#
    ))
}

/// Returns the only source of a file of settings.
pub(crate) fn source_of(text: &str) -> SourceConfig {
    Settings::from_toml(text).expect("settings").sources.crawled.remove(0)
}
