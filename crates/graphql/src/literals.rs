//! Literals of a document, checked like variables.
//!
//! Validation accepts each literal of a custom scalar and any integer, which the resolvers would reject when half of
//! the operation may have been executed.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, ExecutableDocument, Field, FieldDefinition, Selection, SelectionSet, Type, TypeKind,
    TypeSystemDefinition,
};
use async_graphql::{Positioned, ServerError};

use super::root_fields::root_type;
use super::variables::{InputPath, InputTypes};

/// The arguments of all fields of the schema.
pub(super) struct Literals {
    inputs: Arc<InputTypes>,
    objects: HashMap<String, HashMap<String, OutputField>>,
}

struct OutputField {
    /// The named type of the field.
    ty: String,
    arguments: HashMap<String, Type>,
}

impl Literals {
    /// Reads the fields from a schema in the schema definition language.
    pub(super) fn of(sdl: &str, inputs: Arc<InputTypes>) -> Self {
        let document = parse_schema(sdl).expect("the exported schema is valid");
        let mut objects = HashMap::new();
        for definition in document.definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let fields = match definition.node.kind {
                TypeKind::Object(of) => of.fields,
                TypeKind::Interface(of) => of.fields,
                _ => continue,
            };
            let fields = fields.into_iter().map(output_field).collect();
            objects.insert(definition.node.name.node.to_string(), fields);
        }
        Self { inputs, objects }
    }

    /// The errors of a valid document.
    pub(super) fn errors(&self, document: &ExecutableDocument) -> Vec<ServerError> {
        let mut errors = Vec::new();
        for (_, operation) in document.operations.iter() {
            let operation = &operation.node;
            for definition in operation.variable_definitions.iter().map(|definition| &definition.node) {
                let Some(default) = &definition.default_value else { continue };
                let path = InputPath::Variable(&definition.name.node);
                let value = default.node.clone().into_value();
                if let Err(problem) = self.inputs.check_literal(&definition.var_type.node, &value, path) {
                    let message = format!("The default value of {problem}.");
                    errors.push(ServerError::new(message, Some(default.pos)));
                }
            }
            self.check_set(root_type(operation.ty), &operation.selection_set.node, &mut errors);
        }
        for fragment in document.fragments.values().map(|fragment| &fragment.node) {
            let on = &fragment.type_condition.node.on.node;
            self.check_set(on, &fragment.selection_set.node, &mut errors);
        }
        errors
    }

    fn check_set(&self, on: &str, set: &SelectionSet, errors: &mut Vec<ServerError>) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => self.check_field(on, &field.node, errors),
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.node.type_condition.as_ref();
                    let on = condition.map_or(on, |condition| condition.node.on.node.as_str());
                    self.check_set(on, &fragment.node.selection_set.node, errors);
                }
                Selection::FragmentSpread(_) => {}
            }
        }
    }

    fn check_field(&self, on: &str, field: &Field, errors: &mut Vec<ServerError>) {
        let known = self.objects.get(on).and_then(|fields| fields.get(field.name.node.as_str()));
        // Those of introspection have no arguments of these types.
        let Some(OutputField { ty, arguments }) = known else { return };
        for (name, value) in &field.arguments {
            let Some(ty) = arguments.get(name.node.as_str()) else { continue };
            let path = InputPath::Argument(&name.node);
            if let Err(problem) = self.inputs.check_literal(ty, &value.node, path) {
                errors.push(ServerError::new(format!("The argument {problem}."), Some(value.pos)));
            }
        }
        self.check_set(ty, &field.selection_set.node, errors);
    }
}

fn output_field(field: Positioned<FieldDefinition>) -> (String, OutputField) {
    let FieldDefinition { name, arguments, ty, .. } = field.node;
    let arguments =
        arguments.into_iter().map(|argument| (argument.node.name.node.to_string(), argument.node.ty.node));
    (name.node.to_string(), OutputField { ty: named(&ty.node).to_owned(), arguments: arguments.collect() })
}

/// The named type that a type wraps.
fn named(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name,
        BaseType::List(item) => named(item),
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    const SDL: &str = "
        scalar DateTime
        scalar JSON
        scalar Long
        scalar AttributeValue
        enum Sort { UP DOWN }
        input Range { from: DateTime, or: [Range!], sort: Sort, any: JSON, long: Long, values: [AttributeValue!] }
        interface Node { pages(first: Int): [Page!]! }
        type Page implements Node { pages(first: Int, range: Range): [Page!]!, size: Int }
        type Query { page(first: Int, range: [Range!]): Page, nodes: [Node] }
    ";

    fn messages(text: &str) -> Vec<String> {
        let literals = Literals::of(SDL, Arc::new(InputTypes::of(SDL)));
        let errors = literals.errors(&parse_query(text).unwrap());
        assert!(errors.iter().all(|error| !error.locations.is_empty()), "{text}");
        errors.into_iter().map(|error| error.message).collect()
    }

    #[test]
    fn valid_literals_and_variables_pass() {
        for text in [
            "{ page(first: 2147483647, range: null) { size } }",
            "query($n: Int = 7, $r: Range, $d: DateTime) { page(first: $n, range: [$r, {from: $d}]) { size } }",
            "{ page(range: {from: \"2025-05-05T07:47:20Z\", sort: UP, any: {a: [1e9, $b]}}) { size } }",
            "{ page(range: {long: 1764414000000, values: [1, \"x\", true], or: [{or: []}, null]}) { size } }",
            "{ __type(name: \"x\") { name } unknown(x: 1) { y } }",
        ] {
            assert_eq!(messages(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn errors_begin_with_the_path_of_the_literal() {
        for (text, expected) in [
            (
                "{ page(first: -2147483649) { size } }",
                "The argument first must be Int: an integer from -2147483648 to 2147483647.",
            ),
            (
                "{ nodes { ... on Page { pages(range: {or: [{}, {from: \"noon\"}]}) { size } } } }",
                "The argument range.or.1.from must be an RFC 3339 date-time",
            ),
            ("{ nodes { ... { pages(first: 3000000000) { size } } } }", "The argument first must be Int"),
            (
                "{ ...F } fragment F on Query { page(range: [{values: [1, {x: 1}]}]) { size } }",
                "The argument range.0.values.1 must be a string, a number or a boolean.",
            ),
            ("{ page(range: {long: 1e30}) { size } }", "The argument range.long must be Long: an integer"),
            (
                "query($n: Int = 5000000000) { page(first: $n) { size } }",
                "The default value of $n must be Int",
            ),
            (
                "query($r: Range = {from: 1}) { page(range: [$r]) { size } }",
                "The default value of $r.from must be",
            ),
        ] {
            let messages = messages(text);
            assert_eq!(messages.len(), 1, "{text}: {messages:?}");
            assert!(messages[0].starts_with(expected), "{text}: {messages:?}");
        }
    }
}
