//! GraphiQL at `/graphiql`, built into the binary, so that it works without a network.
//!
//! Its content security policy lets the page load from and connect to this server alone. It
//! deliberately lacks a build step: the published files are served unchanged.

use std::sync::LazyLock;

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};

use super::page_file::{REVALIDATED, headers};
use super::validator;

/// Scripts, requests and WebSockets of this server only. Inline styles are for dialogs, which add them
/// to the page; fonts are in the style sheet.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                      font-src data:; img-src 'self' data:; connect-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// A query that demonstrates a part of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExampleQuery {
    /// The document.
    pub query: &'static str,
    /// Its variables, as a JSON object; empty for none.
    pub variables: &'static str,
}

macro_rules! asset {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/graphiql/", $name))
    };
}

/// The queries of the editor's initial tabs.
pub const EXAMPLE_QUERIES: &[ExampleQuery] = &[
    // GraphiQL ignores the variables of the first tab.
    ExampleQuery { query: asset!("queries/search.graphql"), variables: "" },
    ExampleQuery { query: asset!("queries/sources.graphql"), variables: "" },
    ExampleQuery { query: asset!("queries/reports.graphql"), variables: "" },
    ExampleQuery {
        query: asset!("queries/index_documents.graphql"),
        variables: asset!("queries/index_documents.json"),
    },
    ExampleQuery {
        query: asset!("queries/crawl_progress.graphql"),
        variables: asset!("queries/crawl_progress.json"),
    },
];

/// A file of the page.
struct Asset {
    name: &'static str,
    body: Bytes,
    etag: HeaderValue,
}

impl Asset {
    fn new(name: &'static str, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        Self { name, etag: validator::of(&body), body }
    }
}

static PAGE: LazyLock<Asset> = LazyLock::new(|| Asset::new("page.html", page()));

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    vec![
        Asset::new("graphiql.min.css", asset!("graphiql.min.css")),
        Asset::new("page.css", asset!("page.css")),
        Asset::new("react.production.min.js", asset!("react.production.min.js")),
        Asset::new("react-dom.production.min.js", asset!("react-dom.production.min.js")),
        Asset::new("graphiql.min.js", asset!("graphiql.min.js")),
        Asset::new("start.js", asset!("start.js")),
    ]
});

/// The routes of the page and its files.
pub(super) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/graphiql", get(async |headers: HeaderMap| respond(&PAGE, &headers)))
        // The page's URLs are relative, so its own must not end in a slash.
        .route("/graphiql/", get(async || Redirect::permanent("../graphiql")))
        .route("/graphiql/{asset}", get(serve_asset))
}

async fn serve_asset(Path(name): Path<String>, headers: HeaderMap) -> Response {
    match ASSETS.iter().find(|asset| asset.name == name) {
        Some(asset) => respond(asset, &headers),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn respond(asset: &Asset, request: &HeaderMap) -> Response {
    let headers = headers(asset.name, &asset.etag, REVALIDATED, POLICY);
    if validator::matches(request, &asset.etag) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    (headers, asset.body.clone()).into_response()
}

/// The page with its tabs as data: an inline script would need a weaker policy.
fn page() -> String {
    let tabs: Vec<serde_json::Value> = EXAMPLE_QUERIES
        .iter()
        .map(|example| serde_json::json!({ "query": example.query, "variables": example.variables }))
        .collect();
    // The data must not contain the end tag of its element.
    let tabs = serde_json::Value::from(tabs).to_string().replace('<', "\\u003c");
    asset!("page.html").replace("TABS", &tabs)
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use http::Request;
    use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
    use tower::ServiceExt;

    use super::*;

    async fn get_path(path: &str, stored: Option<&str>) -> Response {
        let mut request = Request::get(path);
        if let Some(tags) = stored {
            request = request.header(IF_NONE_MATCH, tags);
        }
        routes::<()>().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    async fn text(response: Response) -> String {
        String::from_utf8(to_bytes(response.into_body(), 4 << 20).await.unwrap().to_vec()).unwrap()
    }

    /// The values of an attribute in a page.
    fn attributes(page: &str, attribute: &str) -> Vec<String> {
        let start = format!("{attribute}=\"");
        page.split(&start).skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())).collect()
    }

    #[tokio::test]
    async fn the_page_loads_from_this_server_only() {
        let page = text(get_path("/graphiql", None).await).await;
        let mut names = attributes(&page, "src");
        names.extend(attributes(&page, "href").into_iter().filter(|name| name != "data:,"));
        assert_eq!(names.len(), ASSETS.len(), "{names:?}");
        for name in names {
            assert!(name.starts_with("graphiql/"), "{name} belongs to another server");
            let response = get_path(&format!("/{name}"), None).await;
            assert_eq!(response.status(), StatusCode::OK, "{name}");
            let kind = if name.ends_with(".css") { "css" } else { "javascript" };
            let expected = format!("text/{kind}; charset=utf-8");
            assert_eq!(response.headers()[CONTENT_TYPE], expected, "{name}");
            assert!(!text(response).await.is_empty(), "{name}");
        }
        assert!(!page.contains("://"), "the page refers to another server");
    }

    #[tokio::test]
    async fn a_stored_file_is_revalidated() {
        for path in ["/graphiql", "/graphiql/graphiql.min.js"] {
            let sent = get_path(path, None).await;
            let etag = sent.headers()[ETAG].to_str().unwrap().to_owned();
            for stored in [etag.clone(), format!("\"other\", {etag}"), "*".to_owned()] {
                let response = get_path(path, Some(&stored)).await;
                assert_eq!(response.status(), StatusCode::NOT_MODIFIED, "{path} {stored}");
                assert!(text(response).await.is_empty());
            }
            assert_eq!(get_path(path, Some("\"other\"")).await.status(), StatusCode::OK);
        }
    }

    #[tokio::test]
    async fn the_policy_allows_this_server_only() {
        let response = get_path("/graphiql", None).await;
        let headers = response.headers().clone();
        let page = text(response).await;
        let policy = headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
        assert!(!policy.contains("http") && !policy.contains('*') && !policy.contains("eval"), "{policy}");
        // Inline elements hold data only.
        for script in page.split("<script").skip(1) {
            assert!(
                script.contains("src=\"") || script.starts_with(" type=\"application/json\""),
                "{script}"
            );
        }
    }

    #[tokio::test]
    async fn the_tabs_are_the_example_queries() {
        let page = text(get_path("/graphiql", None).await).await;
        let data = page.split_once("id=\"tabs\">").unwrap().1.split_once("</script>").unwrap().0;
        let tabs: Vec<serde_json::Value> = serde_json::from_str(data).unwrap();
        assert_eq!(tabs.len(), EXAMPLE_QUERIES.len());
        for (tab, example) in tabs.iter().zip(EXAMPLE_QUERIES) {
            assert_eq!(tab["query"], example.query);
            let variables = tab["variables"].as_str().unwrap();
            assert!(
                variables.is_empty()
                    || serde_json::from_str::<serde_json::Value>(variables).unwrap().is_object()
            );
        }
    }

    #[tokio::test]
    async fn other_paths_are_not_found_and_a_trailing_slash_redirects() {
        assert_eq!(get_path("/graphiql/page.html", None).await.status(), StatusCode::NOT_FOUND);
        assert_eq!(get_path("/graphiql/..%2FREADME.md", None).await.status(), StatusCode::NOT_FOUND);
        let response = get_path("/graphiql/", None).await;
        assert_eq!(response.status(), StatusCode::PERMANENT_REDIRECT);
        assert_eq!(response.headers()["location"], "../graphiql");
    }
}
