//! Bodies that exceed the limits, alone and together.

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde_json::json;
use tokio::io::AsyncWriteExt;

use super::wire;
use crate::support::folder::Folder;
use crate::support::server::Server;

/// The most memory besides the accepted bodies, in bytes.
const SLACK: u64 = 32 << 20;
const CHUNK: usize = 64 << 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_bodies_are_rejected_while_they_are_read() {
    let folder = Folder::new("");
    let server = Server::start(&folder).await;
    server.ready().await;
    assert_eq!(server.endpoint.total("nothing").await, 0);
    let before = server.process.resident_bytes();
    // An announced length is rejected before a byte of the body is sent.
    let mut announced = wire::connect(server.endpoint.address()).await;
    announced.write_all(wire::post_head("*/*", 60_000_000).as_bytes()).await.unwrap();
    assert!(wire::read_until(&mut announced, "\r\n\r\n").await.starts_with("HTTP/1.1 413 "));
    assert!(server.process.resident_bytes() < before + (8 << 20));
    // A chunked body is rejected at the limit, with most of it unsent.
    let mut chunked = wire::connect(server.endpoint.address()).await;
    let head = "POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                transfer-encoding: chunked\r\n\r\n";
    chunked.write_all(head.as_bytes()).await.unwrap();
    let (mut reader, mut writer) = chunked.into_split();
    let sending = tokio::spawn(async move {
        let chunk = format!("{CHUNK:x}\r\n{}\r\n", " ".repeat(CHUNK));
        for sent in 0..60_000_000 / CHUNK {
            if writer.write_all(chunk.as_bytes()).await.is_err() {
                return sent * CHUNK;
            }
        }
        // Without a rejection the server would wait for more.
        std::future::pending().await
    });
    let answer = wire::read_until(&mut reader, "BAD_USER_INPUT").await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    let grown = server.process.resident_bytes().saturating_sub(before);
    assert!(grown < (16 << 20) + SLACK, "{} MiB", grown >> 20);
    sending.abort();
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unfinished_bodies_share_their_memory() {
    let folder = Folder::new("[limits]\nbodies_mb = 24\n");
    let server = Server::start(&folder).await;
    server.ready().await;
    assert_eq!(server.endpoint.total("nothing").await, 0);
    let before = server.process.resident_bytes();
    // None is complete; together they would take 80 MiB.
    let mut open = Vec::new();
    for _ in 0..10 {
        let mut stream = wire::connect(server.endpoint.address()).await;
        stream.write_all(wire::post_head("*/*", (8 << 20) + 1).as_bytes()).await.unwrap();
        let body = vec![b' '; CHUNK];
        for _ in 0..(8 << 20) / CHUNK {
            // Bodies beyond the budget are rejected before they are sent.
            if stream.write_all(&body).await.is_err() {
                break;
            }
        }
        open.push(stream);
    }
    // Any two of them fit.
    let heads = open.iter_mut().map(|stream| wire::read_until(stream, "\r\n\r\n"));
    let rejected: Vec<String> = heads.collect::<FuturesUnordered<_>>().take(8).collect().await;
    assert!(rejected.iter().all(|head| head.starts_with("HTTP/1.1 503 ")), "{rejected:?}");
    let grown = server.process.resident_bytes().saturating_sub(before);
    assert!(grown < (24 << 20) + SLACK, "{} MiB", grown >> 20);
    // Small bodies are still admitted.
    let padded = format!("{{ search(query: \"nothing\") {{ totalCount }} }} # {}", "x".repeat(32 << 10));
    assert_eq!(server.endpoint.data(&padded, json!({})).await["search"]["totalCount"], 0);
    drop(open);
    server.stop().await;
}
