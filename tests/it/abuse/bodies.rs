//! Bodies that are too large, alone and together.

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde_json::json;
use tokio::io::AsyncWriteExt;

use super::wire;
use crate::support::folder::Folder;
use crate::support::server::Server;

/// What the server may hold beside the body that it takes, in bytes.
const SLACK: u64 = 32 << 20;
const CHUNK: usize = 64 << 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_megabytes_are_refused_while_they_are_read() {
    let folder = Folder::new("");
    let server = Server::start(&folder).await;
    server.ready().await;
    assert_eq!(server.endpoint.total("nothing").await, 0);
    let before = server.process.resident_bytes();
    // Announced: refused before a byte of it is sent.
    let mut announced = wire::connect(server.endpoint.address()).await;
    announced.write_all(wire::post_head("*/*", 60_000_000).as_bytes()).await.unwrap();
    assert!(wire::read_until(&mut announced, "\r\n\r\n").await.starts_with("HTTP/1.1 413 "));
    assert!(server.process.resident_bytes() < before + (8 << 20));
    // In chunks: refused once it is over the limit, with most of it unsent.
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
        // It would go on for ever if it were not refused.
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
async fn bodies_that_do_not_end_share_their_memory() {
    let folder = Folder::new("[limits]\nbodies_mb = 24\n");
    let server = Server::start(&folder).await;
    server.ready().await;
    assert_eq!(server.endpoint.total("nothing").await, 0);
    let before = server.process.resident_bytes();
    // Each stops short of its end; together they would take 80 MiB.
    let mut open = Vec::new();
    for _ in 0..10 {
        let mut stream = wire::connect(server.endpoint.address()).await;
        stream.write_all(wire::post_head("*/*", (8 << 20) + 1).as_bytes()).await.unwrap();
        let body = vec![b' '; CHUNK];
        for _ in 0..(8 << 20) / CHUNK {
            // Those that find no room are refused before they have sent it all.
            if stream.write_all(&body).await.is_err() {
                break;
            }
        }
        open.push(stream);
    }
    // Two fit, whichever two.
    let answers = open.iter_mut().map(|stream| wire::read_until(stream, "\r\n\r\n"));
    let refused: Vec<String> = answers.collect::<FuturesUnordered<_>>().take(8).collect().await;
    assert!(refused.iter().all(|answer| answer.starts_with("HTTP/1.1 503 ")), "{refused:?}");
    let grown = server.process.resident_bytes().saturating_sub(before);
    assert!(grown < (24 << 20) + SLACK, "{} MiB", grown >> 20);
    // They take what large bodies may; whoever sends little is not kept out.
    let padded = format!("{{ search(query: \"nothing\") {{ totalCount }} }} # {}", "x".repeat(32 << 10));
    assert_eq!(server.endpoint.data(&padded, json!({})).await["search"]["totalCount"], 0);
    drop(open);
    server.stop().await;
}
