//! Panics: the request receives an error, and the server continues.

use std::sync::Arc;

use async_trait::async_trait;
use prometheus_client::registry::Registry;
use quarry::domain::Revision;
use quarry::search::{
    Batch, CompletionRequest, DocumentFilter, EngineHealth, Rulebook, SearchAnswer, SearchEngine,
    SearchError, SearchRequest,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::server::{Server, Setup, code, read};
use crate::support::socket::Socket;

/// An engine that panics with the text of each request.
struct Panicking;

#[async_trait]
impl SearchEngine for Panicking {
    async fn search(&self, request: &SearchRequest) -> Result<SearchAnswer, SearchError> {
        panic!("cannot search for {request:?}")
    }
    async fn apply(&self, _: Batch) -> Result<Revision, SearchError> {
        panic!("cannot apply")
    }
    async fn applied_through(&self) -> Result<Option<(Uuid, Revision)>, SearchError> {
        panic!("cannot tell")
    }
    async fn reset(&self) -> Result<(), SearchError> {
        panic!("cannot reset")
    }
    async fn complete(&self, request: &CompletionRequest) -> Result<Vec<String>, SearchError> {
        panic!("cannot complete {}", request.text)
    }
    async fn count(&self, texts: &[String], _: &DocumentFilter) -> Result<Vec<u64>, SearchError> {
        panic!("cannot count {texts:?}")
    }
    fn use_rulebook(&self, _: Arc<Rulebook>) {
        panic!("cannot apply")
    }
    fn rulebook(&self) -> Arc<Rulebook> {
        Arc::default()
    }
    async fn health(&self) -> Result<EngineHealth, SearchError> {
        Ok(EngineHealth { documents: 0, segments: 0, bytes: 0 })
    }
    fn register_metrics(&self, _: &mut Registry) {}
}

async fn panicking() -> Server {
    Server::start_with(Setup { engine: Some(Arc::new(Panicking)), ..Setup::default() }).await
}

const SEARCH: &str = "{ search(query: \"kanarie\") { totalCount } }";

/// Asserts that the error has the request id and no text of the request.
#[track_caller]
fn assert_internal_error(error: &Value, id: &str) {
    assert_eq!(code(error), "INTERNAL_SERVER_ERROR", "{error}");
    assert_eq!(error["extensions"]["requestId"], id, "{error}");
    assert!(!error.to_string().contains("kanarie") && !error.to_string().contains("cannot"), "{error}");
}

#[tokio::test]
async fn a_panic_fails_its_request() {
    let server = panicking().await;
    for accept in ["application/json", "application/graphql-response+json"] {
        let query = json!({ "query": SEARCH });
        let post =
            server.post(&query).header("x-request-id", "p1").header("accept", accept).send().await.unwrap();
        assert_eq!(post.status(), 500);
        assert_eq!(post.headers()["x-request-id"], "p1");
        let answer = read(post).await;
        assert_eq!(answer.get("data"), None, "{answer}");
        assert_internal_error(&answer["errors"][0], "p1");
    }
    let get =
        server.get("/graphql?query={search(query:%22kanarie%22){totalCount}}").header("x-request-id", "p2");
    let get = get.send().await.unwrap();
    assert_eq!(get.status(), 500);
    assert_internal_error(&read(get).await["errors"][0], "p2");
    // The same server, the same connections.
    assert_eq!(server.data("{ __typename }", json!({})).await["__typename"], "Query");
    assert_eq!(server.data("{ sources { name } }", json!({})).await["sources"][0]["name"], "messages");
    let metrics = server.get("/metrics").send().await.unwrap().text().await.unwrap();
    let counted = "operation_errors_total{type=\"query\",group=\"search\",code=\"INTERNAL_SERVER_ERROR\"} 3";
    assert!(metrics.contains(counted), "{metrics}");
    assert!(metrics.contains("operations_under_way{type=\"query\"} 0"), "{metrics}");
}

#[tokio::test]
async fn a_panic_in_a_batch_fails_its_own_operation_only() {
    let server = panicking().await;
    let batch = json!([{"query": "{ a: __typename }"}, {"query": SEARCH}, {"query": "{ b: __typename }"}]);
    let response = server.post(&batch).header("x-request-id", "b1").send().await.unwrap();
    assert_eq!(response.status(), 200);
    let answers = read(response).await;
    assert_eq!(answers[0]["data"]["a"], "Query");
    assert_internal_error(&answers[1]["errors"][0], "b1");
    assert_eq!(answers[2]["data"]["b"], "Query");
}

#[tokio::test]
async fn a_panic_over_a_websocket_fails_its_own_operation_only() {
    let server = panicking().await;
    let mut socket = Socket::connect(server.address).await;
    let mut ids = Vec::new();
    for name in ["1", "2"] {
        socket.subscribe(name, SEARCH).await;
        let message = socket.receive().await;
        assert_eq!((&message["type"], &message["id"]), (&json!("error"), &json!(name)), "{message}");
        let id = message["payload"][0]["extensions"]["requestId"].as_str().unwrap().to_owned();
        assert_internal_error(&message["payload"][0], &id);
        ids.push(id);
    }
    // The same connection, another operation.
    let parts: Vec<(&str, &str)> = ids.iter().map(|id| id.rsplit_once('.').unwrap()).collect();
    assert_eq!((parts[0].0, parts[0].1, parts[1].1), (parts[1].0, "1", "2"), "{ids:?}");
    socket.subscribe("3", "{ __typename }").await;
    assert_eq!(socket.receive().await["payload"]["data"]["__typename"], "Query");
}

/// Panics outside of operations are caught as well.
#[tokio::test]
async fn a_panic_outside_of_graphql_is_answered() {
    struct Silent;
    #[async_trait]
    impl SearchEngine for Silent {
        async fn search(&self, request: &SearchRequest) -> Result<SearchAnswer, SearchError> {
            Panicking.search(request).await
        }
        async fn apply(&self, batch: Batch) -> Result<Revision, SearchError> {
            Panicking.apply(batch).await
        }
        async fn applied_through(&self) -> Result<Option<(Uuid, Revision)>, SearchError> {
            Panicking.applied_through().await
        }
        async fn reset(&self) -> Result<(), SearchError> {
            Panicking.reset().await
        }
        async fn complete(&self, request: &CompletionRequest) -> Result<Vec<String>, SearchError> {
            Panicking.complete(request).await
        }
        async fn count(&self, texts: &[String], filter: &DocumentFilter) -> Result<Vec<u64>, SearchError> {
            Panicking.count(texts, filter).await
        }
        fn use_rulebook(&self, rulebook: Arc<Rulebook>) {
            Panicking.use_rulebook(rulebook);
        }
        fn rulebook(&self) -> Arc<Rulebook> {
            Panicking.rulebook()
        }
        async fn health(&self) -> Result<EngineHealth, SearchError> {
            Panicking.health().await
        }
        fn register_metrics(&self, _: &mut Registry) {
            panic!("cannot register")
        }
    }
    let server = Server::start_with(Setup { engine: Some(Arc::new(Silent)), ..Setup::default() }).await;
    let scraped = server.get("/metrics").header("x-request-id", "m1").send().await.unwrap();
    assert_eq!(scraped.status(), 500);
    assert_eq!(scraped.headers()["x-request-id"], "m1");
    assert_internal_error(&read(scraped).await["errors"][0], "m1");
    assert_eq!(server.get("/livez").send().await.unwrap().status(), 200);
}
