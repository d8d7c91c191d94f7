//! Clients that close their sending side, and wait for the response or are gone.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::wire;
use crate::support::folder::Folder;
use crate::support::server::Server;
use crate::support::wait::{ends, until};

fn post(accept: &str, query: &str) -> String {
    wire::post(accept, &json!({ "query": query }).to_string())
}

/// The responses to a client that sends requests and closes its sending side.
async fn responses(address: &str, sent: &str) -> String {
    let mut stream = wire::connect(address).await;
    stream.write_all(sent.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    wire::read_all(&mut stream).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_closed_clients_get_the_response() {
    let folder = Folder::new("[limits]\nbody_time = \"2s\"\n");
    let server = Server::start(&folder).await;
    server.ready().await;
    let address = server.endpoint.address();
    // Some 4 MB: more than the system's buffers.
    let long = "x".repeat(400_000);
    let documents: Vec<_> = (0..10).map(|n| (n.to_string(), long.clone())).collect();
    let documents: Vec<_> = documents.iter().map(|(key, text)| (key.as_str(), text.as_str())).collect();
    server.endpoint.index("long", &documents).await;
    let slow = "mutation { indexDocuments(input: {documents: [{source: \"s\", key: \"1\", text: \"x\"}]}) { inserted } }";
    let large = "{ search(query: \"\", first: 10, filter: {source: [\"long\"]}) { nodes { text } } }";
    for _ in 0..20 {
        let response = responses(address, &post("*/*", "{ __typename }")).await;
        assert!(response.contains("HTTP/1.1 200 ") && response.contains("\"Query\""), "{response}");
    }
    let response = responses(address, &post("*/*", slow)).await;
    assert!(response.contains("HTTP/1.1 200 ") && response.contains("\"inserted\":1"), "{response}");
    let response = responses(address, &post("*/*", large)).await;
    assert!(response.len() > 4_000_000 && response.ends_with("}"), "{} bytes", response.len());
    let pipelined = post("*/*", "{ __typename }").repeat(3);
    assert_eq!(responses(address, &pipelined).await.matches("\"Query\"").count(), 3);
    let get = "GET /livez HTTP/1.0\r\n\r\n";
    assert!(responses(address, get).await.contains("200 OK"));
    // The server does not wait for the rest of a truncated body.
    let broken = wire::post_head("*/*", 100) + "{\"query\"";
    let response = responses(address, &broken).await;
    assert!(response.is_empty() || response.starts_with("HTTP/1.1 400 "), "{response}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn event_streams_of_disconnected_clients_end() {
    let folder = Folder::new("");
    let server = Server::start(&folder).await;
    server.ready().await;
    let endpoint = &server.endpoint;
    let mut streams = Vec::new();
    for _ in 0..3 {
        let mut stream = wire::connect(endpoint.address()).await;
        stream
            .write_all(post("text/event-stream", "subscription { searchLogged { id } }").as_bytes())
            .await
            .unwrap();
        wire::read_until(&mut stream, "\r\n\r\n").await;
        streams.push(stream);
    }
    let admitted = async || endpoint.metric("quarry_admitted{kind=\"event_streams\"}").await;
    until("open streams", async || (admitted().await == 3.0).then_some(())).await;
    drop(streams);
    until("the end of the streams", async || (admitted().await == 0.0).then_some(())).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn upgrade_responses_spell_header_names_as_the_rfc() {
    let folder = Folder::new("");
    let server = Server::start(&folder).await;
    let mut stream = wire::connect(server.endpoint.address()).await;
    let head = wire::upgrade(&mut stream).await;
    assert!(head.contains("\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n"), "{head}");
    assert!(head.contains("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), "{head}");
    // The bytes after the head are unchanged.
    stream.write_all(&wire::frame(1, b"{\"type\":\"connection_init\"}")).await.unwrap();
    let acknowledged = "{\"type\":\"connection_ack\"}";
    let received = wire::read_until(&mut stream, acknowledged).await;
    assert!(received.ends_with(acknowledged), "{received}");
    stream.write_all(&wire::frame(9, b"?")).await.unwrap();
    let mut pong = [0; 3];
    ends("a pong", stream.read_exact(&mut pong)).await.unwrap();
    assert_eq!(pong, [0x8a, 1, b'?'], "the pong is the only frame");
    server.stop().await;
}
