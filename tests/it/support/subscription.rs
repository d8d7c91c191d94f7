//! A subscription to a server process.

use serde_json::{Value, json};

use super::server::Endpoint;
use super::socket::Socket;

/// A subscription on its own connection.
pub(crate) struct Subscription(Socket);

impl Subscription {
    /// Subscribes. The server may produce events only a moment later.
    pub(crate) async fn start(endpoint: &Endpoint, query: &str, variables: Value) -> Self {
        let mut socket = Socket::connect(endpoint.address()).await;
        let payload = json!({ "query": query, "variables": variables });
        socket.send_message(json!({ "type": "subscribe", "id": "1", "payload": payload })).await;
        Self(socket)
    }

    /// Returns the data of the next event.
    pub(crate) async fn next(&mut self) -> Value {
        let mut message = self.0.receive().await;
        assert_eq!(message["type"], "next", "{message}");
        assert!(message["payload"]["errors"].is_null(), "{message}");
        message["payload"]["data"].take()
    }
}
