//! Connections whose client sends no more, and waits for the response or is gone.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::wire;
use crate::support::folder::Folder;
use crate::support::server::{Endpoint, Server};
use crate::support::wait::until;

fn post(accept: &str, query: &str) -> String {
    let body = json!({ "query": query }).to_string();
    format!("{}{body}", wire::post_head(accept, body.len()))
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
    until("open streams", async || (event_streams(endpoint).await == 3.0).then_some(())).await;
    drop(streams);
    until("the end of the streams", async || (event_streams(endpoint).await == 0.0).then_some(())).await;
    server.stop().await;
}

/// The event streams that are open, as the metrics count them.
async fn event_streams(endpoint: &Endpoint) -> f64 {
    let url = format!("http://{}/metrics", endpoint.address());
    let page = crate::support::server::client().get(url).send().await.unwrap().text().await.unwrap();
    let line =
        page.lines().find(|line| line.starts_with("quarry_admitted{") && line.contains("event_streams"));
    line.and_then(|line| line.rsplit_once(' ')).map_or(f64::NAN, |(_, value)| value.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_websocket_is_opened_with_names_as_their_rfc_writes_them() {
    let folder = Folder::new("");
    let server = Server::start(&folder).await;
    let mut stream = wire::connect(server.endpoint.address()).await;
    let upgrade = "GET /graphql/ws HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
                   sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                   sec-websocket-protocol: graphql-transport-ws\r\n\r\n";
    stream.write_all(upgrade.as_bytes()).await.unwrap();
    let head = wire::read_until(&mut stream, "\r\n\r\n").await;
    assert!(head.contains("\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n"), "{head}");
    assert!(head.contains("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), "{head}");
    // What follows is not touched.
    stream.write_all(&wire::frame(1, b"{\"type\":\"connection_init\"}")).await.unwrap();
    wire::read_until(&mut stream, "{\"type\":\"connection_ack\"}").await;
    let mut rest = [0; 1];
    let quiet = tokio::time::timeout(Duration::from_millis(1), stream.read(&mut rest)).await;
    assert!(quiet.is_err(), "nothing else was said");
    server.stop().await;
}
