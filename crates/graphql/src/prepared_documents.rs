//! Documents prepared for execution: parsed, validated, and cached by their text.
//!
//! Clients send few documents many times, and parsing and validating one costs more than a search.

use std::collections::HashSet;
use std::sync::Arc;

use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute};
use async_graphql::parser::parse_query;
use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{Request, Response, ServerError, Variables};
use quick_cache::sync::Cache;

use super::api_schema::ApiSchema;
use super::document_rules;
use super::error_code::{ErrorCode, coded};
use super::literals::Literals;
use super::nested_variables::has_nested_variables;
use super::string_escapes::ParsableText;

/// The number of cached documents.
const CAPACITY: usize = 256;
/// The maximum length of a cached document, in bytes. Parsed, it takes about twenty times as much.
const MAX_BYTES: usize = 8 << 10;

/// The documents that passed validation, and the validator of others.
pub(super) struct PreparedDocuments {
    valid: Cache<String, Arc<ExecutableDocument>>,
    /// A schema that validates and never executes: its extension would cost each field of a response.
    validator: ApiSchema,
    literals: Literals,
}

impl PreparedDocuments {
    pub(super) fn new(federation: bool, literals: Literals) -> Self {
        let validator = ApiSchema::with_extension(federation, NeverExecute);
        Self { valid: Cache::new(CAPACITY), validator, literals }
    }

    /// Returns a cached document, which is valid.
    pub(super) fn get(&self, text: &str) -> Option<Arc<ExecutableDocument>> {
        self.valid.get(text)
    }

    /// Caches a valid document.
    pub(super) fn insert(&self, text: &str, document: &Arc<ExecutableDocument>) {
        // Validation skips an argument with a variable within a list or an object while the variable is omitted, so
        // such a document may be valid now and invalid with other variables.
        if text.len() <= MAX_BYTES && !has_nested_variables(document) {
            self.valid.insert(text.to_owned(), document.clone());
        }
    }

    /// Applies all rules of validation; some depend on the operation and its variables.
    pub(super) async fn validate(
        &self,
        mut document: ExecutableDocument,
        operation: Option<&str>,
        variables: Variables,
    ) -> Result<(), Vec<ServerError>> {
        let mut errors = document_rules::violations(&document);
        let arguments = self.literals.errors(&document);
        document_rules::expose_directives_of_typename(&mut document);
        let mut request = Request::new("").variables(variables);
        let first = || document.operations.iter().next().and_then(|(name, _)| name.map(ToString::to_string));
        request.operation_name = operation.map(str::to_owned).or_else(first);
        request.set_parsed_query(document);
        let found = self.validator.execute(request).await.errors;
        let (about_arguments, others): (Vec<_>, Vec<_>) = found.into_iter().partition(is_about_arguments);
        errors.extend(others);
        // One error for each fault: those of async-graphql cover less, and confuse types.
        errors.extend(if arguments.is_empty() { about_arguments } else { arguments });
        let mut known = HashSet::new();
        errors.retain(|error| known.insert((error.message.clone(), error.locations.clone())));
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}

/// Recognizes the errors of async-graphql that [`Literals`] reports as well.
fn is_about_arguments(error: &ServerError) -> bool {
    const PARTS: [&str; 3] =
        ["Invalid value for argument ", " is required but not provided", " used in position expecting type "];
    PARTS.iter().any(|part| error.message.contains(part))
}

/// Parses a document.
pub(super) fn parse(text: &str) -> Result<ExecutableDocument, ServerError> {
    let parsable = ParsableText::of(text)?;
    let mut document = parse_query(&parsable.text).map_err(|error| {
        let mut error = ServerError::from(error);
        error.message = format!("The document is not valid GraphQL: {}", reason(&error.message));
        coded(error, ErrorCode::GraphqlParseFailed)
    })?;
    parsable.restore(&mut document);
    Ok(document)
}

/// The reason in a message of the parser.
fn reason(message: &str) -> String {
    // The parser draws the position into its message; `locations` contains it.
    let reason = message.rsplit("= ").next().unwrap_or_default().trim();
    // Another position is that within a number.
    let reason = reason.split(" at line ").next().unwrap_or_default();
    if !reason.starts_with("expected ") && !reason.starts_with("unexpected ") {
        return reason.to_owned();
    }
    // Its rules have the names of the specification, apart from their spelling.
    reason.replace("EOI", "end of the document").replace('_', " ").trim_end().to_owned()
}

struct NeverExecute;

impl ExtensionFactory for NeverExecute {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_trait::async_trait]
impl Extension for NeverExecute {
    async fn execute(
        &self,
        _context: &ExtensionContext<'_>,
        _operation: Option<&str>,
        _next: NextExecute<'_>,
    ) -> Response {
        Response::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variables::InputTypes;

    fn empty() -> PreparedDocuments {
        let sdl = "type Query { a: Int }";
        PreparedDocuments::new(false, Literals::of(sdl, Arc::new(InputTypes::of(sdl))))
    }

    #[test]
    fn used_documents_stay_and_others_are_evicted() {
        let documents = empty();
        let document = Arc::new(parse("{ a }").unwrap());
        for n in 0..10 * CAPACITY {
            documents.insert(&n.to_string(), &document);
            assert!(documents.get("0").is_some(), "evicted after {n}");
        }
        let cached = (0..10 * CAPACITY).filter(|n| documents.get(&n.to_string()).is_some()).count();
        assert!((2..=CAPACITY).contains(&cached), "{cached}");
    }

    #[test]
    fn errors_of_the_parser_have_the_terms_of_the_specification() {
        for (text, expected) in [
            ("nonsense", "expected executable definition"),
            ("query A", "expected variable definitions, selection set, or directive"),
            ("query A($b: ) { a }", "expected type"),
            ("fragment F { a }", "expected type condition"),
            ("{ a(b: 1e999) }", "invalid number: number out of range"),
            ("query a_b { a } query a_b { a }", "operation a_b is defined twice"),
        ] {
            let message = parse(text).unwrap_err().message;
            assert_eq!(message, format!("The document is not valid GraphQL: {expected}"), "{text}");
        }
    }

    #[test]
    fn long_documents_are_not_cached() {
        let documents = empty();
        let text = " ".repeat(MAX_BYTES + 1);
        documents.insert(&text, &Arc::new(parse("{ a }").unwrap()));
        assert!(documents.get(&text).is_none());
    }
}
