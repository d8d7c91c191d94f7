//! Clients that ask for much and read nothing are cut off; memory stays bounded, others go on.

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::wire;
use crate::support::folder::Folder;
use crate::support::server::{Endpoint, Server};
use crate::support::socket::Socket;
use crate::support::wait::{ends, until};

/// Follows searches; each is told ninety times over, or some 90 KB.
fn follow() -> String {
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

/// What a server may grow by while somebody does not read, in bytes: far less than what is told.
const SLACK: u64 = 48 << 20;
/// Hundreds of searches that are told: some 90 MB to each who follows.
const ROUNDS: usize = 10;

async fn deaf_on_a_websocket(address: &str) -> TcpStream {
    let mut stream = wire::connect_narrow(address).await;
    wire::greet(&mut stream).await;
    let payload = json!({"id": "1", "type": "subscribe", "payload": {"query": follow()}}).to_string();
    stream.write_all(&wire::frame(1, payload.as_bytes())).await.unwrap();
    stream
}

async fn deaf_on_an_event_stream(address: &str) -> TcpStream {
    let mut stream = wire::connect_narrow(address).await;
    let body = json!({ "query": follow() }).to_string();
    stream.write_all(wire::post("text/event-stream", &body).as_bytes()).await.unwrap();
    wire::read_until(&mut stream, "\r\n\r\n").await;
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_read_is_cut_off_and_others_go_on() {
    let settings = "[limits]\nsend_time = \"5s\"\n[keystrokes]\nwindow = \"100ms\"\npoll = \"10ms\"\n";
    let folder = Folder::new(settings);
    let server = Server::start(&folder).await;
    server.ready().await;
    let endpoint = &server.endpoint;
    let mut reading = Socket::greeted(endpoint.address()).await;
    reading.subscribe("1", &follow()).await;
    // Reads all the while, whatever else the test does.
    let (hear, mut heard) = tokio::sync::watch::channel(None);
    let reading = tokio::spawn(async move {
        loop {
            let said = reading.hear().await;
            let session = said["payload"]["data"]["searchLogged"]["sessionId"].as_str();
            hear.send_replace(Some(session.expect("a session").to_owned()));
        }
    });
    // The first search that is heard shows that the subscription has begun.
    let mut round = 0;
    until("a search", async || {
        log_searches(endpoint, round, 1).await;
        round += 1;
        heard.borrow().is_some().then_some(())
    })
    .await;
    let before = server.process.resident_bytes();
    let mut deaf = Vec::new();
    for _ in 0..5 {
        deaf.push(deaf_on_a_websocket(endpoint.address()).await);
        deaf.push(deaf_on_an_event_stream(endpoint.address()).await);
    }
    let mut most = 0;
    for round in round..round + ROUNDS {
        log_searches(endpoint, round, 100).await;
        let own = format!("s{round}-");
        let of_round =
            |session: &Option<String>| session.as_ref().is_some_and(|session| session.starts_with(&own));
        ends("a search of this round", heard.wait_for(of_round)).await.expect("the reader goes on");
        most = most.max(server.process.resident_bytes());
    }
    assert!(most.saturating_sub(before) < SLACK, "{} MiB", most.saturating_sub(before) >> 20);
    // What was sent before stays to be read; then it breaks off.
    for mut stream in deaf {
        wire::read_all(&mut stream).await;
    }
    assert_eq!(endpoint.total("nothing").await, 0);
    reading.abort();
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_and_does_not_read_the_answer_is_cut_off() {
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
    // 40 MB: more than the system holds for anybody.
    let fields: String = (0..40).map(|n| format!("a{n}: text ")).collect();
    let body = json!({"query": format!("{{ search(query: \"\", first: 100) {{ nodes {{ {fields} }} }} }}")})
        .to_string();
    let before = server.process.resident_bytes();
    let mut deaf = Vec::new();
    for _ in 0..3 {
        let mut stream = wire::connect_narrow(server.endpoint.address()).await;
        stream.write_all(wire::post("*/*", &body).as_bytes()).await.unwrap();
        deaf.push(stream);
    }
    for stream in &mut deaf {
        wire::cut_off(stream).await;
    }
    // The answers are given up, and their memory with them.
    until("the memory given back", async || (server.process.resident_bytes() < before + SLACK).then_some(()))
        .await;
    assert_eq!(server.endpoint.total("nothing").await, 0);
    server.stop().await;
}
