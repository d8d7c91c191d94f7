//! The operations of a request, parsed from a body or a URL.
//!
//! Variables stay text: only the values that the operation defines are parsed, once it is known.

use std::sync::Arc;

use bytes::Bytes;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::HttpLimits;
use super::admission::{Admission, ClientClass};
use super::http_error::HttpError;
use super::json;
use super::persisted::{DocumentRef, PersistedQueryExtension};
use crate::graphql::{Operation, RawVariables, excerpt};
use crate::memory::MemoryPermit;

/// The size from which texts are parsed on a blocking thread, in bytes, so that other requests do not wait.
pub(super) const LARGE_BYTES: usize = 32 << 10;

/// The character with which UTF-8 text may begin.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// The memory of a request, shared by everything that was parsed from it.
pub(super) type SharedPermit = Option<Arc<MemoryPermit>>;

/// An operation as a client requests it.
#[derive(Default)]
pub(super) struct OperationRequest {
    document: DocumentRef,
    name: Option<String>,
    variables: RawVariables,
    permit: SharedPermit,
}

/// The JSON of an operation, its variables unparsed.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct OperationJson<'a> {
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

/// The extensions that the server reads; it ignores others.
struct Extensions {
    persisted: Option<PersistedQueryExtension>,
}

impl<'de> Deserialize<'de> for Extensions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut value: Option<&RawValue> = None;
        json::for_each_member(deserializer, |name, member| {
            if name == "persistedQuery" {
                value = Some(member);
            }
        })?;
        let persisted = value.map_or(Ok(None), |value| serde_json::from_str(value.get()));
        // The position in the inner text would be read as one in the body.
        let invalid = "extensions.persistedQuery must be an object with a version and a sha256Hash";
        Ok(Self { persisted: persisted.map_err(|_| D::Error::custom(invalid))? })
    }
}

impl OperationRequest {
    /// Parses an operation; its variables share the memory of the text.
    pub(super) fn parse(text: &Bytes, json: &str) -> Result<Self, serde_json::Error> {
        let OperationJson { query, document_id, operation_name, variables, extensions } =
            serde_json::from_str(json)?;
        let variables = variables.map(|variables| text.slice_ref(variables.get().as_bytes()));
        let persisted = extensions.and_then(|extensions| extensions.persisted);
        Ok(Self {
            document: DocumentRef { text: query, id: document_id, persisted },
            name: operation_name,
            variables: variables.map(RawVariables::from).unwrap_or_default(),
            permit: None,
        })
    }

    /// Returns the operation holding the memory of its request.
    pub(super) fn with_permit(self, permit: Arc<MemoryPermit>) -> Self {
        Self { permit: Some(permit), ..self }
    }

    /// The memory of the request, to be held as long as anything that was parsed from it.
    pub(super) fn permit(&self) -> SharedPermit {
        self.permit.clone()
    }

    /// Returns true for a document that is sent by id alone.
    pub(super) fn is_id_only(&self) -> bool {
        self.document.is_id_only()
    }

    /// The reference to the document, and the operation without its text.
    pub(super) fn into_parts(self) -> (DocumentRef, Operation) {
        let name = self.name.filter(|name| !name.is_empty());
        (self.document, Operation { query: String::new(), name, variables: self.variables })
    }
}

/// The operations of a body.
pub(super) enum RequestBody {
    Single(OperationRequest),
    /// A batch: an error of one operation does not keep the others from running.
    Batch(Vec<Result<OperationRequest, HttpError>>),
}

/// Parses a body, a large one on a blocking thread.
///
/// A batch with an element that is not an object, or with too many, is rejected as a whole.
pub(super) async fn parse_body(
    body: Bytes,
    permit: MemoryPermit,
    class: ClientClass,
    limits: HttpLimits,
    admission: &Admission,
) -> Result<RequestBody, HttpError> {
    if body.len() < LARGE_BYTES {
        return parse_here(&body, permit, class, &limits, admission);
    }
    let own = admission.clone();
    admission.run_blocking(move || parse_here(&body, permit, class, &limits, &own)).await
}

fn parse_here(
    body: &Bytes,
    mut permit: MemoryPermit,
    class: ClientClass,
    limits: &HttpLimits,
    admission: &Admission,
) -> Result<RequestBody, HttpError> {
    json::reserve_values(body, limits, admission, &mut permit, class)?;
    // Some programs begin each text with a byte order mark.
    let body = &body.strip_prefix(BYTE_ORDER_MARK).map_or_else(|| body.clone(), |text| body.slice_ref(text));
    let text = std::str::from_utf8(body).map_err(|_| HttpError::bad_request("The body is not UTF-8."))?;
    let permit = Arc::new(permit);
    let operation = |json: &str| match OperationRequest::parse(body, json) {
        Ok(operation) => Ok(operation.with_permit(permit.clone())),
        Err(error) => Err(malformed(&error)),
    };
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'[') {
        return Ok(RequestBody::Single(operation(text)?));
    }
    let elements = batch_elements(text, limits.batch)?;
    Ok(RequestBody::Batch(elements.into_iter().map(|element| operation(element.get())).collect()))
}

fn batch_elements(text: &str, limit: usize) -> Result<Vec<&RawValue>, HttpError> {
    // The limit on JSON values bounds the list.
    let elements: Vec<&RawValue> = serde_json::from_str(text).map_err(|error| malformed(&error))?;
    if elements.is_empty() {
        return Err(HttpError::bad_request("The batch is empty."));
    }
    if elements.len() > limit {
        let count = elements.len();
        let message = format!("A batch may hold {limit} operations, but this one holds {count}.");
        return Err(HttpError::bad_request(message));
    }
    if let Some(at) = elements.iter().position(|element| !element.get().starts_with('{')) {
        let message = format!("Element {at} of the batch is not an object, so none of its operations ran.");
        return Err(HttpError::bad_request(message));
    }
    Ok(elements)
}

fn malformed(error: &serde_json::Error) -> HttpError {
    // The error may quote client input.
    let error = error.to_string();
    HttpError::bad_request(format!("The body is not a GraphQL request in JSON: {}.", excerpt(&error)))
}

/// Parses the operation of a URL's query.
pub(super) fn parse_query(
    query: &str,
    class: ClientClass,
    limits: &HttpLimits,
    admission: &Admission,
) -> Result<OperationRequest, HttpError> {
    let mut operation = OperationRequest::default();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "query" => operation.document.text = Some(value.into_owned()),
            "documentId" => operation.document.id = Some(value.into_owned()),
            "operationName" => operation.name = Some(value.into_owned()),
            "variables" if !value.is_empty() => {
                let Variables(variables) = parse_parameter("variables", &value)?;
                let mut permit = MemoryPermit::default();
                let values = variables.map_or("", RawValue::get);
                json::reserve_values(values.as_bytes(), limits, admission, &mut permit, class)?;
                operation.permit = Some(permit.into());
                operation.variables = Bytes::copy_from_slice(values.as_bytes()).into();
            }
            "extensions" if !value.is_empty() => {
                let extensions: Option<Extensions> = parse_parameter("extensions", &value)?;
                operation.document.persisted = extensions.and_then(|extensions| extensions.persisted);
            }
            _ => {}
        }
    }
    Ok(operation)
}

/// The variables of a URL.
#[derive(Deserialize)]
struct Variables<'a>(#[serde(borrow, deserialize_with = "object")] Option<&'a RawValue>);

fn parse_parameter<'a, T: Deserialize<'a>>(name: &str, value: &'a str) -> Result<T, HttpError> {
    serde_json::from_str(value).map_err(|error| {
        let error = error.to_string();
        HttpError::bad_request(format!("The parameter {name} is not a JSON object: {}.", excerpt(&error)))
    })
}
