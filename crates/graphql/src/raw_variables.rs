//! The values of variables as sent by a client. Only defined ones are parsed.
//!
//! A value takes many times the memory of its text, so undefined ones are skipped.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use async_graphql::parser::types::VariableDefinition;
use async_graphql::{Name, Positioned, ServerError, Value, Variables};
use bytes::Bytes;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_path_to_error::{Segment, Track};

use super::error_bounds::excerpt;
use super::error_code::{ErrorCode, request_error};

/// The number of definitions up to which a scan is faster than a hash look-up.
const MAX_SCANNED: usize = 8;
/// The memory of a member of an object without its name and value, in bytes.
const MEMBER_BYTES: usize = 64;

/// A JSON object of the values of variables, or no text.
#[derive(Clone, Debug, Default)]
pub struct RawVariables(Bytes);

impl From<Bytes> for RawVariables {
    fn from(json: Bytes) -> Self {
        Self(json)
    }
}

impl RawVariables {
    /// The length of the text, in bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns true if the client sent no values.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Parses the values of defined variables.
    pub(super) fn read(
        &self,
        definitions: &[Positioned<VariableDefinition>],
    ) -> Result<Variables, ServerError> {
        if self.is_empty() || definitions.is_empty() {
            return Ok(Variables::default());
        }
        let mut json = serde_json::Deserializer::from_slice(&self.0);
        Defined::of(definitions).deserialize(&mut json).map_err(|error| {
            let problem = self.problem(definitions, &error);
            request_error(ErrorCode::BadUserInput, problem)
        })
    }

    /// The message of an error of reading, which names the value.
    fn problem(&self, definitions: &[Positioned<VariableDefinition>], error: &serde_json::Error) -> String {
        // Paths are tracked only after an error, since that takes time.
        let mut track = Track::new();
        let mut json = serde_json::Deserializer::from_slice(&self.0);
        // The same error again.
        let _ = Defined::of(definitions)
            .deserialize(serde_path_to_error::Deserializer::new(&mut json, &mut track));
        let reason = without_position(error);
        let path = track.path();
        if path.iter().next().is_none() {
            return format!("The variables are not a JSON object: {reason}.");
        }
        let mut value = String::new();
        for segment in path.iter() {
            match segment {
                Segment::Map { key } => value += &format!(".{key}"),
                Segment::Seq { index } => value += &format!(".{index}"),
                Segment::Enum { .. } | Segment::Unknown => {}
            }
        }
        let value = excerpt(value.trim_start_matches('.'));
        match reason.as_str() {
            "number out of range" => {
                format!("The variable ${value} is a number out of range: send one of 64 bits, or a string.")
            }
            "recursion limit exceeded" => {
                format!(
                    "The variable ${value} is nested too deeply: send fewer lists and objects within one another."
                )
            }
            reason => format!("The variable ${value} cannot be read: {reason}."),
        }
    }
}

/// An error without its position, which is one within the variables, while the client knows the whole body.
fn without_position(error: &serde_json::Error) -> String {
    let position = format!(" at line {} column {}", error.line(), error.column());
    let message = error.to_string();
    message.strip_suffix(&position).unwrap_or(&message).to_owned()
}

/// The approximate memory of values, in bytes.
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

/// The names of the variables that an operation defines.
enum Defined<'a> {
    List(&'a [Positioned<VariableDefinition>]),
    Set(HashSet<&'a str>),
}

impl<'a> Defined<'a> {
    fn of(definitions: &'a [Positioned<VariableDefinition>]) -> Self {
        if definitions.len() <= MAX_SCANNED {
            return Self::List(definitions);
        }
        Self::Set(definitions.iter().map(|definition| definition.node.name.node.as_str()).collect())
    }

    fn contains(&self, name: &str) -> bool {
        match self {
            Self::List(definitions) => {
                definitions.iter().any(|definition| definition.node.name.node.as_str() == name)
            }
            Self::Set(names) => names.contains(name),
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
#[serde(transparent)]
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
    fn only_defined_variables_are_parsed() {
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
    fn errors_do_not_quote_invalid_values() {
        let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(200), "]".repeat(200));
        for json in [deep.as_str(), r#"{"a":1e999}"#, r#"{"a":"\ud800"}"#, r#"["secret"]"#, r#"{"a":"#] {
            let message = read("query($a: JSON) { x }", json).unwrap_err();
            assert!(message.starts_with("The variable"), "{message}");
            assert!(!message.contains("secret") && !message.contains(" column "), "{message}");
        }
    }

    #[test]
    fn errors_name_the_value() {
        let deep = format!(r#"{{"unused":1e999,"a":{{"list":[{}{}]}}}}"#, "[".repeat(200), "]".repeat(200));
        for (json, expected) in [
            (r#"{"a":-2E400}"#, "The variable $a is a number out of range: send one of 64 bits"),
            (
                r#"{"b":[],"a":{"documents":[{"x":1},{"x":{"size":[4, 1e309]}}]}}"#,
                "The variable $a.documents.1.x.size.1 is a number out of range",
            ),
            (&deep, "The variable $a.list.0.0.0"),
            (&deep, " is nested too deeply: send fewer lists"),
            (r#"{"a":{"b":"\udfff"}}"#, "The variable $a.b cannot be read: "),
            ("7", "The variables are not a JSON object: invalid type: integer"),
        ] {
            let message = read("query($a: JSON, $b: JSON) { x }", json).unwrap_err();
            assert!(message.contains(expected), "{message} lacks {expected}");
        }
    }
}
