//! Which pages may send requests, and under which names the server answers.
//!
//! A browser names the origin of the page that asks, and lets the page read an answer only where
//! the server allows that origin (CORS). What it sends without asking first must have no effect:
//! bodies are JSON, which it asks for, and a GET of another site's page is refused. A page whose own
//! name was made to point here (DNS rebinding) is no other site to the browser: it is known by the
//! name that it asks for.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, ORIGIN, RETRY_AFTER};
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use tower_http::cors::{AllowOrigin, Any, CorsLayer};
use url::{Host, Url};

use super::HttpState;
use super::negotiation::is_json;
use super::problem::Problem;
use crate::config::Settings;
use crate::graphql::ErrorCode;

/// Headers that no page sends to another origin unless the server was asked first.
const PREFLIGHTED: [&str; 2] = ["apollo-require-preflight", "x-apollo-operation-name"];
/// What clients in browsers send besides.
const CLIENT_HEADERS: [&str; 5] = [
    "x-request-id",
    "apollographql-client-name",
    "apollographql-client-version",
    "traceparent",
    "tracestate",
];
/// How long a browser may remember what it was allowed.
const REMEMBERED: Duration = Duration::from_secs(3_600);
/// Stands for every origin.
const EVERY: &str = "*";

/// The pages and names that a server answers. Clones share it.
#[derive(Clone, Debug)]
pub struct Origins(Arc<Rules>);

#[derive(Debug)]
struct Rules {
    pages: Pages,
    /// Names besides loopback ones.
    hosts: Vec<String>,
    /// Whether only this machine reaches the server.
    is_loopback: bool,
}

#[derive(Debug)]
enum Pages {
    Every,
    Listed(Vec<HeaderValue>),
}

impl Origins {
    /// The pages and names that the settings allow.
    pub fn of(settings: &Settings) -> Self {
        let server = &settings.server;
        Self::new(&server.allowed_origins, server.allowed_hosts.clone(), settings.listens_on_loopback())
    }

    /// Pages of these origins besides the server's own, each as `https://shop.example`, or of every
    /// origin if one is `*`; under these names and loopback ones. Without any, a server that only its
    /// machine reaches and that asks for no keys answers under loopback names, others under all.
    pub fn new(pages: &[String], hosts: Vec<String>, is_loopback: bool) -> Self {
        let pages = if pages.iter().any(|page| page == EVERY) {
            Pages::Every
        } else {
            Pages::Listed(pages.iter().filter_map(|page| HeaderValue::from_str(page).ok()).collect())
        };
        Self(Arc::new(Rules { pages, hosts, is_loopback }))
    }

    /// What tells browsers which pages may read answers; nothing where only the server's own may.
    pub(super) fn cors(&self) -> Option<CorsLayer> {
        let origins = match &self.0.pages {
            Pages::Every => AllowOrigin::from(Any),
            Pages::Listed(pages) if pages.is_empty() => return None,
            Pages::Listed(pages) => AllowOrigin::list(pages.iter().cloned()),
        };
        let names = PREFLIGHTED.into_iter().chain(CLIENT_HEADERS).map(HeaderName::from_static);
        let headers: Vec<_> = [ACCEPT, AUTHORIZATION, CONTENT_TYPE].into_iter().chain(names).collect();
        Some(
            CorsLayer::new()
                .allow_origin(origins)
                .allow_methods([Method::GET, Method::POST])
                .allow_headers(headers)
                .expose_headers([HeaderName::from_static("x-request-id"), RETRY_AFTER])
                .max_age(REMEMBERED),
        )
    }

    /// Whether the server answers under the name that the request asks for.
    fn knows_host(&self, request: &Request, asks_for_keys: bool) -> bool {
        let Rules { hosts, is_loopback, .. } = &*self.0;
        // Who has to show a key is known by that: the page of another name has none.
        if hosts.is_empty() && (!is_loopback || asks_for_keys) {
            return true;
        }
        let named = request.headers().get(HOST).map(HeaderValue::as_bytes);
        // Browsers always name a host.
        let Some(named) = named.or(request.uri().authority().map(|authority| authority.as_str().as_bytes()))
        else {
            return true;
        };
        let Ok(authority) = Authority::try_from(named) else { return false };
        match Host::parse(authority.host()) {
            Ok(Host::Ipv4(address)) if address.is_loopback() => true,
            Ok(Host::Ipv6(address)) if address.to_canonical().is_loopback() => true,
            Ok(Host::Domain(name)) if name == "localhost" || name.ends_with(".localhost") => true,
            Ok(host) => hosts.iter().any(|known| Host::parse(known).is_ok_and(|known| known == host)),
            Err(_) => false,
        }
    }

    /// Whether a page that is neither the server's own nor allowed sent this.
    fn is_foreign(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(ORIGIN) else { return false };
        let is_allowed = match &self.0.pages {
            Pages::Every => true,
            Pages::Listed(pages) => pages.contains(origin),
        };
        // The browser knows whom the page asked, whatever a proxy made of the host.
        let is_own = headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin");
        !is_allowed && !is_own && !is_of_host(origin, headers)
    }
}

/// Whether an origin is that of the host that is asked.
fn is_of_host(origin: &HeaderValue, headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(HOST).and_then(|host| host.to_str().ok()) else { return false };
    let Some(origin) = origin.to_str().ok().and_then(|origin| Url::parse(origin).ok()) else { return false };
    let Ok(server) = Url::parse(&format!("{}://{host}", origin.scheme())) else { return false };
    origin.host().is_some()
        && origin.host() == server.host()
        && origin.port_or_known_default() == server.port_or_known_default()
}

/// Lets in what may be asked for from where it comes from.
pub(super) async fn guard(State(state): State<HttpState>, request: Request, next: Next) -> Response {
    let origins = &state.origins;
    if !origins.knows_host(&request, state.gate.asks_for_keys()) {
        return Problem::new(
            StatusCode::MISDIRECTED_REQUEST,
            ErrorCode::Forbidden,
            "This server does not answer under the host name that was asked for. Ask for it by its address, or \
             add the name to server.allowed_hosts.",
        )
        .into_response();
    }
    if origins.is_foreign(request.headers()) {
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
    use axum::body::Body;

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn pages_of_other_origins_are_kept_out() {
        let origins = Origins::new(&["https://shop.example".to_owned()], Vec::new(), true);
        let lets_in =
            |origin: &str, host: &str| !origins.is_foreign(&headers(&[("origin", origin), ("host", host)]));
        assert!(!origins.is_foreign(&HeaderMap::new()));
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
        let own = headers(&[
            ("origin", "https://api.example"),
            ("host", "10.0.0.7:8000"),
            ("sec-fetch-site", "same-origin"),
        ]);
        assert!(!origins.is_foreign(&own));
        let every = Origins::new(&["*".to_owned()], Vec::new(), true);
        assert!(!every.is_foreign(&headers(&[("origin", "https://evil.example"), ("host", "api.example")])));
    }

    #[test]
    fn names_that_point_here_are_answered_only_if_they_are_known() {
        let asked = |host: &str| Request::get("/graphql").header("host", host).body(Body::empty()).unwrap();
        let origins = Origins::new(&[], vec!["api.example".to_owned()], false);
        let knows = |host: &str| origins.knows_host(&asked(host), true);
        for host in [
            "127.0.0.1:8000",
            "127.1.2.3",
            "[::1]:8000",
            "localhost",
            "app.localhost:80",
            "API.example:8000",
            "LOCALHOST:1",
        ] {
            assert!(knows(host), "{host}");
        }
        for host in ["evil.example:8000", "10.0.0.7", "localhost.evil.example", "api.example.evil", "a b", ""]
        {
            assert!(!knows(host), "{host}");
        }
        assert!(origins.knows_host(&Request::get("/graphql").body(Body::empty()).unwrap(), true));
        // Without names, it depends on who reaches the server, and on what it asks for.
        for (is_loopback, asks_for_keys, known) in
            [(true, false, false), (true, true, true), (false, false, true), (false, true, true)]
        {
            let origins = Origins::new(&[], Vec::new(), is_loopback);
            assert_eq!(origins.knows_host(&asked("evil.example"), asks_for_keys), known);
            assert!(origins.knows_host(&asked("127.0.0.1:8000"), asks_for_keys));
        }
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
