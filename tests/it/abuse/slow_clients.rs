//! Clients that request much and read nothing: they are disconnected, and memory stays bounded.

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::wire;
use crate::support::folder::Folder;
use crate::support::server::{Endpoint, Server};
use crate::support::socket::Socket;
use crate::support::wait::{ends, until};

/// A subscription to searches with ninety copies of each text, or some 90 KB.
fn subscription() -> String {
    let fields: String = (0..90).map(|n| format!("a{n}: query ")).collect();
    format!("subscription {{ searchLogged {{ sessionId {fields} }} }}")
}

/// Logs searches of a thousand characters.
async fn log_searches(endpoint: &Endpoint, round: usize, count: usize) {
    let text = "mutation($input: [LogKeystrokeInput!]!) { logKeystrokes(input: $input) { accepted } }";
    let keystrokes: Vec<Value> = (0..count)
        .map(|n| {
            let session = format!("s{round}-{n}");
            json!({"sessionId": session, "text": format!("{n} {}", "x".repeat(1_000)), "submitted": true})
        })
        .collect();
    assert_eq!(endpoint.data(text, json!({ "input": keystrokes })).await["logKeystrokes"]["accepted"], count);
}

/// The most memory that clients that do not read may cost, in bytes: far less than the events.
const SLACK: u64 = 48 << 20;
/// Rounds of a hundred searches: some 90 MB for each subscriber.
const ROUNDS: usize = 10;

async fn stalled_websocket(address: &str) -> TcpStream {
    let mut stream = wire::connect_narrow(address).await;
    wire::initialize(&mut stream).await;
    let payload = json!({"id": "1", "type": "subscribe", "payload": {"query": subscription()}}).to_string();
    stream.write_all(&wire::frame(1, payload.as_bytes())).await.unwrap();
    stream
}

async fn stalled_event_stream(address: &str) -> TcpStream {
    let mut stream = wire::connect_narrow(address).await;
    let body = json!({ "query": subscription() }).to_string();
    stream.write_all(wire::post("text/event-stream", &body).as_bytes()).await.unwrap();
    wire::read_until(&mut stream, "\r\n\r\n").await;
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stalled_subscribers_are_disconnected_and_others_continue() {
    let settings = "[limits]\nsend_time = \"5s\"\n[keystrokes]\nwindow = \"100ms\"\npoll = \"10ms\"\n";
    let folder = Folder::new(settings);
    let server = Server::start(&folder).await;
    server.ready().await;
    let endpoint = &server.endpoint;
    let mut reading = Socket::connect(endpoint.address()).await;
    reading.subscribe("1", &subscription()).await;
    // Reads concurrently with the rest of the test.
    let (sender, mut latest) = tokio::sync::watch::channel(None);
    let reading = tokio::spawn(async move {
        loop {
            let event = reading.receive().await;
            let session = event["payload"]["data"]["searchLogged"]["sessionId"].as_str();
            sender.send_replace(Some(session.expect("a session").to_owned()));
        }
    });
    // The first event proves that the subscription has started.
    let mut round = 0;
    until("a search", async || {
        log_searches(endpoint, round, 1).await;
        round += 1;
        latest.borrow().is_some().then_some(())
    })
    .await;
    let before = server.process.resident_bytes();
    let mut stalled = Vec::new();
    for _ in 0..5 {
        stalled.push(stalled_websocket(endpoint.address()).await);
        stalled.push(stalled_event_stream(endpoint.address()).await);
    }
    let mut most = 0;
    for round in round..round + ROUNDS {
        log_searches(endpoint, round, 100).await;
        let own = format!("s{round}-");
        let of_round =
            |session: &Option<String>| session.as_ref().is_some_and(|session| session.starts_with(&own));
        ends("a search of this round", latest.wait_for(of_round)).await.expect("the reader continues");
        most = most.max(server.process.resident_bytes());
    }
    assert!(most.saturating_sub(before) < SLACK, "{} MiB", most.saturating_sub(before) >> 20);
    // The events that were sent before remain readable.
    for mut stream in stalled {
        wire::read_all(&mut stream).await;
    }
    assert_eq!(endpoint.total("nothing").await, 0);
    reading.abort();
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stalled_readers_of_responses_are_disconnected() {
    let settings = "[limits]\nsend_time = \"500ms\"\nresponse_bytes = 67108864\nresponses_mb = 512\n";
    let folder = Folder::new(settings);
    let server = Server::start(&folder).await;
    server.ready().await;
    let text = "x".repeat(40_000);
    let documents: Vec<(String, String)> = (0..25).map(|n| (n.to_string(), text.clone())).collect();
    let documents: Vec<(&str, &str)> =
        documents.iter().map(|(key, text)| (key.as_str(), text.as_str())).collect();
    let stored = server.endpoint.index("shop", &documents).await;
    assert!(stored.errors.is_empty(), "{:?}", stored.errors);
    // 40 MB: more than the system's buffers.
    let fields: String = (0..40).map(|n| format!("a{n}: text ")).collect();
    let body = json!({"query": format!("{{ search(query: \"\", first: 100) {{ nodes {{ {fields} }} }} }}")})
        .to_string();
    let before = server.process.resident_bytes();
    let mut stalled = Vec::new();
    for _ in 0..3 {
        let mut stream = wire::connect_narrow(server.endpoint.address()).await;
        stream.write_all(wire::post("*/*", &body).as_bytes()).await.unwrap();
        stalled.push(stream);
    }
    for stream in &mut stalled {
        wire::wait_for_abort(stream).await;
    }
    // The responses are dropped and their memory is released.
    until("the release of memory", async || (server.process.resident_bytes() < before + SLACK).then_some(()))
        .await;
    assert_eq!(server.endpoint.total("nothing").await, 0);
    server.stop().await;
}
