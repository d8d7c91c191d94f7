//! The fields at the root of an operation, as executing it collects them: those of fragments among
//! them, and not what a directive leaves out.
//!
//! Fields that share a response key are one field, which is run once. async-graphql runs each of
//! them, a mutation twice, so such an operation is written anew before it runs.

use std::collections::{HashMap, HashSet};

use async_graphql::parser::types::{
    Directive, DocumentOperations, ExecutableDocument, Field, OperationDefinition, OperationType, Selection,
    SelectionSet,
};
use async_graphql::{Name, Pos, Positioned, ServerError, Value, Variables};
use async_graphql_value::Value as InputValue;

use super::error::{ErrorCode, refusal};
use super::quote::Quoted;

/// See the module.
pub(super) struct RootFields<'a> {
    document: &'a ExecutableDocument,
    operation: &'a OperationDefinition,
    variables: &'a Variables,
    /// Fragments that were looked into: each once, however often it is spread.
    entered: HashSet<&'a Name>,
    /// A fragment was spread again.
    is_spread_again: bool,
    fields: Vec<&'a Positioned<Field>>,
}

impl<'a> RootFields<'a> {
    /// `variables` are those of the operation, with its defaults for what is left out: executing asks
    /// for nothing else.
    pub(super) fn of(
        document: &'a ExecutableDocument,
        operation: &'a OperationDefinition,
        variables: &'a Variables,
    ) -> Self {
        let (entered, fields) = (HashSet::new(), Vec::new());
        let mut root = Self { document, operation, variables, entered, is_spread_again: false, fields };
        root.collect(&operation.selection_set.node);
        root
    }

    pub(super) fn operation_type(&self) -> OperationType {
        self.operation.ty
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &'a Positioned<Field>> {
        self.fields.iter().copied()
    }

    /// Whether an argument is given to a field.
    pub(super) fn is_given(&self, field: &Field, argument: &str) -> bool {
        match field.get_argument(argument).map(|value| &value.node) {
            None | Some(InputValue::Null) => false,
            Some(InputValue::Variable(name)) => {
                self.variables.get(name).is_some_and(|given| *given != Value::Null)
            }
            Some(_) => true,
        }
    }

    /// The document with the operation alone, each of its fields once; `None` if it is so already. An
    /// error if two fields share a response key and are not the same: validation compares only those
    /// that stand beside each other.
    pub(super) fn merged(&self) -> Result<Option<ExecutableDocument>, ServerError> {
        let key = |field: &'a Positioned<Field>| field.node.response_key().node.as_str();
        let mut keys = HashSet::new();
        if !self.is_spread_again && self.iter().all(|field| keys.insert(key(field))) {
            return Ok(None);
        }
        let mut places = HashMap::new();
        let mut merged: Vec<Positioned<Field>> = Vec::new();
        for field in self.iter() {
            match places.get(key(field)) {
                Some(place) => {
                    let first: &mut Positioned<Field> = &mut merged[*place];
                    if !is_same(&first.node, &field.node) {
                        return Err(conflict(key(field), [first.pos, field.pos]));
                    }
                    let more = field.node.selection_set.node.items.iter().cloned();
                    first.node.selection_set.node.items.extend(more);
                }
                None => {
                    places.insert(key(field), merged.len());
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
            if selection.node.directives().iter().any(|directive| self.leaves_out(&directive.node)) {
                continue;
            }
            match &selection.node {
                Selection::Field(field) => self.fields.push(field),
                Selection::InlineFragment(fragment) => self.collect(&fragment.node.selection_set.node),
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    // One that is not there is for validation to name.
                    let Some(fragment) = self.document.fragments.get(name) else { continue };
                    if self.entered.insert(name) {
                        self.collect(&fragment.node.selection_set.node);
                    } else {
                        self.is_spread_again = true;
                    }
                }
            }
        }
    }

    /// Whether a directive says that its selection is not wanted.
    fn leaves_out(&self, directive: &Directive) -> bool {
        let unwanted = match directive.name.node.as_str() {
            "skip" => true,
            "include" => false,
            _ => return false,
        };
        match directive.get_argument("if").map(|argument| &argument.node) {
            Some(InputValue::Boolean(value)) => *value == unwanted,
            Some(InputValue::Variable(name)) => {
                matches!(self.variables.get(name), Some(Value::Boolean(value)) if *value == unwanted)
            }
            _ => false,
        }
    }
}

/// Whether two fields ask for the same.
fn is_same(one: &Field, other: &Field) -> bool {
    let has = |field: &Field, name: &Name, value: &InputValue| {
        field.arguments.iter().any(|(its_name, its)| its_name.node == *name && its.node == *value)
    };
    one.name.node == other.name.node
        && one.arguments.len() == other.arguments.len()
        && one.arguments.iter().all(|(name, value)| has(other, &name.node, &value.node))
}

fn conflict(key: &str, places: [Pos; 2]) -> ServerError {
    let key = Quoted(key);
    let message = format!("The fields {key} differ in name or arguments. Give one of them another alias.");
    let mut error = refusal(ErrorCode::GraphqlValidationFailed, message);
    error.locations = places.into();
    error
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    /// The fields at the root with what is selected of them, and whether the operation is written anew.
    fn collected(text: &str, variables: serde_json::Value) -> (Vec<String>, bool) {
        let document = parse_query(text).unwrap();
        let (_, operation) = document.operations.iter().next().unwrap();
        let variables = Variables::from_json(variables);
        let root = RootFields::of(&document, &operation.node, &variables);
        let told = |field: &Field| {
            let within: Vec<String> = field.selection_set.node.items.iter().map(selected).collect();
            format!("{}:{}", field.response_key().node, within.join(","))
        };
        let Some(merged) = root.merged().unwrap() else {
            return (root.iter().map(|field| told(&field.node)).collect(), false);
        };
        let (_, operation) = merged.operations.iter().next().unwrap();
        let fields = operation.node.selection_set.node.items.iter().map(|selection| match &selection.node {
            Selection::Field(field) => told(&field.node),
            other => panic!("{other:?}"),
        });
        (fields.collect(), true)
    }

    fn selected(selection: &Positioned<Selection>) -> String {
        match &selection.node {
            Selection::Field(field) => field.node.response_key().node.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn fields_that_share_a_response_key_are_one() {
        for (text, expected, is_anew) in [
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
            let (fields, anew) = collected(text, serde_json::json!({"n": false}));
            let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
            assert_eq!((&fields[..], anew), (expected, is_anew), "{text}");
        }
    }

    #[test]
    fn fields_that_differ_do_not_share_a_response_key() {
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
