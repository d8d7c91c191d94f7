//! A server that is told to stop: who sends it work has notice, and nothing that it took is dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use reqwest::Client;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::folder::Folder;
use crate::support::postgres::OwnPostgres;
use crate::support::server::Server;
use crate::support::wait::until;

const SEARCH: &str = "{\"query\": \"{ search(query: \\\"tea\\\") { totalCount } }\"}";

/// Clients that keep their connections, and clients that open one for each request.
fn client(keeps: bool) -> Client {
    let builder = Client::builder().no_proxy();
    if keeps { builder } else { builder.pool_max_idle_per_host(0) }.build().unwrap()
}

#[tokio::test]
async fn under_load_no_request_is_dropped_where_a_load_balancer_has_notice() {
    // Longer than all requests below take on a busy machine.
    let folder = Folder::new("[server]\ndrain_delay = \"10s\"");
    let server = folder.serve().await;
    server.endpoint.index("notes", &[("1", "Green tea")]).await;
    let url = format!("http://{}/graphql", server.endpoint.address());
    // As a load balancer does: it stops sending once the server says that it is not ready.
    let is_ready = Arc::new(AtomicBool::new(true));
    let answered = Arc::new(AtomicU64::new(0));
    let mut clients = Vec::new();
    for number in 0..8 {
        let (client, url) = (client(number % 2 == 0), url.clone());
        let (is_ready, answered) = (is_ready.clone(), answered.clone());
        clients.push(tokio::spawn(async move {
            while is_ready.load(Ordering::SeqCst) {
                let request = client.post(&url).header("content-type", "application/json").body(SEARCH);
                let response = request.send().await.expect("no request is dropped");
                assert_eq!(response.status(), 200);
                let body = response.text().await.expect("no answer is cut off");
                assert_eq!(body, "{\"data\":{\"search\":{\"totalCount\":1}}}");
                answered.fetch_add(1, Ordering::SeqCst);
            }
        }));
    }
    until("some load", async || (answered.load(Ordering::SeqCst) > 200).then_some(())).await;
    server.process.terminate();
    let health = until("notice", async || {
        let (status, health) = server.endpoint.json("/readyz").await;
        (status == 503).then_some(health)
    })
    .await;
    assert_eq!(health["notReady"], json!(["the server is shutting down"]), "{health}");
    // It still answers, and says that the connection ends with it.
    let last =
        client(true).post(&url).header("content-type", "application/json").body(SEARCH).send().await.unwrap();
    assert_eq!((last.status().as_u16(), &last.headers()["connection"]), (200, &"close".parse().unwrap()));
    let until_now = answered.load(Ordering::SeqCst);
    until("more answers", async || (answered.load(Ordering::SeqCst) > until_now + 8).then_some(())).await;
    is_ready.store(false, Ordering::SeqCst);
    for client in clients {
        client.await.expect("every request was answered");
    }
    let ended = server.process.end().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("delay_ms=10000"), "{}", ended.stderr);
}

#[tokio::test]
async fn what_was_sent_before_the_end_is_answered() {
    const CLIENTS: usize = 100;
    let folder = Folder::new("");
    let server = folder.serve().await;
    server.endpoint.index("notes", &[("1", "Green tea")]).await;
    let request = format!(
        "POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{SEARCH}",
        SEARCH.len()
    );
    // A connection that is kept, idle.
    let mut kept = TcpStream::connect(server.endpoint.address()).await.unwrap();
    kept.write_all(request.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4 << 10];
    let length = kept.read(&mut answer).await.unwrap();
    assert!(answer[..length].starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    // The system takes connections and requests while the server can do nothing; it is told to stop
    // before it sees the first of them.
    server.process.pause();
    let mut sent = vec![kept];
    for _ in 0..CLIENTS {
        sent.push(TcpStream::connect(server.endpoint.address()).await.unwrap());
    }
    for stream in &mut sent {
        stream.write_all(request.as_bytes()).await.unwrap();
    }
    server.process.terminate();
    server.process.unpause();
    for mut stream in sent {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("no connection is reset");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer:?}");
        assert!(answer.ends_with("{\"data\":{\"search\":{\"totalCount\":1}}}"), "{answer:?}");
    }
    let ended = server.process.end().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[tokio::test]
async fn a_server_that_stops_just_when_its_database_is_back_ends_well() {
    let postgres = OwnPostgres::start();
    let settings =
        format!("database_url = \"{}\"\n[keystrokes]\nwindow = \"100ms\"\npoll = \"20ms\"", postgres.url());
    let folder = Folder::new(&settings);
    let server = folder.serve().await;
    // Every connection of the pool is in use, and dies with the database.
    let asked = (0..20).map(|_| server.endpoint.ask("{ sources { name documentCount } }", Value::Null));
    futures_util::future::join_all(asked).await;
    postgres.cut_off();
    let typed = "mutation { logKeystroke(input: {sessionId: \"s\", text: \"green tea\"}) { accepted } }";
    assert_eq!(server.endpoint.data(typed, Value::Null).await["logKeystroke"]["accepted"], true);
    until("the flusher to notice", async || {
        server
            .process
            .stderr()
            .lines()
            .any(|line| line.contains("worker step failed") && line.contains("flusher"))
            .then_some(())
    })
    .await;
    postgres.resume();
    // `stop` sees that it ends well.
    server.stop().await;
    let server = Server::start(&folder).await;
    server.ready().await;
    let log = server.endpoint.data("{ searchLog { nodes { query } } }", Value::Null).await;
    assert_eq!(log["searchLog"]["nodes"], json!([{"query": "green tea"}]));
    server.stop().await;
}
