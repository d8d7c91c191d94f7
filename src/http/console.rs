//! The web console at `/`, built into the binary with compressed variants of its files.
//!
//! Its content security policy lets the page load from and connect to this server alone. Apart from the
//! page, file names contain a digest of their content, so browsers keep them.

use std::sync::LazyLock;

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, VARY};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::page_file::{REVALIDATED, headers};
use super::validator;

/// Files, requests and WebSockets of this server only, and no script that the page builds from text.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'; trusted-types 'none'";
/// The page names the other files by digests of their content.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
const PAGE: &str = "index.html";

/// A file of the build.
struct ConsoleFile {
    name: &'static str,
    identity: &'static [u8],
    brotli: &'static [u8],
    gzip: &'static [u8],
}

static FILES: &[ConsoleFile] = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/console/files.rs"));

/// The validators of the files, in their order.
static ETAGS: LazyLock<Vec<HeaderValue>> =
    LazyLock::new(|| FILES.iter().map(|file| validator::of(file.identity)).collect());

/// The routes of the page's files.
pub(super) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/console/{file}", get(serve_file))
}

/// Responds with the page.
pub(super) fn page(request: &HeaderMap) -> Response {
    respond(PAGE, request, REVALIDATED)
}

async fn serve_file(Path(name): Path<String>, request: HeaderMap) -> Response {
    // The page's URLs are relative to `/`.
    if name == PAGE {
        return StatusCode::NOT_FOUND.into_response();
    }
    respond(&name, &request, IMMUTABLE)
}

fn respond(name: &str, request: &HeaderMap, caching: &'static str) -> Response {
    let Some((file, etag)) = FILES.iter().zip(&*ETAGS).find(|(file, _)| file.name == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let value = HeaderValue::from_static;
    let (headers, vary) = (headers(name, etag, caching, POLICY), [(VARY, value("accept-encoding"))]);
    if validator::matches(request, etag) {
        return (StatusCode::NOT_MODIFIED, headers, vary).into_response();
    }
    let (encoding, body) = if accepts(request, "br") {
        (Some("br"), file.brotli)
    } else if accepts(request, "gzip") {
        (Some("gzip"), file.gzip)
    } else {
        (None, file.identity)
    };
    let mut response = (headers, vary, Bytes::from_static(body)).into_response();
    if let Some(encoding) = encoding {
        response.headers_mut().insert(CONTENT_ENCODING, value(encoding));
    }
    response
}

/// Returns true if the client names a content coding, and not with a quality of zero.
fn accepts(request: &HeaderMap, coding: &str) -> bool {
    let values = request.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|item| {
        let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
        let quality = parameters.trim().strip_prefix("q=").map_or(Ok(1.0), str::parse::<f32>);
        name.trim().eq_ignore_ascii_case(coding) && quality.is_ok_and(|quality| quality > 0.0)
    })
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
    use http::{HeaderName, Request};
    use tower::ServiceExt;

    use super::super::page_file::content_type;
    use super::*;

    async fn get_file(name: &str, headers: &[(HeaderName, &str)]) -> Response {
        let mut request = Request::get(format!("/console/{name}"));
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        routes::<()>().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    async fn body(response: Response) -> Vec<u8> {
        to_bytes(response.into_body(), 4 << 20).await.unwrap().to_vec()
    }

    fn page_text() -> &'static str {
        let file = FILES.iter().find(|file| file.name == PAGE).expect("the build has a page");
        std::str::from_utf8(file.identity).unwrap()
    }

    fn hashed() -> impl Iterator<Item = &'static ConsoleFile> {
        FILES.iter().filter(|file| file.name != PAGE)
    }

    #[tokio::test]
    async fn the_page_loads_files_of_this_server_only() {
        let page = page_text();
        assert!(!page.contains("://"), "the page refers to another server");
        let mut links = 0;
        for attribute in ["src=\"", "href=\""] {
            for rest in page.split(attribute).skip(1) {
                let url = rest.split('"').next().unwrap();
                let name = url.strip_prefix("console/").unwrap_or_else(|| panic!("{url} is not relative"));
                assert_eq!(get_file(name, &[]).await.status(), StatusCode::OK, "{name}");
                links += 1;
            }
        }
        assert!(links >= 3, "a script, a style sheet and an icon: {page}");
        assert!(!page.contains("style=") && !page.contains("<style"), "the policy refuses inline styles");
        for script in page.split("<script").skip(1) {
            assert!(script.contains("src=\""), "the policy refuses inline scripts: {script}");
        }
    }

    #[tokio::test]
    async fn the_client_chooses_the_encoding() {
        let file = hashed().find(|file| content_type(file.name).contains("javascript")).unwrap();
        for (accepted, encoding, expected) in [
            ("gzip, deflate, br, zstd", Some("br"), file.brotli),
            ("gzip, br;q=0", Some("gzip"), file.gzip),
            ("GZIP;q=0.5", Some("gzip"), file.gzip),
            ("gzip; q=0", None, file.identity),
            ("identity", None, file.identity),
        ] {
            let response = get_file(file.name, &[(ACCEPT_ENCODING, accepted)]).await;
            let sent = response.headers().get(CONTENT_ENCODING).map(|value| value.to_str().unwrap());
            assert_eq!(sent, encoding, "{accepted}");
            assert_eq!(response.headers()[VARY], "accept-encoding");
            assert!(body(response).await == expected, "{accepted}");
        }
    }

    #[tokio::test]
    async fn hashed_files_are_kept_and_the_page_is_revalidated() {
        for file in hashed() {
            let response = get_file(file.name, &[]).await;
            assert_eq!(response.headers()[CACHE_CONTROL], IMMUTABLE, "{}", file.name);
            assert_ne!(response.headers()[CONTENT_TYPE], "application/octet-stream", "{}", file.name);
        }
        let sent = page(&HeaderMap::new());
        assert_eq!(sent.headers()[CACHE_CONTROL], REVALIDATED);
        let stored = HeaderMap::from_iter([(IF_NONE_MATCH, sent.headers()[ETAG].clone())]);
        assert_eq!(page(&stored).status(), StatusCode::NOT_MODIFIED);
    }

    #[tokio::test]
    async fn the_policy_allows_no_inline_content_and_no_other_server() {
        let response = page(&HeaderMap::new());
        let policy = response.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{policy}");
        for refused in ["unsafe", "http", "*", "data:", "blob:"] {
            assert!(!policy.contains(refused), "{policy}");
        }
    }

    #[tokio::test]
    async fn other_names_are_not_found() {
        for name in ["index.html", "files.rs", "..%2Ffiles.rs", "licences.md"] {
            assert_eq!(get_file(name, &[]).await.status(), StatusCode::NOT_FOUND, "{name}");
        }
    }
}
