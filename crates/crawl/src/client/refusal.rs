//! The error of an unsuccessful response: its status, the message in its body, and the pause that it requests.

use std::time::Duration;

use chrono::Utc;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use reqwest::Response;
use url::form_urlencoded::byte_serialize;

use super::payload::read_body;
use super::statements::str_of;
use super::waits::requested_wait;
use crate::charset::decode;
use crate::json::Json;
use crate::page_body::{refusal_text, shown_message};
use crate::pause::stated_pause;
use crate::upstream::FetchError;
use quarry_config::{BodyContent, SourceConfig, UpstreamAuth, is_harmless};

/// The longest wait for the body of an error, and its largest size.
const ERROR_BODY_TIMEOUT: Duration = Duration::from_secs(2);
const MAX_ERROR_BYTES: u64 = 65_536;
/// Shorter values are no secrets, and parts of other words.
const MIN_SECRET_BYTES: usize = 4;
/// The length from which an equal value is the secret, also under another name.
const MIN_DISTINCT_BYTES: usize = 8;
/// The text in place of a secret.
const MASK: &str = "…";

/// The values of requests that no message may repeat.
pub(super) struct SentSecrets {
    values: Vec<String>,
}

impl SentSecrets {
    /// Returns those of a source's requests, without the tokens that it requests.
    pub(super) fn of(config: &SourceConfig) -> Self {
        let mut secrets = Self { values: Vec::new() };
        for (_, secret) in config.headers.iter().chain(&config.params) {
            secrets.add(secret.expose());
        }
        for (name, value) in config.url.query_pairs() {
            if !is_harmless(&name) {
                secrets.add(&value);
            }
        }
        secrets.add(config.url.username());
        secrets.add(config.url.password().unwrap_or_default());
        match &config.auth {
            Some(UpstreamAuth::Basic { user, password }) => {
                secrets.add(user.expose());
                secrets.add(password.expose());
            }
            Some(UpstreamAuth::Bearer { token }) => secrets.add(token.expose()),
            _ => {}
        }
        match config.body.as_ref().map(|body| body.expose()) {
            Some(BodyContent::Json(body)) => secrets.add_strings(body),
            Some(BodyContent::Text(body)) => match serde_json::from_str(body) {
                Ok(body) => secrets.add_strings(&body),
                Err(_) => secrets.add_words(body),
            },
            None => {}
        }
        // A secret may contain another one.
        secrets.values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        secrets
    }

    /// Adds a value as it is and as a part of an address, and a credential behind the name of its scheme.
    fn add(&mut self, value: &str) {
        let credential = value.rsplit_once(' ').map_or(value, |(_, credential)| credential);
        for value in [value, credential] {
            let encoded = byte_serialize(value.as_bytes()).collect();
            let added = [value.to_owned(), encoded].into_iter();
            self.values.extend(added.filter(|value: &String| value.len() >= MIN_SECRET_BYTES));
        }
    }

    /// Adds the strings of a JSON body; queries have blanks, credentials none.
    fn add_strings(&mut self, body: &serde_json::Value) {
        match body {
            serde_json::Value::String(text) if !text.contains(char::is_whitespace) => self.add(text),
            serde_json::Value::Array(values) => values.iter().for_each(|value| self.add_strings(value)),
            serde_json::Value::Object(members) => members.values().for_each(|value| self.add_strings(value)),
            _ => {}
        }
    }

    /// Adds the words of another body, such as the values of a form.
    fn add_words(&mut self, body: &str) {
        let words = body.split(|char: char| char.is_whitespace() || "&=<>\"'".contains(char));
        words.for_each(|word| self.add(word));
    }

    /// Returns true for one of the values that is too long to be another one by chance.
    pub(super) fn contain(&self, value: &str) -> bool {
        value.len() >= MIN_DISTINCT_BYTES && self.values.iter().any(|secret| secret == value)
    }

    /// Replaces the secrets in a message.
    fn mask(&self, message: &str, token: Option<&HeaderValue>) -> String {
        let mut token_only = Self { values: Vec::new() };
        token_only.add(token.and_then(str_of).unwrap_or_default());
        let values = token_only.values.iter().chain(&self.values);
        values.fold(message.to_owned(), |message, value| message.replace(value.as_str(), MASK))
    }
}

/// Returns the error of an unsuccessful response to a request with a token.
pub(super) async fn refusal(
    response: Response,
    secrets: &SentSecrets,
    token: Option<&HeaderValue>,
) -> FetchError {
    let status = response.status();
    let mut retry_after = requested_wait(status.as_u16(), response.headers(), Utc::now());
    let content_type = response.headers().get(CONTENT_TYPE).cloned();
    let content_type = content_type.as_ref().and_then(str_of);
    let body = tokio::time::timeout(ERROR_BODY_TIMEOUT, read_body(response, MAX_ERROR_BYTES)).await;
    let body = body.ok().and_then(Result::ok).unwrap_or_default();
    let text = decode(&body, content_type);
    let json = Json::parse(&text).ok();
    if retry_after.is_none() && matches!(status.as_u16(), 403 | 420 | 429 | 503) {
        retry_after = json.as_ref().and_then(|json| stated_pause(json, Utc::now()));
    }
    let is_plain = || content_type.is_some_and(|kind| kind.trim_start().starts_with("text/plain"));
    let message = match &json {
        Some(json) => refusal_text(json),
        None => text.lines().find(|line| !line.trim().is_empty()).filter(|_| is_plain()),
    };
    let message = message.and_then(|message| shown_message(&secrets.mask(message, token)));
    let cause = described(&reason(status), message);
    let is_retryable = matches!(status.as_u16(), 408 | 425 | 429);
    FetchError {
        cause,
        status: Some(status.as_u16()),
        is_refusal: status.is_client_error() && !is_retryable,
        is_empty: false,
        retry_after,
    }
}

/// Adds a message to the reason of a status, unless it only repeats that.
fn described(reason: &str, message: Option<String>) -> String {
    let is_repeated = |message: &String| {
        reason.to_lowercase().contains(message.trim_end_matches('.').to_lowercase().as_str())
    };
    match message.filter(|message| !is_repeated(message)) {
        Some(message) => format!("{reason} ({message})"),
        None => reason.to_owned(),
    }
}

/// Describes a status.
pub(super) fn reason(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("{} {reason}", status.as_u16()),
        None => status.as_u16().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixtures::{config_with, json_of};

    #[test]
    fn the_message_of_a_refusal_is_found_and_shortened() {
        for (body, expected) in [
            (
                json!({"error": {"code": 7, "message": "limit must not exceed 50"}}),
                Some("limit must not exceed 50"),
            ),
            (json!({"errors": [{"title": "Invalid", "detail": "no such field"}]}), Some("no such field")),
            (json!({"type": "about:blank", "title": "Key expired", "status": 401}), Some("Key expired")),
            (json!({"error": "invalid_request", "error_description": "no scope"}), Some("no scope")),
            (json!({"fault": {"faultstring": "x", "detail": {"message": "quota"}}}), Some("quota")),
            (json!({"items": []}), None),
        ] {
            assert_eq!(refusal_text(&json_of(&body)), expected, "{body}");
        }
        assert_eq!(shown_message(&"x".repeat(500)).map(|shown| shown.len()), Some(80));
        assert_eq!(shown_message("two\nlines ").as_deref(), Some("two lines"));
    }

    #[test]
    fn the_message_does_not_repeat_the_status() {
        for (message, expected) in [
            (None, "403 Forbidden"),
            (Some("Forbidden"), "403 Forbidden"),
            (Some("forbidden."), "403 Forbidden"),
            (Some("403 Forbidden"), "403 Forbidden"),
            (Some("Forbidden by policy 7"), "403 Forbidden (Forbidden by policy 7)"),
        ] {
            assert_eq!(described(&reason(StatusCode::FORBIDDEN), message.map(str::to_owned)), expected);
        }
    }

    #[test]
    fn messages_repeat_no_secret() {
        let config = config_with(
            "headers = { authorization = \"Token h3ader-key\" }\nparams = { key = \"p@ram/key\" }\n\
             method = \"POST\"\nbody = { login = { pin = \"b0dy-pin\" }, query = \"{ items { id } }\" }",
        );
        let secrets = SentSecrets::of(&config);
        let token: HeaderValue = "Bearer t0ken-1".parse().expect("a header");
        for (message, expected) in [
            ("invalid key h3ader-key", "invalid key …"),
            ("invalid: Token h3ader-key!", "invalid: …!"),
            ("/m?key=p%40ram%2Fkey or p@ram/key", "/m?key=… or …"),
            ("wrong pin b0dy-pin", "wrong pin …"),
            ("expired: t0ken-1", "expired: …"),
            ("unknown field in { items { id } }", "unknown field in { items { id } }"),
        ] {
            assert_eq!(secrets.mask(message, Some(&token)), expected);
        }
    }
}
