//! The upgrade of an HTTP request to a WebSocket with one subprotocol.

use axum::extract::Request;
use http::header::SEC_WEBSOCKET_PROTOCOL;
use http::{HeaderMap, HeaderValue, Response};
use hyper::upgrade::OnUpgrade;
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;

/// A request for a WebSocket.
pub(super) struct Upgrade {
    on_upgrade: OnUpgrade,
    has_protocol: bool,
}

impl Upgrade {
    /// The requested upgrade and the response that accepts it; `None` for any other request.
    pub(super) fn of(
        mut request: Request,
        protocol: &'static str,
    ) -> Option<(Self, Response<axum::body::Body>)> {
        let mut response = create_response_with_body(&request, axum::body::Body::empty).ok()?;
        let on_upgrade = request.extensions_mut().remove::<OnUpgrade>()?;
        let has_protocol = offers(request.headers(), protocol);
        if has_protocol {
            response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(protocol));
        }
        Some((Self { on_upgrade, has_protocol }, response))
    }

    /// Returns true if the client offers the subprotocol.
    pub(super) fn has_protocol(&self) -> bool {
        self.has_protocol
    }

    /// The connection, once the response is sent; `None` if it closed before.
    pub(super) async fn connection(self) -> Option<hyper::upgrade::Upgraded> {
        self.on_upgrade.await.ok()
    }
}

fn offers(headers: &HeaderMap, protocol: &str) -> bool {
    let values = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|offer| offer.trim() == protocol)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subprotocols_are_a_list_across_header_lines() {
        let headers = HeaderMap::from_iter([
            (SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static("graphql-ws")),
            (SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static("a, graphql-transport-ws ,b")),
        ]);
        assert!(offers(&headers, "graphql-transport-ws"));
        assert!(offers(&headers, "graphql-ws"));
        assert!(!offers(&headers, "graphql"));
    }
}
