//! Messages of WebSockets that do not end, with and without heartbeats between their parts.

use tokio::io::AsyncWriteExt;

use super::wire;
use crate::support::folder::Folder;
use crate::support::server::Server;

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
    let (mut reading, mut writing) = socket.into_split();
    let pings = tokio::spawn(async move {
        while writing.write_all(&wire::frame(9, b"still here")).await.is_ok() {
            tokio::task::yield_now().await;
        }
    });
    wire::read_until(&mut reading, "took longer than 300ms").await;
    pings.abort();
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
