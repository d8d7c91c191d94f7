//! Pages of other origins: requests without effect, and responses that allowed pages may read.

use quarry::config::Settings;
use quarry::http::Origins;
use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use super::server::{Server, Setup, code, read};
use crate::support::socket::Socket;

const SHOP: &str = "https://shop.example";
const EVIL: &str = "https://evil.example";
const MUTATION: &str = "mutation { indexDocuments(input: {documents: [{source: \"a\", key: \"1\", text: \"x\"}]}) { \
                        inserted } }";

async fn server(allowed: &[&str]) -> Server {
    configured(&format!("allowed_origins = {allowed:?}")).await
}

/// A server with these settings of `[server]`.
async fn configured(settings: &str) -> Server {
    let settings = Settings::from_toml(&format!("[server]\n{settings}")).unwrap();
    Server::start_with(Setup { origins: Origins::of(&settings), ..Setup::default() }).await
}

fn preflight(server: &Server, origin: &str) -> RequestBuilder {
    server
        .request("OPTIONS", "/graphql")
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type,apollo-require-preflight")
}

fn cors_headers(response: &Response) -> Vec<String> {
    let names = response.headers().keys().map(|name| name.as_str().to_owned());
    names.filter(|name| name.starts_with("access-control-")).collect()
}

#[tokio::test]
async fn allowed_pages_receive_cors_headers() {
    let server = server(&[SHOP, "http://localhost:5173"]).await;
    for origin in [SHOP, "http://localhost:5173"] {
        let response = preflight(&server, origin).send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["access-control-allow-origin"], origin);
        let list = |name: &str| response.headers()[name].to_str().unwrap().to_lowercase();
        let headers = list("access-control-allow-headers");
        for header in [
            "authorization",
            "content-type",
            "apollo-require-preflight",
            "x-apollo-operation-name",
            "x-request-id",
            "traceparent",
            "baggage",
            "sentry-trace",
            "x-requested-with",
            "graphql-client-name",
            "cache-control",
        ] {
            assert!(headers.split(',').any(|allowed| allowed == header), "{header}: {headers}");
        }
        assert!(list("access-control-allow-methods").contains("post"));
        assert!(!response.headers().contains_key("access-control-allow-credentials"));

        let request = server.post(&json!({"query": "{ __typename }"})).header("origin", origin);
        let response = request.header("sec-fetch-site", "cross-site").send().await.unwrap();
        assert_eq!(response.headers()["access-control-allow-origin"], origin);
        let exposed = response.headers()["access-control-expose-headers"].to_str().unwrap();
        assert!(exposed.contains("x-request-id") && exposed.contains("retry-after"), "{exposed}");
        let varies: Vec<_> = response.headers().get_all("vary").iter().collect();
        assert!(varies.iter().any(|vary| *vary == "accept") && varies.iter().any(|vary| *vary == "origin"));
        assert_eq!(read(response).await["data"]["__typename"], "Query");

        let url = "/graphql?query={__typename}";
        let got = server.get(url).header("origin", origin).header("sec-fetch-site", "cross-site");
        assert_eq!(got.send().await.unwrap().status(), 200);
        // A request without an origin is not from a page.
        let got = server.get(url).header("sec-fetch-site", "cross-site").send().await.unwrap();
        assert_eq!(got.status(), 403);
        let errors = server.post(&json!({})).header("origin", origin).send().await.unwrap();
        assert_eq!(errors.headers()["access-control-allow-origin"], origin, "errors can be read, too");
        Socket::try_open(server.address, Some("graphql-transport-ws"), Some(origin)).await.unwrap();
    }
}

#[tokio::test]
async fn other_pages_receive_no_cors_headers() {
    for allowed in [&[][..], &[SHOP]] {
        let server = server(allowed).await;
        for origin in
            [EVIL, "null", "http://127.0.0.1:1", "https://shop.example.evil", "https://shop.example:444"]
        {
            for request in [
                preflight(&server, origin),
                server.post(&json!({"query": MUTATION})).header("origin", origin),
                server.post(&json!({"query": "{ __typename }"})).header("origin", origin),
                server.get("/graphql?query={__typename}").header("origin", origin),
                // A request of an EventSource.
                server
                    .get("/graphql?query=subscription{searchLogged{query}}")
                    .header("accept", "text/event-stream")
                    .header("origin", origin),
                // A request of a form.
                server
                    .request("POST", "/graphql")
                    .header("content-type", "text/plain")
                    .header("origin", origin),
            ] {
                let response = request.header("sec-fetch-site", "cross-site").send().await.unwrap();
                assert_eq!(response.status(), 403, "{origin}");
                assert_eq!(cors_headers(&response), [""; 0], "{origin}");
                let answer = read(response).await;
                assert_eq!(code(&answer["errors"][0]), "FORBIDDEN");
                assert!(answer["errors"][0]["message"].to_string().contains("server.allowed_origins"));
            }
            let socket = Socket::try_open(server.address, Some("graphql-transport-ws"), Some(origin)).await;
            assert!(socket.is_err(), "{origin} opened a WebSocket");
        }
        let stored = server.data("{ search(query: \"\") { totalCount } }", json!({})).await;
        assert_eq!(stored["search"]["totalCount"], 0, "no mutation ran");
    }
}

#[tokio::test]
async fn by_default_only_pages_of_the_own_origin_are_allowed() {
    let server = server(&[]).await;
    let own = format!("http://{}", server.address);
    let response = server.post(&json!({"query": MUTATION})).header("origin", &own).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(cors_headers(&response), [""; 0]);
    assert_eq!(read(response).await["data"]["indexDocuments"]["inserted"], 1);
    let response = server.request("OPTIONS", "/graphql").send().await.unwrap();
    assert_eq!((response.status(), cors_headers(&response)), (StatusCode::METHOD_NOT_ALLOWED, Vec::new()));
    Socket::try_open(server.address, Some("graphql-transport-ws"), Some(&own)).await.unwrap();
    // Other pages can load responses without reading them, but not interpret them.
    let loaded = server.get("/graphql?query={__typename}").send().await.unwrap();
    assert_eq!(loaded.headers()["x-content-type-options"], "nosniff");
    assert_eq!(loaded.headers()["cross-origin-resource-policy"], "same-origin");
}

#[tokio::test]
async fn a_wildcard_allows_all_pages() {
    let server = server(&["*"]).await;
    let request = server.post(&json!({"query": MUTATION})).header("origin", EVIL);
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["access-control-allow-origin"], "*");
    assert_eq!(read(response).await["data"]["indexDocuments"]["inserted"], 1);
    assert_eq!(preflight(&server, EVIL).send().await.unwrap().headers()["access-control-allow-origin"], "*");
}

#[tokio::test]
async fn rebound_host_names_are_rejected() {
    let server = server(&[]).await;
    // To the browser, this page has the server's own origin.
    let rebound = |request: RequestBuilder| {
        request.header("host", "evil.example:8000").header("origin", "http://evil.example:8000")
    };
    for request in [
        rebound(server.post(&json!({"query": MUTATION}))),
        server.get("/graphql?query={__typename}").header("host", "evil.example:8000"),
        rebound(server.get("/graphql/ws")),
    ] {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 421);
        let answer: Value = read(response).await;
        assert_eq!(code(&answer["errors"][0]), "FORBIDDEN");
        assert!(answer["errors"][0]["message"].to_string().contains("server.allowed_hosts"));
    }
    for host in ["localhost:8000", "127.0.0.1", "[::1]:8000"] {
        let request = server.post(&json!({"query": "{ __typename }"})).header("host", host);
        assert_eq!(request.send().await.unwrap().status(), 200, "{host}");
    }
}

#[tokio::test]
async fn listed_headers_are_allowed() {
    let allowed = async |settings: &str| {
        let server = configured(&format!("allowed_origins = [\"{SHOP}\"]\n{settings}")).await;
        let response = server
            .request("OPTIONS", "/graphql")
            .header("origin", SHOP)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,x-shop");
        let response = response.send().await.unwrap();
        let headers = response.headers()["access-control-allow-headers"].to_str().unwrap().to_lowercase();
        headers.split(',').map(|name| name.trim().to_owned()).collect::<Vec<_>>()
    };
    assert!(!allowed("").await.contains(&"x-shop".to_owned()));
    let listed = allowed("allowed_headers = [\"X-Shop\"]").await;
    assert!(listed.contains(&"x-shop".to_owned()) && !listed.contains(&"baggage".to_owned()), "{listed:?}");
    // Headers that the server reads are always allowed.
    assert!(listed.contains(&"authorization".to_owned()), "{listed:?}");
    let every = allowed("allowed_headers = [\"*\"]").await;
    assert!(["x-shop", "authorization"].iter().all(|name| every.contains(&(*name).to_owned())), "{every:?}");
}
