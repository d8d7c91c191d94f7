//! Arguments of a document: literals, checked like variables, and variables, checked by their types.
//!
//! The validation of async-graphql accepts each literal of a custom scalar, any integer, and variables that may be null
//! where null is invalid. The resolvers would reject them when half of the operation may have been executed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, ExecutableDocument, Field, FieldDefinition, OperationDefinition, Selection, SelectionSet, Type,
    TypeKind, TypeSystemDefinition, VariableDefinition,
};
use async_graphql::{Name, Pos, Positioned, ServerError, Value};

use super::input_path::InputPath;
use super::root_fields::root_type;
use super::selections::Selections;
use super::variables::{InputField, InputTypes, VariablePosition, input_field};

/// The arguments of all fields of the schema.
pub(super) struct Literals {
    inputs: Arc<InputTypes>,
    objects: HashMap<String, HashMap<String, OutputField>>,
}

struct OutputField {
    /// The named type of the field.
    ty: String,
    arguments: HashMap<String, InputField>,
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

    /// The errors of a document.
    ///
    /// Validation reports unknown names.
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
            self.for_each_field(
                root_type(operation.ty),
                &operation.selection_set.node,
                &mut |field, known| {
                    self.check_field(field, known, &mut errors);
                },
            );
            self.check_variables(document, operation, &mut errors);
        }
        for fragment in document.fragments.values().map(|fragment| &fragment.node) {
            let on = &fragment.type_condition.node.on.node;
            self.for_each_field(on, &fragment.selection_set.node, &mut |field, known| {
                self.check_field(field, known, &mut errors);
            });
        }
        errors
    }

    /// Calls `visit` with each known field of a set and those within it, without following spreads.
    fn for_each_field<'a>(
        &'a self,
        on: &'a str,
        set: &'a SelectionSet,
        visit: &mut impl FnMut(&'a Positioned<Field>, &'a OutputField),
    ) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    let known =
                        self.objects.get(on).and_then(|fields| fields.get(field.node.name.node.as_str()));
                    if let Some(known) = known {
                        visit(field, known);
                    }
                    // Within an unknown field, the conditions of fragments name types.
                    let within = known.map_or("", |known| &known.ty);
                    self.for_each_field(within, &field.node.selection_set.node, visit);
                }
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.node.type_condition.as_ref();
                    let on = condition.map_or(on, |condition| condition.node.on.node.as_str());
                    self.for_each_field(on, &fragment.node.selection_set.node, visit);
                }
                Selection::FragmentSpread(_) => {}
            }
        }
    }

    fn check_field(&self, field: &Positioned<Field>, known: &OutputField, errors: &mut Vec<ServerError>) {
        let mut report = |problem, at| {
            errors.push(ServerError::new(format!("The argument {problem}."), Some(at)));
        };
        for (name, value) in &field.node.arguments {
            let Some(argument) = known.arguments.get(name.node.as_str()) else { continue };
            let path = InputPath::Argument(&name.node);
            if let Err(problem) = self.inputs.check_literal(&argument.ty, &value.node, path) {
                report(problem, value.pos);
            }
        }
        for (name, argument) in &known.arguments {
            if argument.is_required() && field.node.get_argument(name).is_none() {
                report(InputPath::Argument(name).missing(&argument.ty), field.pos);
            }
        }
    }

    /// Reports each variable of an operation in a position that does not accept all of its values.
    fn check_variables(
        &self,
        document: &ExecutableDocument,
        operation: &OperationDefinition,
        errors: &mut Vec<ServerError>,
    ) {
        if operation.variable_definitions.is_empty() {
            return;
        }
        let mut report = |name: &Name, position: VariablePosition<'_>, at: Pos| {
            let mut definitions = operation.variable_definitions.iter();
            let definition = definitions.find(|definition| definition.node.name.node == *name);
            let Some(definition) = definition.filter(|definition| !is_allowed(&definition.node, position))
            else {
                return;
            };
            let VariablePosition { ty, is_only_field, .. } = position;
            let required = if is_only_field { format!("{}!", ty.base) } else { ty.to_string() };
            let message = format!(
                "Variable \"${name}\" of type \"{}\" is used where \"{required}\" is expected: declare it as that.",
                definition.node.var_type.node
            );
            let mut error = ServerError::new(message, Some(definition.pos));
            error.locations.push(at);
            errors.push(error);
        };
        let mut check = |field: &Positioned<Field>, known: &OutputField| {
            for (name, value) in &field.node.arguments {
                let Some(argument) = known.arguments.get(name.node.as_str()) else { continue };
                let mut report =
                    |name: &Name, position: VariablePosition<'_>| report(name, position, value.pos);
                self.inputs.for_each_variable(VariablePosition::of(argument), &value.node, &mut report);
            }
        };
        self.for_each_field(root_type(operation.ty), &operation.selection_set.node, &mut check);
        for name in spread_by(document, operation) {
            let Some(fragment) = document.fragments.get(name) else { continue };
            let on = &fragment.node.type_condition.node.on.node;
            self.for_each_field(on, &fragment.node.selection_set.node, &mut check);
        }
    }
}

/// The names of the fragments that an operation spreads.
fn spread_by<'a>(document: &'a ExecutableDocument, operation: &'a OperationDefinition) -> HashSet<&'a Name> {
    let spread =
        Selections::of_operation(document, operation).filter_map(|selection| match &selection.node {
            Selection::FragmentSpread(spread) => Some(&spread.node.fragment_name.node),
            Selection::Field(_) | Selection::InlineFragment(_) => None,
        });
    spread.collect()
}

/// Returns true if a position accepts each value that a variable may have.
///
/// A variable that may be omitted is accepted where a default takes its place.
fn is_allowed(definition: &VariableDefinition, position: VariablePosition<'_>) -> bool {
    let declared = &definition.var_type.node;
    if position.is_only_field {
        return !declared.nullable && fits_base(&declared.base, &position.ty.base);
    }
    let default = definition.default_value.as_ref().map(|default| &default.node);
    let has_value = position.has_default || default.is_some_and(|default| *default != Value::Null);
    let fits_null = position.ty.nullable || !declared.nullable || has_value;
    fits_null && fits_base(&declared.base, &position.ty.base)
}

fn fits(declared: &Type, expected: &Type) -> bool {
    (expected.nullable || !declared.nullable) && fits_base(&declared.base, &expected.base)
}

fn fits_base(declared: &BaseType, expected: &BaseType) -> bool {
    match (declared, expected) {
        (BaseType::List(declared), BaseType::List(expected)) => fits(declared, expected),
        (BaseType::Named(declared), BaseType::Named(expected)) => declared == expected,
        _ => false,
    }
}

fn output_field(field: Positioned<FieldDefinition>) -> (String, OutputField) {
    let FieldDefinition { name, arguments, ty, .. } = field.node;
    let arguments = arguments.into_iter().map(input_field).collect();
    (name.node.to_string(), OutputField { ty: named(&ty.node).to_owned(), arguments })
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
        type Query { page(first: Int, range: [Range!]): Page, nodes: [Node], find(by: By!, in: Strict, n: Int! = 3): Page }
        input By @oneOf { id: ID, name: String }
        input Strict { a: String!, b: [Int!], c: Int! = 7, within: Strict }
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
            "query($n: Int = 7, $r: Range!, $d: DateTime) { page(first: $n, range: [$r, {from: $d}]) { size } }",
            "{ page(range: {from: \"2025-05-05T07:47:20Z\", sort: UP, any: {a: [1e9, $b]}}) { size } }",
            "{ page(range: {long: 1764414000000, values: [1, \"x\", true], or: [{or: []}, {}]}) { size } }",
            "{ __type(name: \"x\") { name } unknown(x: 1) { y } }",
        ] {
            assert_eq!(messages(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn variables_fit_their_positions() {
        let valid = [
            ("$v: By!", "find(by: $v)"),
            ("$v: ID!", "find(by: {id: $v})"),
            ("$v: By = {id: 1}", "find(by: $v)"),
            ("$v: Int", "find(by: {id: 1}, n: $v)"),
            ("$v: Int!", "page(first: $v)"),
            ("$v: Strict, $x: By!", "find(by: $x, in: {a: \"\", within: $v})"),
            ("$v: Int", "find(by: {id: 1}, in: {a: \"\", c: $v})"),
            ("$v: [Int!]!", "find(by: {id: 1}, in: {a: \"\", b: $v})"),
            ("$v: Int!", "find(by: {id: 1}, in: {a: \"\", b: [$v]})"),
            ("$v: [Range!]!", "page(range: $v)"),
            ("$v: Int = 1", "find(by: {id: 1}, in: {a: \"\", b: [$v]})"),
        ];
        for (declared, field) in valid {
            assert_eq!(
                messages(&format!("query({declared}) {{ {field} {{ size }} }}")),
                [""; 0],
                "{declared}: {field}"
            );
        }
        let invalid = [
            ("$v: By", "find(by: $v)", "By!"),
            ("$v: By = null", "find(by: $v)", "By!"),
            ("$v: ID", "find(by: {id: $v})", "ID!"),
            ("$v: ID = 1", "find(by: {id: $v})", "ID!"),
            ("$v: String", "find(by: {id: 1}, in: {a: $v})", "String!"),
            ("$v: String", "find(by: {id: 1}, in: {a: \"\", within: {a: $v}})", "String!"),
            ("$v: [Int]", "find(by: {id: 1}, in: {a: \"\", b: $v})", "[Int!]"),
            ("$v: Int", "find(by: {id: 1}, in: {a: \"\", b: [$v]})", "Int!"),
            ("$v: Int!", "find(by: {id: 1}, in: {a: \"\", b: $v})", "[Int!]"),
            ("$v: String", "page(first: $v)", "Int"),
            (
                "$v: Int",
                "nodes { ...F } } fragment F on Page { pages(range: {or: [{values: [$v]}]})",
                "AttributeValue!",
            ),
        ];
        for (declared, field, expected) in invalid {
            let text = format!("query({declared}) {{ {field} {{ size }} }}");
            let messages = messages(&text);
            assert_eq!(messages.len(), 1, "{text}: {messages:?}");
            let ty = declared.trim_start_matches("$v: ").split(" =").next().unwrap();
            let start = format!("Variable \"$v\" of type \"{ty}\" is used where \"{expected}\" is expected");
            assert!(messages[0].starts_with(&start), "{text}: {messages:?}");
        }
        // Each operation is compared with the fragments that it spreads.
        let fragment = "fragment F on Query { find(by: $v) { size } }";
        let both = format!("query A($v: By!) {{ ...F }} query B($v: By) {{ ... {{ ...F }} }} {fragment}");
        assert_eq!(messages(&both).len(), 1);
        let neither = format!(
            "query A($v: By!) {{ ...F }} query B($v: Int) {{ page(first: $v) {{ size }} }} {fragment}"
        );
        assert_eq!(messages(&neither), [""; 0]);
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
            ("{ find { size } }", "The argument by of type By! is required: send a value."),
            ("{ find(by: null) { size } }", "The argument by is null, but must be By!."),
            ("{ find(by: {}) { size } }", "The argument by must have exactly one field"),
            ("{ find(by: {id: 1, name: \"x\"}) { size } }", "The argument by must have exactly one field"),
            ("{ find(by: {id: 1}, n: null) { size } }", "The argument n is null, but must be Int!."),
            ("{ find(by: {id: 1}, in: {}) { size } }", "The argument in.a of type String! is required"),
            ("{ find(by: {id: 1}, in: {a: \"\", b: [1, null]}) { size } }", "The argument in.b.1 is null"),
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
