//! Paths of arguments that the executor cannot read.
//!
//! The coercion of variables rejects nearly all invalid values, except for a nullable variable that is null for a
//! non-null argument. Validation detects it in a new document, the executor in a cached one; their errors differ, and
//! contain only the position of the argument.

use std::sync::Arc;

use async_graphql::parser::types::{ExecutableDocument, OperationDefinition, Selection};
use async_graphql::{Name, Pos, Positioned, ServerError, Value, Variables};
use async_graphql_value::Value as InputValue;

use super::selections::Selections;

/// An argument that the executor cannot read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct UnreadableArgument {
    /// The path of the argument, or of the null within it.
    pub(super) path: String,
    /// The value at the path is a variable that is null.
    pub(super) is_null: bool,
}

/// The arguments of a document, by position.
pub(super) struct ArgumentPaths {
    /// The document; `None` if no variable is null, which needs no path.
    document: Option<Arc<ExecutableDocument>>,
    /// The names of variables that are null.
    nulls: Vec<Name>,
}

impl ArgumentPaths {
    pub(super) fn new(document: &Arc<ExecutableDocument>, variables: &Variables) -> Self {
        let nulls = variables.iter().filter(|(_, value)| **value == Value::Null);
        let nulls: Vec<Name> = nulls.map(|(name, _)| name.clone()).collect();
        Self { document: (!nulls.is_empty()).then(|| document.clone()), nulls }
    }

    /// The argument of an error.
    pub(super) fn of(&self, error: &ServerError) -> Option<UnreadableArgument> {
        self.at(*error.locations.first()?)
    }

    /// The argument whose name or value is at a position.
    fn at(&self, position: Pos) -> Option<UnreadableArgument> {
        let document = self.document.as_ref()?;
        let (name, value) =
            Selections::of_document(document).find_map(|selection| find(&selection.node, position))?;
        let mut nulls = Vec::new();
        self.collect_nulls(&value.node, name.node.to_string(), &mut nulls);
        Some(match <[String; 1]>::try_from(nulls) {
            Ok([path]) => UnreadableArgument { path, is_null: true },
            Err(_) => UnreadableArgument { path: name.node.to_string(), is_null: false },
        })
    }

    fn collect_nulls(&self, value: &InputValue, path: String, nulls: &mut Vec<String>) {
        match value {
            InputValue::Variable(name) if self.nulls.contains(name) => nulls.push(path),
            InputValue::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.collect_nulls(item, format!("{path}.{index}"), nulls);
                }
            }
            InputValue::Object(fields) => {
                for (name, field) in fields {
                    self.collect_nulls(field, format!("{path}.{name}"), nulls);
                }
            }
            _ => {}
        }
    }
}

/// The path of the first argument, or of the value within it, that is a variable of an operation.
pub(super) fn argument_of(
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    variable: &Name,
) -> Option<String> {
    Selections::of_operation(document, operation).find_map(|selection| {
        let Selection::Field(field) = &selection.node else { return None };
        let mut arguments = field.node.arguments.iter();
        arguments.find_map(|(name, value)| path_of(&value.node, name.node.to_string(), variable))
    })
}

fn path_of(value: &InputValue, path: String, variable: &Name) -> Option<String> {
    match value {
        InputValue::Variable(name) => (name == variable).then_some(path),
        InputValue::List(items) => {
            let mut items = items.iter().enumerate();
            items.find_map(|(index, item)| path_of(item, format!("{path}.{index}"), variable))
        }
        InputValue::Object(fields) => {
            let mut fields = fields.iter();
            fields.find_map(|(name, field)| path_of(field, format!("{path}.{name}"), variable))
        }
        _ => None,
    }
}

type Argument = (Positioned<Name>, Positioned<InputValue>);

fn find(selection: &Selection, position: Pos) -> Option<&Argument> {
    let Selection::Field(field) = selection else { return None };
    field.node.arguments.iter().find(|(name, value)| name.pos == position || value.pos == position)
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_argument_with_a_variable_of_the_operation_is_found() {
        for (text, expected) in [
            ("query A($v: T) { a(b: $v, c: $v) }", Some("b")),
            ("query A($v: T) { a(b: {c: [1, {d: $v}]}) }", Some("b.c.1.d")),
            ("query A($v: T) { a { ...F } } fragment F on Q { b(c: [$v]) }", Some("c.0")),
            ("query A($v: T) { a @skip(if: $v) }", None),
            ("query A($v: T) { a } query B($v: T) { a(b: $v) }", None),
        ] {
            let document = parse_query(text).unwrap();
            let mut operations = document.operations.iter();
            let (_, operation) = operations.find(|(name, _)| name.is_some_and(|name| name == "A")).unwrap();
            assert_eq!(
                argument_of(&document, &operation.node, &Name::new("v")).as_deref(),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn arguments_are_found_by_the_position_of_name_or_value() {
        for (text, expected) in [
            ("{ a(b: $n) }", ("b", true)),
            ("{ a(x: 1) { c(x: $m, b: $n) } }", ("b", true)),
            ("{ ... { a(b: $n) } }", ("b", true)),
            ("{ ...F } fragment F on Q { a { c(b: $n) } }", ("b", true)),
            ("{ a(b: {c: [1, {d: $n}]}) }", ("b.c.1.d", true)),
            ("{ a(b: {c: $n, d: $n}) }", ("b", false)),
            ("{ a(b: {c: $m}) }", ("b", false)),
        ] {
            let document = Arc::new(parse_query(text).unwrap());
            let variables = Variables::from_json(json!({"n": null, "m": 1}));
            let name = text.find("b: ").unwrap() + 1;
            let paths = ArgumentPaths::new(&document, &variables);
            for column in [name, name + 3] {
                let found = paths.at(Pos { line: 1, column }).unwrap();
                assert_eq!((found.path.as_str(), found.is_null), expected, "{text}");
            }
            assert_eq!(paths.at(Pos { line: 2, column: name }), None, "{text}");
        }
    }
}
