//! Unfinished messages on WebSockets, with and without heartbeats between their parts.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::wire;
use crate::support::folder::Folder;
use crate::support::server::Server;
use crate::support::wait::ends;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unfinished_messages_time_out() {
    let folder = Folder::new("[limits]\nwebsocket_message_time = \"300ms\"\n");
    let server = Server::start(&folder).await;
    server.ready().await;
    let address = server.endpoint.address();
    let whole = wire::frame(1, b"{\"type\":\"ping\"}");
    // A partial header, a partial frame, and the first of several frames.
    let first_of_several = [&[0x01][..], &whole[1..]].concat();
    for begun in [&whole[..1], &whole[..9], &first_of_several] {
        let mut socket = wire::connect(address).await;
        wire::initialize(&mut socket).await;
        socket.write_all(begun).await.unwrap();
        let received = wire::read_all(&mut socket).await;
        assert!(received.contains("took longer than 300ms"), "{begun:x?}: {received}");
    }
    // Heartbeats between the frames of a message neither end it nor restart its timer.
    let mut socket = wire::connect(address).await;
    wire::initialize(&mut socket).await;
    socket.write_all(&first_of_several).await.unwrap();
    let (mut received, mut chunk) = (Vec::new(), [0; 1 << 10]);
    loop {
        // Writing to a closed connection may fail.
        let _ = socket.write_all(&wire::frame(9, b"still here")).await;
        match ends("a response or the end", socket.read(&mut chunk)).await {
            Ok(length @ 1..) => received.extend_from_slice(&chunk[..length]),
            _ => break,
        }
    }
    let received = String::from_utf8_lossy(&received);
    assert!(received.contains("still here") && received.contains("took longer than 300ms"), "{received}");
    // Complete messages and heartbeats may continue for longer.
    let mut socket = wire::connect(address).await;
    wire::initialize(&mut socket).await;
    let begun = tokio::time::Instant::now();
    while begun.elapsed().as_millis() < 700 {
        socket.write_all(&wire::frame(10, b"")).await.unwrap();
        socket.write_all(&whole).await.unwrap();
        wire::read_until(&mut socket, "pong").await;
    }
    drop(socket);
    server.stop().await;
}
