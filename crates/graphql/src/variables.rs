//! Reads the values of variables against their declared types before anything runs, as the
//! specification asks: a value that does not fit refuses the request and names its place.
//! async-graphql finds out only in the resolvers, where half the operation may have run.

use std::collections::{HashMap, HashSet};
use std::fmt;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, InputValueDefinition, Type, TypeKind, TypeSystemDefinition, VariableDefinition,
};
use async_graphql::{Positioned, ScalarType, ServerError, Value, Variables};

use super::error::{ErrorCode, coded};
use super::scalars::DateTime;

/// The enums and input objects of the schema.
pub(super) struct InputTypes(HashMap<String, InputKind>);

enum InputKind {
    Enum(HashSet<String>),
    Object { fields: HashMap<String, InputField>, one_of: bool },
}

struct InputField {
    ty: Type,
    has_default: bool,
}

impl InputTypes {
    /// Reads the types out of a schema's text.
    pub(super) fn of(sdl: &str) -> Self {
        let document = parse_schema(sdl).expect("the exported schema is one");
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

    /// Checks the values that an operation is given.
    pub(super) fn check(
        &self,
        definitions: &[Positioned<VariableDefinition>],
        variables: &Variables,
    ) -> Result<(), Vec<ServerError>> {
        let mut errors = Vec::new();
        for definition in definitions {
            let VariableDefinition { name, var_type, default_value, .. } = &definition.node;
            let place = Place::Variable(&name.node);
            let checked =
                match variables.get(&name.node) {
                    Some(value) => self.fit(&var_type.node, value, place),
                    None if !var_type.node.nullable && default_value.is_none() => Err(place
                        .problem(format_args!("of type {} is required, but is not given", var_type.node))),
                    None => Ok(()),
                };
            if let Err(problem) = checked {
                let error = ServerError::new(format!("The variable {problem}."), Some(definition.pos));
                errors.push(coded(error, ErrorCode::BadUserInput));
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// Whether a value fits a type; if not, where and why.
    fn fit(&self, ty: &Type, value: &Value, place: Place<'_>) -> Result<(), String> {
        if *value == Value::Null {
            return if ty.nullable {
                Ok(())
            } else {
                Err(place.problem(format_args!("is null, but must be {ty}")))
            };
        }
        let name = match &ty.base {
            BaseType::List(item) => {
                let Value::List(items) = value else { return self.fit(item, value, place) };
                return items
                    .iter()
                    .enumerate()
                    .try_for_each(|(index, value)| self.fit(item, value, Place::Item(&place, index)));
            }
            BaseType::Named(name) => name.as_str(),
        };
        let fits = match (name, value) {
            ("Int", Value::Number(number)) => number.as_i64().is_some_and(|n| i32::try_from(n).is_ok()),
            ("Float", Value::Number(_)) | ("Boolean", Value::Boolean(_)) => true,
            ("String" | "ID", Value::String(_)) => true,
            ("ID", Value::Number(number)) => number.is_i64() || number.is_u64(),
            ("Int" | "Float" | "Boolean" | "String" | "ID", _) => false,
            ("DateTime", value) => {
                let read = <DateTime as ScalarType>::parse(value.clone());
                let problem = "must be an RFC 3339 date-time, as 2025-05-05T07:47:20.159Z";
                return read.map(|_| ()).map_err(|_| place.problem(problem));
            }
            (name, value) => return self.fit_composite(name, value, place),
        };
        if fits { Ok(()) } else { Err(place.problem(format_args!("must be {ty}"))) }
    }

    fn fit_composite(&self, name: &str, value: &Value, place: Place<'_>) -> Result<(), String> {
        match (self.0.get(name), value) {
            // A scalar that takes anything, or a type that validation refuses.
            (None, _) => Ok(()),
            (Some(InputKind::Enum(values)), Value::String(word)) if values.contains(word) => Ok(()),
            (Some(InputKind::Enum(values)), _) => {
                let mut values: Vec<_> = values.iter().map(String::as_str).collect();
                values.sort_unstable();
                Err(place.problem(format_args!("must be one of {}", values.join(", "))))
            }
            (Some(InputKind::Object { fields, one_of }), Value::Object(given)) => {
                for (name, value) in given {
                    let place = Place::Field(&place, name);
                    let Some(field) = fields.get(name.as_str()) else {
                        return Err(place.problem("is not a field of this input"));
                    };
                    self.fit(&field.ty, value, place)?;
                }
                let missing = fields.iter().find(|(name, field)| {
                    !field.ty.nullable && !field.has_default && !given.contains_key(name.as_str())
                });
                if let Some((name, field)) = missing {
                    let problem = format_args!("of type {} is required, but is not given", field.ty);
                    return Err(Place::Field(&place, name).problem(problem));
                }
                if *one_of && (given.len() != 1 || given.values().any(|value| *value == Value::Null)) {
                    return Err(place.problem("must have exactly one field, and that not null"));
                }
                Ok(())
            }
            (Some(InputKind::Object { .. }), _) => {
                Err(place.problem(format_args!("must be an object of type {name}")))
            }
        }
    }
}

/// Where a value stands, written out only for an error.
#[derive(Clone, Copy)]
enum Place<'a> {
    Variable(&'a str),
    Field(&'a Place<'a>, &'a str),
    Item(&'a Place<'a>, usize),
}

impl Place<'_> {
    fn problem(&self, problem: impl fmt::Display) -> String {
        format!("{self} {problem}")
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "${name}"),
            Self::Field(parent, name) => write!(f, "{parent}.{name}"),
            Self::Item(parent, index) => write!(f, "{parent}.{index}"),
        }
    }
}

fn input_field(field: Positioned<InputValueDefinition>) -> (String, InputField) {
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
        enum Sort { UP DOWN }
        input Filter { names: [String!], at: DateTime, sort: Sort! = UP, must: Int!, any: JSON }
        input Either @oneOf { a: ID, b: ID }
        type Query { a: Int }
    "#;

    fn check(declared: &str, values: serde_json::Value) -> Result<(), String> {
        let document = parse_query(format!("query Q({declared}) {{ a }}")).unwrap();
        let (_, operation) = document.operations.iter().next().unwrap();
        InputTypes::of(SDL)
            .check(&operation.node.variable_definitions, &Variables::from_json(values))
            .map_err(|errors| errors[0].message.clone())
    }

    #[test]
    fn what_fits_is_taken() {
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
            assert_eq!(check(declared, values), Ok(()), "{declared}");
        }
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (declared, values, said) in [
            ("$a: Int!", json!({}), "$a of type Int! is required"),
            ("$a: Int!", json!({"a": null}), "$a is null"),
            ("$a: Int", json!({"a": 2147483648u32}), "$a must be Int"),
            ("$a: Int", json!({"a": 1.5}), "$a must be Int"),
            ("$a: String", json!({"a": 1}), "$a must be String"),
            ("$a: [String!]", json!({"a": ["x", null]}), "$a.1 is null"),
            ("$a: Filter", json!({"a": {}}), "$a.must of type Int! is required"),
            ("$a: Filter", json!({"a": {"must": 1, "bogus": 1}}), "$a.bogus is not a field"),
            ("$a: Filter", json!({"a": {"must": 1, "sort": "SIDEWAYS"}}), "$a.sort must be one of DOWN, UP"),
            ("$a: Filter", json!({"a": "x"}), "$a must be an object"),
            ("$a: DateTime", json!({"a": "yesterday"}), "$a must be an RFC 3339"),
            ("$a: Either", json!({"a": {"a": "1", "b": "2"}}), "$a must have exactly one"),
        ] {
            let message = check(declared, values).unwrap_err();
            assert!(message.contains(said), "{message} does not say {said}");
        }
    }
}
