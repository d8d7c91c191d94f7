//! GraphQL over HTTP, as a good client speaks it: each request to the next server in turn.
//!
//! Says of a request that failed whether it may be made again, and whether it may have taken effect all the
//! same. Deliberately without retries: the one who types decides those.

use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Client, redirect::Policy};
use serde_json::Value;
use url::Url;

use super::TypistError;

/// How long one request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest answer that is read: a page of a hundred searches is far below.
const MAX_ANSWER_BYTES: usize = 8 << 20;
/// What a request is counted as that no server answered.
const UNREACHABLE: &str = "UNREACHABLE";
/// What a request is counted as whose answer did not come in time or broke off.
pub(super) const NO_ANSWER: &str = "NO_ANSWER";

/// The servers, which are as one to whoever asks.
pub(super) struct Fleet {
    client: Client,
    servers: Vec<Url>,
    turn: AtomicUsize,
}

/// Why a request got no data.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    /// What it is counted as: the server's own code, where there is one.
    pub(super) code: String,
    /// What was said, for a person to read.
    pub(super) message: String,
    /// What to make of it.
    pub(super) kind: RefusalKind,
}

/// What to make of a refused request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RefusalKind {
    /// It had no effect; another try may.
    NotTaken,
    /// It may have had its effect; another try is right.
    Unknown,
    /// Another try would be refused as well.
    Final,
}

impl Refusal {
    fn new(code: impl Into<String>, message: impl Into<String>, kind: RefusalKind) -> Self {
        Self { code: code.into(), message: message.into(), kind }
    }
}

impl Fleet {
    /// Connects to nothing yet.
    pub(super) fn new(servers: &[Url], key: Option<&str>) -> Result<Self, TypistError> {
        install_crypto_provider();
        let mut headers = HeaderMap::new();
        if let Some(key) = key {
            let bearer = HeaderValue::from_str(&format!("Bearer {key}"));
            let mut bearer = bearer.map_err(|_| TypistError::Client("the key is no text".to_owned()))?;
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
            .map_err(|error| TypistError::Client(error.to_string()))?;
        Ok(Self { client, servers: servers.iter().map(endpoint).collect(), turn: AtomicUsize::new(0) })
    }

    /// The addresses that are asked.
    pub(super) fn servers(&self) -> &[Url] {
        &self.servers
    }

    /// Asks the next server in turn; where it cannot be reached, the others.
    pub(super) async fn ask(&self, query: &str, variables: &Value) -> Result<Value, Refusal> {
        let first = self.turn.fetch_add(1, Ordering::Relaxed);
        let mut refusal = Refusal::new(UNREACHABLE, "there is no server", RefusalKind::Final);
        for offset in 0..self.servers.len() {
            let server = &self.servers[first.wrapping_add(offset) % self.servers.len()];
            match self.ask_one(server, query, variables).await {
                Err(unreachable) if unreachable.code == UNREACHABLE => refusal = unreachable,
                answer => return answer,
            }
        }
        Err(refusal)
    }

    /// Asks one server.
    pub(super) async fn ask_one(
        &self,
        server: &Url,
        query: &str,
        variables: &Value,
    ) -> Result<Value, Refusal> {
        let body = serde_json::json!({ "query": query, "variables": variables }).to_string();
        let request = self.client.post(server.clone());
        let request = request.header("content-type", "application/json").header("accept", "application/json");
        let mut response = request.body(body).send().await.map_err(unanswered)?;
        let status = response.status().as_u16();
        let mut text = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unanswered)? {
            text.extend_from_slice(&chunk);
            if text.len() > MAX_ANSWER_BYTES {
                return Err(Refusal::new("TOO_LONG", "the answer is too long", RefusalKind::Final));
            }
        }
        read(status, &text)
    }
}

/// The data of an answer, if nothing is wrong with it.
fn read(status: u16, text: &[u8]) -> Result<Value, Refusal> {
    let answer: Option<Value> = serde_json::from_slice(text).ok().filter(Value::is_object);
    let Some(mut answer) = answer else { return Err(refused(status, None, "")) };
    if let Some(error) = answer["errors"].get(0) {
        let message = error["message"].as_str().unwrap_or_default();
        return Err(refused(status, code_in(&error["extensions"]), message));
    }
    // A search whose keystroke could not be taken is answered all the same, with a warning.
    let has_warning = answer["extensions"]["warnings"].as_array().is_some_and(|all| !all.is_empty());
    if let Some(code) = code_in(&answer["extensions"]).or(has_warning.then_some("WARNING")) {
        return Err(refused(status, Some(code), "the answer carries a warning"));
    }
    if answer["data"].is_object() { Ok(answer["data"].take()) } else { Err(refused(status, None, "")) }
}

fn refused(status: u16, code: Option<&str>, message: &str) -> Refusal {
    let kind = match code {
        Some("TOO_BUSY" | "RATE_LIMITED") => RefusalKind::NotTaken,
        Some(
            "BAD_USER_INPUT"
            | "GRAPHQL_PARSE_FAILED"
            | "GRAPHQL_VALIDATION_FAILED"
            | "UNAUTHENTICATED"
            | "FORBIDDEN"
            | "NOT_FOUND",
        ) => RefusalKind::Final,
        Some(_) => RefusalKind::Unknown,
        None => match status {
            429 => RefusalKind::NotTaken,
            408 | 500..=599 => RefusalKind::Unknown,
            _ => RefusalKind::Final,
        },
    };
    let code = code.map_or_else(|| format!("HTTP_{status}"), str::to_owned);
    let message = if message.is_empty() { format!("the status is {status}") } else { message.to_owned() };
    Refusal::new(code, message, kind)
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

fn unanswered(error: reqwest::Error) -> Refusal {
    if error.is_connect() {
        return Refusal::new(UNREACHABLE, "nothing answers there", RefusalKind::NotTaken);
    }
    let message = if error.is_timeout() { "no answer in time" } else { "the connection broke off" };
    Refusal::new(NO_ANSWER, message, RefusalKind::Unknown)
}

/// Where the API is: an address without a path stands for the usual one.
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
        // An error means that the process already has one, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code_and_kind(status: u16, text: &str) -> (String, RefusalKind) {
        let refusal = read(status, text.as_bytes()).expect_err("it is a refusal");
        (refusal.code, refusal.kind)
    }

    #[test]
    fn refusals_are_told_apart_by_what_to_do() {
        let error =
            |code: &str| format!(r#"{{"errors":[{{"message":"m","extensions":{{"code":"{code}"}}}}]}}"#);
        for (status, text, code, kind) in [
            (200, error("BUFFER_UNAVAILABLE"), "BUFFER_UNAVAILABLE", RefusalKind::Unknown),
            (200, error("TOO_BUSY"), "TOO_BUSY", RefusalKind::NotTaken),
            (200, error("BAD_USER_INPUT"), "BAD_USER_INPUT", RefusalKind::Final),
            (503, "{\"title\":\"busy\"}".to_owned(), "HTTP_503", RefusalKind::Unknown),
            (404, "not here".to_owned(), "HTTP_404", RefusalKind::Final),
            (
                200,
                r#"{"data":{"search":{}},"extensions":{"warnings":[{"code":"BUFFER_UNAVAILABLE"}]}}"#
                    .to_owned(),
                "BUFFER_UNAVAILABLE",
                RefusalKind::Unknown,
            ),
            (
                200,
                r#"{"data":{"search":{}},"extensions":{"warnings":["not logged"]}}"#.to_owned(),
                "WARNING",
                RefusalKind::Unknown,
            ),
        ] {
            assert_eq!(code_and_kind(status, &text), (code.to_owned(), kind), "{text}");
        }
        let data = read(200, br#"{"data":{"a":1},"extensions":{"took":1}}"#).expect("it is data");
        assert_eq!(data["a"], 1);
    }

    #[test]
    fn an_address_without_a_path_gets_the_usual_one() {
        let of = |text: &str| endpoint(&text.parse().expect("a URL")).to_string();
        assert_eq!(of("http://h:8000"), "http://h:8000/graphql");
        assert_eq!(of("http://h/api/graphql"), "http://h/api/graphql");
    }
}
