//! Raw HTTP and WebSocket, for clients that violate the protocols.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::support::wait::{ends, until};

/// Opens a connection.
pub(super) async fn connect(address: &str) -> TcpStream {
    TcpStream::connect(address).await.expect("the server accepts connections")
}

/// Opens a connection with a small receive buffer, which an idle reader fills early.
pub(super) async fn connect_narrow(address: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(8 << 10).expect("the buffer size can be set");
    socket.connect(address.parse().expect("an address")).await.expect("the server accepts connections")
}

/// The head of a POST to `/graphql`.
pub(super) fn post_head(accept: &str, length: usize) -> String {
    format!(
        "POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\naccept: {accept}\r\n\
         content-length: {length}\r\n\r\n"
    )
}

/// A POST to `/graphql`.
pub(super) fn post(accept: &str, body: &str) -> String {
    format!("{}{body}", post_head(accept, body.len()))
}

/// Reads until the text contains `wanted`; returns the text.
pub(super) async fn read_until(stream: &mut (impl AsyncRead + Unpin), wanted: &str) -> String {
    let mut read = Vec::new();
    let reading = async {
        let mut chunk = [0; 4 << 10];
        loop {
            let text = String::from_utf8_lossy(&read).into_owned();
            if text.contains(wanted) {
                return text;
            }
            let count = stream.read(&mut chunk).await.expect("the connection is open");
            assert!(count > 0, "closed without {wanted:?}: {text}");
            read.extend_from_slice(&chunk[..count]);
        }
    };
    ends(wanted, reading).await
}

/// Reads until the server closes the connection.
pub(super) async fn read_all(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    // A reset closes the connection, too.
    let _ = ends("an open connection", stream.read_to_end(&mut read)).await;
    String::from_utf8_lossy(&read).into_owned()
}

/// Upgrades a connection to a WebSocket; returns the head of the response.
pub(super) async fn upgrade(stream: &mut TcpStream) -> String {
    let upgrade = "GET /graphql/ws HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
                   sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                   sec-websocket-protocol: graphql-transport-ws\r\n\r\n";
    stream.write_all(upgrade.as_bytes()).await.expect("the connection is open");
    let head = read_until(stream, "\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    head
}

/// Upgrades a connection to a WebSocket and initializes it.
pub(super) async fn initialize(stream: &mut TcpStream) {
    upgrade(stream).await;
    stream.write_all(&frame(1, b"{\"type\":\"connection_init\"}")).await.expect("the connection is open");
    read_until(stream, "connection_ack").await;
}

/// A complete frame of a client, masked with zeros.
pub(super) fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | opcode];
    match u16::try_from(payload.len()).expect("the payload is short") {
        length @ ..126 => frame.push(0x80 | length as u8),
        length => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&length.to_be_bytes());
        }
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(payload);
    frame
}

/// Waits until the server has aborted the connection, without reading.
pub(super) async fn wait_for_abort(stream: &mut TcpStream) {
    until("the end of a connection", async || stream.write_all(b" ").await.is_err().then_some(())).await;
}
