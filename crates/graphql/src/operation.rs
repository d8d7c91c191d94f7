//! Operations: as a client sends them, prepared for execution, and answered.

use std::sync::Arc;

use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, OperationDefinition, OperationType,
};
use async_graphql::{Response, ServerError, Variables};

use super::error_bounds::{Quoted, bounded};
use super::error_code::{ErrorCode, request_error};
use super::field_group::FieldGroup;
use super::raw_variables::{self, RawVariables};
use super::response_budget::ResponseMemory;
use super::root_fields::RootFields;

/// The approximate memory of a parsed document in relation to its text.
const DOCUMENT_FACTOR: usize = 8;

/// An operation as a client sends it.
#[derive(Debug, Default)]
pub struct Operation {
    /// The document.
    pub query: String,
    /// The name of the operation to execute.
    pub name: Option<String>,
    /// The values of variables, which may include undefined ones.
    pub variables: RawVariables,
}

/// The type of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationKind {
    /// A query.
    Query,
    /// A mutation.
    Mutation,
    /// A subscription.
    Subscription,
}

impl OperationKind {
    /// The type as a label of metrics and traces.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Mutation => "mutation",
            Self::Subscription => "subscription",
        }
    }
}

impl From<OperationType> for OperationKind {
    fn from(operation: OperationType) -> Self {
        match operation {
            OperationType::Query => Self::Query,
            OperationType::Mutation => Self::Mutation,
            OperationType::Subscription => Self::Subscription,
        }
    }
}

/// The response to an operation.
#[derive(Debug)]
pub enum Answer {
    /// The result of an execution: data, and the errors of failed fields.
    Ran(Box<Response>, ResponseMemory),
    /// The errors of an operation that was not executed. The response has no `data`.
    Refused(Vec<ServerError>),
}

impl Answer {
    /// Creates the response to an operation that was not executed, with bounded errors.
    pub(super) fn refused(errors: Vec<ServerError>) -> Self {
        Self::Refused(bounded(errors))
    }

    /// The errors.
    pub fn errors(&self) -> &[ServerError] {
        match self {
            Self::Ran(response, _) => &response.errors,
            Self::Refused(errors) => errors,
        }
    }
}

/// An operation prepared for execution.
pub struct Prepared {
    pub(super) text: String,
    pub(super) name: Option<String>,
    pub(super) variables: Variables,
    pub(super) document: Arc<ExecutableDocument>,
    /// The operation with merged root fields, if it differs from the document.
    pub(super) merged: Option<ExecutableDocument>,
    pub(super) kind: OperationKind,
    pub(super) group: FieldGroup,
    pub(super) logs: bool,
    /// The document passed validation before.
    pub(super) validated: bool,
}

impl Prepared {
    /// The type of the operation.
    pub fn kind(&self) -> OperationKind {
        self.kind
    }

    /// The fields at the root of the operation.
    pub(super) fn root(&self) -> Result<RootFields<'_>, ServerError> {
        let definition = select(&self.document, self.name.as_deref())?;
        Ok(RootFields::of(&self.document, definition, &self.variables))
    }

    /// Returns true for a query that logs its search as a keystroke.
    pub fn logs(&self) -> bool {
        self.logs
    }

    /// The group of the root fields, by which metrics are labelled.
    pub fn group(&self) -> FieldGroup {
        self.group
    }

    /// The approximate memory of the document and the variables, in bytes.
    pub fn memory_bytes(&self) -> usize {
        self.text.len() * DOCUMENT_FACTOR + raw_variables::memory_bytes(&self.variables)
    }
}

/// Selects the operation to execute.
pub(super) fn select<'a>(
    document: &'a ExecutableDocument,
    name: Option<&str>,
) -> Result<&'a OperationDefinition, ServerError> {
    let message = match (&document.operations, name) {
        (DocumentOperations::Single(operation), None) => return Ok(&operation.node),
        (DocumentOperations::Multiple(operations), None) if operations.len() == 1 => {
            return Ok(&operations.values().next().expect("there is one").node);
        }
        (DocumentOperations::Multiple(operations), Some(name)) => match operations.get(name) {
            Some(operation) => return Ok(&operation.node),
            None => format!(
                "The document has no operation named {}: send the name of one of its operations.",
                Quoted(name)
            ),
        },
        (DocumentOperations::Multiple(_), None) => {
            "The document has several operations: send the name of one of them.".to_owned()
        }
        (DocumentOperations::Single(_), Some(name)) => format!(
            "The document's only operation has no name, so none is named {}: send no operation name.",
            Quoted(name)
        ),
    };
    Err(request_error(ErrorCode::BadUserInput, message))
}
