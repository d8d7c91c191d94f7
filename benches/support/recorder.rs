//! A proxy in front of a node that records the requests to it.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};

/// A recorded request.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub(crate) method: Method,
    /// The path with the query, without a leading slash.
    pub(crate) path: String,
    pub(crate) content_type: Option<HeaderValue>,
    pub(crate) body: String,
}

/// A running proxy.
pub(crate) struct Recorder {
    pub(crate) url: String,
    proxy: Arc<Proxy>,
}

struct Proxy {
    node: String,
    client: reqwest::Client,
    requests: Mutex<Vec<Recorded>>,
}

impl Recorder {
    /// Starts a proxy in front of the node of a URL.
    pub(crate) async fn start(client: &reqwest::Client, node: &str) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let proxy =
            Arc::new(Proxy { node: node.to_owned(), client: client.clone(), requests: Mutex::default() });
        let routes = Router::new().fallback(forward).with_state(proxy.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { url, proxy }
    }

    /// Returns the requests since the last call.
    pub(crate) fn take(&self) -> Vec<Recorded> {
        std::mem::take(&mut *self.proxy.requests.lock().unwrap())
    }
}

impl Recorded {
    /// Sends the request to a node, and returns its response.
    pub(crate) async fn send(&self, client: &reqwest::Client, node: &str) -> reqwest::Response {
        let mut request = client.request(self.method.clone(), format!("{node}/{}", self.path));
        if let Some(kind) = &self.content_type {
            request = request.header(CONTENT_TYPE, kind);
        }
        request.body(self.body.clone()).send().await.unwrap()
    }
}

async fn forward(State(proxy): State<Arc<Proxy>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let recorded = Recorded {
        method: parts.method,
        path: parts.uri.path_and_query().unwrap().as_str().trim_start_matches('/').to_owned(),
        content_type: parts.headers.get(CONTENT_TYPE).cloned(),
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    let response = recorded.send(&proxy.client, &proxy.node).await;
    proxy.requests.lock().unwrap().push(recorded);
    (response.status(), response.bytes().await.unwrap()).into_response()
}
