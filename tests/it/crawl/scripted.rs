//! An upstream that answers as a test says, over real HTTP, and a source that crawls it fast.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Response, StatusCode, Uri, header};
use futures_util::{StreamExt, stream};
use quarry::config::{FieldMap, JsonPointer, Language, Pagination, SourceConfig};
use quarry::domain::SourceName;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;
use url::Url;

/// A request as the upstream saw it.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// How many requests came before it.
    pub(super) number: usize,
    pub(super) path: String,
    pub(super) query: HashMap<String, String>,
    pub(super) headers: HeaderMap,
}

impl Asked {
    pub(super) fn number_of(&self, name: &str) -> Option<usize> {
        self.query.get(name)?.parse().ok()
    }
}

/// What the upstream does with a request.
pub(super) enum Reply {
    Answer(Response<Body>),
    /// Sends this much of a body that it said was longer, then closes the connection.
    CutOff(String),
    /// Never answers.
    Stall,
}

/// A JSON answer.
pub(super) fn ok(body: &Value) -> Reply {
    raw(200, body.to_string())
}

/// An answer with any body.
pub(super) fn raw(status: u16, body: impl Into<Body>) -> Reply {
    with_header(status, body, header::CONTENT_TYPE.as_str(), "application/json")
}

/// An answer with one header.
pub(super) fn with_header(status: u16, body: impl Into<Body>, name: &str, value: &str) -> Reply {
    let answer = Response::builder()
        .status(StatusCode::from_u16(status).expect("a status"))
        .header(name, value)
        .body(body.into())
        .expect("an answer");
    Reply::Answer(answer)
}

/// A listening upstream; stops when dropped.
pub(super) struct Upstream {
    pub(super) address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    server: AbortHandle,
}

impl Upstream {
    /// Answers every request as `script` says.
    pub(super) async fn start(script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, script) = (asked.clone(), Arc::new(script));
        let handler = move |uri: Uri, headers: HeaderMap| {
            let request = {
                let mut log = log.lock().expect("not poisoned");
                let query = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
                let query = query.into_owned().collect();
                let request = Asked { number: log.len(), path: uri.path().to_owned(), query, headers };
                log.push(request.clone());
                request
            };
            let reply = script(&request);
            async move {
                match reply {
                    Reply::Answer(answer) => answer,
                    Reply::Stall => std::future::pending().await,
                    Reply::CutOff(start) => {
                        let cut = async {
                            // Lets what was written so far go out.
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
        Self { address, asked, server: server.abort_handle() }
    }

    pub(super) fn url(&self, path: &str) -> Url {
        format!("http://{}{path}", self.address).parse().expect("a URL")
    }

    /// Every request so far.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("not poisoned").clone()
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// `n` items with the keys `k0`, `k1`, ….
pub(super) fn items(n: usize) -> Vec<Value> {
    (0..n).map(item).collect()
}

/// The item with the key `k{number}`.
pub(super) fn item(number: usize) -> Value {
    json!({
        "id": format!("k{number}"), "message": format!("text {number}"), "user_id": number % 3,
        "user_name": format!("User {}", number % 3), "timestamp": "2026-01-02T03:04:05Z", "extra": number,
    })
}

/// The page of `all` that the request asks for with `skip` and `limit`.
pub(super) fn page_of(all: &[Value], asked: &Asked) -> Value {
    let skip = asked.number_of("skip").unwrap_or(0).min(all.len());
    let limit = asked.number_of("limit").unwrap_or(10);
    let end = (skip + limit).min(all.len());
    json!({"total": all.len(), "items": &all[skip..end]})
}

/// A source at `url`, paged by offset, ten items at a time, that hardly waits.
pub(super) fn source(url: Url) -> SourceConfig {
    let pointer = |text: &str| JsonPointer::parse(text).expect("a pointer");
    SourceConfig {
        name: SourceName::parse("messages").expect("a name"),
        url,
        items: pointer("/items"),
        total: Some(pointer("/total")),
        pagination: Pagination::Offset { offset: "skip".into(), limit: "limit".into(), size: 10 },
        fields: FieldMap {
            key: pointer("/id"),
            text: pointer("/message"),
            title: None,
            category: None,
            author_key: Some(pointer("/user_id")),
            author_name: Some(pointer("/user_name")),
            published_at: Some(pointer("/timestamp")),
        },
        headers: Vec::new(),
        language: Language::English,
        delay: Duration::ZERO,
        timeout: Duration::from_secs(5),
        refresh: None,
        max_attempts: 25,
        max_refusals: 12,
        backoff: Duration::from_millis(1),
        max_backoff: Duration::from_millis(4),
        max_retry_after: Duration::from_secs(60),
        max_body_bytes: 1 << 20,
        max_pages: 1_000,
        max_sweeps: 8,
        max_redirects: 5,
        redirect_hosts: Vec::new(),
        max_duration: Duration::from_secs(3_600),
        max_shrink: 0.2,
    }
}
