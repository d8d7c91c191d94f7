//! Clients that close their sending side during a query, and may wait for the response.

use std::sync::Arc;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use super::search::{Scripted, scripted};
use super::server::Server;
use crate::support::wait::{ends, until};

/// A server whose searches wait for permission, and a connection that sent one.
async fn searching() -> (Server, Arc<Scripted>, TcpStream) {
    let (server, engine) = scripted(None).await;
    engine.permits.forget_permits(Semaphore::MAX_PERMITS);
    let body = json!([{"query": "{ search(query: \"x\") { totalCount } }"}]).to_string();
    let request = format!(
        "POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    until("a search", async || (server.admission.in_flight().operations == 1).then_some(())).await;
    (server, engine, stream)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_is_cancelled_when_its_client_disconnects() {
    let (server, _engine, stream) = searching().await;
    drop(stream);
    until("the end of it", async || (server.admission.in_flight().operations == 0).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_half_closed_connection_receives_its_response() {
    let (server, engine, mut stream) = searching().await;
    stream.shutdown().await.unwrap();
    let mut head = [0; 25];
    ends("an interim response", stream.read_exact(&mut head)).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 100 Continue\r\n\r\n");
    assert_eq!(server.admission.in_flight().operations, 1);
    engine.permits.add_permits(1);
    let mut rest = String::new();
    ends("the response", stream.read_to_string(&mut rest)).await.unwrap();
    assert!(rest.starts_with("HTTP/1.1 200 OK\r\n") && rest.ends_with("}]"), "{rest}");
}
