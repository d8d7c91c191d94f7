//! The messages of `graphql-transport-ws`, and its close codes.

use async_graphql::ServerError;
use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::http::json::for_each_member;
use crate::http::request::OperationRequest;

/// The longest reason of a close, in bytes.
const MAX_REASON_BYTES: usize = 123;

/// The code of a close, and its reason for people.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CloseReason(pub(super) u16, pub(super) String);

impl CloseReason {
    pub(super) fn new(code: u16, reason: impl Into<String>) -> Self {
        let mut reason = reason.into();
        reason.truncate(reason.floor_char_boundary(MAX_REASON_BYTES));
        Self(code, reason)
    }

    fn invalid(problem: &str) -> Self {
        Self::new(4400, format!("Invalid message: {problem}"))
    }
}

/// A message of the client.
pub(super) enum ClientMessage {
    ConnectionInit { payload: ConnectionParams },
    Ping { payload: Option<Box<RawValue>> },
    Pong,
    Subscribe { id: String, payload: OperationRequest },
    Complete { id: String },
}

/// The payload of `connection_init`; the server ignores all but the key.
#[derive(Default)]
pub(super) struct ConnectionParams {
    /// The key in the form of the header `Authorization`; empty if it is not a string.
    pub(super) authorization: Option<String>,
}

impl<'de> Deserialize<'de> for ConnectionParams {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut authorization = None;
        for_each_member(deserializer, |name, value| {
            let is_key = name.eq_ignore_ascii_case("authorization") && value.get() != "null";
            if authorization.is_none() && is_key {
                authorization = Some(serde_json::from_str(value.get()).unwrap_or_default());
            }
        })?;
        Ok(Self { authorization })
    }
}

/// A message, its payload unparsed.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "type")]
    kind: String,
    id: Option<String>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
}

impl ClientMessage {
    pub(super) fn parse(text: &Bytes) -> Result<Self, CloseReason> {
        let Envelope { kind, id, payload } = serde_json::from_slice(text)
            .map_err(|_| CloseReason::invalid("it must be an object with a type"))?;
        let payload = payload.filter(|payload| payload.get() != "null");
        let id = || id.filter(|id| !id.is_empty()).ok_or_else(|| CloseReason::invalid("it must have an id"));
        let object = || match payload {
            Some(payload) if !payload.get().starts_with('{') => {
                Err(CloseReason::invalid("its payload must be an object"))
            }
            payload => Ok(payload),
        };
        Ok(match kind.as_str() {
            "connection_init" => {
                let payload = object()?.map(|payload| serde_json::from_str(payload.get())).transpose();
                let payload = payload.map_err(|_| CloseReason::invalid("its payload must be an object"))?;
                Self::ConnectionInit { payload: payload.unwrap_or_default() }
            }
            "ping" => Self::Ping { payload: object()?.map(ToOwned::to_owned) },
            "pong" => object().map(|_| Self::Pong)?,
            "subscribe" => {
                let payload = payload.ok_or_else(|| CloseReason::invalid("it must have a payload"))?;
                let payload = OperationRequest::parse(text, payload.get())
                    .map_err(|_| CloseReason::invalid("its payload is not a GraphQL request"))?;
                Self::Subscribe { id: id()?, payload }
            }
            "complete" => Self::Complete { id: id()? },
            _ => return Err(CloseReason::invalid("its type is unknown")),
        })
    }
}

/// A message of the server.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ServerMessage<'a> {
    ConnectionAck,
    Pong {
        #[serde(skip_serializing_if = "Option::is_none")]
        payload: Option<&'a RawValue>,
    },
    Error {
        id: &'a str,
        payload: &'a [ServerError],
    },
    Complete {
        id: &'a str,
    },
}

impl ServerMessage<'_> {
    /// The start of a `next` message; its payload and a brace follow.
    pub(super) fn next(id: &str) -> String {
        let id = serde_json::to_string(id).expect("a string is JSON");
        format!(r#"{{"type":"next","id":{id},"payload":"#)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<ClientMessage, CloseReason> {
        ClientMessage::parse(&Bytes::copy_from_slice(text.as_bytes()))
    }

    #[test]
    fn malformed_messages_close() {
        for text in [
            "",
            "{",
            "7",
            "[]",
            "{}",
            r#"{"type": 7}"#,
            r#"{"type": "nonsense"}"#,
            r#"{"type": "connection_init", "payload": 7}"#,
            r#"{"type": "ping", "payload": [1]}"#,
            r#"{"type": "pong", "payload": "x"}"#,
            r#"{"type": "subscribe", "id": "1"}"#,
            r#"{"type": "subscribe", "id": "1", "payload": null}"#,
            r#"{"type": "subscribe", "id": "1", "payload": {"query": 7}}"#,
            r#"{"type": "subscribe", "id": "", "payload": {"query": "{a}"}}"#,
            r#"{"type": "subscribe", "id": 1, "payload": {"query": "{a}"}}"#,
            r#"{"type": "subscribe", "payload": {"query": "{a}"}}"#,
            r#"{"type": "complete"}"#,
        ] {
            assert!(matches!(parse(text), Err(CloseReason(4400, _))), "{text}");
        }
    }

    #[test]
    fn payloads_are_parsed() {
        let init = parse(r#"{"type": "connection_init", "payload": {"authorization": "x"}}"#);
        let Ok(ClientMessage::ConnectionInit { payload }) = init else { panic!("no init") };
        assert_eq!(payload.authorization.as_deref(), Some("x"));
        for (payload, key) in [
            (r#"{"Authorization": null, "a": [1], "AUTHORIZATION": "x"}"#, Some("x")),
            (r#"{"authorization": "x", "Authorization": "y"}"#, Some("x")),
            (r#"{"authorization": 7}"#, Some("")),
            (r#"{"authorization": null}"#, None),
            ("{}", None),
        ] {
            let params: ConnectionParams = serde_json::from_str(payload).unwrap();
            assert_eq!(params.authorization.as_deref(), key, "{payload}");
        }
        for text in [r#"{"type": "connection_init"}"#, r#"{"payload": null, "type": "connection_init"}"#] {
            assert!(matches!(parse(text), Ok(ClientMessage::ConnectionInit { .. })), "{text}");
        }
        let Ok(ClientMessage::Ping { payload: Some(payload) }) =
            parse(r#"{"type": "ping", "payload": {"a": 1}}"#)
        else {
            panic!("no ping")
        };
        let pong = serde_json::to_string(&ServerMessage::Pong { payload: Some(&payload) }).unwrap();
        assert_eq!(pong, r#"{"type":"pong","payload":{"a": 1}}"#);
        assert_eq!(
            serde_json::to_string(&ServerMessage::Pong { payload: None }).unwrap(),
            r#"{"type":"pong"}"#
        );
    }

    #[test]
    fn reasons_fit_into_a_frame() {
        let CloseReason(code, reason) = CloseReason::new(4409, "ü".repeat(100));
        assert_eq!((code, reason.len()), (4409, 122));
    }
}
