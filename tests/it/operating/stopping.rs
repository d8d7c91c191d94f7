//! Shutdown: load balancers have notice, and no accepted request is dropped.

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

/// A client that reuses its connections, or opens one for each request.
fn client(reuses: bool) -> Client {
    let builder = Client::builder().no_proxy();
    if reuses { builder } else { builder.pool_max_idle_per_host(0) }.build().unwrap()
}

#[tokio::test]
async fn no_request_is_dropped_where_a_load_balancer_has_notice() {
    // Longer than the requests below take on a busy machine.
    let folder = Folder::new("[server]\ndrain_delay = \"10s\"");
    let server = folder.serve().await;
    server.endpoint.index("notes", &[("1", "Green tea")]).await;
    let url = format!("http://{}/graphql", server.endpoint.address());
    // A load balancer stops sending once the server is not ready.
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
                let body = response.text().await.expect("no response is truncated");
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
    // The server still responds, and closes the connection afterwards.
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
async fn requests_sent_before_the_stop_are_answered() {
    const CLIENTS: usize = 100;
    let folder = Folder::new("");
    let server = folder.serve().await;
    server.endpoint.index("notes", &[("1", "Green tea")]).await;
    let request = format!(
        "POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{SEARCH}",
        SEARCH.len()
    );
    // An idle connection that is kept alive.
    let mut idle = TcpStream::connect(server.endpoint.address()).await.unwrap();
    idle.write_all(request.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4 << 10];
    let length = idle.read(&mut answer).await.unwrap();
    assert!(answer[..length].starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    // The system queues connections and requests while the server is paused; the stop signal comes
    // before it sees the first of them.
    server.process.pause();
    let mut sent = vec![idle];
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
async fn a_stop_at_the_recovery_of_the_database_ends_cleanly() {
    let postgres = OwnPostgres::start();
    let settings =
        format!("database_url = \"{}\"\n[keystrokes]\nwindow = \"100ms\"\npoll = \"20ms\"", postgres.url());
    let folder = Folder::new(&settings);
    let server = folder.serve().await;
    // All connections of the pool are open, and break with the database.
    let queries = (0..20).map(|_| server.endpoint.query("{ sources { name documentCount } }", Value::Null));
    futures_util::future::join_all(queries).await;
    postgres.cut_off();
    let typed = "mutation { logKeystroke(input: {sessionId: \"s\", text: \"green tea\"}) { accepted } }";
    assert_eq!(server.endpoint.data(typed, Value::Null).await["logKeystroke"]["accepted"], true);
    until("a failure of the flusher", async || {
        server
            .process
            .stderr()
            .lines()
            .any(|line| line.contains("worker step failed") && line.contains("flusher"))
            .then_some(())
    })
    .await;
    postgres.resume();
    // `stop` asserts a clean exit.
    server.stop().await;
    let server = Server::start(&folder).await;
    server.ready().await;
    let log = server.endpoint.data("{ searchLog { nodes { query } } }", Value::Null).await;
    assert_eq!(log["searchLog"]["nodes"], json!([{"query": "green tea"}]));
    server.stop().await;
}
