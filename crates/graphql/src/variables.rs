//! Coercion of variables to their declared types, before execution, as the specification demands.
//!
//! An invalid value rejects the request with its path. async-graphql detects it in the resolvers only, when half of
//! the operation may have been executed.

use std::collections::{HashMap, HashSet};

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, ExecutableDocument, InputValueDefinition, OperationDefinition, Type, TypeKind,
    TypeSystemDefinition, VariableDefinition,
};
use async_graphql::{Name, Positioned, ScalarType, ServerError, Value, Variables};
use async_graphql_value::Value as InputValue;

use super::argument_path::argument_of;
use super::error_code::{ErrorCode, coded, set};
use super::input_path::{InputPath, InputProblem};
use super::scalars::{DateTime, Long, integer};
use super::types::AttributeValue;

/// The problem of an input object with another number of fields than its one.
const ONE_FIELD: &str = "must have exactly one field, and that not null";

/// The enums and input objects of the schema.
pub(super) struct InputTypes(HashMap<String, InputKind>);

enum InputKind {
    Enum(HashSet<String>),
    Object { fields: HashMap<String, InputField>, one_of: bool },
}

/// A place for an input value: an argument, or a field of an input object.
pub(super) struct InputField {
    pub(super) ty: Type,
    pub(super) has_default: bool,
}

impl InputField {
    /// Returns true if the value must be given.
    pub(super) fn is_required(&self) -> bool {
        !self.ty.nullable && !self.has_default
    }
}

/// The position of a variable.
#[derive(Clone, Copy)]
pub(super) struct VariablePosition<'a> {
    pub(super) ty: &'a Type,
    /// A default takes the place of a variable without a value.
    pub(super) has_default: bool,
    /// It is the field of an input object that has exactly one.
    pub(super) is_only_field: bool,
}

impl<'a> VariablePosition<'a> {
    pub(super) fn of(field: &'a InputField) -> Self {
        Self { ty: &field.ty, has_default: field.has_default, is_only_field: false }
    }
}

impl InputTypes {
    /// Reads the types from a schema in the schema definition language.
    pub(super) fn of(sdl: &str) -> Self {
        let document = parse_schema(sdl).expect("the exported schema is valid");
        let mut types = HashMap::new();
        for definition in document.definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let one_of =
                definition.node.directives.iter().any(|directive| directive.node.name.node == "oneOf");
            let kind = match definition.node.kind {
                TypeKind::Enum(of) => InputKind::Enum(
                    of.values.into_iter().map(|value| value.node.value.node.to_string()).collect(),
                ),
                TypeKind::InputObject(of) => {
                    InputKind::Object { fields: of.fields.into_iter().map(input_field).collect(), one_of }
                }
                _ => continue,
            };
            types.insert(definition.node.name.node.to_string(), kind);
        }
        Self(types)
    }

    /// Coerces the variables of an operation.
    pub(super) fn coerce(
        &self,
        document: &ExecutableDocument,
        operation: &OperationDefinition,
        variables: &mut Variables,
    ) -> Result<(), Vec<ServerError>> {
        let mut errors = Vec::new();
        let definitions = &operation.variable_definitions;
        for definition in definitions {
            let VariableDefinition { name, var_type, default_value, .. } = &definition.node;
            let path = InputPath::Variable(&name.node);
            let coerced = match variables.get_mut(&name.node) {
                Some(value) => self.coerce_value(&var_type.node, value, path),
                None if !var_type.node.nullable && default_value.is_none() => {
                    Err(path.missing(&var_type.node))
                }
                None => Ok(()),
            };
            if let Err(problem) = coerced {
                let error = ServerError::new(format!("The variable {problem}."), Some(definition.pos));
                let mut error = coded(error, ErrorCode::BadUserInput);
                if let Some(argument) = argument_of(document, operation, &name.node) {
                    let within = problem.within();
                    let dot = if within.is_empty() { "" } else { "." };
                    set(&mut error, "argumentPath", &format!("{argument}{dot}{within}"));
                }
                errors.push(error);
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// Checks a literal of a type; an error begins with the path of the value.
    ///
    /// Its variables are checked elsewhere.
    pub(super) fn check_literal(
        &self,
        ty: &Type,
        value: &InputValue,
        path: InputPath<'_>,
    ) -> Result<(), InputProblem> {
        match (value, &ty.base) {
            (InputValue::Variable(_), _) => Ok(()),
            (InputValue::Null, _) if ty.nullable => Ok(()),
            (InputValue::Null, _) => Err(path.problem(format_args!("is null, but must be {ty}"))),
            (InputValue::List(items), BaseType::List(item)) => {
                items.iter().enumerate().try_for_each(|(index, value)| {
                    self.check_literal(item, value, InputPath::Item(&path, index))
                })
            }
            (value, BaseType::List(item)) => self.check_literal(item, value, path),
            (value, BaseType::Named(name)) => match (value, self.0.get(name.as_str())) {
                (InputValue::Object(members), Some(InputKind::Object { fields, one_of })) => {
                    if *one_of
                        && (members.len() != 1 || members.values().any(|value| *value == InputValue::Null))
                    {
                        return Err(path.problem(ONE_FIELD));
                    }
                    require_fields(fields, |name| members.contains_key(name), path)?;
                    // Validation reports unknown fields.
                    let mut known = members
                        .iter()
                        .filter_map(|(name, value)| Some((name, fields.get(name.as_str())?, value)));
                    known.try_for_each(|(name, field, value)| {
                        self.check_literal(&field.ty, value, InputPath::Field(&path, name))
                    })
                }
                (value, _) => match value.clone().into_const() {
                    Some(mut value) => self.coerce_value(ty, &mut value, path),
                    None => Ok(()),
                },
            },
        }
    }

    /// Calls `visit` with each variable within a value, and its position.
    pub(super) fn for_each_variable(
        &self,
        position: VariablePosition<'_>,
        value: &InputValue,
        visit: &mut impl FnMut(&Name, VariablePosition<'_>),
    ) {
        let VariablePosition { ty, .. } = position;
        let of_item = |ty| VariablePosition { ty, has_default: false, is_only_field: false };
        match (value, &ty.base) {
            (InputValue::Variable(name), _) => visit(name, position),
            (InputValue::List(items), BaseType::List(ty)) => {
                items.iter().for_each(|value| self.for_each_variable(of_item(ty), value, visit));
            }
            (value, BaseType::List(ty)) => self.for_each_variable(of_item(ty), value, visit),
            (InputValue::Object(members), BaseType::Named(name)) => {
                let Some(InputKind::Object { fields, one_of }) = self.0.get(name.as_str()) else { return };
                for (name, value) in members {
                    let Some(field) = fields.get(name.as_str()) else { continue };
                    let position = VariablePosition { is_only_field: *one_of, ..VariablePosition::of(field) };
                    self.for_each_variable(position, value, visit);
                }
            }
            _ => {}
        }
    }

    /// Coerces a value to a type; an error begins with the path of the value.
    fn coerce_value(&self, ty: &Type, value: &mut Value, path: InputPath<'_>) -> Result<(), InputProblem> {
        if *value == Value::Null {
            return if ty.nullable {
                Ok(())
            } else {
                Err(path.problem(format_args!("is null, but must be {ty}")))
            };
        }
        let name = match &ty.base {
            BaseType::List(item) => {
                let Value::List(items) = value else { return self.coerce_value(item, value, path) };
                return items.iter_mut().enumerate().try_for_each(|(index, value)| {
                    self.coerce_value(item, value, InputPath::Item(&path, index))
                });
            }
            BaseType::Named(name) => name.as_str(),
        };
        let is_valid = match (name, &mut *value) {
            ("Int", Value::Number(number)) => {
                let int = integer(number).filter(|n| i32::try_from(*n).is_ok());
                let Some(int) = int else {
                    return Err(path.problem(format_args!(
                        "must be {ty}: an integer from {} to {}",
                        i32::MIN,
                        i32::MAX
                    )));
                };
                *number = int.into();
                true
            }
            ("Float", Value::Number(_)) | ("Boolean", Value::Boolean(_)) => true,
            ("String" | "ID", Value::String(_)) => true,
            ("ID", Value::Number(number)) => {
                let Some(int) = integer(number) else {
                    return Err(path.problem(format_args!(
                        "must be {ty}: a string, or an integer; send long ones as strings"
                    )));
                };
                *number = int.into();
                true
            }
            ("Int" | "Float" | "Boolean" | "String" | "ID", _) => false,
            ("DateTime", value) => {
                let read = <DateTime as ScalarType>::parse(value.clone());
                let problem = "must be an RFC 3339 date-time, as 2025-05-05T07:47:20.159Z";
                return read.map(|_| ()).map_err(|_| path.problem(problem));
            }
            ("AttributeValue", value) => {
                let read = <AttributeValue as ScalarType>::parse(value.clone());
                let problem = "must be a string, a number or a boolean";
                return read.map(|_| ()).map_err(|_| path.problem(problem));
            }
            ("Long", value) => {
                let Ok(Long(long)) = <Long as ScalarType>::parse(value.clone()) else {
                    let problem = format_args!("must be {ty}: an integer from {} to {}", i64::MIN, i64::MAX);
                    return Err(path.problem(problem));
                };
                *value = Value::from(long);
                true
            }
            (name, value) => return self.coerce_composite(name, value, path),
        };
        if is_valid { Ok(()) } else { Err(path.problem(format_args!("must be {ty}"))) }
    }

    fn coerce_composite(
        &self,
        name: &str,
        value: &mut Value,
        path: InputPath<'_>,
    ) -> Result<(), InputProblem> {
        match (self.0.get(name), value) {
            // A scalar of any value, or an unknown type, which validation rejects.
            (None, _) => Ok(()),
            (Some(InputKind::Enum(values)), Value::String(word)) if values.contains(word.as_str()) => Ok(()),
            (Some(InputKind::Enum(values)), Value::Enum(word)) if values.contains(word.as_str()) => Ok(()),
            (Some(InputKind::Enum(values)), _) => {
                let mut values: Vec<_> = values.iter().map(String::as_str).collect();
                values.sort_unstable();
                Err(path.problem(format_args!("must be one of {}", values.join(", "))))
            }
            (Some(InputKind::Object { fields, one_of }), Value::Object(members)) => {
                for (name, value) in members.iter_mut() {
                    let path = InputPath::Field(&path, name);
                    let Some(field) = fields.get(name.as_str()) else {
                        return Err(path.problem("is not a field of this input: remove it"));
                    };
                    self.coerce_value(&field.ty, value, path)?;
                }
                require_fields(fields, |name| members.contains_key(name), path)?;
                if *one_of && (members.len() != 1 || members.values().any(|value| *value == Value::Null)) {
                    return Err(path.problem(ONE_FIELD));
                }
                Ok(())
            }
            (Some(InputKind::Object { .. }), _) => {
                Err(path.problem(format_args!("must be an object of type {name}")))
            }
        }
    }
}

/// Returns an error if a required field of an input object is not given.
fn require_fields(
    fields: &HashMap<String, InputField>,
    is_given: impl Fn(&str) -> bool,
    path: InputPath<'_>,
) -> Result<(), InputProblem> {
    let missing = fields.iter().find(|(name, field)| field.is_required() && !is_given(name));
    missing.map_or(Ok(()), |(name, field)| Err(InputPath::Field(&path, name).missing(&field.ty)))
}

pub(super) fn input_field(field: Positioned<InputValueDefinition>) -> (String, InputField) {
    let InputValueDefinition { name, ty, default_value, .. } = field.node;
    (name.node.to_string(), InputField { ty: ty.node, has_default: default_value.is_some() })
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use serde_json::json;

    use super::*;

    const SDL: &str = r#"
        scalar JSON
        scalar DateTime
        scalar AttributeValue
        enum Sort { UP DOWN }
        input Filter { names: [String!], at: DateTime, sort: Sort! = UP, must: Int!, any: JSON, value: AttributeValue }
        input Numbers { int: Int!, ints: [[Int]], id: ID, float: Float, any: JSON, within: Numbers }
        input Either @oneOf { a: ID, b: ID }
        type Query { a: Int }
    "#;

    fn coerce(declared: &str, values: serde_json::Value) -> Result<serde_json::Value, String> {
        let document = parse_query(format!("query Q({declared}) {{ a }}")).unwrap();
        let (_, operation) = document.operations.iter().next().unwrap();
        let mut variables = Variables::from_json(values);
        InputTypes::of(SDL)
            .coerce(&document, &operation.node, &mut variables)
            .map_err(|errors| errors[0].message.clone())?;
        Ok(serde_json::to_value(&variables).unwrap())
    }

    #[test]
    fn valid_values_are_unchanged() {
        for (declared, values) in [
            ("$a: Int", json!({})),
            ("$a: Int! = 3", json!({})),
            ("$a: Int", json!({"a": null, "unknown": 1})),
            ("$a: Float!", json!({"a": 1})),
            ("$a: ID!, $b: ID!", json!({"a": 1, "b": "x"})),
            ("$a: [String!]", json!({"a": "one"})),
            ("$a: Filter", json!({"a": {"must": 1, "names": ["x"], "any": [{}], "sort": "DOWN"}})),
            ("$a: DateTime", json!({"a": "2025-05-05T07:47:20+02:00"})),
            ("$a: Either!", json!({"a": {"b": "x"}})),
        ] {
            assert_eq!(coerce(declared, values.clone()), Ok(values), "{declared}");
        }
    }

    #[test]
    fn numbers_without_a_fraction_are_integers() {
        let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        for (declared, given, coerced) in [
            ("$a: Int", "1.0", "1"),
            ("$a: Int!", "1e0", "1"),
            ("$a: Int", "-0.0", "0"),
            ("$a: Int", "-2147483648.0", "-2147483648"),
            ("$a: Int", "2.147483647e9", "2147483647"),
            ("$a: ID", "7.0", "7"),
            ("$a: ID!", "-999999999999999.0", "-999999999999999"),
            ("$a: ID", "9223372036854775807", "9223372036854775807"),
            ("$a: [Int]", "3.0", "3"),
            ("$a: [[Int!]!]", "[[1.0, 2], [3e0]]", "[[1, 2], [3]]"),
            ("$a: Float", "1.0", "1.0"),
            ("$a: JSON", "[1.0, {\"b\": 2.0}]", "[1.0, {\"b\": 2.0}]"),
            (
                "$a: Numbers",
                r#"{"int": 1.0, "ints": [[2.0, null]], "id": 3.0, "float": 4.0, "any": 5.0, "within": {"int": 6e0}}"#,
                r#"{"int": 1, "ints": [[2, null]], "id": 3, "float": 4.0, "any": 5.0, "within": {"int": 6}}"#,
            ),
        ] {
            let result = coerce(declared, json!({"a": read(given)}));
            // Compared as texts: the JSON values 1 and 1.0 differ.
            assert_eq!(
                result.unwrap().to_string(),
                json!({"a": read(coerced)}).to_string(),
                "{declared} {given}"
            );
        }
    }

    #[test]
    fn errors_begin_with_the_path_of_the_value() {
        for (declared, values, part) in [
            ("$a: Int!", json!({}), "$a of type Int! is required"),
            ("$a: Int!", json!({"a": null}), "$a is null"),
            ("$a: Int", json!({"a": 2147483648u32}), "$a must be Int: an integer from"),
            ("$a: Int", json!({"a": 1.5}), "$a must be Int: an integer from -2147483648 to 2147483647"),
            ("$a: Int!", json!({"a": 2_147_483_648.0}), "$a must be Int!: an integer from"),
            ("$a: Int", json!({"a": 1e300}), "$a must be Int: an integer from"),
            ("$a: Int", json!({"a": "1"}), "$a must be Int"),
            ("$a: Long", json!({"a": 1.5}), "$a must be Long: an integer from -9223372036854775808"),
            ("$a: Long", json!({"a": u64::MAX}), "$a must be Long: an integer from"),
            ("$a: Long!", json!({"a": "x"}), "$a must be Long!: an integer from"),
            ("$a: ID", json!({"a": 1.5}), "$a must be ID: a string, or an integer"),
            ("$a: ID", json!({"a": 1_000_000_000_000_000.0}), "$a must be ID: a string, or an integer"),
            ("$a: ID", json!({"a": u64::MAX}), "$a must be ID: a string, or an integer"),
            ("$a: Numbers", json!({"a": {"int": 1, "ints": [[0.5]]}}), "$a.ints.0.0 must be Int"),
            ("$a: String", json!({"a": 1}), "$a must be String"),
            ("$a: [String!]", json!({"a": ["x", null]}), "$a.1 is null"),
            ("$a: Filter", json!({"a": {}}), "$a.must of type Int! is required"),
            ("$a: Filter", json!({"a": {"must": 1, "bogus": 1}}), "$a.bogus is not a field"),
            ("$a: Filter", json!({"a": {"must": 1, "sort": "SIDEWAYS"}}), "$a.sort must be one of DOWN, UP"),
            ("$a: Filter", json!({"a": "x"}), "$a must be an object"),
            ("$a: DateTime", json!({"a": "yesterday"}), "$a must be an RFC 3339"),
            (
                "$a: [Filter]",
                json!({"a": [{"must": 1, "value": "x"}, {"must": 1, "value": [2]}]}),
                "$a.1.value must be a string, a number or a boolean",
            ),
            ("$a: Either", json!({"a": {"a": "1", "b": "2"}}), "$a must have exactly one"),
        ] {
            let message = coerce(declared, values).unwrap_err();
            assert!(message.contains(part), "{message} does not contain {part}");
        }
    }
}
