//! The messages of `graphql-transport-ws`, and the codes with which it closes.

use std::borrow::Cow;
use std::fmt;

use async_graphql::ServerError;
use bytes::Bytes;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::http::request::RawOperation;

/// The most bytes that the reason of a close may have.
const MAX_REASON: usize = 123;

/// Why the server closes: the code, and a word for people.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Close(pub(super) u16, pub(super) String);

impl Close {
    pub(super) fn new(code: u16, reason: impl Into<String>) -> Self {
        let mut reason = reason.into();
        reason.truncate(reason.floor_char_boundary(MAX_REASON));
        Self(code, reason)
    }

    fn invalid(what: &str) -> Self {
        Self::new(4400, format!("Invalid message: {what}"))
    }
}

/// What a client says.
pub(super) enum FromClient {
    /// Greets; the payload may say who it is.
    ConnectionInit {
        payload: Greeting,
    },
    Ping {
        payload: Option<Box<RawValue>>,
    },
    Pong,
    Subscribe {
        id: String,
        payload: RawOperation,
    },
    Complete {
        id: String,
    },
}

/// The payload of `connection_init`; all but the key is passed over.
#[derive(Default)]
pub(super) struct Greeting {
    /// The key, as the header of its name has it; empty where it is no text.
    pub(super) authorization: Option<String>,
}

impl<'de> Deserialize<'de> for Greeting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Greeting;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Greeting, A::Error> {
                let mut greeting = Greeting::default();
                while let Some(name) = members.next_key::<Cow<'de, str>>()? {
                    if greeting.authorization.is_none() && name.eq_ignore_ascii_case("authorization") {
                        let value = members.next_value::<&RawValue>()?.get();
                        greeting.authorization = match value {
                            "null" => None,
                            value => Some(serde_json::from_str(value).unwrap_or_default()),
                        };
                    } else {
                        members.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(greeting)
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// Any message, its payload not looked into.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "type")]
    kind: String,
    id: Option<String>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
}

impl FromClient {
    pub(super) fn parse(text: &Bytes) -> Result<Self, Close> {
        let Envelope { kind, id, payload } =
            serde_json::from_slice(text).map_err(|_| Close::invalid("it must be an object with a type"))?;
        let payload = payload.filter(|payload| payload.get() != "null");
        let id = || id.filter(|id| !id.is_empty()).ok_or_else(|| Close::invalid("it must have an id"));
        let object = || match payload {
            Some(payload) if !payload.get().starts_with('{') => {
                Err(Close::invalid("its payload must be an object"))
            }
            payload => Ok(payload),
        };
        Ok(match kind.as_str() {
            "connection_init" => {
                let payload = object()?.map(|payload| serde_json::from_str(payload.get())).transpose();
                let payload = payload.map_err(|_| Close::invalid("its payload must be an object"))?;
                Self::ConnectionInit { payload: payload.unwrap_or_default() }
            }
            "ping" => Self::Ping { payload: object()?.map(ToOwned::to_owned) },
            "pong" => object().map(|_| Self::Pong)?,
            "subscribe" => {
                let payload = payload.ok_or_else(|| Close::invalid("it must have a payload"))?;
                let payload = RawOperation::read(text, payload.get())
                    .map_err(|_| Close::invalid("its payload is no GraphQL request"))?;
                Self::Subscribe { id: id()?, payload }
            }
            "complete" => Self::Complete { id: id()? },
            _ => return Err(Close::invalid("there is no such type")),
        })
    }
}

/// What the server says.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ToClient<'a> {
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

impl ToClient<'_> {
    /// The beginning of a `next` message: its payload follows, and a brace.
    pub(super) fn next(id: &str) -> String {
        let id = serde_json::to_string(id).expect("a text is JSON");
        format!(r#"{{"type":"next","id":{id},"payload":"#)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<FromClient, Close> {
        FromClient::parse(&Bytes::copy_from_slice(text.as_bytes()))
    }

    #[test]
    fn what_is_no_message_closes() {
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
            assert!(matches!(parse(text), Err(Close(4400, _))), "{text}");
        }
    }

    #[test]
    fn payloads_are_kept() {
        let init = parse(r#"{"type": "connection_init", "payload": {"authorization": "x"}}"#);
        let Ok(FromClient::ConnectionInit { payload }) = init else { panic!("no greeting") };
        assert_eq!(payload.authorization.as_deref(), Some("x"));
        for (payload, key) in [
            (r#"{"Authorization": null, "a": [1], "AUTHORIZATION": "x"}"#, Some("x")),
            (r#"{"authorization": "x", "Authorization": "y"}"#, Some("x")),
            (r#"{"authorization": 7}"#, Some("")),
            (r#"{"authorization": null}"#, None),
            ("{}", None),
        ] {
            let greeting: Greeting = serde_json::from_str(payload).unwrap();
            assert_eq!(greeting.authorization.as_deref(), key, "{payload}");
        }
        for text in [r#"{"type": "connection_init"}"#, r#"{"payload": null, "type": "connection_init"}"#] {
            assert!(matches!(parse(text), Ok(FromClient::ConnectionInit { .. })), "{text}");
        }
        let Ok(FromClient::Ping { payload: Some(payload) }) =
            parse(r#"{"type": "ping", "payload": {"a": 1}}"#)
        else {
            panic!("no ping")
        };
        let pong = serde_json::to_string(&ToClient::Pong { payload: Some(&payload) }).unwrap();
        assert_eq!(pong, r#"{"type":"pong","payload":{"a": 1}}"#);
        assert_eq!(serde_json::to_string(&ToClient::Pong { payload: None }).unwrap(), r#"{"type":"pong"}"#);
    }

    #[test]
    fn reasons_fit_into_a_frame() {
        let Close(code, reason) = Close::new(4409, "ü".repeat(100));
        assert_eq!((code, reason.len()), (4409, 122));
    }
}
