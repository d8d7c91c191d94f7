//! Reads a request: bytes under a limit, then operations.

use std::fmt;

use async_graphql::Variables;
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http::StatusCode;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::HttpLimits;
use super::problem::Problem;
use crate::graphql::{ErrorCode, Operation};

/// An operation as it is sent.
#[derive(Default, Deserialize)]
pub(super) struct RawOperation {
    query: Option<String>,
    #[serde(rename = "documentId")]
    document_id: Option<String>,
    #[serde(rename = "operationName")]
    operation_name: Option<String>,
    variables: Option<Variables>,
    extensions: Option<Extensions>,
}

/// What clients send besides. All but this is passed over.
#[derive(Default)]
struct Extensions {
    persisted: Option<PersistedQuery>,
}

/// Names the document, as Apollo's clients do.
#[derive(Deserialize)]
struct PersistedQuery {
    version: u32,
    #[serde(rename = "sha256Hash")]
    hash: String,
}

/// The document that is asked for.
pub(super) enum Asked {
    /// By its text.
    Text(String),
    /// By a name, which may come with the text.
    Named { name: String, text: Option<String> },
}

impl RawOperation {
    /// The document to run, and the rest of the operation without its text.
    pub(super) fn checked(self) -> Result<(Asked, Operation), Problem> {
        let text = self.query.filter(|query| !query.trim().is_empty());
        let persisted = self.extensions.and_then(|extensions| extensions.persisted);
        if persisted.as_ref().is_some_and(|persisted| persisted.version != 1) {
            return Err(Problem::bad_request("Unsupported persisted query version: send version 1."));
        }
        let named = self.document_id.filter(|id| !id.is_empty());
        let asked = match (named.or(persisted.map(|persisted| persisted.hash)), text) {
            (Some(name), text) => Asked::Named { name, text },
            (None, Some(text)) => Asked::Text(text),
            (None, None) => {
                return Err(Problem::bad_request(
                    "The request has no query: send a GraphQL document in \"query\", or its name in \"documentId\".",
                ));
            }
        };
        let operation = Operation {
            query: String::new(),
            name: self.operation_name.filter(|name| !name.is_empty()),
            variables: self.variables.unwrap_or_default(),
        };
        Ok((asked, operation))
    }
}

// Only an object will do; a derived reader takes lists, too.
impl<'de> Deserialize<'de> for Extensions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Extensions;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Extensions, A::Error> {
                let mut extensions = Extensions::default();
                while let Some(name) = members.next_key::<String>()? {
                    if name == "persistedQuery" {
                        extensions.persisted = members.next_value()?;
                    } else {
                        members.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(extensions)
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// What one request holds.
pub(super) enum Operations {
    One(RawOperation),
    Batch(Vec<RawOperation>),
}

/// Reads a body to its end.
pub(super) async fn read(body: Body, limits: &HttpLimits) -> Result<Bytes, Problem> {
    match tokio::time::timeout(limits.body_time, read_all(body, limits.body_bytes)).await {
        Ok(read) => read,
        Err(_) => Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            ErrorCode::Timeout,
            format!("The body took longer than {} seconds to arrive.", limits.body_time.as_secs()),
        )),
    }
}

async fn read_all(body: Body, limit: usize) -> Result<Bytes, Problem> {
    let mut chunks = body.into_data_stream();
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Problem::bad_request("The body broke off."))?;
        if first.len().max(whole.len()) + chunk.len() > limit {
            return Err(Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                ErrorCode::BadUserInput,
                format!("The body is larger than {limit} bytes. Send it in parts."),
            ));
        }
        // Most bodies come in one piece and need no copy.
        if first.is_empty() {
            first = chunk;
        } else {
            if whole.is_empty() {
                whole.extend_from_slice(&first);
            }
            whole.extend_from_slice(&chunk);
        }
    }
    Ok(if whole.is_empty() { first } else { whole.freeze() })
}

/// Reads the operations of a body.
pub(super) fn parse(body: &[u8], batch: usize) -> Result<Operations, Problem> {
    let malformed = |error: serde_json::Error| {
        Problem::bad_request(format!("The body is not a GraphQL request in JSON: {error}."))
    };
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'[') {
        return serde_json::from_slice(body).map(Operations::One).map_err(malformed);
    }
    let operations: Vec<RawOperation> = serde_json::from_slice(body).map_err(malformed)?;
    match operations.len() {
        0 => Err(Problem::bad_request("The batch is empty.")),
        count if count > batch => Err(Problem::bad_request(format!(
            "A batch may hold {batch} operations, but this one holds {count}."
        ))),
        _ => Ok(Operations::Batch(operations)),
    }
}

/// Reads the operation of a URL's query.
pub(super) fn parse_url(query: &str) -> Result<RawOperation, Problem> {
    let mut operation = RawOperation::default();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "query" => operation.query = Some(value.into_owned()),
            "documentId" => operation.document_id = Some(value.into_owned()),
            "operationName" => operation.operation_name = Some(value.into_owned()),
            "variables" if !value.is_empty() => operation.variables = json("variables", &value)?,
            "extensions" if !value.is_empty() => operation.extensions = json("extensions", &value)?,
            _ => {}
        }
    }
    Ok(operation)
}

fn json<T: for<'de> Deserialize<'de>>(name: &str, value: &str) -> Result<T, Problem> {
    serde_json::from_str(value)
        .map_err(|error| Problem::bad_request(format!("The parameter {name} is not a JSON object: {error}.")))
}
