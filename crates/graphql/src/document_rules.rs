//! Rules of the specification that the validation of async-graphql does not have.
//!
//! Its visitors see neither `__typename` nor the types of variables, and it does not count the fields of a
//! subscription.

use std::collections::HashSet;

use async_graphql::parser::types::{
    BaseType, DocumentOperations, ExecutableDocument, Field, InlineFragment, OperationDefinition,
    OperationType, Selection, SelectionSet, VariableDefinition,
};
use async_graphql::{Positioned, ServerError, Value, Variables};
use async_graphql_value::Value as InputValue;

use super::error_bounds::Quoted;
use super::root_fields::RootFields;
use super::selections::Selections;

/// The field that all types have.
const TYPENAME: &str = "__typename";

/// The violations of a document.
pub(super) fn violations(document: &ExecutableDocument) -> Vec<ServerError> {
    let mut errors: Vec<ServerError> =
        Selections::of_document(document).filter_map(|selection| typename(&selection.node)).collect();
    for (_, operation) in document.operations.iter() {
        errors.extend(nullable_conditions(document, &operation.node));
        errors.extend(further_root_field(document, &operation.node));
    }
    errors
}

/// A `__typename` with arguments or a selection.
fn typename(selection: &Selection) -> Option<ServerError> {
    let Selection::Field(field) = selection else { return None };
    if field.node.name.node != TYPENAME {
        return None;
    }
    if let Some((name, _)) = field.node.arguments.first() {
        let message = format!("Unknown argument {} on field \"{TYPENAME}\".", Quoted(&name.node));
        return Some(ServerError::new(message, Some(name.pos)));
    }
    let has_selection = !field.node.selection_set.node.items.is_empty();
    has_selection.then(|| {
        let message = format!("Field \"{TYPENAME}\" must not have a selection since it is a string");
        ServerError::new(message, Some(field.pos))
    })
}

/// The variables that are conditions of directives, but may be null.
fn nullable_conditions(document: &ExecutableDocument, operation: &OperationDefinition) -> Vec<ServerError> {
    let nullable: Vec<_> =
        operation.variable_definitions.iter().filter(|definition| !is_condition(&definition.node)).collect();
    if nullable.is_empty() {
        return Vec::new();
    }
    let mut reported = HashSet::new();
    let selections = Selections::of_operation(document, operation);
    let directives = selections.flat_map(|selection| selection.node.directives());
    let errors = directives.filter_map(|directive| {
        let directive_name = directive.node.name.node.as_str();
        let InputValue::Variable(name) = &directive.node.get_argument("if")?.node else { return None };
        let definition = nullable.iter().find(|definition| definition.node.name.node == *name)?;
        if !matches!(directive_name, "skip" | "include") || !reported.insert(name) {
            return None;
        }
        let message = format!(
            "Variable \"${name}\" of type \"{}\" is the condition of \"@{directive_name}\": declare it as \"Boolean!\", \
             or with a default value.",
            definition.node.var_type.node
        );
        let mut error = ServerError::new(message, Some(definition.pos));
        error.locations.push(directive.pos);
        Some(error)
    });
    errors.collect()
}

/// Returns true if a variable has a value that `if` of a directive accepts.
fn is_condition(definition: &VariableDefinition) -> bool {
    let declared = &definition.var_type.node;
    let default = definition.default_value.as_ref().map(|default| &default.node);
    let has_value = !declared.nullable || default.is_some_and(|default| *default != Value::Null);
    has_value && matches!(&declared.base, BaseType::Named(name) if name == "Boolean")
}

/// The second root field of a subscription, which has one.
fn further_root_field(document: &ExecutableDocument, operation: &OperationDefinition) -> Option<ServerError> {
    if operation.ty != OperationType::Subscription {
        return None;
    }
    // Whatever the variables are, the operation has one field.
    let variables = Variables::default();
    let root = RootFields::of(document, operation, &variables);
    let key = |field: &Positioned<Field>| field.node.response_key().node.clone();
    let first = key(root.iter().next()?);
    let further = root.iter().find(|field| key(field) != first)?;
    let message = format!(
        "A subscription has one field, but this one has {} and {}: send them as two operations.",
        Quoted(&first),
        Quoted(&key(further))
    );
    Some(ServerError::new(message, Some(further.pos)))
}

/// Moves the directives of each `__typename` to a fragment around it, where validation sees them.
pub(super) fn expose_directives_of_typename(document: &mut ExecutableDocument) {
    match &mut document.operations {
        DocumentOperations::Single(operation) => expose_in(&mut operation.node.selection_set.node),
        DocumentOperations::Multiple(operations) => {
            operations.values_mut().for_each(|operation| expose_in(&mut operation.node.selection_set.node));
        }
    }
    document.fragments.values_mut().for_each(|fragment| expose_in(&mut fragment.node.selection_set.node));
}

fn expose_in(set: &mut SelectionSet) {
    for selection in &mut set.items {
        match &mut selection.node {
            Selection::Field(field) if field.node.name.node == TYPENAME => {
                if field.node.directives.is_empty() {
                    continue;
                }
                let directives = std::mem::take(&mut field.node.directives);
                let items = vec![Positioned::new(Selection::Field(field.clone()), selection.pos)];
                let selection_set = Positioned::new(SelectionSet { items }, selection.pos);
                let fragment = InlineFragment { type_condition: None, directives, selection_set };
                selection.node = Selection::InlineFragment(Positioned::new(fragment, selection.pos));
            }
            Selection::Field(field) => expose_in(&mut field.node.selection_set.node),
            Selection::InlineFragment(fragment) => expose_in(&mut fragment.node.selection_set.node),
            Selection::FragmentSpread(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    #[test]
    fn each_rule_finds_its_violations() {
        for (text, parts) in [
            ("{ __typename a { b: __typename } }", &[][..]),
            ("{ a { __typename(x: 1) } }", &["Unknown argument \"x\" on field \"__typename\""]),
            ("{ ...F } fragment F on Q { __typename { x } }", &["must not have a selection"]),
            ("query($b: Boolean!) { a @skip(if: $b) }", &[]),
            ("query($b: Boolean = false) { ... @include(if: $b) { a } }", &[]),
            ("query($b: Boolean) { a(b: $b) @skip(if: true) }", &[]),
            (
                "query($b: Boolean) { a @include(if: $b) b @skip(if: $b) }",
                &["\"$b\" of type \"Boolean\" is the condition of \"@include\""],
            ),
            ("query($b: Boolean = null) { ... @skip(if: $b) { a } }", &["the condition of \"@skip\""]),
            ("query($s: [Boolean!]!) { a @skip(if: $s) }", &["type \"[Boolean!]!\" is the condition"]),
            (
                "query A($b: Boolean) { ...F } query B($b: Boolean!) { ...F } query C($b: Boolean) { a(b: $b) } \
                 fragment F on Q { a { ...G @skip(if: $b) } } fragment G on Q { b }",
                &["the condition of \"@skip\""],
            ),
            ("subscription { a { x } a { y } }", &[]),
            ("subscription { a { x } ...F } fragment F on S { a { y } }", &[]),
            ("{ a b }", &[]),
            ("subscription { a { x } b: a { x } }", &["has one field, but this one has \"a\" and \"b\""]),
            ("subscription { a { x } ... @skip(if: $b) { c { x } } }", &["has \"a\" and \"c\""]),
            ("query A { a } subscription B { ...F } fragment F on S { a b }", &["has \"a\" and \"b\""]),
        ] {
            let errors = violations(&parse_query(text).unwrap());
            assert_eq!(errors.len(), parts.len(), "{text}: {errors:?}");
            for (error, part) in errors.iter().zip(parts) {
                assert!(error.message.contains(part), "{text}: {}", error.message);
                assert!(!error.locations.is_empty(), "{text}");
            }
        }
    }
}
