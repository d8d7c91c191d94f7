//! GraphQL over HTTP, health checks, and other paths.

use quarry::http::HttpLimits;
use reqwest::Client;
use reqwest::redirect::Policy;
use serde_json::{Value, json};

use super::server::{Server, Setup, code, read};

const RESPONSE_JSON: &str = "application/graphql-response+json";

#[tokio::test]
async fn request_errors_have_no_data_and_a_status_by_media_type() {
    let server = Server::start().await;
    for query in ["{", "{ nonsense }", "query($q: String!) { search(query: $q) { totalCount } }"] {
        for (accept, status) in [(RESPONSE_JSON, 400), ("application/json", 200), ("*/*", 200)] {
            let response =
                server.post(&json!({"query": query})).header("accept", accept).send().await.unwrap();
            assert_eq!(response.status(), status, "{query} as {accept}");
            assert_eq!(response.headers()["vary"], "accept");
            assert_eq!(read(response).await.get("data"), None, "{query}");
        }
    }
    // The error of a field is not a request error.
    let response = server
        .post(&json!({"query": "{ search(query: \"\", first: -1) { totalCount } }"}))
        .header("accept", RESPONSE_JSON)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/graphql-response+json; charset=utf-8");
    assert_eq!(read(response).await["data"], Value::Null);
}

#[tokio::test]
async fn a_body_may_begin_with_a_byte_order_mark() {
    let server = Server::start().await;
    let operation =
        r#"{"query": "query($q: String!) { search(query: $q) { totalCount } }", "variables": {"q": "x"}}"#;
    let answer = json!({"data": {"search": {"totalCount": 0}}});
    for (body, expected) in [
        (format!("\u{feff}{operation}"), answer.clone()),
        (format!("\u{feff} [{operation}, {operation}]"), json!([answer, answer])),
    ] {
        let request =
            server.request("POST", "/graphql").header("content-type", "application/json").body(body);
        assert_eq!(read(request.send().await.unwrap()).await, expected);
    }
}

#[tokio::test]
async fn malformed_requests_are_rejected_with_a_message() {
    let server = Server::start().await;
    let post = |content_type: &str, body: &str| {
        server.request("POST", "/graphql").header("content-type", content_type).body(body.to_owned())
    };
    let json = "application/json";
    // Some clients read errors only in the media type that they prefer.
    for accept in [RESPONSE_JSON, json] {
        let refused = post(json, "{}").header("accept", accept).send().await.unwrap();
        assert_eq!(refused.status(), 400);
        assert_eq!(refused.headers()["content-type"], format!("{accept}; charset=utf-8"));
    }
    let wrong_variables = r#"{"query": "{ __typename }", "variables": [1]}"#;
    for (request, status) in [
        (post("text/plain", r#"{"query": "{ __typename }"}"#), 415),
        (post("application/x-www-form-urlencoded", "query={__typename}"), 415),
        (post("application/json; charset=latin1", r#"{"query": "{ __typename }"}"#), 415),
        (post(json, r#"{"query": "{ __typename }"}"#).header("accept", "text/html"), 406),
        (post(json, r#"{"query": "{ __typename }"}"#).header("content-encoding", "gzip"), 415),
        (post(json, ""), 400),
        (post(json, "{"), 400),
        (post(json, "7"), 400),
        (post(json, "{}"), 400),
        (post(json, r#"{"query": ""}"#), 400),
        (post(json, r#"{"query": 7}"#), 400),
        (post(json, wrong_variables), 400),
        (post(json, r#"{"query": "{ __typename }", "extensions": 1}"#), 400),
        (post(json, "[]"), 400),
        (server.request("PUT", "/graphql"), 405),
        (server.get("/graphql"), 400),
        (server.get("/graphql?query={__typename}&variables=7"), 400),
        (server.get("/graphql?query=mutation{startCrawl(source:%22messages%22){id}}"), 405),
        (server.get("/graphql?query={__typename}").header("sec-fetch-site", "cross-site"), 403),
        (server.get("/nowhere"), 404),
        (server.get("/graphql/ws"), 426),
        (server.request("POST", "/livez"), 405),
    ] {
        let response = request.send().await.unwrap();
        let url = response.url().clone();
        assert_eq!(response.status(), status, "{url}");
        assert!(response.headers().contains_key("x-request-id"));
        if status == 405 && url.path() == "/graphql" {
            assert!(response.headers()["allow"].to_str().unwrap().contains("POST"));
        }
        let answer = read(response).await;
        assert_eq!(answer.get("data"), None);
        let message = answer["errors"][0]["message"].as_str().unwrap();
        assert!(!message.contains("Error("), "no debug text: {message}");
        code(&answer["errors"][0]);
    }
    let nothing_crawled = server.data("{ sources { lastCrawl { id } } }", json!({})).await;
    assert_eq!(nothing_crawled["sources"][0]["lastCrawl"], Value::Null);
    let hint = read(server.get("/nothing").send().await.unwrap()).await["errors"][0]["message"].to_string();
    // Messages do not name disabled paths.
    let apart = Server::start_with(Setup { graphiql: Some(false), ..Setup::default() }).await;
    let other = read(apart.get("/nothing").send().await.unwrap()).await["errors"][0]["message"].to_string();
    assert!(other.contains("/graphql") && !other.contains("/graphiql"), "{other}");
    for path in ["/graphql", "/graphql/ws", "/graphiql", "/livez", "/readyz", "/metrics"] {
        assert!(hint.contains(path), "{hint}");
    }
}

#[tokio::test]
async fn the_root_serves_the_console_to_browsers_and_lists_paths_for_other_clients() {
    const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let open = Server::start().await;
    let client = Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
    let sent = async |server: &Server, accept: &str| {
        let url = format!("http://{}/", server.address);
        client.get(url).header("accept", accept).send().await.unwrap()
    };
    let page = sent(&open, BROWSER).await;
    assert_eq!(
        (page.status().as_u16(), page.headers()["vary"].to_str().unwrap()),
        (200, "accept, accept-encoding")
    );
    assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("script-src 'self';"));
    let page = page.text().await.unwrap();
    let script = page.split("src=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let script = open.get(&format!("/{script}")).send().await.unwrap();
    assert_eq!(script.status(), 200);
    assert!(script.headers()["cache-control"].to_str().unwrap().contains("immutable"));

    let addresses = json!({"graphql": "/graphql", "subscriptions": "/graphql/ws"});
    let mut with_pages = addresses.clone();
    with_pages["console"] = json!("/");
    with_pages["graphiql"] = json!("/graphiql");
    for accept in ["*/*", "application/json"] {
        let answer = sent(&open, accept).await;
        assert_eq!(answer.status(), 200, "{accept}");
        assert_eq!(read(answer).await, with_pages, "{accept}");
    }
    // Without the console, browsers are redirected to the explorer.
    let explorer = Server::start_with(Setup { console: Some(false), ..Setup::default() }).await;
    let led = sent(&explorer, BROWSER).await;
    assert_eq!(led.status(), 303);
    let target = led.url().join(led.headers()["location"].to_str().unwrap()).unwrap();
    assert_eq!(target.path(), "/graphiql");
    assert_eq!(explorer.get(target.path()).send().await.unwrap().status(), 200);
    assert_eq!(explorer.get("/console/index.js").send().await.unwrap().status(), 404);
    // Disabled paths are not listed.
    let closed = Server::start_with(Setup { graphiql: Some(false), ..Setup::default() }).await;
    for accept in [BROWSER, "*/*"] {
        let answer = sent(&closed, accept).await;
        assert_eq!(answer.status(), 200, "{accept}");
        assert_eq!(read(answer).await, addresses, "{accept}");
    }
    // A trailing slash is redirected, with the whole query.
    for method in ["GET", "POST"] {
        let url = format!("http://{}/graphql/?query=%7B__typename%7D", open.address);
        let led = client.request(method.parse().unwrap(), url).send().await.unwrap();
        assert_eq!(led.status(), 308, "{method}");
        let target = led.url().join(led.headers()["location"].to_str().unwrap()).unwrap();
        assert_eq!((target.path(), target.query()), ("/graphql", Some("query=%7B__typename%7D")));
    }
    // The error of an operation at a wrong path names the right one.
    let lost = open.request("POST", "/").body("{}").send().await.unwrap();
    assert_eq!(lost.status(), 404);
    let lost = read(lost).await;
    assert!(lost["errors"][0]["message"].as_str().unwrap().contains("/graphql"), "{lost}");
}

#[tokio::test]
async fn get_executes_queries() {
    let server = Server::start().await;
    let url = "/graphql?query=query+Q($q:String!){search(query:$q){totalCount}}+query+R{__typename}\
        &operationName=Q&variables={%22q%22:%22x%22}";
    for request in [
        server.get(url),
        server.get(url).header("sec-fetch-site", "same-origin"),
        server.get(url).header("sec-fetch-site", "cross-site").header("apollo-require-preflight", "true"),
    ] {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(read(response).await, json!({"data": {"search": {"totalCount": 0}}}));
    }
}

#[tokio::test]
async fn get_logs_a_search_only_with_a_preflighted_header() {
    let server = Server::start().await;
    let ask = |track: &str| {
        let query = "query($t: TrackInput) { search(query: \"tea\", track: $t) { totalCount } }";
        let url = url::form_urlencoded::Serializer::new("/graphql?".to_owned())
            .append_pair("query", query)
            .append_pair("variables", &format!("{{\"t\":{track}}}"))
            .finish();
        server.get(&url)
    };
    let track = "{\"sessionId\":\"s\"}";
    for accept in ["application/json", "text/event-stream"] {
        let refused = ask(track).header("accept", accept).send().await.unwrap();
        assert_eq!(refused.status(), 405, "an image of any page could send it");
        let message = read(refused).await["errors"][0]["message"].to_string();
        assert!(message.contains("apollo-require-preflight"), "{message}");
        assert_eq!(ask("null").header("accept", accept).send().await.unwrap().status(), 200);
    }
    let meant = ask(track).header("apollo-require-preflight", "true").send().await.unwrap();
    assert_eq!(read(meant).await, json!({"data": {"search": {"totalCount": 0}}}));
    let subscription = server.get("/graphql?query=subscription{searchLogged{id}}").send().await.unwrap();
    assert_eq!(subscription.status(), 405);
    let message = read(subscription).await["errors"][0]["message"].to_string();
    assert!(message.contains("text/event-stream"), "{message}");
}

#[tokio::test]
async fn bodies_and_batches_are_limited() {
    let http = HttpLimits { body_bytes: 4_096, ..HttpLimits::default() };
    let server = Server::start_with(Setup { http, ..Setup::default() }).await;
    let padded = |bytes: usize| json!({"query": "{ __typename }", "variables": {"pad": "x".repeat(bytes)}});
    assert_eq!(server.post(&padded(3_000)).send().await.unwrap().status(), 200);
    let refused = server.post(&padded(5_000)).send().await.unwrap();
    assert_eq!(refused.status(), 413);
    assert_eq!(code(&read(refused).await["errors"][0]), "BAD_USER_INPUT");
    // Without a content length.
    let chunks = (0..100).map(|_| Ok::<_, std::io::Error>(vec![b' '; 100]));
    let body = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks));
    let request = server.request("POST", "/graphql").header("content-type", "application/json").body(body);
    assert_eq!(request.send().await.unwrap().status(), 413);

    let one = |name: &str| json!({"query": format!("{{ {name} }}")});
    let answers =
        read(server.post(&json!([one("a: __typename"), one("nonsense")])).send().await.unwrap()).await;
    assert_eq!(answers[0], json!({"data": {"a": "Query"}}));
    assert_eq!(code(&answers[1]["errors"][0]), "GRAPHQL_VALIDATION_FAILED");
    assert_eq!(answers.as_array().unwrap().len(), 2);
    let many = server.post(&json!(vec![one("__typename"); 11])).send().await.unwrap();
    assert_eq!(many.status(), 400);
}

#[tokio::test]
async fn an_unknown_hash_is_answered_as_clients_expect() {
    let server = Server::start().await;
    let body = json!({"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "00"}}});
    let answer = read(server.post(&body).send().await.unwrap()).await;
    assert_eq!(code(&answer["errors"][0]), "PERSISTED_QUERY_NOT_SUPPORTED");
    assert_eq!(answer["errors"][0]["message"], "PersistedQueryNotSupported");
}

#[tokio::test]
async fn liveness_differs_from_readiness() {
    let server = Server::start_with(Setup { indexing: false, ..Setup::default() }).await;
    assert_eq!(server.get("/livez").send().await.unwrap().status(), 200);
    let response = server.get("/readyz").send().await.unwrap();
    assert_eq!(response.status(), 503);
    assert_eq!(
        read(response).await,
        json!({
            "ready": false,
            "notReady": ["the index is catching up with the store"],
            "index": {"applied": 0, "latest": 0, "behind": 0},
        })
    );

    let server = Server::start().await;
    server.index(json!([{"source": "a", "key": "1", "text": "x"}])).await;
    let response = server.get("/readyz").send().await.unwrap();
    assert_eq!(response.status(), 200);
    let index = json!({"applied": 1, "latest": 1, "behind": 0});
    assert_eq!(read(response).await, json!({"ready": true, "index": index}));
    server.readiness.drain();
    assert_eq!(server.get("/readyz").send().await.unwrap().status(), 503);
    assert_eq!(server.get("/livez").send().await.unwrap().status(), 200);
}
