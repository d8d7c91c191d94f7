//! Connections whose client sends no more, and waits for the response or is gone.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::wire;
use crate::support::folder::Folder;
use crate::support::server::Server;
use crate::support::wait::{ends, until};

fn post(accept: &str, query: &str) -> String {
    wire::post(accept, &json!({ "query": query }).to_string())
}

/// The responses to what is sent, of a client that closes its sending side.
async fn answers(address: &str, sent: &str) -> String {
    let mut stream = wire::connect(address).await;
    stream.write_all(sent.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    wire::read_all(&mut stream).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sends_no_more_gets_the_response() {
    let folder = Folder::new("[limits]\nbody_time = \"2s\"\n");
    let server = Server::start(&folder).await;
    server.ready().await;
    let address = server.endpoint.address();
    // Some 4 MB: more than the system takes at once.
    let long = "x".repeat(400_000);
    let documents: Vec<_> = (0..10).map(|n| (n.to_string(), long.clone())).collect();
    let documents: Vec<_> = documents.iter().map(|(key, text)| (key.as_str(), text.as_str())).collect();
    server.endpoint.index("long", &documents).await;
    let waits = "mutation { indexDocuments(input: {documents: [{source: \"s\", key: \"1\", text: \"x\"}]}) { inserted } }";
    let large = "{ search(query: \"\", first: 10, filter: {source: [\"long\"]}) { nodes { text } } }";
    for _ in 0..20 {
        let answer = answers(address, &post("*/*", "{ __typename }")).await;
        assert!(answer.contains("HTTP/1.1 200 ") && answer.contains("\"Query\""), "{answer}");
    }
    let answer = answers(address, &post("*/*", waits)).await;
    assert!(answer.contains("HTTP/1.1 200 ") && answer.contains("\"inserted\":1"), "{answer}");
    let answer = answers(address, &post("*/*", large)).await;
    assert!(answer.len() > 4_000_000 && answer.ends_with("}"), "{} bytes", answer.len());
    let pipelined = post("*/*", "{ __typename }").repeat(3);
    assert_eq!(answers(address, &pipelined).await.matches("\"Query\"").count(), 3);
    let get = "GET /livez HTTP/1.0\r\n\r\n";
    assert!(answers(address, get).await.contains("200 OK"));
    // A body that broke off is no request; nothing waits for the rest of it.
    let broken = wire::post_head("*/*", 100) + "{\"query\"";
    let answer = answers(address, &broken).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{answer}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_hangs_up_is_not_answered_for_long() {
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
    let open = async || endpoint.metric("quarry_admitted{kind=\"event_streams\"}").await;
    until("open streams", async || (open().await == 3.0).then_some(())).await;
    drop(streams);
    until("the end of the streams", async || (open().await == 0.0).then_some(())).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_websocket_is_opened_with_names_as_their_rfc_writes_them() {
    let folder = Folder::new("");
    let server = Server::start(&folder).await;
    let mut stream = wire::connect(server.endpoint.address()).await;
    let head = wire::upgrade(&mut stream).await;
    assert!(head.contains("\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n"), "{head}");
    assert!(head.contains("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), "{head}");
    // What follows is not touched.
    stream.write_all(&wire::frame(1, b"{\"type\":\"connection_init\"}")).await.unwrap();
    let acknowledged = "{\"type\":\"connection_ack\"}";
    let said = wire::read_until(&mut stream, acknowledged).await;
    assert!(said.ends_with(acknowledged), "{said}");
    stream.write_all(&wire::frame(9, b"?")).await.unwrap();
    let mut pong = [0; 3];
    ends("a pong", stream.read_exact(&mut pong)).await.unwrap();
    assert_eq!(pong, [0x8a, 1, b'?'], "nothing else was said");
    server.stop().await;
}
