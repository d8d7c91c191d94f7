//! The operations of a request, read from a body or a URL.
//!
//! Variables stay as they were sent: of their values, only those that the operation defines are made,
//! once it is known.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use bytes::Bytes;
use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Number;
use serde_json::value::RawValue;

use super::HttpLimits;
use super::admission::{Admission, CallerClass};
use super::json_values;
use super::problem::Problem;
use crate::graphql::{Operation, RawVariables, excerpt};
use crate::memory::MemoryPermit;

/// Texts of this size and more, in bytes, are parsed apart: that takes longer than other requests may wait.
pub(super) const LARGE_BYTES: usize = 32 << 10;

/// The memory of a request, shared by all that was made of it.
pub(super) type Held = Option<Arc<MemoryPermit>>;

/// An operation as it is sent.
#[derive(Default)]
pub(super) struct RawOperation {
    query: Option<String>,
    document_id: Option<String>,
    operation_name: Option<String>,
    variables: RawVariables,
    extensions: Option<Extensions>,
    /// The memory of the request, held as long as anything that was made of it.
    room: Held,
}

/// The members of an operation, its variables not looked into.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct Members<'a> {
    query: Option<String>,
    #[serde(rename = "documentId")]
    document_id: Option<String>,
    #[serde(rename = "operationName")]
    operation_name: Option<String>,
    #[serde(borrow, default, deserialize_with = "object")]
    variables: Option<&'a RawValue>,
    extensions: Option<Extensions>,
}

fn object<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    let value = <Option<&RawValue>>::deserialize(deserializer)?;
    if value.is_some_and(|value| !value.get().starts_with('{')) {
        return Err(D::Error::custom("variables must be an object"));
    }
    Ok(value)
}

/// The extensions that the server reads. Others are passed over.
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
    /// Reads an operation; its variables share the memory of the text.
    pub(super) fn read(text: &Bytes, json: &str) -> Result<Self, serde_json::Error> {
        let Members { query, document_id, operation_name, variables, extensions } =
            serde_json::from_str(json)?;
        let variables = variables.map(|variables| text.slice_ref(variables.get().as_bytes()));
        Ok(Self {
            query,
            document_id,
            operation_name,
            variables: variables.map(RawVariables::from).unwrap_or_default(),
            extensions,
            room: None,
        })
    }

    /// The same, holding the memory of its request.
    pub(super) fn in_room(self, room: Arc<MemoryPermit>) -> Self {
        Self { room: Some(room), ..self }
    }

    /// The memory of the request, to be held as long as anything that is made of it.
    pub(super) fn room(&self) -> Held {
        self.room.clone()
    }

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
            variables: self.variables,
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

/// The operations of one request.
pub(super) enum Operations {
    One(RawOperation),
    /// Each by itself: what is wrong with one does not keep the others from running.
    Batch(Vec<Result<RawOperation, Problem>>),
}

/// Reads the operations of a body, a large one apart from the threads that serve requests. What is no
/// list of operations, or too long a one, is refused as a whole.
pub(super) async fn parse(
    body: Bytes,
    room: MemoryPermit,
    class: CallerClass,
    limits: HttpLimits,
    admission: &Admission,
) -> Result<Operations, Problem> {
    if body.len() < LARGE_BYTES {
        return parse_here(&body, room, class, &limits, admission);
    }
    let own = admission.clone();
    admission.apart(move || parse_here(&body, room, class, &limits, &own)).await
}

fn parse_here(
    body: &Bytes,
    mut room: MemoryPermit,
    class: CallerClass,
    limits: &HttpLimits,
    admission: &Admission,
) -> Result<Operations, Problem> {
    json_values::take_room(body, limits, admission, &mut room, class)?;
    let text = std::str::from_utf8(body).map_err(|_| Problem::bad_request("The body is not UTF-8."))?;
    let operations = if body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
        batch(body, text, limits.batch)?
    } else {
        Operations::One(operation(body, text)?)
    };
    Ok(operations.in_room(room.into()))
}

fn batch(body: &Bytes, text: &str, limit: usize) -> Result<Operations, Problem> {
    let elements: Elements<'_> = serde_json::from_str(text).map_err(|error| malformed(&error))?;
    match elements.count {
        0 => return Err(Problem::bad_request("The batch is empty.")),
        count if count > limit => {
            let message = format!("A batch may hold {limit} operations, but this one holds {count}.");
            return Err(Problem::bad_request(message));
        }
        _ => {}
    }
    if let Some(at) = elements.first.iter().position(|element| !element.get().starts_with('{')) {
        let message = format!("Element {at} of the batch is no object, so nothing of it was run.");
        return Err(Problem::bad_request(message));
    }
    Ok(Operations::Batch(elements.first.iter().map(|element| operation(body, element.get())).collect()))
}

fn operation(body: &Bytes, json: &str) -> Result<RawOperation, Problem> {
    RawOperation::read(body, json).map_err(|error| malformed(&error))
}

impl Operations {
    fn in_room(self, room: Arc<MemoryPermit>) -> Self {
        match self {
            Self::One(operation) => Self::One(operation.in_room(room)),
            Self::Batch(operations) => {
                let held = |operation: RawOperation| operation.in_room(room.clone());
                Self::Batch(operations.into_iter().map(|operation| operation.map(held)).collect())
            }
        }
    }
}

fn malformed(error: &serde_json::Error) -> Problem {
    // The error may quote what was sent.
    let error = error.to_string();
    Problem::bad_request(format!("The body is not a GraphQL request in JSON: {}.", excerpt(&error)))
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
pub(super) fn parse_url(
    query: &str,
    class: CallerClass,
    limits: &HttpLimits,
    admission: &Admission,
) -> Result<RawOperation, Problem> {
    let mut operation = RawOperation::default();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "query" => operation.query = Some(value.into_owned()),
            "documentId" => operation.document_id = Some(value.into_owned()),
            "operationName" => operation.operation_name = Some(value.into_owned()),
            "variables" if !value.is_empty() => {
                let Variables(variables) = json("variables", &value)?;
                let mut room = MemoryPermit::default();
                let values = variables.map_or("", RawValue::get);
                json_values::take_room(values.as_bytes(), limits, admission, &mut room, class)?;
                operation.room = Some(room.into());
                operation.variables = Bytes::copy_from_slice(values.as_bytes()).into();
            }
            "extensions" if !value.is_empty() => operation.extensions = json("extensions", &value)?,
            _ => {}
        }
    }
    Ok(operation)
}

/// The variables of a URL.
#[derive(Deserialize)]
struct Variables<'a>(#[serde(borrow, deserialize_with = "object")] Option<&'a RawValue>);

fn json<'a, T: Deserialize<'a>>(name: &str, value: &'a str) -> Result<T, Problem> {
    serde_json::from_str(value).map_err(|error| {
        let error = error.to_string();
        Problem::bad_request(format!("The parameter {name} is not a JSON object: {}.", excerpt(&error)))
    })
}
