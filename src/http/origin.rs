//! The origins whose pages may send requests.
//!
//! A browser names the origin of a page, and lets the page read a response only if the server allows that
//! origin (CORS). Requests without a preflight must have no effect: bodies are JSON, which needs one, and
//! a GET request of another site's page is rejected. [`host`](super::host) has the allowed host names.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Extension, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, ORIGIN, RETRY_AFTER};
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use tower_http::cors::{AllowHeaders, AllowOrigin, Any, CorsLayer};
use url::Url;

use super::HttpState;
use super::host::{Allowed, AllowedHosts, RequestHost};
use super::http_error::HttpError;
use super::negotiation::is_json;
use super::rejection_log::RejectionLog;
use crate::config::Settings;
use crate::graphql::ErrorCode;

/// Headers that no page sends to another origin without a preflight request.
const PREFLIGHTED: [&str; 2] = ["apollo-require-preflight", "x-apollo-operation-name"];
/// Other headers that the server reads.
const READ_HEADERS: [&str; 3] = ["x-request-id", "traceparent", "tracestate"];
/// The time that browsers cache a preflight response.
const PREFLIGHT_MAX_AGE: Duration = Duration::from_secs(3_600);

/// The allowed origins and host names. Clones share them.
#[derive(Clone, Debug)]
pub struct Origins(Arc<OriginRules>);

#[derive(Debug)]
struct OriginRules {
    origins: Allowed<HeaderValue>,
    /// The request headers that pages of these origins may send.
    headers: Allowed<HeaderName>,
    hosts: AllowedHosts,
    log: RejectionLog,
}

impl Origins {
    /// Reads the allowed origins, headers and host names from the settings.
    pub fn of(settings: &Settings) -> Self {
        let server = &settings.server;
        let origins = Allowed::parse(&server.allowed_origins, |origin| HeaderValue::from_str(origin).ok());
        let mut headers = Allowed::parse(&server.allowed_headers, |name| name.parse().ok());
        if let Allowed::Listed(names) = &mut headers {
            names.extend([ACCEPT, AUTHORIZATION, CONTENT_TYPE]);
            names.extend(PREFLIGHTED.into_iter().chain(READ_HEADERS).map(HeaderName::from_static));
        }
        let hosts = AllowedHosts::of(&server.allowed_hosts);
        Self(Arc::new(OriginRules { origins, headers, hosts, log: RejectionLog::default() }))
    }

    /// The CORS layer, if pages of other origins are allowed.
    pub(super) fn cors(&self) -> Option<CorsLayer> {
        let origins = match &self.0.origins {
            Allowed::Any => AllowOrigin::from(Any),
            Allowed::Listed(origins) if origins.is_empty() => return None,
            Allowed::Listed(origins) => AllowOrigin::list(origins.iter().cloned()),
        };
        let headers = match &self.0.headers {
            // A wildcard would exclude `authorization`.
            Allowed::Any => AllowHeaders::mirror_request(),
            Allowed::Listed(names) => AllowHeaders::list(names.iter().cloned()),
        };
        Some(
            CorsLayer::new()
                .allow_origin(origins)
                .allow_methods([Method::GET, Method::POST])
                .allow_headers(headers)
                .expose_headers([HeaderName::from_static("x-request-id"), RETRY_AFTER])
                .max_age(PREFLIGHT_MAX_AGE),
        )
    }

    /// Returns true for a page of another origin that is not allowed.
    fn is_foreign(&self, headers: &HeaderMap, host: &RequestHost) -> bool {
        let Some(origin) = headers.get(ORIGIN) else { return false };
        let is_allowed = match &self.0.origins {
            Allowed::Any => true,
            Allowed::Listed(origins) => origins.contains(origin),
        };
        // The browser knows the server's origin even if a proxy changes the host. No page can set this
        // header, and other clients gain nothing by it.
        let is_own = headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin");
        let is_of_host = || host.authority().is_some_and(|host| is_origin_of(origin, host));
        !is_allowed && !is_own && !is_of_host()
    }
}

/// Returns true if the origin is that of the host.
///
/// The scheme is not compared: behind a proxy that terminates TLS, every page of the server is `https`,
/// and not every proxy says so.
fn is_origin_of(origin: &HeaderValue, host: &Authority) -> bool {
    let Some(origin) = origin.to_str().ok().and_then(|origin| Url::parse(origin).ok()) else { return false };
    let Ok(server) = Url::parse(&format!("{}://{host}", origin.scheme())) else { return false };
    origin.host().is_some()
        && origin.host() == server.host()
        && origin.port_or_known_default() == server.port_or_known_default()
}

/// Rejects requests for unknown host names and from foreign origins.
pub(super) async fn check(
    State(state): State<HttpState>,
    Extension(host): Extension<RequestHost>,
    request: Request,
    next: Next,
) -> Response {
    let OriginRules { hosts, log, .. } = &*state.origins.0;
    if !hosts.allow(&host, state.access.requires_keys()) {
        log.log_host(host.name().as_ref());
        return HttpError::new(
            StatusCode::MISDIRECTED_REQUEST,
            ErrorCode::Forbidden,
            "This server does not answer under the requested host name. Use localhost, or add the name to \
             server.allowed_hosts.",
        )
        .into_response();
    }
    if state.origins.is_foreign(request.headers(), &host) {
        let origin = request.headers().get(ORIGIN).and_then(|origin| origin.to_str().ok());
        log.log_origin(origin.unwrap_or_default());
        return HttpError::new(
            StatusCode::FORBIDDEN,
            ErrorCode::Forbidden,
            "Pages of this origin may not send requests to this server. To allow them, add the origin to \
             server.allowed_origins.",
        )
        .into_response();
    }
    next.run(request).await
}

/// Returns true for a GET request of another site's page without a preflight, such as a link or an image.
///
/// The page cannot read the response, but the operation would run.
pub(super) fn is_forgeable(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    let is_other_site = matches!(site, Some(b"cross-site" | b"same-site"));
    // An origin, if there is one, has been checked.
    is_other_site && !headers.contains_key(ORIGIN) && !is_preflighted(headers)
}

/// Returns true if a header proves that a page of another site needed a preflight request for this.
pub(super) fn is_preflighted(headers: &HeaderMap) -> bool {
    is_json(headers)
        || PREFLIGHTED.iter().any(|name| headers.get(*name).is_some_and(|value| !value.is_empty()))
}

#[cfg(test)]
mod tests {
    use http::Version;

    use super::*;

    fn origins(pages: &str) -> Origins {
        let toml = format!("[server]\nallowed_origins = [{pages:?}]");
        Origins::of(&Settings::from_toml(&toml).unwrap())
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn pages_of_other_origins_are_foreign() {
        let is_foreign_to = |origins: &Origins, pairs: &[(&'static str, &str)]| {
            let mut request = http::Request::new(());
            *request.headers_mut() = headers(pairs);
            let host = if pairs.iter().any(|(name, value)| *name == "host" && !value.is_empty()) {
                RequestHost::of(&request).unwrap()
            } else {
                RequestHost::of(&http::Request::builder().version(Version::HTTP_10).body(()).unwrap())
                    .unwrap()
            };
            origins.is_foreign(request.headers(), &host)
        };
        let shop = origins("https://shop.example");
        let is_foreign = |pairs: &[(&'static str, &str)]| is_foreign_to(&shop, pairs);
        let allows = |origin: &str, host: &str| !is_foreign(&[("origin", origin), ("host", host)]);
        assert!(!is_foreign(&[]));
        for (origin, host, expected) in [
            ("http://127.0.0.1:8000", "127.0.0.1:8000", true),
            ("https://api.example", "api.example", true),
            ("https://API.example:443", "api.example", true),
            ("https://shop.example", "api.example", true),
            ("https://evil.example", "api.example", false),
            ("http://shop.example", "api.example", false),
            ("http://127.0.0.1:9000", "127.0.0.1:8000", false),
            ("https://shop.example.evil", "api.example", false),
            ("null", "api.example", false),
            ("", "", false),
        ] {
            assert_eq!(allows(origin, host), expected, "{origin} at {host}");
        }
        // A proxy that changes the host does not make a page foreign to its own server.
        let own =
            [("origin", "https://api.example"), ("host", "10.0.0.7:8000"), ("sec-fetch-site", "same-origin")];
        assert!(!is_foreign(&own));
        let evil = [("origin", "https://evil.example"), ("host", "api.example")];
        assert!(!is_foreign_to(&origins("*"), &evil));
    }

    #[test]
    fn requests_without_a_preflight_are_forgeable() {
        for (pairs, forgeable) in [
            (&[][..], false),
            (&[("sec-fetch-site", "none")], false),
            (&[("sec-fetch-site", "same-origin")], false),
            (&[("sec-fetch-site", "cross-site")], true),
            (&[("sec-fetch-site", "same-site")], true),
            (&[("sec-fetch-site", "cross-site"), ("apollo-require-preflight", "")], true),
            (&[("sec-fetch-site", "cross-site"), ("content-type", "text/plain")], true),
            (&[("sec-fetch-site", "cross-site"), ("apollo-require-preflight", "true")], false),
            (&[("sec-fetch-site", "cross-site"), ("x-apollo-operation-name", "Q")], false),
            (&[("sec-fetch-site", "cross-site"), ("content-type", "application/json")], false),
            (&[("sec-fetch-site", "cross-site"), ("origin", "https://shop.example")], false),
        ] {
            assert_eq!(is_forgeable(&headers(pairs)), forgeable, "{pairs:?}");
        }
    }
}
