//! Idle connections, and connections that send a byte at a time.

use std::time::Duration;

use futures_util::future::{join_all, poll_immediate};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::wire;
use crate::support::folder::Folder;
use crate::support::server::Server;
use crate::support::wait::{ends, until};

/// The connections of one attack.
const CONNECTIONS: usize = 300;

/// Sends a byte at a time until the server closes the connection.
async fn trickle(mut stream: TcpStream, mut bytes: impl Iterator<Item = u8>) {
    let mut pace = tokio::time::interval(Duration::from_millis(100));
    let mut response = [0; 4 << 10];
    loop {
        tokio::select! {
            read = stream.read(&mut response) => if !matches!(read, Ok(1..)) { return },
            _ = pace.tick() => {
                let Some(byte) = bytes.next() else { return };
                if stream.write_all(&[byte]).await.is_err() {
                    return;
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trickled_headers_and_bodies_time_out_while_others_are_served() {
    let folder = Folder::new("[limits]\nheader_time = \"1s\"\nbody_time = \"1s\"\n");
    let server = Server::start(&folder).await;
    server.ready().await;
    let address = server.endpoint.address();
    let endless = || std::iter::repeat(b'x');
    let mut attack = Vec::new();
    for at in 0..CONNECTIONS {
        let mut stream = wire::connect(address).await;
        attack.push(match at % 3 {
            // An endless head, none at all, and an endless body.
            0 => {
                stream.write_all(b"POST /graphql HTTP/1.1\r\nhost: localhost\r\nx-long: ").await.unwrap();
                tokio::spawn(trickle(stream, endless()))
            }
            1 => tokio::spawn(async move { drop(wire::read_all(&mut stream).await) }),
            _ => {
                stream.write_all(wire::post_head("*/*", 1_000_000).as_bytes()).await.unwrap();
                tokio::spawn(trickle(stream, endless()))
            }
        });
    }
    let mut attack = std::pin::pin!(ends("an open connection", join_all(attack)));
    loop {
        assert_eq!(server.endpoint.total("nothing").await, 0);
        if let Some(ended) = poll_immediate(&mut attack).await {
            ended.into_iter().for_each(|ended| ended.unwrap());
            break;
        }
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trickled_body_gets_status_408() {
    let folder = Folder::new("[limits]\nbody_time = \"200ms\"\n");
    let server = Server::start(&folder).await;
    let mut stream = wire::connect(server.endpoint.address()).await;
    stream.write_all(wire::post_head("*/*", 100).as_bytes()).await.unwrap();
    stream.write_all(b"{\"query\"").await.unwrap();
    let answer = wire::read_until(&mut stream, "TIMEOUT").await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_over_the_limit_get_status_503() {
    let folder = Folder::new("[limits]\nconnections = 3\n");
    let server = Server::start(&folder).await;
    let address = server.endpoint.address().to_owned();
    let mut open = Vec::new();
    // A connection with a response is counted. The wait for the address may hold one, too.
    while open.len() < 3 {
        let mut stream = wire::connect(&address).await;
        stream.write_all(b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
        if wire::read_until(&mut stream, "\r\n\r\n").await.starts_with("HTTP/1.1 200 ") {
            open.push(stream);
        }
    }
    for sends_request in [true, false] {
        let mut rejected = wire::connect(&address).await;
        if sends_request {
            // The connection may close before the request.
            let _ = rejected.write_all(b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
        }
        let answer = wire::read_all(&mut rejected).await;
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
        assert!(answer.contains("retry-after: 1\r\n") && answer.contains("TOO_BUSY"), "{answer}");
    }
    drop(open);
    until("a free permit", async || (server.endpoint.status("/livez").await == Some(200)).then_some(()))
        .await;
    server.stop().await;
}
