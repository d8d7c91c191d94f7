//! Unfinished and repeated long messages on WebSockets.

use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::super::wire;
use super::Measured;
use crate::support::folder::Folder;

/// A server with keys, of which the sockets present none.
async fn start_with_keys(folder: &Folder) -> Measured {
    let printed = folder.succeed(&["key", "new", "--scope", "SEARCH"]).await;
    let (_, table) = printed.split_once("\n\n").expect("the key, a blank line, the table");
    folder.configure(table);
    Measured::start(folder).await
}

async fn initialized(address: &str) -> TcpStream {
    let mut socket = wire::connect(address).await;
    wire::initialize(&mut socket).await;
    socket
}

/// The header of a text frame of this length.
fn long_header(length: u64) -> Vec<u8> {
    let mut header = vec![0x81, 0x80 | 127];
    header.extend_from_slice(&length.to_be_bytes());
    header.extend_from_slice(&[0; 4]);
    header
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unfinished_messages() {
    let folder = Folder::new("");
    let measured = start_with_keys(&folder).await;
    let address = measured.server.endpoint.address().to_owned();
    let mut sending = JoinSet::new();
    for _ in 0..400 {
        let mut socket = initialized(&address).await;
        sending.spawn(async move {
            let _ = socket.write_all(&long_header(1_048_000)).await;
            // The server may reject it early.
            let _ = socket.write_all(&vec![b' '; 1_040_000]).await;
            wire::read_all(&mut socket).await
        });
    }
    while let Some(received) = sending.join_next().await {
        let received = received.unwrap();
        assert!(received.contains("64 KiB need a key"), "{received}");
    }
    measured.check("unfinished messages of 1 MiB");
    // Messages at the limit of anonymous clients are read to their end.
    let mut open = Vec::new();
    for _ in 0..400 {
        let mut socket = initialized(&address).await;
        socket.write_all(&long_header(64 << 10)).await.unwrap();
        socket.write_all(&vec![b' '; 60 << 10]).await.unwrap();
        open.push(socket);
    }
    measured.check("unfinished messages of 64 KiB");
    drop(open);
    measured.end("unfinished messages").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn repeated_long_messages() {
    let folder = Folder::new("");
    let measured = start_with_keys(&folder).await;
    let address = measured.server.endpoint.address().to_owned();
    let pad = format!("[{}0]", "0,".repeat(520_000));
    let payload = format!(r#"{{"query":"{{__typename}}","variables":{{"a":{pad}}}}}"#);
    let message = format!(r#"{{"id":"1","type":"subscribe","payload":{payload}}}"#).into_bytes();
    let mut looping = JoinSet::new();
    for _ in 0..24 {
        let (address, message) = (address.clone(), message.clone());
        looping.spawn(async move {
            for _ in 0..10 {
                let mut socket = initialized(&address).await;
                let _ = socket.write_all(&long_header(message.len() as u64)).await;
                let _ = socket.write_all(&message).await;
                let received = wire::read_all(&mut socket).await;
                assert!(received.contains("64 KiB need a key"), "{received}");
            }
        });
    }
    while let Some(ended) = looping.join_next().await {
        ended.unwrap();
    }
    measured.end("repeated long messages").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unfinished_messages_of_authorized_clients_are_counted() {
    // Without keys, the general limit on messages holds.
    let folder = Folder::new("[limits]\nbodies_mb = 128\nwebsocket_message_time = \"1h\"\n");
    let measured = Measured::start(&folder).await;
    let address = measured.server.endpoint.address().to_owned();
    let mut sockets = Vec::new();
    for _ in 0..400 {
        sockets.push(initialized(&address).await);
    }
    let mut sending = JoinSet::new();
    for mut socket in sockets {
        sending.spawn(async move {
            let _ = socket.write_all(&long_header(1_048_000)).await;
            let _ = socket.write_all(&vec![b' '; 1_040_000]).await;
            socket
        });
    }
    let mut open: Vec<TcpStream> = Vec::new();
    while let Some(socket) = sending.join_next().await {
        open.push(socket.unwrap());
    }
    measured.check("counted unfinished messages");
    // Their budget leaves memory for small requests.
    assert_eq!(measured.server.endpoint.data("{ __typename }", json!({})).await["__typename"], "Query");
    drop(open);
    measured.end("unfinished messages").await;
}
