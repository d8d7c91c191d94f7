//! Clients that send no more while their query runs: some wait for the response, others are gone.

use std::sync::Arc;

use async_trait::async_trait;
use quarry::domain::Revision;
use quarry::search::{
    Batch, EngineHealth, EngineLoad, SearchAnswer, SearchEngine, SearchError, SearchRequest,
};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::server::{Server, Setup};
use crate::support::wait::{ends, until};

/// Answers as many searches as it has permits for.
struct Stalled(Semaphore);

#[async_trait]
impl SearchEngine for Stalled {
    async fn search(&self, _: &SearchRequest) -> Result<SearchAnswer, SearchError> {
        self.0.acquire().await.expect("is open").forget();
        Ok(SearchAnswer::default())
    }
    async fn apply(&self, _: Batch) -> Result<Revision, SearchError> {
        unreachable!("this engine only searches")
    }
    async fn applied_through(&self) -> Result<Option<(Uuid, Revision)>, SearchError> {
        unreachable!("this engine only searches")
    }
    async fn reset(&self) -> Result<(), SearchError> {
        unreachable!("this engine only searches")
    }
    async fn complete(&self, _: &str, _: usize) -> Result<Vec<String>, SearchError> {
        unreachable!("this engine only searches")
    }
    async fn health(&self) -> Result<EngineHealth, SearchError> {
        unreachable!("this engine only searches")
    }
    fn load(&self) -> EngineLoad {
        unreachable!("this engine only searches")
    }
}

/// A server that answers no search before it is let, and a connection on which one was sent.
async fn searching() -> (Server, Arc<Stalled>, TcpStream) {
    let engine = Arc::new(Stalled(Semaphore::new(0)));
    let server = Server::start_with(Setup { engine: Some(engine.clone()), ..Setup::default() }).await;
    let body = json!([{"query": "{ search(query: \"x\") { totalCount } }"}]).to_string();
    let request = format!(
        "POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    until("a search", async || (server.admission.under_way().operations == 1).then_some(())).await;
    (server, engine, stream)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_is_dropped_when_its_client_hangs_up() {
    let (server, _engine, stream) = searching().await;
    drop(stream);
    until("the end of it", async || (server.admission.under_way().operations == 0).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_waits_for_long_gets_its_response() {
    let (server, engine, mut stream) = searching().await;
    stream.shutdown().await.unwrap();
    let mut head = [0; 25];
    ends("an interim response", stream.read_exact(&mut head)).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 100 Continue\r\n\r\n");
    assert_eq!(server.admission.under_way().operations, 1);
    engine.0.add_permits(1);
    let mut rest = String::new();
    ends("the response", stream.read_to_string(&mut rest)).await.unwrap();
    assert!(rest.starts_with("HTTP/1.1 200 OK\r\n") && rest.ends_with("}]"), "{rest}");
}
