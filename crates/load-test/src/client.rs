//! A GraphQL client over HTTP that distributes requests over the servers round-robin.
//!
//! Errors say if a retry can succeed, and if the request may have taken effect. Deliberately without retries,
//! which the session of a virtual user decides.

use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Client, redirect::Policy};
use serde_json::Value;
use url::Url;

use super::LoadTestError;

/// The timeout of one request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// The largest response; a page of 100 searches is far smaller.
const MAX_RESPONSE_BYTES: usize = 8 << 20;
/// The error code of a request without a connection.
const UNREACHABLE: &str = "UNREACHABLE";
/// The error code of a response that timed out or broke off.
pub(super) const NO_ANSWER: &str = "NO_ANSWER";

/// The servers behind one client.
pub(super) struct ServerPool {
    client: Client,
    servers: Vec<Url>,
    next: AtomicUsize,
}

/// A request without data in its response.
#[derive(Clone, Debug)]
pub(super) struct RequestError {
    /// The code for the metrics: the server's, if it sends one.
    pub(super) code: String,
    /// The message for the report.
    pub(super) message: String,
    /// The effect of a retry.
    pub(super) kind: RequestErrorKind,
}

/// The classification of a failed request by the effect of a retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RequestErrorKind {
    /// The request had no effect; a retry may succeed.
    NotApplied,
    /// The request may have had its effect; a retry is correct.
    Indeterminate,
    /// A retry would fail too.
    Permanent,
}

impl RequestError {
    fn new(code: impl Into<String>, message: impl Into<String>, kind: RequestErrorKind) -> Self {
        Self { code: code.into(), message: message.into(), kind }
    }
}

impl ServerPool {
    /// Builds the client without a connection.
    pub(super) fn new(servers: &[Url], key: Option<&str>) -> Result<Self, LoadTestError> {
        install_crypto_provider();
        let mut headers = HeaderMap::new();
        if let Some(key) = key {
            let bearer = HeaderValue::from_str(&format!("Bearer {key}"));
            let mut bearer = bearer.map_err(|_| {
                LoadTestError::Client(
                    "the key contains characters that a header cannot carry: check --key".to_owned(),
                )
            })?;
            bearer.set_sensitive(true);
            headers.insert(AUTHORIZATION, bearer);
        }
        let client = Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .timeout(REQUEST_TIMEOUT)
            .tcp_nodelay(true)
            .default_headers(headers)
            .user_agent(concat!("quarry-load-test/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| LoadTestError::Client(error.to_string()))?;
        Ok(Self { client, servers: servers.iter().map(endpoint).collect(), next: AtomicUsize::new(0) })
    }

    /// The endpoints of the servers.
    pub(super) fn servers(&self) -> &[Url] {
        &self.servers
    }

    /// Executes an operation on the next server, or on another if that one is unreachable.
    pub(super) async fn execute(&self, query: &str, variables: &Value) -> Result<Value, RequestError> {
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        let mut error =
            RequestError::new(UNREACHABLE, "no server is configured: set --url", RequestErrorKind::Permanent);
        for offset in 0..self.servers.len() {
            let server = &self.servers[first.wrapping_add(offset) % self.servers.len()];
            match self.execute_on(server, query, variables).await {
                Err(unreachable) if unreachable.code == UNREACHABLE => error = unreachable,
                response => return response,
            }
        }
        Err(error)
    }

    /// Executes an operation on one server.
    pub(super) async fn execute_on(
        &self,
        server: &Url,
        query: &str,
        variables: &Value,
    ) -> Result<Value, RequestError> {
        let body = serde_json::json!({ "query": query, "variables": variables }).to_string();
        let request = self.client.post(server.clone());
        let request = request.header("content-type", "application/json").header("accept", "application/json");
        let mut response = request.body(body).send().await.map_err(transport_error)?;
        let status = response.status().as_u16();
        let mut text = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(transport_error)? {
            text.extend_from_slice(&chunk);
            if text.len() > MAX_RESPONSE_BYTES {
                return Err(RequestError::new(
                    "TOO_LONG",
                    "the response is too large",
                    RequestErrorKind::Permanent,
                ));
            }
        }
        parse_response(status, &text)
    }
}

/// Extracts the data of a response without errors and warnings.
fn parse_response(status: u16, text: &[u8]) -> Result<Value, RequestError> {
    let response: Option<Value> = serde_json::from_slice(text).ok().filter(Value::is_object);
    let Some(mut response) = response else { return Err(classify(status, None, "")) };
    if let Some(error) = response["errors"].get(0) {
        let message = error["message"].as_str().unwrap_or_default();
        return Err(classify(status, code_in(&error["extensions"]), message));
    }
    // A search whose keystroke was not accepted still has data, with a warning.
    let has_warning = response["extensions"]["warnings"].as_array().is_some_and(|all| !all.is_empty());
    if let Some(code) = code_in(&response["extensions"]).or(has_warning.then_some("WARNING")) {
        return Err(classify(status, Some(code), "the response carries a warning"));
    }
    if response["data"].is_object() { Ok(response["data"].take()) } else { Err(classify(status, None, "")) }
}

fn classify(status: u16, code: Option<&str>, message: &str) -> RequestError {
    let kind = match code {
        Some("TOO_BUSY" | "RATE_LIMITED") => RequestErrorKind::NotApplied,
        Some(
            "BAD_USER_INPUT"
            | "GRAPHQL_PARSE_FAILED"
            | "GRAPHQL_VALIDATION_FAILED"
            | "UNAUTHENTICATED"
            | "FORBIDDEN"
            | "NOT_FOUND",
        ) => RequestErrorKind::Permanent,
        Some(_) => RequestErrorKind::Indeterminate,
        None => match status {
            429 => RequestErrorKind::NotApplied,
            408 | 500..=599 => RequestErrorKind::Indeterminate,
            _ => RequestErrorKind::Permanent,
        },
    };
    let code = code.map_or_else(|| format!("HTTP_{status}"), str::to_owned);
    let message = if message.is_empty() { format!("HTTP status {status}") } else { message.to_owned() };
    RequestError::new(code, message, kind)
}

/// The first `code` at any depth.
fn code_in(value: &Value) -> Option<&str> {
    match value {
        Value::Object(fields) => match fields.get("code") {
            Some(Value::String(code)) => Some(code),
            _ => fields.values().find_map(code_in),
        },
        Value::Array(items) => items.iter().find_map(code_in),
        _ => None,
    }
}

fn transport_error(error: reqwest::Error) -> RequestError {
    if error.is_connect() {
        return RequestError::new(UNREACHABLE, "connection failed", RequestErrorKind::NotApplied);
    }
    let message = if error.is_timeout() {
        "response timed out"
    } else {
        "connection closed before the response was complete"
    };
    RequestError::new(NO_ANSWER, message, RequestErrorKind::Indeterminate)
}

/// Appends the default path `/graphql` to a URL without a path.
fn endpoint(url: &Url) -> Url {
    let mut url = url.clone();
    if url.path() == "/" {
        url.set_path("/graphql");
    }
    url
}

fn install_crypto_provider() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        // An error means that the process already has a provider, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code_and_kind(status: u16, text: &str) -> (String, RequestErrorKind) {
        let error = parse_response(status, text.as_bytes()).expect_err("an error");
        (error.code, error.kind)
    }

    #[test]
    fn errors_are_classified_by_the_effect_of_a_retry() {
        let error =
            |code: &str| format!(r#"{{"errors":[{{"message":"m","extensions":{{"code":"{code}"}}}}]}}"#);
        for (status, text, code, kind) in [
            (200, error("BUFFER_UNAVAILABLE"), "BUFFER_UNAVAILABLE", RequestErrorKind::Indeterminate),
            (200, error("TOO_BUSY"), "TOO_BUSY", RequestErrorKind::NotApplied),
            (200, error("BAD_USER_INPUT"), "BAD_USER_INPUT", RequestErrorKind::Permanent),
            (503, "{\"title\":\"busy\"}".to_owned(), "HTTP_503", RequestErrorKind::Indeterminate),
            (404, "not here".to_owned(), "HTTP_404", RequestErrorKind::Permanent),
            (
                200,
                r#"{"data":{"search":{}},"extensions":{"warnings":[{"code":"BUFFER_UNAVAILABLE"}]}}"#
                    .to_owned(),
                "BUFFER_UNAVAILABLE",
                RequestErrorKind::Indeterminate,
            ),
            (
                200,
                r#"{"data":{"search":{}},"extensions":{"warnings":["not logged"]}}"#.to_owned(),
                "WARNING",
                RequestErrorKind::Indeterminate,
            ),
        ] {
            assert_eq!(code_and_kind(status, &text), (code.to_owned(), kind), "{text}");
        }
        let data = parse_response(200, br#"{"data":{"a":1},"extensions":{"took":1}}"#).expect("it is data");
        assert_eq!(data["a"], 1);
    }

    #[test]
    fn a_url_without_a_path_gets_the_default_path() {
        let of = |text: &str| endpoint(&text.parse().expect("a URL")).to_string();
        assert_eq!(of("http://h:8000"), "http://h:8000/graphql");
        assert_eq!(of("http://h/api/graphql"), "http://h/api/graphql");
    }
}
