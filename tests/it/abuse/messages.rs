//! Messages of WebSockets that do not end, with and without heartbeats between their parts.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::wire;
use crate::support::folder::Folder;
use crate::support::server::Server;
use crate::support::wait::ends;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_has_its_time() {
    let folder = Folder::new("[limits]\nwebsocket_message_time = \"300ms\"\n");
    let server = Server::start(&folder).await;
    server.ready().await;
    let address = server.endpoint.address();
    let whole = wire::frame(1, b"{\"type\":\"ping\"}");
    // Nothing of a message, a header without its end, a part of a frame, the first of several frames.
    let first_of_several = [&[0x01][..], &whole[1..]].concat();
    for begun in [&whole[..1], &whole[..9], &first_of_several] {
        let mut socket = wire::connect(address).await;
        wire::greet(&mut socket).await;
        socket.write_all(begun).await.unwrap();
        let said = wire::read_all(&mut socket).await;
        assert!(said.contains("took longer than 300ms"), "{begun:x?}: {said}");
    }
    // What comes between the frames of a message neither ends it nor starts its time again.
    let mut socket = wire::connect(address).await;
    wire::greet(&mut socket).await;
    socket.write_all(&first_of_several).await.unwrap();
    let (mut said, mut chunk) = (Vec::new(), [0; 1 << 10]);
    loop {
        // One that was closed takes no more, or answers no more.
        let _ = socket.write_all(&wire::frame(9, b"still here")).await;
        match ends("an answer or the end", socket.read(&mut chunk)).await {
            Ok(length @ 1..) => said.extend_from_slice(&chunk[..length]),
            _ => break,
        }
    }
    let said = String::from_utf8_lossy(&said);
    assert!(said.contains("still here") && said.contains("took longer than 300ms"), "{said}");
    // Whole messages may come as slowly as they like, and heartbeats for as long.
    let mut socket = wire::connect(address).await;
    wire::greet(&mut socket).await;
    let begun = tokio::time::Instant::now();
    while begun.elapsed().as_millis() < 700 {
        socket.write_all(&wire::frame(10, b"")).await.unwrap();
        socket.write_all(&whole).await.unwrap();
        wire::read_until(&mut socket, "pong").await;
    }
    drop(socket);
    server.stop().await;
}
