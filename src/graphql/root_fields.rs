//! The fields at the root of an operation, as executing it collects them: those of fragments among
//! them, and not what a directive leaves out.
//!
//! Fields that share a response key are one field, which is run once. async-graphql runs each of
//! them, a mutation twice, so such an operation is written anew before it runs.

use std::collections::{HashMap, HashSet};

use async_graphql::parser::types::{
    Directive, DocumentOperations, ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet,
};
use async_graphql::{Name, Positioned, Value, Variables};
use async_graphql_value::Value as InputValue;

/// See the module.
pub(super) struct RootFields<'a> {
    document: &'a ExecutableDocument,
    operation: &'a OperationDefinition,
    variables: &'a Variables,
    /// Fragments that were looked into: each once, however often it is spread.
    entered: HashSet<&'a Name>,
    fields: Vec<&'a Positioned<Field>>,
}

impl<'a> RootFields<'a> {
    pub(super) fn of(
        document: &'a ExecutableDocument,
        operation: &'a OperationDefinition,
        variables: &'a Variables,
    ) -> Self {
        let (entered, fields) = (HashSet::new(), Vec::new());
        let mut root = Self { document, operation, variables, entered, fields };
        root.collect(&operation.selection_set.node);
        root
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &'a Positioned<Field>> {
        self.fields.iter().copied()
    }

    /// Whether an argument is given to a field.
    pub(super) fn is_given(&self, field: &Field, argument: &str) -> bool {
        match field.get_argument(argument).map(|value| &value.node) {
            None | Some(InputValue::Null) => false,
            Some(InputValue::Variable(name)) => match self.variables.get(name) {
                Some(given) => *given != Value::Null,
                None => self.default(name).is_some_and(|default| *default != Value::Null),
            },
            Some(_) => true,
        }
    }

    /// The document with the operation alone, each of its fields once; `None` if it is so already.
    pub(super) fn merged(&self) -> Option<ExecutableDocument> {
        let mut places = HashMap::new();
        let mut merged: Vec<Positioned<Field>> = Vec::new();
        let key = |field: &'a Positioned<Field>| field.node.response_key().node.as_str();
        if self.fields.len() < 2 || self.fields.iter().all(|field| places.insert(key(field), 0).is_none()) {
            return None;
        }
        places.clear();
        for field in self.iter() {
            match places.get(key(field)) {
                Some(place) => {
                    let first: &mut Positioned<Field> = &mut merged[*place];
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
        Some(ExecutableDocument {
            operations: DocumentOperations::Single(operation),
            fragments: self.document.fragments.clone(),
        })
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
                    if let Some(fragment) = self.document.fragments.get(name)
                        && self.entered.insert(name)
                    {
                        self.collect(&fragment.node.selection_set.node);
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
                let value = self.variables.get(name).or_else(|| self.default(name));
                matches!(value, Some(Value::Boolean(value)) if *value == unwanted)
            }
            _ => false,
        }
    }

    fn default(&self, name: &Name) -> Option<&'a Value> {
        let definitions = &self.operation.variable_definitions;
        let definition = definitions.iter().find(|definition| definition.node.name.node == *name)?;
        definition.node.default_value.as_ref().map(|default| &default.node)
    }
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
        let Some(merged) = root.merged() else {
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
            ("{ ...F ...F } fragment F on Q { a { x } }", &["a:x"], false),
            ("{ a { x } ... on Q { a { y } } ... { a { z } } }", &["a:x,y,z"], true),
            ("{ a { x } a @skip(if: true) { y } }", &["a:x"], false),
            ("query($n: Boolean!) { a { x } ... @include(if: $n) { a { y } } }", &["a:x"], false),
            ("query($n: Boolean = true) { a @skip(if: $n) { x } b { y } }", &["a:x", "b:y"], false),
            ("query($d: Boolean = true) { a @skip(if: $d) { x } b { y } }", &["b:y"], false),
            ("{ a ...Missing }", &["a:"], false),
        ] {
            let (fields, anew) = collected(text, serde_json::json!({"n": false}));
            let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
            assert_eq!((&fields[..], anew), (expected, is_anew), "{text}");
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
            ("query($u: T = {s: 1}) { a(t: $u) }", true),
            ("query($n: T = {s: 1}) { a(t: $n) }", false),
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
