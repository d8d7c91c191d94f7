//! The values of variables as a client sent them, and those that an operation defines.
//!
//! A value takes many times its text, so what no operation defines is passed over without becoming one.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use async_graphql::parser::types::VariableDefinition;
use async_graphql::{Name, Positioned, ServerError, Value, Variables};
use bytes::Bytes;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::error::{ErrorCode, refusal};

/// More definitions than this are looked up by their hashes.
const FEW: usize = 8;
/// Memory of a member of an object beside its name and its value, in bytes.
const MEMBER_BYTES: usize = 64;

/// A JSON object of the values of variables; empty where there are none.
#[derive(Clone, Debug, Default)]
pub struct RawVariables(Bytes);

impl From<Bytes> for RawVariables {
    fn from(json: Bytes) -> Self {
        Self(json)
    }
}

impl RawVariables {
    /// The length of their text, in bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// No values were sent.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads the values that are defined.
    pub(super) fn read(
        &self,
        definitions: &[Positioned<VariableDefinition>],
    ) -> Result<Variables, ServerError> {
        if self.is_empty() || definitions.is_empty() {
            return Ok(Variables::default());
        }
        let mut json = serde_json::Deserializer::from_slice(&self.0);
        Defined::of(definitions).deserialize(&mut json).map_err(|error| {
            refusal(ErrorCode::BadUserInput, format!("The variables are not a JSON object: {error}."))
        })
    }
}

/// The memory that values take, in bytes, about.
pub(super) fn memory_bytes(variables: &Variables) -> usize {
    fn of(value: &Value) -> usize {
        let within: usize = match value {
            Value::String(text) => text.len(),
            Value::List(items) => items.iter().map(of).sum(),
            Value::Object(members) => {
                members.iter().map(|(name, value)| MEMBER_BYTES + name.len() + of(value)).sum()
            }
            _ => 0,
        };
        size_of::<Value>() + within
    }
    variables.iter().map(|(name, value)| MEMBER_BYTES + name.len() + of(value)).sum()
}

/// The names of variables that an operation defines.
enum Defined<'a> {
    Few(&'a [Positioned<VariableDefinition>]),
    Many(HashSet<&'a str>),
}

impl<'a> Defined<'a> {
    fn of(definitions: &'a [Positioned<VariableDefinition>]) -> Self {
        if definitions.len() <= FEW {
            return Self::Few(definitions);
        }
        Self::Many(definitions.iter().map(|definition| definition.node.name.node.as_str()).collect())
    }

    fn contains(&self, name: &str) -> bool {
        match self {
            Self::Few(definitions) => {
                definitions.iter().any(|definition| definition.node.name.node.as_str() == name)
            }
            Self::Many(names) => names.contains(name),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Defined<'_> {
    type Value = Variables;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Variables, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Defined<'_> {
    type Value = Variables;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Variables, A::Error> {
        let mut variables = Variables::default();
        while let Some(MemberName(name)) = members.next_key()? {
            if self.contains(&name) {
                variables.insert(Name::new(name), members.next_value::<Value>()?);
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(variables)
    }
}

#[derive(Deserialize)]
struct MemberName<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    fn read(query: &str, json: &str) -> Result<String, String> {
        let document = parse_query(query).unwrap();
        let (_, operation) = document.operations.iter().next().unwrap();
        let raw = RawVariables::from(Bytes::copy_from_slice(json.as_bytes()));
        let read = raw.read(&operation.node.variable_definitions);
        read.map(|variables| variables.to_string()).map_err(|error| error.message)
    }

    #[test]
    fn only_what_is_defined_becomes_a_value() {
        let query = "query($a: Int, $b: JSON) { x }";
        for (json, expected) in [
            ("", "{}"),
            ("{}", "{}"),
            (r#"{"a":1,"c":[[{"d":1e999}]]}"#, "{a: 1}"),
            (r#"{"a":1,"a":2}"#, "{a: 2}"),
            (r#"{"\u0061":1,"b":{"a":[null,"x"]}}"#, r#"{a: 1, b: {a: [null, "x"]}}"#),
        ] {
            assert_eq!(read(query, json).as_deref(), Ok(expected), "{json}");
        }
        assert_eq!(read("{ x }", r#"{"a":1}"#).as_deref(), Ok("{}"));
        let many: Vec<String> = (0..20).map(|n| format!("$v{n}: Int")).collect();
        let query = format!("query({}) {{ x }}", many.join(" "));
        assert_eq!(read(&query, r#"{"v20":1,"v19":2}"#).as_deref(), Ok("{v19: 2}"));
    }

    #[test]
    fn what_cannot_be_a_value_is_refused_without_quoting_it() {
        let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(200), "]".repeat(200));
        for json in [deep.as_str(), r#"{"a":1e999}"#, r#"{"a":"\ud800"}"#, r#"["secret"]"#, r#"{"a":"#] {
            let message = read("query($a: JSON) { x }", json).unwrap_err();
            assert!(message.starts_with("The variables are not a JSON object: "), "{message}");
            assert!(!message.contains("secret"), "{message}");
        }
    }
}
