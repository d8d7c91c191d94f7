//! The fields at the root of an operation, collected as the specification demands.
//!
//! They include those of fragments, and exclude those that a directive skips.
//!
//! Fields with the same response key are one field, which is executed once. async-graphql executes each of them, a
//! mutation twice, so the fields of such an operation are merged before its execution.

use std::collections::{HashMap, HashSet};

use async_graphql::parser::types::{
    Directive, DocumentOperations, ExecutableDocument, Field, OperationDefinition, OperationType, Selection,
    SelectionSet,
};
use async_graphql::{Name, Pos, Positioned, ServerError, Value, Variables};
use async_graphql_value::Value as InputValue;

use super::error_bounds::Quoted;
use super::error_code::{ErrorCode, request_error};

/// The fields at the root of an operation.
pub(super) struct RootFields<'a> {
    document: &'a ExecutableDocument,
    operation: &'a OperationDefinition,
    variables: &'a Variables,
    /// The visited fragments: each is visited once, however often it is spread.
    visited: HashSet<&'a Name>,
    /// A fragment is spread more than once.
    has_repeated_spread: bool,
    fields: Vec<&'a Positioned<Field>>,
}

impl<'a> RootFields<'a> {
    /// Collects the fields.
    ///
    /// `variables` must include the defaults of the operation, since the executor ignores them in directives.
    pub(super) fn of(
        document: &'a ExecutableDocument,
        operation: &'a OperationDefinition,
        variables: &'a Variables,
    ) -> Self {
        let (visited, fields) = (HashSet::new(), Vec::new());
        let mut root = Self { document, operation, variables, visited, has_repeated_spread: false, fields };
        root.collect(&operation.selection_set.node);
        root
    }

    pub(super) fn operation_type(&self) -> OperationType {
        self.operation.ty
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &'a Positioned<Field>> {
        self.fields.iter().copied()
    }

    /// Returns true if a field has an argument other than null.
    pub(super) fn is_given(&self, field: &Field, argument: &str) -> bool {
        match field.get_argument(argument).map(|value| &value.node) {
            None | Some(InputValue::Null) => false,
            Some(InputValue::Variable(name)) => {
                self.variables.get(name).is_some_and(|given| *given != Value::Null)
            }
            Some(_) => true,
        }
    }

    /// The document with this operation only and each field once; `None` if unchanged.
    ///
    /// Returns an error if two fields with the same response key differ: validation compares only the fields of one
    /// selection set.
    pub(super) fn merged(&self) -> Result<Option<ExecutableDocument>, ServerError> {
        let key = |field: &'a Positioned<Field>| field.node.response_key().node.as_str();
        let mut keys = HashSet::new();
        if !self.has_repeated_spread && self.iter().all(|field| keys.insert(key(field))) {
            return Ok(None);
        }
        let mut indices = HashMap::new();
        let mut merged: Vec<Positioned<Field>> = Vec::new();
        for field in self.iter() {
            match indices.get(key(field)) {
                Some(index) => {
                    let first: &mut Positioned<Field> = &mut merged[*index];
                    if !is_same(&first.node, &field.node) {
                        return Err(conflict(key(field), [first.pos, field.pos]));
                    }
                    let more = field.node.selection_set.node.items.iter().cloned();
                    first.node.selection_set.node.items.extend(more);
                }
                None => {
                    indices.insert(key(field), merged.len());
                    merged.push(field.clone());
                }
            }
        }
        let mut operation = self.operation.clone();
        operation.selection_set.node.items = merged
            .into_iter()
            .map(|field| {
                let at = field.pos;
                Positioned::new(Selection::Field(field), at)
            })
            .collect();
        let operation = Positioned::new(operation, self.operation.selection_set.pos);
        Ok(Some(ExecutableDocument {
            operations: DocumentOperations::Single(operation),
            fragments: self.document.fragments.clone(),
        }))
    }

    fn collect(&mut self, set: &'a SelectionSet) {
        for selection in &set.items {
            if selection.node.directives().iter().any(|directive| self.skips(&directive.node)) {
                continue;
            }
            match &selection.node {
                Selection::Field(field) => self.fields.push(field),
                Selection::InlineFragment(fragment) => self.collect(&fragment.node.selection_set.node),
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    // Validation reports an undefined fragment.
                    let Some(fragment) = self.document.fragments.get(name) else { continue };
                    if self.visited.insert(name) {
                        self.collect(&fragment.node.selection_set.node);
                    } else {
                        self.has_repeated_spread = true;
                    }
                }
            }
        }
    }

    /// Returns true if a directive skips its selection.
    fn skips(&self, directive: &Directive) -> bool {
        let skipping = match directive.name.node.as_str() {
            "skip" => true,
            "include" => false,
            _ => return false,
        };
        match directive.get_argument("if").map(|argument| &argument.node) {
            Some(InputValue::Boolean(value)) => *value == skipping,
            Some(InputValue::Variable(name)) => {
                matches!(self.variables.get(name), Some(Value::Boolean(value)) if *value == skipping)
            }
            _ => false,
        }
    }
}

/// Returns true if two fields have the same name and arguments.
fn is_same(one: &Field, other: &Field) -> bool {
    one.name.node == other.name.node
        && one.arguments.len() == other.arguments.len()
        && one.arguments.iter().all(|(name, value)| {
            other.get_argument(&name.node).is_some_and(|argument| argument.node == value.node)
        })
}

fn conflict(key: &str, positions: [Pos; 2]) -> ServerError {
    let key = Quoted(key);
    let message = format!("The fields {key} differ in name or arguments. Give one of them another alias.");
    let mut error = request_error(ErrorCode::GraphqlValidationFailed, message);
    error.locations = positions.into();
    error
}

/// Returns the name of the type whose fields an operation selects.
pub(super) fn root_type(on: OperationType) -> &'static str {
    match on {
        OperationType::Query => "Query",
        OperationType::Mutation => "Mutation",
        OperationType::Subscription => "Subscription",
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    /// The fields at the root with their selections, and true if they were merged.
    fn collected(text: &str, variables: serde_json::Value) -> (Vec<String>, bool) {
        let document = parse_query(text).unwrap();
        let (_, operation) = document.operations.iter().next().unwrap();
        let variables = Variables::from_json(variables);
        let root = RootFields::of(&document, &operation.node, &variables);
        let Some(merged) = root.merged().unwrap() else {
            return (root.iter().map(|field| described(&field.node)).collect(), false);
        };
        let (_, operation) = merged.operations.iter().next().unwrap();
        (selected(&operation.node.selection_set.node).map(described).collect(), true)
    }

    fn described(field: &Field) -> String {
        let keys = selected(&field.selection_set.node).map(|field| field.response_key().node.as_str());
        format!("{}:{}", field.response_key().node, keys.collect::<Vec<_>>().join(","))
    }

    fn selected(set: &SelectionSet) -> impl Iterator<Item = &Field> {
        set.items.iter().map(|selection| match &selection.node {
            Selection::Field(field) => &field.node,
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn fields_with_the_same_response_key_are_merged() {
        for (text, expected, is_merged) in [
            ("{ a { x } b { y } }", &["a:x", "b:y"][..], false),
            ("{ a { x } b { y } a { z } }", &["a:x,z", "b:y"], true),
            ("{ a { x } b: a { y } }", &["a:x", "b:y"], false),
            ("{ k: a { x } k: a { x } }", &["k:x,x"], true),
            ("{ ...F a { x } ...F } fragment F on Q { ...G } fragment G on Q { a { z } }", &["a:z,x"], true),
            ("{ ...F ...F } fragment F on Q { a { x } }", &["a:x"], true),
            ("{ ...F ...G } fragment F on Q { a { x } } fragment G on Q { ...F }", &["a:x"], true),
            ("{ a(s: 1, t: $n) { x } ...F } fragment F on Q { a(t: $n, s: 1) { y } }", &["a:x,y"], true),
            ("{ a { x } ... on Q { a { y } } ... { a { z } } }", &["a:x,y,z"], true),
            ("{ a { x } a @skip(if: true) { y } }", &["a:x"], false),
            ("query($n: Boolean!) { a { x } ... @include(if: $n) { a { y } } }", &["a:x"], false),
            ("query($n: Boolean) { a @skip(if: $n) { x } b @include(if: $n) { y } }", &["a:x"], false),
            ("{ a ...Missing }", &["a:"], false),
        ] {
            let (fields, merged) = collected(text, serde_json::json!({"n": false}));
            let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
            assert_eq!((&fields[..], merged), (expected, is_merged), "{text}");
        }
    }

    #[test]
    fn different_fields_with_the_same_response_key_conflict() {
        for text in [
            "{ a b: c ... on Q { b: d } }",
            "{ a(s: 1) ...F } fragment F on Q { a(s: 2) }",
            "{ a(s: 1) ...F } fragment F on Q { a }",
            "{ a ...F } fragment F on Q { a(s: 1) }",
            "{ a(s: 1) a(t: 1) }",
        ] {
            let document = parse_query(text).unwrap();
            let (_, operation) = document.operations.iter().next().unwrap();
            let variables = Variables::default();
            let error = RootFields::of(&document, &operation.node, &variables).merged().unwrap_err();
            assert_eq!(error.locations.len(), 2, "{text}");
        }
    }

    #[test]
    fn an_argument_is_given_unless_it_is_null() {
        for (text, expected) in [
            ("{ a }", false),
            ("{ a(t: null) }", false),
            ("{ a(t: {s: 1}) }", true),
            ("query($v: T) { a(t: $v) }", true),
            ("query($n: T) { a(t: $n) }", false),
            ("query($u: T) { a(t: $u) }", false),
        ] {
            let document = parse_query(text).unwrap();
            let (_, operation) = document.operations.iter().next().unwrap();
            let variables = Variables::from_json(serde_json::json!({"v": {"s": 1}, "n": null}));
            let root = RootFields::of(&document, &operation.node, &variables);
            let field = root.iter().next().unwrap();
            assert_eq!(root.is_given(&field.node, "t"), expected, "{text}");
        }
    }
}
