//! A fake server for the load test.
//!
//! It records received keystrokes, and its search log contains the rows that a test sets. It does not implement
//! the specification of a search.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use axum::routing::post;
use quarry::load_test::StoredSearch;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// A fake server, which closes all connections when dropped.
pub(crate) struct FakeServer {
    address: String,
    state: Arc<Mutex<FakeServerState>>,
    runtime: Option<Runtime>,
}

/// The state and behaviour of a fake server.
#[derive(Default)]
pub(crate) struct FakeServerState {
    /// The accepted keystrokes, with `tracked` for those of a tracked search.
    pub(crate) taken: Vec<Value>,
    /// The number of keystrokes in each request.
    pub(crate) requests: Vec<usize>,
    /// The rows of the search log.
    pub(crate) rows: Vec<StoredSearch>,
    /// The injected rejections.
    pub(crate) rejections: Option<Rejections>,
    /// The rejected keystrokes.
    pub(crate) refused: Vec<Value>,
}

/// Rejections of keystrokes from a condition on, for a duration.
pub(crate) struct Rejections {
    pub(crate) code: &'static str,
    /// Returns true to start rejecting, given the accepted keystrokes and the next one.
    pub(crate) begin: fn(&[Value], &Value) -> bool,
    pub(crate) lasts: Duration,
    pub(crate) began: Option<Instant>,
}

impl FakeServer {
    /// Starts a server on its own port and threads.
    pub(crate) fn start(state: FakeServerState) -> Self {
        Self::join(&Arc::new(Mutex::new(state)))
    }

    /// Starts another server with the same state.
    pub(crate) fn another(&self) -> Self {
        Self::join(&self.state)
    }

    fn join(state: &Arc<Mutex<FakeServerState>>) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let router = axum::Router::new().route("/graphql", post(answer)).with_state(state.clone());
        runtime.spawn(async move {
            axum::serve(TcpListener::from_std(listener).unwrap(), router).await.unwrap();
        });
        Self { address, state: state.clone(), runtime: Some(runtime) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, FakeServerState> {
        self.state.lock().unwrap()
    }
}

impl Drop for FakeServer {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn answer(State(state): State<Arc<Mutex<FakeServerState>>>, Json(body): Json<Value>) -> Json<Value> {
    let (query, variables) = (body["query"].as_str().unwrap(), &body["variables"]);
    let mut state = state.lock().unwrap();
    Json(if query.contains("searchLog(") {
        state.read_log(variables)
    } else if query.contains("logKeystrokes(") {
        let many = variables["input"].as_array().unwrap().clone();
        state.take(many, |taken| json!({ "logKeystrokes": { "accepted": taken } }))
    } else if query.contains("logKeystroke(") {
        state.take(vec![variables["input"].clone()], |_| json!({ "logKeystroke": { "accepted": true } }))
    } else {
        let mut tracked = variables["track"].clone();
        tracked["text"] = variables["text"].clone();
        tracked["tracked"] = json!(true);
        let count = count_of(variables["text"].as_str().unwrap());
        state.take(vec![tracked], |_| json!({ "search": { "totalCount": count } }))
    })
}

/// The number of documents that the fake server reports.
pub(crate) fn count_of(text: &str) -> i64 {
    text.len() as i64
}

impl FakeServerState {
    fn take(&mut self, sent: Vec<Value>, data: impl Fn(usize) -> Value) -> Value {
        if let Some(rejections) = &mut self.rejections {
            if rejections.began.is_none() && (rejections.begin)(&self.taken, &sent[0]) {
                rejections.began = Some(Instant::now());
            }
            if rejections.began.is_some_and(|began| began.elapsed() < rejections.lasts) {
                self.refused.extend(sent);
                let extensions = json!({ "code": rejections.code });
                // A search still has data, with a warning.
                return match data(0) {
                    data if data["search"].is_object() => {
                        json!({ "data": data, "extensions": { "warnings": [extensions] } })
                    }
                    _ => json!({ "data": null, "errors": [{ "message": "no", "extensions": extensions }] }),
                };
            }
        }
        self.requests.push(sent.len());
        let count = sent.len();
        self.taken.extend(sent);
        json!({ "data": data(count) })
    }

    fn read_log(&self, variables: &Value) -> Value {
        let skip: usize = variables["after"].as_str().map_or(0, |after| after.parse().unwrap());
        let first = variables["first"].as_u64().unwrap_or(1) as usize;
        let page: Vec<Value> = self
            .rows
            .iter()
            .enumerate()
            .skip(skip)
            .take(first)
            .map(|(number, row)| {
                json!({ "id": format!("row-{number}"), "sessionId": row.session, "userId": row.user, "query": row.query,
                    "resultCount": row.count })
            })
            .collect();
        let end = skip + page.len();
        let info = json!({ "hasNextPage": end < self.rows.len(), "endCursor": end.to_string() });
        json!({ "data": { "searchLog": { "nodes": page, "pageInfo": info } } })
    }
}
