//! A subscription to a server that runs as a process.

use serde_json::{Value, json};

use super::server::Endpoint;
use super::socket::Socket;

/// One subscription, on a connection of its own.
pub(crate) struct Subscription(Socket);

impl Subscription {
    /// Asks for it. The server may take a moment until it listens.
    pub(crate) async fn start(endpoint: &Endpoint, query: &str, variables: Value) -> Self {
        let mut socket = Socket::greeted(endpoint.address()).await;
        let payload = json!({ "query": query, "variables": variables });
        socket.say(json!({ "type": "subscribe", "id": "1", "payload": payload })).await;
        Self(socket)
    }

    /// The next data.
    pub(crate) async fn next(&mut self) -> Value {
        let mut message = self.0.hear().await;
        assert_eq!(message["type"], "next", "{message}");
        assert!(message["payload"]["errors"].is_null(), "{message}");
        message["payload"]["data"].take()
    }
}
