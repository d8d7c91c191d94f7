//! Reads a request: bytes under a limit, then operations.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use async_graphql::Variables;
use axum::body::{Body, HttpBody as _};
use bytes::Bytes;
use futures_util::StreamExt;
use http::StatusCode;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Number;
use serde_json::value::RawValue;

use super::admission::{Admission, Room};
use super::problem::Problem;
use crate::graphql::{ErrorCode, Operation};

/// An operation as it is sent.
#[derive(Default, Deserialize)]
#[serde(expecting = "an object")]
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
#[serde(expecting = "an object")]
struct PersistedQuery {
    version: Number,
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
    /// Recognizes a document that is named and not sent.
    pub(super) fn is_named(&self) -> bool {
        let persisted = self.extensions.as_ref().is_some_and(|extensions| extensions.persisted.is_some());
        self.query.is_none() && (persisted || self.document_id.is_some())
    }

    /// The document to run, and the rest of the operation without its text.
    pub(super) fn checked(self) -> Result<(Asked, Operation), Problem> {
        let text = self.query.filter(|query| !query.trim().is_empty());
        let persisted = self.extensions.and_then(|extensions| extensions.persisted);
        if persisted.as_ref().is_some_and(|persisted| persisted.version.as_u64() != Some(1)) {
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
    /// Each by itself: what is wrong with one does not keep the others from running.
    Batch(Vec<Result<RawOperation, Problem>>),
}

/// Reads a body to its end. The room that it takes in memory is given back with the last of the two.
pub(super) async fn read(
    body: Body,
    limit: usize,
    time: Duration,
    admission: &Admission,
) -> Result<(Bytes, Room), Problem> {
    // What is announced need not be read to be refused.
    if body.size_hint().lower() > limit as u64 {
        return Err(too_large(limit));
    }
    match tokio::time::timeout(time, read_all(body, limit, admission)).await {
        Ok(read) => read,
        Err(_) => Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            ErrorCode::Timeout,
            format!("The body took longer than {} to arrive.", humantime::format_duration(time)),
        )),
    }
}

async fn read_all(body: Body, limit: usize, admission: &Admission) -> Result<(Bytes, Room), Problem> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(limit);
    let mut chunks = body.into_data_stream();
    let mut first = Bytes::new();
    let mut whole = Vec::new();
    let mut room = Room::default();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Problem::bad_request("The body broke off."))?;
        let read = first.len().max(whole.len());
        if read + chunk.len() > limit {
            return Err(too_large(limit));
        }
        admission.body_room(&mut room, chunk.len())?;
        // Most bodies come in one piece and need no copy.
        if first.is_empty() {
            first = chunk;
            continue;
        }
        if whole.is_empty() {
            whole.reserve_exact(announced);
            whole.extend_from_slice(&first);
        }
        if whole.capacity() - whole.len() < chunk.len() {
            // To twice its size, yet never to more than may come.
            whole.reserve_exact(chunk.len().max(read.min(limit - read)));
        }
        whole.extend_from_slice(&chunk);
    }
    Ok((if whole.is_empty() { first } else { whole.into() }, room))
}

fn too_large(limit: usize) -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        ErrorCode::BadUserInput,
        format!("The body is larger than the {limit} bytes that you may send at once. Send it in parts."),
    )
}

/// Reads the operations of a body. What is no list of operations, or too long a one, is refused as a whole.
pub(super) fn parse(body: &[u8], batch: usize) -> Result<Operations, Problem> {
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'[') {
        return operation(body).map(Operations::One);
    }
    let elements: Elements<'_> = serde_json::from_slice(body).map_err(|error| malformed(&error))?;
    match elements.count {
        0 => return Err(Problem::bad_request("The batch is empty.")),
        count if count > batch => {
            let message = format!("A batch may hold {batch} operations, but this one holds {count}.");
            return Err(Problem::bad_request(message));
        }
        _ => {}
    }
    if let Some(at) = elements.first.iter().position(|element| !element.get().starts_with('{')) {
        let message = format!("Element {at} of the batch is no object, so nothing of it was run.");
        return Err(Problem::bad_request(message));
    }
    Ok(Operations::Batch(elements.first.iter().map(|element| operation(element.get().as_bytes())).collect()))
}

fn operation(json: &[u8]) -> Result<RawOperation, Problem> {
    serde_json::from_slice(json).map_err(|error| malformed(&error))
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::bad_request(format!("The body is not a GraphQL request in JSON: {error}."))
}

/// The most operations that a batch may ever hold, whatever is configured.
const MAX_BATCH: usize = 1_000;

/// The elements of a list, not looked into: those that may matter, and how many there are.
struct Elements<'a> {
    first: Vec<&'a RawValue>,
    count: usize,
}

impl<'de: 'a, 'a> Deserialize<'de> for Elements<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List<'a>(PhantomData<&'a ()>);

        impl<'de: 'a, 'a> Visitor<'de> for List<'a> {
            type Value = Elements<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of operations")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut elements = Elements { first: Vec::new(), count: 0 };
                while elements.count < MAX_BATCH {
                    let Some(element) = list.next_element()? else { return Ok(elements) };
                    elements.first.push(element);
                    elements.count += 1;
                }
                while list.next_element::<IgnoredAny>()?.is_some() {
                    elements.count += 1;
                }
                Ok(elements)
            }
        }

        deserializer.deserialize_seq(List(PhantomData))
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
