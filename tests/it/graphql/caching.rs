//! Cacheable responses: those to queries that are sent by hash with GET, if configured.

use std::sync::Arc;
use std::time::Duration;

use quarry::cache::{CacheLimits, LocalCache};
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};

use super::persisted::{persisted, sha256, with_text};
use super::server::{Server, Setup};

const SEARCH: &str = "query($q: String!, $t: TrackInput) { search(query: $q, track: $t) { totalCount } }";

async fn server(max_age: u64) -> Server {
    let documents: Option<Arc<dyn quarry::cache::Cache>> =
        Some(Arc::new(LocalCache::new(CacheLimits::default())));
    let max_age = Duration::from_secs(max_age);
    Server::start_with(Setup { documents, max_age, ..Setup::default() }).await
}

fn by_hash(server: &Server, text: &str, variables: &Value) -> RequestBuilder {
    let extensions = persisted(&sha256(text));
    let url = url::form_urlencoded::Serializer::new("/graphql?".to_owned())
        .append_pair("extensions", &extensions.to_string())
        .append_pair("variables", &variables.to_string())
        .finish();
    server.get(&url).header("apollo-require-preflight", "true")
}

async fn register(server: &Server, text: &str) {
    server.post(&with_text(text)).send().await.unwrap();
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers()[name].to_str().unwrap()
}

#[tokio::test]
async fn a_response_to_a_hash_is_cacheable_and_revalidated() {
    let server = server(30).await;
    register(&server, SEARCH).await;
    let variables = json!({"q": "tea"});
    let first = by_hash(&server, SEARCH, &variables).send().await.unwrap();
    assert_eq!(header(&first, "cache-control"), "private, max-age=30");
    let varies: Vec<_> = first.headers().get_all("vary").iter().collect();
    assert!(varies.iter().any(|vary| *vary == "accept, authorization"), "{varies:?}");
    let etag = header(&first, "etag").to_owned();
    let again = by_hash(&server, SEARCH, &variables).header("if-none-match", &etag).send().await.unwrap();
    assert_eq!((again.status().as_u16(), header(&again, "etag")), (304, etag.as_str()));
    assert_eq!(header(&again, "cache-control"), "private, max-age=30");
    assert_eq!(again.text().await.unwrap(), "");
    // Another response has another validator.
    server.index(json!([{"source": "a", "key": "1", "text": "tea"}])).await;
    let changed = by_hash(&server, SEARCH, &variables).header("if-none-match", &etag).send().await.unwrap();
    assert_eq!(changed.status(), 200);
    assert_ne!(header(&changed, "etag"), etag);
    assert_eq!(changed.text().await.unwrap(), "{\"data\":{\"search\":{\"totalCount\":1}}}");
}

#[tokio::test]
async fn other_responses_are_not_cacheable() {
    let server = server(30).await;
    register(&server, SEARCH).await;
    register(&server, "query($q: String!) { search(query: $q, first: -1) { totalCount } }").await;
    let logged = json!({"q": "tea", "t": {"sessionId": "s"}});
    let off = self::server(0).await;
    register(&off, SEARCH).await;
    for (what, request) in [
        ("an error", by_hash(&server, SEARCH, &json!({}))),
        (
            "a field's error",
            by_hash(
                &server,
                "query($q: String!) { search(query: $q, first: -1) { totalCount } }",
                &json!({"q": "x"}),
            ),
        ),
        ("a search that is logged", by_hash(&server, SEARCH, &logged)),
        ("a hash that is not known", by_hash(&server, "{ __typename }", &json!({}))),
        ("a text", server.get("/graphql?query={__typename}")),
        ("a POST", server.post(&json!({"query": "{ __typename }"}))),
        ("where it is not set", by_hash(&off, SEARCH, &json!({"q": "tea"}))),
    ] {
        let response = request.send().await.unwrap();
        assert_eq!(header(&response, "cache-control"), "no-store", "{what}");
        assert!(!response.headers().contains_key("etag"), "{what}");
    }
}
