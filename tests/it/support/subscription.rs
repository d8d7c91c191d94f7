//! A subscription over `graphql-transport-ws`.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::server::Endpoint;
use super::wait::PATIENCE;

/// One subscription, on a connection of its own.
pub(crate) struct Subscription(WebSocketStream<TcpStream>);

impl Subscription {
    /// Asks for it. The server may take a moment until it listens.
    pub(crate) async fn start(endpoint: &Endpoint, query: &str, variables: Value) -> Self {
        let address = format!("ws://{}/graphql/ws", endpoint.address());
        let mut request = address.into_client_request().expect("a request");
        let protocol = "graphql-transport-ws".parse().expect("a header");
        request.headers_mut().insert("sec-websocket-protocol", protocol);
        let stream = TcpStream::connect(endpoint.address()).await.expect("connects");
        let (socket, _) = client_async(request, stream).await.expect("upgrades");
        let mut subscription = Self(socket);
        subscription.send(json!({ "type": "connection_init" })).await;
        assert_eq!(subscription.receive().await["type"], "connection_ack");
        let payload = json!({ "query": query, "variables": variables });
        subscription.send(json!({ "type": "subscribe", "id": "1", "payload": payload })).await;
        subscription
    }

    /// The next data.
    pub(crate) async fn next(&mut self) -> Value {
        let mut message = self.receive().await;
        assert_eq!(message["type"], "next", "{message}");
        assert!(message["payload"]["errors"].is_null(), "{message}");
        message["payload"]["data"].take()
    }

    async fn send(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.expect("sends");
    }

    async fn receive(&mut self) -> Value {
        loop {
            let received = tokio::time::timeout(PATIENCE, self.0.next()).await.expect("a message in time");
            match received.expect("not closed").expect("received") {
                Message::Text(text) => return serde_json::from_str(&text).expect("JSON"),
                Message::Close(reason) => panic!("closed: {reason:?}"),
                _ => {}
            }
        }
    }
}
