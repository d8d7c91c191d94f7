//! Pages of other origins: what they may not send, and what they may read if they are allowed.

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
async fn allowed_pages_are_told_what_they_may_send_and_read() {
    let server = server(&[SHOP, "http://localhost:5173"]).await;
    for origin in [SHOP, "http://localhost:5173"] {
        let asked = preflight(&server, origin).send().await.unwrap();
        assert_eq!(asked.status(), 200);
        assert_eq!(asked.headers()["access-control-allow-origin"], origin);
        let says = |name: &str| asked.headers()[name].to_str().unwrap().to_lowercase();
        let headers = says("access-control-allow-headers");
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
        assert!(says("access-control-allow-methods").contains("post"));
        assert!(!asked.headers().contains_key("access-control-allow-credentials"));

        let request = server.post(&json!({"query": "{ __typename }"})).header("origin", origin);
        let answered = request.header("sec-fetch-site", "cross-site").send().await.unwrap();
        assert_eq!(answered.headers()["access-control-allow-origin"], origin);
        let exposed = answered.headers()["access-control-expose-headers"].to_str().unwrap();
        assert!(exposed.contains("x-request-id") && exposed.contains("retry-after"), "{exposed}");
        let varies: Vec<_> = answered.headers().get_all("vary").iter().collect();
        assert!(varies.iter().any(|vary| *vary == "accept") && varies.iter().any(|vary| *vary == "origin"));
        assert_eq!(read(answered).await["data"]["__typename"], "Query");

        let url = "/graphql?query={__typename}";
        let got = server.get(url).header("origin", origin).header("sec-fetch-site", "cross-site");
        assert_eq!(got.send().await.unwrap().status(), 200);
        // Without its origin it is not the page that reads.
        let got = server.get(url).header("sec-fetch-site", "cross-site").send().await.unwrap();
        assert_eq!(got.status(), 403);
        let errors = server.post(&json!({})).header("origin", origin).send().await.unwrap();
        assert_eq!(errors.headers()["access-control-allow-origin"], origin, "errors can be read, too");
        Socket::try_open(server.address, Some("graphql-transport-ws"), Some(origin)).await.unwrap();
    }
}

#[tokio::test]
async fn other_pages_get_nothing() {
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
                // What an EventSource sends.
                server
                    .get("/graphql?query=subscription{searchLogged{query}}")
                    .header("accept", "text/event-stream")
                    .header("origin", origin),
                // What a form sends.
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
async fn without_the_setting_the_servers_own_pages_alone_are_answered() {
    let server = server(&[]).await;
    let own = format!("http://{}", server.address);
    let response = server.post(&json!({"query": MUTATION})).header("origin", &own).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(cors_headers(&response), [""; 0]);
    assert_eq!(read(response).await["data"]["indexDocuments"]["inserted"], 1);
    let asked = server.request("OPTIONS", "/graphql").send().await.unwrap();
    assert_eq!((asked.status(), cors_headers(&asked)), (StatusCode::METHOD_NOT_ALLOWED, Vec::new()));
    Socket::try_open(server.address, Some("graphql-transport-ws"), Some(&own)).await.unwrap();
    // What other pages can load without reading it is not to be made something of.
    let loaded = server.get("/graphql?query={__typename}").send().await.unwrap();
    assert_eq!(loaded.headers()["x-content-type-options"], "nosniff");
    assert_eq!(loaded.headers()["cross-origin-resource-policy"], "same-origin");
}

#[tokio::test]
async fn every_page_is_allowed_if_that_is_said() {
    let server = server(&["*"]).await;
    let request = server.post(&json!({"query": MUTATION})).header("origin", EVIL);
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["access-control-allow-origin"], "*");
    assert_eq!(read(response).await["data"]["indexDocuments"]["inserted"], 1);
    assert_eq!(preflight(&server, EVIL).send().await.unwrap().headers()["access-control-allow-origin"], "*");
}

#[tokio::test]
async fn a_name_that_was_made_to_point_here_is_not_answered() {
    let server = server(&[]).await;
    // To the browser, this page is of the server's own origin.
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
async fn pages_may_send_the_headers_that_are_listed() {
    let allowed = async |settings: &str| {
        let server = configured(&format!("allowed_origins = [\"{SHOP}\"]\n{settings}")).await;
        let asked = server
            .request("OPTIONS", "/graphql")
            .header("origin", SHOP)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,x-shop");
        let asked = asked.send().await.unwrap();
        let headers = asked.headers()["access-control-allow-headers"].to_str().unwrap().to_lowercase();
        headers.split(',').map(|name| name.trim().to_owned()).collect::<Vec<_>>()
    };
    assert!(!allowed("").await.contains(&"x-shop".to_owned()));
    let listed = allowed("allowed_headers = [\"X-Shop\"]").await;
    assert!(listed.contains(&"x-shop".to_owned()) && !listed.contains(&"baggage".to_owned()), "{listed:?}");
    // What the server reads itself is allowed in any case.
    assert!(listed.contains(&"authorization".to_owned()), "{listed:?}");
    let every = allowed("allowed_headers = [\"*\"]").await;
    assert!(["x-shop", "authorization"].iter().all(|name| every.contains(&(*name).to_owned())), "{every:?}");
}
