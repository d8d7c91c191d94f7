//! The tokens of a source: requested before its first page, before they expire, and after a 401.
//!
//! They are kept in memory only.

use std::time::{Duration, Instant};

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use tokio::sync::Mutex;
use url::{Url, form_urlencoded};

use super::causes::connection_cause;
use super::connection::HttpUpstreamError;
use super::payload::{parse_headers, read_body, secret_value, set_content_type};
use crate::upstream::FetchError;
use quarry_config::{
    BodyContent, ClientAuthStyle, JsonPointer, PostBody, RequestMethod, Secret, UpstreamAuth,
};

/// The cause of a request whose token could not be had.
pub(crate) const NO_TOKEN: &str = "no token";
/// The largest response with a token, in bytes.
const MAX_TOKEN_BYTES: u64 = 1 << 20;
/// The largest part of its lifetime before whose end a token is replaced.
const MAX_LEEWAY: Duration = Duration::from_secs(60);
/// The errors of RFC 6749, section 5.2: other texts may contain secrets.
const OAUTH_ERRORS: &[&str] = &[
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
];

/// The source of a source's tokens.
pub(super) struct TokenSource {
    request: TokenRequest,
    /// The position of the token in the response.
    pointer: String,
    header: HeaderName,
    prefix: String,
    lifetime: Option<Duration>,
    timeout: Duration,
    cached: Mutex<Option<CachedToken>>,
}

/// The request for a token.
struct TokenRequest {
    method: Method,
    url: Url,
    headers: HeaderMap,
    basic: Option<(String, Secret)>,
    body: Option<Secret>,
}

/// A token in the header that holds it.
struct CachedToken {
    value: HeaderValue,
    expires_at: Option<Instant>,
}

impl TokenSource {
    /// Returns the source of tokens, if the authentication needs one.
    pub(super) fn of(auth: &UpstreamAuth, timeout: Duration) -> Result<Option<Self>, HttpUpstreamError> {
        let (request, pointer, header, prefix, lifetime) = match auth {
            UpstreamAuth::Basic { .. } | UpstreamAuth::Bearer { .. } => return Ok(None),
            UpstreamAuth::Oauth2 { token_url, client_id, client_secret, scope, audience, style } => {
                let optional = [("scope", scope), ("audience", audience)];
                let params = optional.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
                let request = TokenRequest::oauth2(token_url, client_id, client_secret, params, *style);
                let pointer = "/access_token".to_owned();
                (request, pointer, AUTHORIZATION, "Bearer ".to_owned(), None)
            }
            UpstreamAuth::TokenRequest { url, method, headers, body, token, header, prefix, lifetime } => {
                let request = TokenRequest::custom(url, *method, headers, body.as_ref())?;
                let name = header.parse().map_err(|_| HttpUpstreamError::Header(header.clone()))?;
                (request, JsonPointer::as_str(token).to_owned(), name, prefix.clone(), *lifetime)
            }
        };
        let cached = Mutex::new(None);
        Ok(Some(Self { request, pointer, header, prefix, lifetime, timeout, cached }))
    }

    /// Returns the header with a valid token, which it requests if there is none.
    pub(super) async fn header(&self, client: &Client) -> Result<(HeaderName, HeaderValue), FetchError> {
        let mut cached = self.cached.lock().await;
        let is_valid = |token: &CachedToken| token.expires_at.is_none_or(|at| Instant::now() < at);
        let token = match cached.take().filter(is_valid) {
            Some(token) => token,
            None => self.fetch(client).await?,
        };
        let value = token.value.clone();
        *cached = Some(token);
        Ok((self.header.clone(), value))
    }

    /// Discards the token, which the upstream no longer accepts.
    pub(super) async fn discard(&self) {
        *self.cached.lock().await = None;
    }

    async fn fetch(&self, client: &Client) -> Result<CachedToken, FetchError> {
        let fetched = tokio::time::timeout(self.timeout, self.request(client));
        fetched.await.unwrap_or_else(|_| Err(FetchError::transient("timed out", None))).map_err(|error| {
            // The status is that of another list than the source's, whose end it may not signal.
            FetchError { cause: format!("{NO_TOKEN}: {}", error.cause), status: None, ..error }
        })
    }

    async fn request(&self, client: &Client) -> Result<CachedToken, FetchError> {
        let requested_at = Instant::now();
        let sent = self.request.build(client).send().await;
        let response =
            sent.map_err(|error| FetchError::transient(connection_cause(&error, &self.request.url), None))?;
        let status = response.status();
        let body = read_body(response, MAX_TOKEN_BYTES).await?;
        let json: Option<Value> = serde_json::from_slice(&body).ok();
        if !status.is_success() {
            let is_retryable = !status.is_client_error() || matches!(status.as_u16(), 408 | 425 | 429);
            let error = json.as_ref().and_then(|json| json.get("error")?.as_str());
            let error = error.filter(|error| OAUTH_ERRORS.contains(error));
            let detail = error.map(|error| format!(" ({error})")).unwrap_or_default();
            let cause = format!("the token request was answered with status {}{detail}", status.as_u16());
            return Err(FetchError { is_refusal: !is_retryable, ..FetchError::transient(cause, None) });
        }
        let token = match json.as_ref().and_then(|json| json.pointer(&self.pointer)) {
            Some(Value::String(token)) if !token.is_empty() => token.clone(),
            Some(Value::Number(number)) => number.to_string(),
            None if self.pointer.is_empty() => String::from_utf8_lossy(&body).trim().to_owned(),
            _ => {
                let cause = format!("the response has no text at {}", self.pointer);
                return Err(FetchError::transient(cause, None));
            }
        };
        let value = secret_value(&format!("{}{token}", self.prefix)).ok_or_else(|| {
            FetchError::transient("the token contains characters that are invalid in headers", None)
        })?;
        let stated = json.as_ref().and_then(|json| match json.get("expires_in")? {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        });
        let stated = stated.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let lifetime = self.lifetime.or(stated);
        let expires_at = lifetime.and_then(|lifetime| {
            requested_at.checked_add(lifetime.saturating_sub((lifetime / 10).min(MAX_LEEWAY)))
        });
        Ok(CachedToken { value, expires_at })
    }
}

impl TokenRequest {
    fn oauth2<'p>(
        url: &Url,
        client_id: &Secret,
        client_secret: &Secret,
        params: impl Iterator<Item = (&'p str, &'p str)>,
        style: ClientAuthStyle,
    ) -> Self {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials").extend_pairs(params);
        let basic = match style {
            ClientAuthStyle::Body => {
                form.append_pair("client_id", client_id.expose());
                form.append_pair("client_secret", client_secret.expose());
                None
            }
            // RFC 6749, section 2.3.1: both are encoded before they are joined.
            ClientAuthStyle::Basic => {
                let encode =
                    |secret: &Secret| form_urlencoded::byte_serialize(secret.expose().as_bytes()).collect();
                let (user, password): (String, String) = (encode(client_id), encode(client_secret));
                Some((user, Secret::new(password)))
            }
        };
        let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        Self {
            method: Method::POST,
            url: url.clone(),
            headers: HeaderMap::from_iter([(CONTENT_TYPE, form_type)]),
            basic,
            body: Some(Secret::new(form.finish())),
        }
    }

    fn custom(
        url: &Url,
        method: RequestMethod,
        headers: &[(String, Secret)],
        body: Option<&PostBody>,
    ) -> Result<Self, HttpUpstreamError> {
        let mut headers = parse_headers(headers)?;
        if let Some(body) = body {
            set_content_type(&mut headers, body);
        }
        let body = body.map(|body| match body.expose() {
            BodyContent::Json(json) => Secret::new(json.to_string()),
            BodyContent::Text(text) => Secret::new(text.clone()),
        });
        let method = match method {
            RequestMethod::Get => Method::GET,
            RequestMethod::Post => Method::POST,
        };
        Ok(Self { method, url: url.clone(), headers, basic: None, body })
    }

    fn build(&self, client: &Client) -> RequestBuilder {
        let mut request = client.request(self.method.clone(), self.url.clone());
        request = request.header(ACCEPT, "application/json").headers(self.headers.clone());
        if let Some((user, password)) = &self.basic {
            request = request.basic_auth(user, Some(password.expose()));
        }
        match &self.body {
            Some(body) => request.body(body.expose().to_owned()),
            None => request,
        }
    }
}
