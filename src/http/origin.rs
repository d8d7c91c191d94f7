//! The pages that may send requests.
//!
//! A browser names the origin of the page that asks, and lets the page read an answer only where
//! the server allows that origin (CORS). What it sends without asking first must have no effect:
//! bodies are JSON, which it asks for, and a GET of another site's page is refused. The names that the
//! server answers under are checked by [`host`](super::host).

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, ORIGIN, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use tower_http::cors::{AllowHeaders, AllowOrigin, Any, CorsLayer};
use url::Url;

use super::HttpState;
use super::host::{Names, named_host};
use super::negotiation::is_json;
use super::problem::Problem;
use super::refusals::Refusals;
use crate::config::{Settings, allows_every};
use crate::graphql::ErrorCode;

/// Headers that no page sends to another origin unless the server was asked first.
const PREFLIGHTED: [&str; 2] = ["apollo-require-preflight", "x-apollo-operation-name"];
/// Other headers that the server reads.
const READ_HEADERS: [&str; 3] = ["x-request-id", "traceparent", "tracestate"];
/// How long a browser may remember what it was allowed.
const REMEMBERED: Duration = Duration::from_secs(3_600);

/// The pages and names that a server answers. Clones share it.
#[derive(Clone, Debug)]
pub struct Origins(Arc<Rules>);

#[derive(Debug)]
struct Rules {
    pages: Pages,
    headers: Headers,
    names: Names,
    refusals: Refusals,
}

#[derive(Debug)]
enum Pages {
    Every,
    Listed(Vec<HeaderValue>),
}

/// Headers that allowed pages may send.
#[derive(Debug)]
enum Headers {
    Every,
    Listed(Vec<HeaderName>),
}

impl Origins {
    /// The pages and names that the settings allow.
    pub fn of(settings: &Settings) -> Self {
        let server = &settings.server;
        let pages = if allows_every(&server.allowed_origins) {
            Pages::Every
        } else {
            let pages = server.allowed_origins.iter();
            Pages::Listed(pages.filter_map(|page| HeaderValue::from_str(page).ok()).collect())
        };
        let headers = if allows_every(&server.allowed_headers) {
            Headers::Every
        } else {
            let own = PREFLIGHTED.into_iter().chain(READ_HEADERS).map(HeaderName::from_static);
            let own = [ACCEPT, AUTHORIZATION, CONTENT_TYPE].into_iter().chain(own);
            let listed = server.allowed_headers.iter().filter_map(|name| name.parse().ok());
            Headers::Listed(own.chain(listed).collect())
        };
        let names = Names::of(&server.allowed_hosts);
        Self(Arc::new(Rules { pages, headers, names, refusals: Refusals::default() }))
    }

    /// The layer that tells browsers which pages may read answers, if others than the server's own may.
    pub(super) fn cors(&self) -> Option<CorsLayer> {
        let origins = match &self.0.pages {
            Pages::Every => AllowOrigin::from(Any),
            Pages::Listed(pages) if pages.is_empty() => return None,
            Pages::Listed(pages) => AllowOrigin::list(pages.iter().cloned()),
        };
        let headers = match &self.0.headers {
            // A wildcard would leave `authorization` out.
            Headers::Every => AllowHeaders::mirror_request(),
            Headers::Listed(names) => AllowHeaders::list(names.iter().cloned()),
        };
        Some(
            CorsLayer::new()
                .allow_origin(origins)
                .allow_methods([Method::GET, Method::POST])
                .allow_headers(headers)
                .expose_headers([HeaderName::from_static("x-request-id"), RETRY_AFTER])
                .max_age(REMEMBERED),
        )
    }

    /// Recognizes a request of a page that is neither the server's own nor allowed.
    fn is_foreign<B>(&self, request: &http::Request<B>) -> bool {
        let headers = request.headers();
        let Some(origin) = headers.get(ORIGIN) else { return false };
        let is_allowed = match &self.0.pages {
            Pages::Every => true,
            Pages::Listed(pages) => pages.contains(origin),
        };
        // The browser knows which server the page asked, whatever a proxy made of the host; no page can
        // set this header, and who is no browser gains nothing by it.
        let is_own = headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin");
        !is_allowed && !is_own && !named_host(request).is_some_and(|host| is_of_host(origin, host))
    }
}

/// Recognizes the origin of the host that is asked. Its scheme is not compared: a proxy in front
/// that speaks TLS makes every page of its own `https`, and does not always say so.
fn is_of_host(origin: &HeaderValue, host: &str) -> bool {
    let Some(origin) = origin.to_str().ok().and_then(|origin| Url::parse(origin).ok()) else { return false };
    let Ok(server) = Url::parse(&format!("{}://{host}", origin.scheme())) else { return false };
    origin.host().is_some()
        && origin.host() == server.host()
        && origin.port_or_known_default() == server.port_or_known_default()
}

/// Lets in what may be asked for from where it comes from.
pub(super) async fn guard(State(state): State<HttpState>, request: Request, next: Next) -> Response {
    let origins = &state.origins;
    if !origins.0.names.hold(&request, state.gate.requires_keys()) {
        origins.0.refusals.log_host(named_host(&request).unwrap_or_default());
        return Problem::new(
            StatusCode::MISDIRECTED_REQUEST,
            ErrorCode::Forbidden,
            "This server does not answer under the host name that was asked for. Ask for localhost, or add the \
             name to server.allowed_hosts.",
        )
        .into_response();
    }
    if origins.is_foreign(&request) {
        let origin = request.headers().get(ORIGIN).and_then(|origin| origin.to_str().ok());
        origins.0.refusals.log_origin(origin.unwrap_or_default());
        return Problem::new(
            StatusCode::FORBIDDEN,
            ErrorCode::Forbidden,
            "Pages of this origin may not send requests here. To let them, add the origin to \
             server.allowed_origins.",
        )
        .into_response();
    }
    next.run(request).await
}

/// A page of another site sent this GET, as a link or an image, without asking first: nothing that
/// the page can read, but it runs.
pub(super) fn is_forgeable(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    let is_elsewhere = matches!(site, Some(b"cross-site" | b"same-site"));
    // Whoever named an origin was let in by it.
    is_elsewhere && !headers.contains_key(ORIGIN) && !was_preflighted(headers)
}

/// A header says that no page of another site sent this without asking first.
pub(super) fn was_preflighted(headers: &HeaderMap) -> bool {
    is_json(headers)
        || PREFLIGHTED.iter().any(|name| headers.get(*name).is_some_and(|value| !value.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins(pages: &str) -> Origins {
        let toml = format!("[server]\nallowed_origins = [{pages:?}]");
        Origins::of(&Settings::from_toml(&toml).unwrap())
    }

    fn request(headers: HeaderMap) -> http::Request<()> {
        let mut request = http::Request::new(());
        *request.headers_mut() = headers;
        request
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn pages_of_other_origins_are_kept_out() {
        let shop = origins("https://shop.example");
        let is_foreign = |pairs: &[(&'static str, &str)]| shop.is_foreign(&request(headers(pairs)));
        let lets_in = |origin: &str, host: &str| !is_foreign(&[("origin", origin), ("host", host)]);
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
            assert_eq!(lets_in(origin, host), expected, "{origin} at {host}");
        }
        // A proxy that names another host does not make a page foreign to itself.
        let own =
            [("origin", "https://api.example"), ("host", "10.0.0.7:8000"), ("sec-fetch-site", "same-origin")];
        assert!(!is_foreign(&own));
        let evil = request(headers(&[("origin", "https://evil.example"), ("host", "api.example")]));
        assert!(!origins("*").is_foreign(&evil));
    }

    #[test]
    fn what_a_page_can_send_without_asking_is_told_apart() {
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
