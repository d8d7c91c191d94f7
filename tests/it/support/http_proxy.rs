//! An HTTP proxy of a node of OpenSearch that answers in its place as an overloaded node does.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::server::client;

/// A fault that the proxy injects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InjectedFault {
    /// The node rejects each request.
    Rejected,
    /// It rejects the last search of each request of several.
    RejectedSearches,
    /// It rejects every second change of each request.
    RejectedChanges,
    /// Changes reach it once the fault has ended.
    HeldChanges,
}

/// A proxy of a node.
pub(crate) struct HttpProxy {
    url: String,
    state: Arc<ProxyState>,
}

struct ProxyState {
    node: String,
    client: Client,
    fault: watch::Sender<Option<InjectedFault>>,
    injected: AtomicUsize,
}

impl HttpProxy {
    /// Starts a proxy of the node at a URL.
    pub(crate) async fn to(node: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let node = node.trim_end_matches('/').to_owned();
        let (fault, _) = watch::channel(None);
        let state = Arc::new(ProxyState { node, client: client(), fault, injected: AtomicUsize::new(0) });
        let routes = Router::new().fallback(answer).layer(DefaultBodyLimit::disable());
        let routes = routes.with_state(state.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { url, state }
    }

    /// Returns the URL of the node through the proxy.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Begins a fault, and ends the one before.
    pub(crate) fn inject(&self, fault: impl Into<Option<InjectedFault>>) {
        self.state.injected.store(0, Ordering::SeqCst);
        self.state.fault.send_replace(fault.into());
    }

    /// Returns the number of requests with the present fault.
    pub(crate) fn injected(&self) -> usize {
        self.state.injected.load(Ordering::SeqCst)
    }
}

async fn answer(
    State(state): State<Arc<ProxyState>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let fault = *state.fault.borrow();
    let path = uri.path().to_owned();
    let count = || state.injected.fetch_add(1, Ordering::SeqCst);
    let (status, answer) = match fault {
        Some(InjectedFault::Rejected) => {
            count();
            (StatusCode::TOO_MANY_REQUESTS, rejection())
        }
        Some(InjectedFault::RejectedSearches) if path.ends_with("/_msearch") => {
            count();
            let (status, mut answer) = state.forward(method, &uri, &headers, body).await;
            *answer["responses"].as_array_mut().and_then(|all| all.last_mut()).expect("answers") =
                rejection();
            (status, answer)
        }
        Some(InjectedFault::RejectedChanges) if path.ends_with("/_bulk") => {
            count();
            state.forward_every_second(method, &uri, &headers, &body).await
        }
        Some(InjectedFault::HeldChanges) if path.ends_with("/_bulk") => {
            count();
            let held = Some(InjectedFault::HeldChanges);
            state.fault.subscribe().wait_for(|fault| *fault != held).await.expect("the proxy lives");
            state.forward(method, &uri, &headers, body).await
        }
        _ => state.forward(method, &uri, &headers, body).await,
    };
    (status, [(CONTENT_TYPE, "application/json")], answer.to_string()).into_response()
}

impl ProxyState {
    async fn forward(
        &self,
        method: Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: Bytes,
    ) -> (StatusCode, Value) {
        let mut request = self.client.request(method, format!("{}{uri}", self.node));
        if let Some(kind) = headers.get(CONTENT_TYPE) {
            request = request.header(CONTENT_TYPE, kind);
        }
        let answer = request.body(body).send().await.expect("the node answers");
        let (status, bytes) = (answer.status(), answer.bytes().await.expect("a body"));
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    /// Forwards every second change, and answers with the results of all.
    async fn forward_every_second(
        &self,
        method: Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> (StatusCode, Value) {
        let text = std::str::from_utf8(body).expect("lines of JSON");
        let mut lines = text.lines();
        let mut changes = Vec::new();
        while let Some(action) = lines.next() {
            let parsed: Value = serde_json::from_str(action).expect("an action");
            let kind = if parsed.get("delete").is_some() { "delete" } else { "index" };
            let source = if kind == "index" { lines.next() } else { None };
            changes.push((kind, [Some(action), source]));
        }
        let is_forwarded = |at: usize| at % 2 == 1;
        let mut forwarded = String::new();
        for (at, (_, lines)) in changes.iter().enumerate() {
            if is_forwarded(at) {
                forwarded.extend(lines.iter().flatten().map(|line| format!("{line}\n")));
            }
        }
        let mut results = Vec::new();
        if !forwarded.is_empty() {
            let (_, mut answer) = self.forward(method, uri, headers, forwarded.into()).await;
            results = std::mem::take(answer["items"].as_array_mut().expect("results"));
        }
        let mut results = results.into_iter();
        let items: Vec<Value> = changes
            .iter()
            .enumerate()
            .map(|(at, (kind, _))| {
                if is_forwarded(at) {
                    results.next().expect("a result")
                } else {
                    json!({ *kind: rejection() })
                }
            })
            .collect();
        (StatusCode::OK, json!({ "errors": true, "items": items }))
    }
}

/// The answer of a node whose queue is full.
fn rejection() -> Value {
    let cause = json!({ "type": "rejected_execution_exception", "reason": "rejected execution of a task" });
    json!({ "error": { "root_cause": [cause], "type": "rejected_execution_exception" }, "status": 429 })
}
