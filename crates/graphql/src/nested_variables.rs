//! Variables within lists and objects of arguments.

use async_graphql::Positioned;
use async_graphql::parser::types::{Directive, ExecutableDocument, Selection, SelectionSet};
use async_graphql_value::Value as InputValue;

/// Returns true if a document has a variable within a list or an object.
pub(super) fn has_nested_variables(document: &ExecutableDocument) -> bool {
    let operations = document.operations.iter().map(|(_, operation)| &operation.node.selection_set.node);
    let fragments = document.fragments.values().map(|fragment| &fragment.node.selection_set.node);
    operations.chain(fragments).any(nests_variables)
}

fn nests_variables(set: &SelectionSet) -> bool {
    set.items.iter().any(|selection| {
        let (arguments, within) = match &selection.node {
            Selection::Field(field) => (&field.node.arguments[..], Some(&field.node.selection_set.node)),
            Selection::InlineFragment(fragment) => (&[][..], Some(&fragment.node.selection_set.node)),
            Selection::FragmentSpread(_) => (&[][..], None),
        };
        let nested = |directive: &Positioned<Directive>| {
            directive.node.arguments.iter().any(|(_, value)| is_composite_with_variable(&value.node))
        };
        arguments.iter().any(|(_, value)| is_composite_with_variable(&value.node))
            || selection.node.directives().iter().any(nested)
            || within.is_some_and(nests_variables)
    })
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
