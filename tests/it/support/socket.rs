//! A client of the `graphql-transport-ws` protocol.

use std::fmt::Display;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::wait::ends;

/// A WebSocket connection.
pub(crate) struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    /// Opens a connection without `connection_init`.
    pub(crate) async fn open(address: impl Display) -> Self {
        Self::try_open(address, Some("graphql-transport-ws"), None).await.unwrap()
    }

    /// Opens a connection unless the server rejects it.
    pub(crate) async fn try_open(
        address: impl Display,
        protocol: Option<&str>,
        origin: Option<&str>,
    ) -> Result<Self, Error> {
        let mut request = format!("ws://{address}/graphql/ws").into_client_request().unwrap();
        if let Some(protocol) = protocol {
            request.headers_mut().insert("sec-websocket-protocol", protocol.parse().unwrap());
        }
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", origin.parse().unwrap());
        }
        let stream = TcpStream::connect(address.to_string()).await.unwrap();
        let (socket, _) = tokio_tungstenite::client_async(request, stream).await?;
        Ok(Self(socket))
    }

    /// Opens and initializes a connection.
    pub(crate) async fn connect(address: impl Display) -> Self {
        let mut socket = Self::open(address).await;
        socket.send_message(json!({"type": "connection_init", "payload": {"any": "thing"}})).await;
        assert_eq!(socket.receive().await, json!({"type": "connection_ack"}));
        socket
    }

    /// Sends a message.
    pub(crate) async fn send_message(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    /// Closes it and returns the close code of the server.
    pub(crate) async fn close(mut self) -> u16 {
        let frame = CloseFrame { code: CloseCode::Normal, reason: "done".into() };
        self.0.send(Message::Close(Some(frame))).await.unwrap();
        match self.next().await {
            Message::Close(Some(frame)) => frame.code.into(),
            other => panic!("{other:?}"),
        }
    }

    /// Starts an operation.
    pub(crate) async fn subscribe(&mut self, id: &str, query: &str) {
        self.send_message(json!({"id": id, "type": "subscribe", "payload": {"query": query}})).await;
    }

    async fn next(&mut self) -> Message {
        loop {
            let message = ends("a message", self.0.next()).await;
            match message.expect("is open").unwrap() {
                Message::Ping(_) | Message::Pong(_) => {}
                message => return message,
            }
        }
    }

    /// Returns the next message, which must be JSON.
    pub(crate) async fn receive(&mut self) -> Value {
        match self.next().await {
            Message::Text(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// Returns the close code of the server after any messages.
    pub(crate) async fn last_close_code(&mut self) -> u16 {
        loop {
            match self.next().await {
                Message::Close(Some(frame)) => return frame.code.into(),
                Message::Text(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Returns the close code of the server, which must send no other message.
    pub(crate) async fn close_code(&mut self) -> u16 {
        match self.next().await {
            Message::Close(Some(frame)) => frame.code.into(),
            other => panic!("{other:?}"),
        }
    }
}
