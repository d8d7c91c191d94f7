//! The HTTP client of a cluster: several addresses in turn, without those that failed a moment ago.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Method};
use serde_json::Value;

use super::ClusterOpenError;
use crate::engine::SearchError;

/// The time for which a node that could not be reached is tried last.
const SKIP: Duration = Duration::from_secs(5);
/// The time for a connection: a node that is alive accepts within it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// The part of a reason that errors repeat, in bytes.
const MAX_REASON: usize = 300;

/// Credentials of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ClusterCredentials {
    /// None.
    #[default]
    Anonymous,
    /// A user with a password.
    Basic(String, String),
    /// An encoded API key.
    ApiKey(String),
}

/// A client of all nodes of a cluster.
pub(super) struct HttpClient {
    client: Client,
    nodes: Vec<ClusterNode>,
    /// The node of the next request.
    next: AtomicUsize,
    authorization: Option<HeaderValue>,
}

struct ClusterNode {
    url: String,
    /// It is tried last until then.
    skipped_until: Mutex<Option<Instant>>,
}

/// The body of a request.
#[derive(Clone)]
pub(super) enum NodeBody {
    None,
    Json(Value),
    /// Lines of JSON.
    Lines(String),
}

/// An answer with a status that the caller expects.
pub(super) struct NodeAnswer {
    pub(super) status: u16,
    pub(super) body: Value,
}

impl HttpClient {
    pub(super) fn new(
        urls: &[String],
        credentials: &ClusterCredentials,
        ca_file: Option<&PathBuf>,
        timeout: Duration,
    ) -> Result<Self, ClusterOpenError> {
        // The error only means that another part of the process was first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let roots = match ca_file {
            Some(path) => {
                let unusable = |cause: String| ClusterOpenError::CaFile { path: path.clone(), cause };
                let pem = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
                Certificate::from_pem_bundle(&pem).map_err(|error| unusable(error.to_string()))?
            }
            None => Vec::new(),
        };
        let builder = || {
            Client::builder()
                .redirect(Policy::none())
                .no_proxy()
                // Compression takes more time than the bytes that it saves between neighbours.
                .no_gzip()
                .no_deflate()
                .connect_timeout(CONNECT_TIMEOUT.min(timeout))
                .timeout(timeout)
                .user_agent(concat!("quarry/", env!("CARGO_PKG_VERSION")))
        };
        let built = match builder().tls_certs_merge(roots.clone()).build() {
            // A machine without root certificates can still use plain HTTP.
            Err(_) if urls.iter().all(|url| url.starts_with("http:")) => {
                builder().tls_certs_only(roots).build()
            }
            built => built,
        };
        let client = built.map_err(|error| ClusterOpenError::Client(error.to_string()))?;
        let authorization = match credentials {
            ClusterCredentials::Anonymous => None,
            ClusterCredentials::Basic(user, password) => {
                Some(format!("Basic {}", BASE64.encode(format!("{user}:{password}").as_bytes())))
            }
            ClusterCredentials::ApiKey(key) => Some(format!("ApiKey {key}")),
        };
        let authorization = match authorization {
            Some(text) => {
                let mut value =
                    HeaderValue::try_from(text).map_err(|_| ClusterOpenError::ClusterCredentials)?;
                value.set_sensitive(true);
                Some(value)
            }
            None => None,
        };
        let node = |url: &String| ClusterNode {
            url: url.trim_end_matches('/').to_owned(),
            skipped_until: Mutex::default(),
        };
        Ok(Self { client, nodes: urls.iter().map(node).collect(), next: AtomicUsize::new(0), authorization })
    }

    /// Sends a request to one node after the other until one answers.
    ///
    /// All requests may be repeated: writes carry versions. Statuses below 500 except 401, 403 and 429 are
    /// returned.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        body: NodeBody,
    ) -> Result<NodeAnswer, SearchError> {
        let mut cause = "no address is configured".to_owned();
        for node in self.in_turn() {
            match self.send_to(node, &method, path, &body).await {
                Ok((status @ (401 | 403), body)) if !is_blocked(&body) => {
                    let reason = reason(&body);
                    return Err(SearchError::Failed(format!(
                        "the cluster refused the credentials ({status}): {reason}; check those of [opensearch]"
                    )));
                }
                // The cluster as a whole has no capacity: another node has not, either.
                Ok((429, body)) => return Err(unavailable(&format!("429: {}", reason(&body)))),
                Ok((status @ 500.., body)) => cause = format!("{status}: {}", reason(&body)),
                Ok((status, body)) => {
                    node.set_skipped(None);
                    return Ok(NodeAnswer { status, body });
                }
                Err(error) => {
                    node.set_skipped(Some(Instant::now() + SKIP));
                    cause = describe(&error);
                }
            }
        }
        Err(unavailable(&cause))
    }

    /// Returns the nodes from the next one on, those that were skipped last.
    fn in_turn(&self) -> Vec<&ClusterNode> {
        let first = self.next.fetch_add(1, Ordering::Relaxed) % self.nodes.len().max(1);
        let mut nodes: Vec<&ClusterNode> = self.nodes[first..].iter().chain(&self.nodes[..first]).collect();
        let now = Instant::now();
        nodes.sort_by_key(|node| node.is_skipped(now));
        nodes
    }

    async fn send_to(
        &self,
        node: &ClusterNode,
        method: &Method,
        path: &str,
        body: &NodeBody,
    ) -> Result<(u16, Value), reqwest::Error> {
        let mut request = self.client.request(method.clone(), format!("{}/{path}", node.url));
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        request = match body {
            NodeBody::None => request,
            NodeBody::Json(json) => request.header(CONTENT_TYPE, "application/json").body(json.to_string()),
            NodeBody::Lines(lines) => {
                request.header(CONTENT_TYPE, "application/x-ndjson").body(lines.clone())
            }
        };
        let response = request.send().await?;
        let status = response.status().as_u16();
        let bytes = response.bytes().await?;
        // A proxy may answer with a text.
        let text = || Value::String(String::from_utf8_lossy(&bytes).into_owned());
        Ok((status, serde_json::from_slice(&bytes).unwrap_or_else(|_| text())))
    }
}

impl ClusterNode {
    fn is_skipped(&self, now: Instant) -> bool {
        self.skipped_until.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|until| until > now)
    }

    fn set_skipped(&self, until: Option<Instant>) {
        *self.skipped_until.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }
}

pub(super) fn unavailable(cause: &str) -> SearchError {
    SearchError::Unavailable(cause.to_owned())
}

/// Returns the error of an answer that is an item of others, or has an unexpected status.
pub(super) fn answer_error(status: u16, body: &Value) -> SearchError {
    let reason = reason(body);
    match status {
        _ if is_blocked(body) => unavailable(&format!("{status}: {reason}")),
        // An index that does not exist yet, or has just been replaced.
        404 | 429 | 500.. => unavailable(&format!("{status}: {reason}")),
        _ => SearchError::Failed(format!("{status}: {reason}")),
    }
}

/// Returns true if an operator, or the cluster itself, has blocked or closed an index or the cluster for a time.
fn is_blocked(body: &Value) -> bool {
    matches!(body["error"]["type"].as_str(), Some("cluster_block_exception" | "index_closed_exception"))
}

/// Returns the reason of an error, without the query.
pub(super) fn reason(body: &Value) -> String {
    let error = &body["error"];
    let cause = error["root_cause"].get(0).unwrap_or(error);
    let kind = cause["type"].as_str().or(error.as_str()).unwrap_or("no reason");
    let mut text = kind.to_owned();
    // The reasons of malformed requests repeat what was typed.
    if !kind.contains("parsing") && !kind.contains("query") {
        text = format!("{kind}: {}", cause["reason"].as_str().unwrap_or_default());
    }
    text.truncate(text.floor_char_boundary(MAX_REASON));
    text
}

fn describe(error: &reqwest::Error) -> String {
    let kind = if error.is_timeout() {
        "a node did not answer in time"
    } else if error.is_connect() {
        "no node accepts connections"
    } else {
        "a connection broke"
    };
    kind.to_owned()
}
