//! Variables within lists and objects of arguments.

use async_graphql::Positioned;
use async_graphql::parser::types::{Directive, ExecutableDocument, Selection};
use async_graphql_value::Value as InputValue;

use super::selections::Selections;

/// Returns true if a document has a variable within a list or an object.
pub(super) fn has_nested_variables(document: &ExecutableDocument) -> bool {
    Selections::of_document(document).any(|selection| nests_variables(&selection.node))
}

fn nests_variables(selection: &Selection) -> bool {
    let arguments = match selection {
        Selection::Field(field) => &field.node.arguments[..],
        Selection::InlineFragment(_) | Selection::FragmentSpread(_) => &[],
    };
    let nested = |directive: &Positioned<Directive>| {
        directive.node.arguments.iter().any(|(_, value)| is_composite_with_variable(&value.node))
    };
    arguments.iter().any(|(_, value)| is_composite_with_variable(&value.node))
        || selection.directives().iter().any(nested)
}

fn is_composite_with_variable(value: &InputValue) -> bool {
    fn has_variable(value: &InputValue) -> bool {
        matches!(value, InputValue::Variable(_)) || is_composite_with_variable(value)
    }
    match value {
        InputValue::List(items) => items.iter().any(has_variable),
        InputValue::Object(fields) => fields.values().any(has_variable),
        _ => false,
    }
}
