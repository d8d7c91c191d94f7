//! A JSON API with scripted responses over real HTTP.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Response, Uri};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

/// A request to the API.
pub(crate) struct ApiCall {
    /// The address of the API, such as `http://127.0.0.1:4000`.
    pub(crate) home: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: HashMap<String, String>,
    pub(crate) headers: HeaderMap,
    /// The JSON of the body, or null.
    pub(crate) body: Value,
}

impl ApiCall {
    /// Returns a parameter as a number, or a default.
    pub(crate) fn number(&self, name: &str, default: usize) -> usize {
        self.query.get(name).map_or(default, |value| value.parse().expect("a number"))
    }
}

/// A response of the API.
pub(crate) struct ApiReply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

/// Returns a response with a JSON body.
pub(crate) fn json(body: &Value) -> ApiReply {
    ApiReply { status: 200, headers: Vec::new(), body: body.to_string() }
}

/// A listening API, which stops when it is dropped.
pub(crate) struct JsonApi {
    home: String,
    urls: Arc<Mutex<Vec<String>>>,
    server: AbortHandle,
}

impl JsonApi {
    /// Starts an API that responds as scripted.
    pub(crate) async fn start(script: impl Fn(&ApiCall) -> ApiReply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let home = format!("http://{}", listener.local_addr().expect("an address"));
        let urls = Arc::new(Mutex::new(Vec::new()));
        let (script, log, own) = (Arc::new(script), urls.clone(), home.clone());
        let handler = move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
            let (script, log, home) = (script.clone(), log.clone(), own.clone());
            async move {
                log.lock().expect("not poisoned").push(uri.to_string());
                let query = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
                let query = query.into_owned().collect();
                let (method, path) = (method.to_string(), uri.path().to_owned());
                let body = serde_json::from_slice(&body).unwrap_or_default();
                let reply = script(&ApiCall { home, method, path, query, headers, body });
                let mut response = Response::builder().status(reply.status);
                for (name, value) in reply.headers {
                    response = response.header(name, value);
                }
                response.body(Body::from(reply.body)).expect("a response")
            }
        };
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, Router::new().fallback(handler)).await;
        });
        Self { home, urls, server: server.abort_handle() }
    }

    /// Returns the URL of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.home)
    }

    /// Returns the paths and queries of all requests so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.urls.lock().expect("not poisoned").clone()
    }
}

impl Drop for JsonApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}
