//! The mapping of an upstream's item to a document. Pure.
//!
//! Unmapped fields become `attributes`, and so do mapped fields with unreadable values.

use serde_json::{Map, Value};

use super::dates::parse_date;
use quarry_config::{FieldMap, JsonPointer};
use quarry_domain::{AuthorDraft, DocumentDraft, DocumentKey, InvalidDocument, SourceName};

/// The maximum number of field names in an error message.
const MAX_LISTED_FIELDS: usize = 12;
/// The maximum number of characters of a field name in an error message.
const MAX_FIELD_NAME_CHARS: usize = 40;

/// An invalid item. The message quotes field names, never values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ItemError {
    /// The item has no key; if all items lack one, the mapping is wrong.
    #[error("no key at \"{pointer}\" (the item has {fields})")]
    NoKey { pointer: String, fields: String },
    /// The document exceeds a limit, or has no text.
    #[error(transparent)]
    Invalid(#[from] InvalidDocument),
}

/// Maps an item.
pub(super) fn map_item(
    source: &SourceName,
    fields: &FieldMap,
    item: &Value,
) -> Result<DocumentDraft, ItemError> {
    let mut reader = ItemReader { item, mapped: Vec::new() };
    let Some(key) = reader.label(&fields.key) else {
        return Err(ItemError::NoKey {
            pointer: fields.key.as_str().to_owned(),
            fields: describe_fields(item),
        });
    };
    let key = DocumentKey::parse(&key)?;
    let title = fields.title.as_ref().and_then(|pointer| reader.label(pointer));
    let text = match (reader.text(&fields.text), &title) {
        (Some(text), _) => text,
        (None, Some(_)) => String::new(),
        (None, None) => {
            let problem = format!("is missing at \"{}\", and there is no title", fields.text.as_str());
            return Err(InvalidDocument { field: "text", problem }.into());
        }
    };
    let category = fields.category.as_ref().and_then(|pointer| reader.label(pointer));
    let author = author_of(
        fields.author_key.as_ref().and_then(|pointer| reader.label(pointer)),
        fields.author_name.as_ref().and_then(|pointer| reader.label(pointer)),
    );
    let published_at = fields.published_at.as_ref().and_then(|pointer| reader.read(pointer, parse_date));
    let attributes = reader.unmapped();
    let draft = DocumentDraft {
        source: source.clone(),
        key,
        title,
        text,
        category,
        author,
        published_at,
        attributes,
    };
    Ok(draft.checked()?)
}

fn author_of(key: Option<String>, name: Option<String>) -> Option<AuthorDraft> {
    match (key, name) {
        (Some(key), Some(name)) => Some(AuthorDraft { key, name }),
        (Some(key), None) => Some(AuthorDraft { name: key.clone(), key }),
        (None, Some(name)) => {
            // Names may contain control characters, keys may not.
            let key = name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
            Some(AuthorDraft { key: key.trim().to_owned(), name })
        }
        (None, None) => None,
    }
}

/// Reads the fields of an item, and records the mapped ones.
struct ItemReader<'a> {
    item: &'a Value,
    mapped: Vec<&'a str>,
}

impl<'a> ItemReader<'a> {
    /// Reads a field, and records it as mapped if it is empty or `parse` succeeds.
    fn read<T>(&mut self, pointer: &'a JsonPointer, parse: impl Fn(&Value) -> Option<T>) -> Option<T> {
        let value = self.item.pointer(pointer.as_str())?;
        let parsed = parse(value);
        if parsed.is_some() || value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty()) {
            self.mapped.push(pointer.as_str());
        }
        parsed
    }

    /// Reads a scalar as text.
    fn text(&mut self, pointer: &'a JsonPointer) -> Option<String> {
        self.read(pointer, scalar_text)
    }

    /// Reads a scalar as trimmed text; a blank one is missing.
    fn label(&mut self, pointer: &'a JsonPointer) -> Option<String> {
        self.read(pointer, |value| {
            let text = scalar_text(value)?;
            let trimmed = text.trim();
            (!trimmed.is_empty()).then(|| trimmed.to_owned())
        })
    }

    /// Returns the unmapped members of the item.
    fn unmapped(self) -> Map<String, Value> {
        let Value::Object(members) = self.item else { return Map::new() };
        let mut left = members.clone();
        for pointer in self.mapped {
            let tokens: Vec<String> = pointer.split('/').skip(1).map(unescape).collect();
            remove_leaf(&mut left, &tokens);
        }
        left
    }
}

fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Removes the value at a path, and the objects that it leaves empty.
///
/// An element of an array stays, so that the others keep their indexes.
fn remove_leaf(members: &mut Map<String, Value>, path: &[String]) {
    let Some((name, deeper)) = path.split_first() else {
        members.clear();
        return;
    };
    if deeper.is_empty() {
        members.remove(name);
        return;
    }
    if let Some(Value::Object(inner)) = members.get_mut(name) {
        remove_leaf(inner, deeper);
        if inner.is_empty() {
            members.remove(name);
        }
    }
}

fn unescape(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

/// Returns the names of an item's fields, to help to correct a mapping.
fn describe_fields(item: &Value) -> String {
    let Value::Object(members) = item else { return "no fields: it is not an object".to_owned() };
    if members.is_empty() {
        return "no fields".to_owned();
    }
    let shown: Vec<String> = members
        .keys()
        .take(MAX_LISTED_FIELDS)
        .map(|name| name.chars().take(MAX_FIELD_NAME_CHARS).collect())
        .collect();
    let more = if members.len() > shown.len() { ", …" } else { "" };
    format!("the fields {}{more}", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixtures::{config, pointer, source_name};

    fn fields() -> FieldMap {
        FieldMap {
            key: pointer("/id"),
            text: pointer("/body"),
            title: Some(pointer("/title")),
            category: Some(pointer("/category")),
            author_key: Some(pointer("/author/id")),
            author_name: Some(pointer("/author/name")),
            published_at: Some(pointer("/at")),
        }
    }

    fn map(item: &Value) -> Result<DocumentDraft, ItemError> {
        map_item(&source_name(), &fields(), item)
    }

    fn mapped(item: Value) -> DocumentDraft {
        map(&item).expect("a document")
    }

    #[test]
    fn mapped_fields_become_the_document_and_the_others_attributes() {
        let draft = mapped(json!({
            "id": 7, "title": " T ", "body": " x ", "category": "c", "at": "2026-01-02T03:04:05Z",
            "author": {"id": 1.5, "name": "Ann", "role": null}, "tags": ["a", {"b": 1e3}], "nothing": null,
        }));
        assert_eq!(draft.key.as_str(), "7");
        assert_eq!(draft.title.as_deref(), Some("T"));
        assert_eq!(draft.text, " x ");
        assert_eq!(draft.category.as_deref(), Some("c"));
        assert_eq!(draft.author, Some(AuthorDraft { key: "1.5".into(), name: "Ann".into() }));
        assert_eq!(draft.published_at.map(|at| at.timestamp()), Some(1_767_323_045));
        let rest = json!({"author": {"role": null}, "tags": ["a", {"b": 1e3}], "nothing": null});
        assert_eq!(Value::Object(draft.attributes), rest);
    }

    #[test]
    fn keys_are_scalars_and_required() {
        for (key, expected) in [
            (json!(" a "), "a"),
            (json!(0), "0"),
            (json!(-3), "-3"),
            (json!(true), "true"),
            (json!(2.5), "2.5"),
        ] {
            assert_eq!(mapped(json!({"id": key, "body": ""})).key.as_str(), expected);
        }
        for item in
            [json!({"body": "x"}), json!({"id": null}), json!({"id": "  "}), json!({"id": [1]}), json!(3)]
        {
            assert!(matches!(map(&item), Err(ItemError::NoKey { .. })), "{item}");
        }
        let error = map(&json!({"uuid": 1, "body": "x"})).expect_err("no key").to_string();
        assert_eq!(error, r#"no key at "/id" (the item has the fields body, uuid)"#);
        let long = map(&json!({"id": "k".repeat(2_000), "body": "x"})).expect_err("too long");
        assert!(matches!(long, ItemError::Invalid(_)));
    }

    #[test]
    fn a_text_is_optional_only_with_a_title() {
        assert_eq!(mapped(json!({"id": 1, "title": "T"})).text, "");
        assert_eq!(mapped(json!({"id": 1, "title": "T", "body": null})).text, "");
        assert_eq!(mapped(json!({"id": 1, "body": 12})).text, "12");
        assert_eq!(mapped(json!({"id": 1, "body": ""})).text, "");
        let error = map(&json!({"id": 1, "body": null})).expect_err("no text").to_string();
        assert_eq!(error, r#"text is missing at "/body", and there is no title"#);
        let draft = mapped(json!({"id": 1, "title": "T", "body": {"html": "x"}}));
        assert_eq!(Value::Object(draft.attributes), json!({"body": {"html": "x"}}));
    }

    #[test]
    fn an_author_needs_a_key_or_a_name() {
        let author = |value: Value| {
            mapped(json!({"id": 1, "body": "x", "author": value})).author.map(|a| (a.key, a.name))
        };
        let pair = |key: &str, name: &str| Some((key.to_owned(), name.to_owned()));
        assert_eq!(author(json!({"id": 9, "name": "Ann"})), pair("9", "Ann"));
        assert_eq!(author(json!({"id": 9, "name": " "})), pair("9", "9"));
        assert_eq!(author(json!({"name": "Ann\nLee"})), pair("Ann Lee", "Ann\nLee"));
        assert_eq!(author(json!({})), None);
        assert_eq!(author(json!("Ann")), None);
    }

    #[test]
    fn an_unreadable_date_becomes_an_attribute() {
        let draft = mapped(json!({"id": 1, "body": "x", "at": "yesterday"}));
        assert_eq!(draft.published_at, None);
        assert_eq!(Value::Object(draft.attributes), json!({"at": "yesterday"}));
    }

    #[test]
    fn pointers_reach_into_arrays_and_escaped_names() {
        let fields = FieldMap { key: pointer("/a~1b"), text: pointer("/texts/0"), ..config().fields };
        let item = json!({"a/b": "k", "texts": ["x", "y"]});
        let draft = map_item(&source_name(), &fields, &item).expect("a document");
        assert_eq!((draft.key.as_str(), draft.text.as_str()), ("k", "x"));
        assert_eq!(Value::Object(draft.attributes), json!({"texts": ["x", "y"]}));
    }
}
