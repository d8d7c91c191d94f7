//! The mapping of an upstream's item to a document. Pure.
//!
//! Unmapped fields become `attributes`, and so do mapped fields with unreadable values.

mod html;

use std::borrow::Cow;
use std::collections::BTreeMap;

use self::html::plain_text;
use super::dates::parse_date;
use super::json::{Json, object_text, unescape};
use super::upstream::UpstreamItem;
use quarry_config::{FieldList, FieldMap, JsonPointer, KeyFields, KeyPart};
use quarry_domain::{AuthorDraft, DocumentDraft, DocumentKey, InvalidDocument, SourceName};

/// The maximum number of field names in an error message.
const MAX_LISTED_FIELDS: usize = 12;
/// The maximum number of characters of a field name in an error message.
const MAX_FIELD_NAME_CHARS: usize = 40;
/// Texts of a deletion flag or time that mean "not deleted".
const NOT_DELETED: [&str; 8] = ["false", "f", "no", "n", "off", "0", "null", "none"];
/// The times that databases and languages write in place of none.
const ZERO_TIMES: [&str; 2] = ["0000-00-00", "0001-01-01"];

/// The content of an item.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum MappedItem {
    /// A document.
    Document(Box<DocumentDraft>),
    /// The upstream states that the document of this key is deleted.
    Deleted(DocumentKey),
}

/// An invalid item. The message quotes field names, never values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ItemError {
    /// The item has no key; if all items lack one, the mapping is wrong.
    #[error("no key at \"{pointer}\" (the item {item})")]
    NoKey { pointer: String, item: String },
    /// The item is not in the format of the page.
    #[error("{0}")]
    Unreadable(String),
    /// The document exceeds a limit, or has no text.
    #[error("{cause}")]
    Invalid { key: Option<DocumentKey>, cause: InvalidDocument },
}

impl ItemError {
    /// Returns the key of the item, if it is valid.
    pub(super) fn into_key(self) -> Option<DocumentKey> {
        match self {
            Self::Invalid { key, .. } => key,
            Self::NoKey { .. } | Self::Unreadable(_) => None,
        }
    }
}

/// Maps an item.
pub(super) fn map_item(
    source: &SourceName,
    fields: &FieldMap,
    item: UpstreamItem,
) -> Result<MappedItem, ItemError> {
    let value = item.content.map_err(ItemError::Unreadable)?;
    let mut reader =
        ItemReader { item: &value, name: item.name.as_deref(), is_html: fields.html, mapped: Vec::new() };
    let key = DocumentKey::parse(&reader.key(&fields.key)?)
        .map_err(|cause| ItemError::Invalid { key: None, cause })?;
    if fields.deleted.as_ref().is_some_and(|pointer| reader.is_deleted(pointer)) {
        return Ok(MappedItem::Deleted(key));
    }
    let title = fields.title.as_ref().and_then(|list| reader.title(list));
    let Some(text) = reader.text(&fields.text).or_else(|| title.as_ref().map(|_| String::new())) else {
        let pointers: Vec<&str> = fields.text.pointers().iter().map(JsonPointer::as_str).collect();
        let problem = format!("is missing at \"{}\", and there is no title", pointers.join("\", \""));
        let cause = InvalidDocument { field: "text", problem };
        return Err(ItemError::Invalid { key: Some(key), cause });
    };
    let category = fields.category.as_ref().and_then(|pointer| reader.label(pointer));
    let author = author_of(
        fields.author_key.as_ref().and_then(|pointer| reader.label(pointer)),
        fields.author_name.as_ref().and_then(|pointer| reader.label(pointer)),
    );
    let format = fields.date_format.as_ref();
    let published_at = fields
        .published_at
        .as_ref()
        .and_then(|pointer| reader.read(pointer, |value| parse_date(value, format)));
    let mapped = reader.mapped;
    let attributes = object_text(&unmapped(value, &mapped));
    let draft = DocumentDraft {
        source: source.clone(),
        key: key.clone(),
        title,
        text,
        category,
        author,
        published_at,
        attributes,
    };
    match draft.checked() {
        Ok(draft) => Ok(MappedItem::Document(Box::new(draft))),
        Err(cause) => Err(ItemError::Invalid { key: Some(key), cause }),
    }
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
struct ItemReader<'item, 'fields> {
    item: &'item Json,
    name: Option<&'item str>,
    is_html: bool,
    mapped: Vec<&'fields str>,
}

impl<'item, 'fields> ItemReader<'item, 'fields> {
    /// Reads a field, and records it as mapped if it is empty or `parse` succeeds.
    fn read<T>(
        &mut self,
        pointer: &'fields JsonPointer,
        parse: impl Fn(&'item Json) -> Option<T>,
    ) -> Option<T> {
        let value = self.item.pointer(pointer.as_str())?;
        let parsed = parse(value);
        if parsed.is_some() || is_blank(value) {
            self.mapped.push(pointer.as_str());
        }
        parsed
    }

    /// Reads a scalar as trimmed text; a blank one is missing.
    fn label(&mut self, pointer: &'fields JsonPointer) -> Option<String> {
        self.read(pointer, |value| filled(&scalar_text(value)?))
    }

    /// Reads the parts of the key, which are escaped if there are several, so that they stay distinct.
    fn key(&mut self, fields: &'fields KeyFields) -> Result<String, ItemError> {
        let mut parts = Vec::with_capacity(fields.parts().len());
        for part in fields.parts() {
            let value = match part {
                KeyPart::MemberName => self.name.and_then(filled),
                KeyPart::Pointer(pointer) => self.label(pointer),
                KeyPart::Constant(value) => Some(value.clone()),
                // The settings of the list of a parent have its value.
                KeyPart::Parent(_) => None,
            };
            parts.push(value.ok_or_else(|| no_key(part, self.item))?);
        }
        if parts.len() == 1 {
            return Ok(parts.concat());
        }
        let escaped: Vec<String> =
            parts.iter().map(|part| part.replace('~', "~0").replace('/', "~1")).collect();
        Ok(escaped.join("/"))
    }

    /// Reads a flag or time of deletion.
    fn is_deleted(&mut self, pointer: &'fields JsonPointer) -> bool {
        let Some(value) = self.item.pointer(pointer.as_str()) else { return false };
        self.mapped.push(pointer.as_str());
        match value {
            Json::String(text) => {
                let text = text.trim();
                let is_zero = ZERO_TIMES.iter().any(|zero| text.starts_with(zero));
                !text.is_empty() && !is_zero && !NOT_DELETED.iter().any(|no| text.eq_ignore_ascii_case(no))
            }
            value => !value.is_empty(),
        }
    }

    /// Reads the texts of the title, joined by blanks.
    fn title(&mut self, list: &'fields FieldList) -> Option<String> {
        let is_html = self.is_html;
        let texts: Vec<String> = list
            .pointers()
            .iter()
            .filter_map(|pointer| self.content(pointer))
            .map(|text| if is_html { text.replace('\n', " ") } else { text })
            .filter_map(|text| filled(&text))
            .collect();
        (!texts.is_empty()).then(|| texts.join(" "))
    }

    /// Reads the texts, joined by blank lines; null is an empty text.
    fn text(&mut self, list: &'fields FieldList) -> Option<String> {
        let mut texts: Vec<String> =
            list.pointers().iter().filter_map(|pointer| self.content(pointer)).collect();
        if texts.is_empty() {
            let is_null = |pointer: &JsonPointer| self.item.pointer(pointer.as_str()) == Some(&Json::Null);
            return list.pointers().iter().any(is_null).then(String::new);
        }
        if texts.len() > 1 {
            texts.retain(|text| !text.trim().is_empty());
        }
        Some(texts.join("\n\n"))
    }

    /// Reads a scalar as text, without markup.
    fn content(&mut self, pointer: &'fields JsonPointer) -> Option<String> {
        let is_html = self.is_html;
        self.read(pointer, |value| {
            let text = scalar_text(value)?;
            Some(if is_html { plain_text(&text) } else { text.into_owned() })
        })
    }
}

fn no_key(part: &KeyPart, item: &Json) -> ItemError {
    let item = match part {
        KeyPart::MemberName => "is not a member of an object".to_owned(),
        KeyPart::Pointer(_) | KeyPart::Parent(_) | KeyPart::Constant(_) => {
            format!("has {}", describe_fields(item))
        }
    };
    ItemError::NoKey { pointer: part.as_str().to_owned(), item }
}

fn is_blank(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::String(text) => text.trim().is_empty(),
        _ => false,
    }
}

/// Returns true if most items do not fit the mapping: more likely the mapping is wrong than they are.
pub(super) fn are_mostly_rejected(rejected: u64, items: u64) -> bool {
    rejected * 2 > items
}

/// Returns a trimmed text that is not empty.
fn filled(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

pub(super) fn scalar_text(value: &Json) -> Option<Cow<'_, str>> {
    match value {
        Json::String(text) | Json::Number(text) => Some(Cow::Borrowed(text)),
        Json::Bool(truth) => Some(Cow::Borrowed(if *truth { "true" } else { "false" })),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

/// Returns the members of an item without the mapped ones.
fn unmapped(item: Json, mapped: &[&str]) -> BTreeMap<String, Json> {
    let Json::Object(mut members) = item else { return BTreeMap::new() };
    for pointer in mapped {
        let tokens: Vec<String> = pointer.split('/').skip(1).map(unescape).collect();
        remove_leaf(&mut members, &tokens);
    }
    members
}

/// Removes the value at a path, and the objects that it leaves empty.
///
/// An element of an array stays, so that the others keep their indexes.
fn remove_leaf(members: &mut BTreeMap<String, Json>, path: &[String]) {
    let Some((name, deeper)) = path.split_first() else {
        members.clear();
        return;
    };
    if deeper.is_empty() {
        members.remove(name);
        return;
    }
    if let Some(Json::Object(inner)) = members.get_mut(name) {
        remove_leaf(inner, deeper);
        if inner.is_empty() {
            members.remove(name);
        }
    }
}

/// Returns the names of an item's fields, to help to correct a mapping.
fn describe_fields(item: &Json) -> String {
    let Json::Object(members) = item else { return "no fields: it is not an object".to_owned() };
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
mod tests;
