//! Documents of rules in JSON.

use serde::de::Error as _;
use serde_json::{Error, Value};

use super::definitions::RuleDocument;

impl RuleDocument {
    /// Reads a document from JSON.
    ///
    /// # Errors
    ///
    /// Fails if the text is not JSON, or has other members or values than a document.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        let document: Self = serde_json::from_str(text)?;
        let (given, read) = (serde_json::from_str(text)?, serde_json::to_value(&document)?);
        match list_for_object(&given, &read) {
            Some(path) => {
                let place = if path.is_empty() { "the document".to_owned() } else { path.join(".") };
                Err(Error::custom(format_args!("{place} is a list: give an object with named members")))
            }
            None => Ok(document),
        }
    }
}

/// Returns the path of a list that was read as an object: serde also takes the members of a struct by position.
///
/// Empty members are not written, but a list of none restricts as little as an object of none.
fn list_for_object(given: &Value, read: &Value) -> Option<Vec<String>> {
    let below = |name: String, given: &Value, read: &Value| {
        let mut path = list_for_object(given, read)?;
        path.insert(0, name);
        Some(path)
    };
    match (given, read) {
        (Value::Array(_), Value::Object(_)) => Some(Vec::new()),
        (Value::Array(given), Value::Array(read)) => given
            .iter()
            .zip(read)
            .enumerate()
            .find_map(|(at, (given, read))| below(at.to_string(), given, read)),
        (Value::Object(given), Value::Object(read)) => {
            given.iter().find_map(|(name, value)| below(name.clone(), value, read.get(name)?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns each document in which the members of one object stand by position.
    fn with_one_list(document: &Value) -> Vec<Value> {
        let mut changed = Vec::new();
        if let Value::Object(members) = document {
            changed.push(members.values().cloned().collect());
            for (name, member) in members {
                for member in with_one_list(member) {
                    let mut copy = document.clone();
                    copy[name] = member;
                    changed.push(copy);
                }
            }
        }
        for (at, item) in document.as_array().into_iter().flatten().enumerate() {
            for item in with_one_list(item) {
                let mut copy = document.clone();
                copy[at] = item;
                changed.push(copy);
            }
        }
        changed
    }

    #[test]
    fn no_list_stands_for_an_object() {
        let example: Value =
            serde_json::from_str(include_str!("../../../../docs/examples/rules.json")).unwrap();
        let point = serde_json::json!({"latitude": 1.0, "longitude": 2.0});
        let filter = serde_json::json!({"rules": [{"id": "a", "boost": [{"factor": 2.0, "filter": {
            "not": {"anyOf": [{"source": ["s"]}]},
            "attributes": [
                {"name": "p", "test": {"numbers": [{"from": 1.0, "to": 2.0}]}},
                {"name": "d", "test": {"dates": [{"from": 1, "to": 2}]}},
                {"name": "g", "test": {"near": {"center": point, "meters": 1.0}}},
                {"name": "g", "test": {"within": {"southWest": point, "northEast": point}}},
            ],
        }}]}]});
        let mut changed = 0;
        for document in [example, filter] {
            RuleDocument::from_json(&document.to_string()).unwrap();
            for document in with_one_list(&document) {
                changed += 1;
                assert!(RuleDocument::from_json(&document.to_string()).is_err(), "{document}");
            }
        }
        assert!(changed > 30, "{changed}");
    }

    #[test]
    fn a_list_for_an_object_is_named() {
        for (json, expected) in [
            ("[]", "the document is a list: give an object"),
            (r#"[[["s9", ["a", "b"]]]]"#, "the document is a list"),
            (
                r#"{"synonyms": [{"id": "a", "words": ["b", "c"]}, ["d", ["e", "f"]]]}"#,
                "synonyms.1 is a list",
            ),
            (
                r#"{"rules": [{"id": "a", "boost": [{"factor": 2, "filter": []}]}]}"#,
                "rules.0.boost.0.filter is",
            ),
        ] {
            let error = RuleDocument::from_json(json).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{json}: {error}");
        }
        assert_eq!(RuleDocument::from_json("{}").unwrap(), RuleDocument::default());
    }
}
