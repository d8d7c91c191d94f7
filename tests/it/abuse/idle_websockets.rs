//! Ten thousand idle WebSockets cost little memory and do not affect others.

use futures_util::{StreamExt, stream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::wire;
use crate::support::folder::Folder;
use crate::support::server::Server;

/// The number of WebSockets, if the limit on open files allows it.
const WANTED: u64 = 10_000;
/// The open files reserved for the rest of the test process.
const RESERVED_FILES: u64 = 2_000;
/// The most memory of one WebSocket, in bytes.
const MAX_BYTES: u64 = 40 << 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_idle_websockets_cost_little() {
    // The server inherits this process's limit on open files, and raises it likewise.
    let files = rlimit::increase_nofile_limit(u64::MAX).expect("the limit can be read");
    let count = WANTED.min(files.saturating_sub(RESERVED_FILES));
    let folder = Folder::new("[limits]\nwebsockets = 20000\n");
    let server = Server::start(&folder).await;
    server.ready().await;
    let address = server.endpoint.address().to_owned();
    let _warm = open(&address, 50).await;
    let before = server.process.resident_bytes();
    let mut open = open(&address, count).await;
    let each = server.process.resident_bytes().saturating_sub(before) / count;
    eprintln!("{count} idle WebSockets: {} KiB each", each >> 10);
    assert!(each < MAX_BYTES, "{} KiB each for {count}", each >> 10);
    assert_eq!(server.endpoint.total("nothing").await, 0);
    assert!(open.try_join_next().is_none(), "one was closed");
    server.stop().await;
}

/// Opens WebSockets that answer pings until they are dropped.
async fn open(address: &str, count: u64) -> JoinSet<()> {
    let mut opening = stream::iter(0..count)
        .map(async |_| {
            let mut socket = wire::connect(address).await;
            wire::initialize(&mut socket).await;
            socket
        })
        .buffer_unordered(100);
    let mut open = JoinSet::new();
    while let Some(socket) = opening.next().await {
        open.spawn(answer_pings(socket));
    }
    open
}

async fn answer_pings(mut socket: TcpStream) {
    let mut received = [0; 64];
    while let Ok(1..) = socket.read(&mut received).await {
        if socket.write_all(&wire::frame(0xa, &[])).await.is_err() {
            return;
        }
    }
}
