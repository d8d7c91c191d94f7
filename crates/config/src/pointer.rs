//! Pointers into JSON: one value, several values, and the items of a page.

use serde::{Serialize, Serializer};
use toml::Value;

use super::placeholder::Placeholder;
use super::setting::Scalar;

/// The member name of an item, in place of a pointer.
const MEMBER_NAME: &str = "#";
/// The segment of a path that stands for every member.
const WILDCARD: &str = "*";

/// A JSON pointer (RFC 6901): empty, or beginning with `/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct JsonPointer(String);

impl JsonPointer {
    /// Parses a pointer.
    pub fn parse(pointer: &str) -> Option<Self> {
        let is_escaped = pointer.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
        (is_escaped && (pointer.is_empty() || pointer.starts_with('/'))).then(|| Self(pointer.to_owned()))
    }

    /// The pointer as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One pointer, or a list of them whose values are joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldList(Vec<JsonPointer>);

impl FieldList {
    /// The pointers, at least one.
    pub fn pointers(&self) -> &[JsonPointer] {
        &self.0
    }
}

impl From<JsonPointer> for FieldList {
    fn from(pointer: JsonPointer) -> Self {
        Self(vec![pointer])
    }
}

impl Serialize for FieldList {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        one_or_list(&self.0, serializer)
    }
}

/// A part of an item's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyPart {
    /// The name under which the item is a member of an object: `#`.
    MemberName,
    /// The value at a pointer.
    Pointer(JsonPointer),
    /// A value of the parent's item.
    Parent(Placeholder),
    /// That value, in the list of one parent.
    Constant(String),
}

impl KeyPart {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text == MEMBER_NAME {
            return Some(Self::MemberName);
        }
        let placeholder = || Placeholder::parse(text).map(Self::Parent);
        JsonPointer::parse(text).map(Self::Pointer).or_else(placeholder)
    }

    /// The part as text.
    pub fn as_str(&self) -> &str {
        match self {
            Self::MemberName => MEMBER_NAME,
            Self::Pointer(pointer) => pointer.as_str(),
            Self::Parent(placeholder) => placeholder.as_str(),
            Self::Constant(value) => value,
        }
    }
}

impl Serialize for KeyPart {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// The parts of an item's key: one, or several that together are unique.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFields(Vec<KeyPart>);

impl KeyFields {
    /// The parts, at least one.
    pub fn parts(&self) -> &[KeyPart] {
        &self.0
    }

    /// Replaces each part, or returns the first error.
    pub(crate) fn try_map<E>(&self, replace: impl FnMut(&KeyPart) -> Result<KeyPart, E>) -> Result<Self, E> {
        self.0.iter().map(replace).collect::<Result<_, _>>().map(Self)
    }
}

impl From<JsonPointer> for KeyFields {
    fn from(pointer: JsonPointer) -> Self {
        Self(vec![KeyPart::Pointer(pointer)])
    }
}

impl Serialize for KeyFields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        one_or_list(&self.0, serializer)
    }
}

/// A path to several values, such as the items of a page: a JSON pointer with wildcards, or a JSONPath of names and wildcards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemsPath {
    text: String,
    segments: Vec<PathSegment>,
}

/// A step of an [`ItemsPath`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathSegment {
    /// A member of an object, or an index of an array.
    Name(String),
    /// Every member or element.
    Wildcard,
}

impl ItemsPath {
    /// Parses a path.
    pub fn parse(text: &str) -> Option<Self> {
        let segments = match text.strip_prefix('$') {
            Some(path) => parse_json_path(path)?,
            None => JsonPointer::parse(text)?.as_str().split('/').skip(1).map(parse_token).collect(),
        };
        Some(Self { text: text.to_owned(), segments })
    }

    /// The path as it is configured.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The steps of the path.
    pub fn segments(&self) -> &[PathSegment] {
        &self.segments
    }
}

impl Serialize for ItemsPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

fn parse_token(token: &str) -> PathSegment {
    if token == WILDCARD {
        return PathSegment::Wildcard;
    }
    PathSegment::Name(token.replace("~1", "/").replace("~0", "~"))
}

/// Parses what follows the `$` of a JSONPath: `.name`, `['name']`, `[0]`, `.*` and `[*]`.
fn parse_json_path(mut rest: &str) -> Option<Vec<PathSegment>> {
    let mut segments = Vec::new();
    while !rest.is_empty() {
        let segment;
        (segment, rest) = match rest.strip_prefix('.') {
            Some(name) => split_dotted(name)?,
            None => split_bracketed(rest.strip_prefix('[')?)?,
        };
        segments.push(segment);
    }
    Some(segments)
}

fn split_dotted(rest: &str) -> Option<(PathSegment, &str)> {
    if let Some(rest) = rest.strip_prefix(WILDCARD) {
        return Some((PathSegment::Wildcard, rest));
    }
    let end = rest.find(['.', '[']).unwrap_or(rest.len());
    let (name, rest) = rest.split_at(end);
    let is_name =
        !name.is_empty() && name.chars().all(|char| char.is_alphanumeric() || "_-$@".contains(char));
    is_name.then(|| (PathSegment::Name(name.to_owned()), rest))
}

fn split_bracketed(rest: &str) -> Option<(PathSegment, &str)> {
    let rest = rest.trim_start();
    if let Some(quote) = rest.chars().next().filter(|char| matches!(char, '\'' | '"')) {
        let (name, rest) = rest[1..].split_once(quote)?;
        // An escape would need the rules of JSONPath's strings.
        let segment = (!name.contains('\\')).then(|| PathSegment::Name(name.to_owned()))?;
        return Some((segment, rest.trim_start().strip_prefix(']')?));
    }
    let (inner, rest) = rest.split_once(']')?;
    let inner = inner.trim_end();
    if inner == WILDCARD {
        return Some((PathSegment::Wildcard, rest));
    }
    let is_index = !inner.is_empty() && inner.bytes().all(|byte| byte.is_ascii_digit());
    is_index.then(|| (PathSegment::Name(inner.to_owned()), rest))
}

fn one_or_list<T: Serialize, S: Serializer>(values: &[T], serializer: S) -> Result<S::Ok, S::Error> {
    match values {
        [one] => one.serialize(serializer),
        list => serializer.collect_seq(list),
    }
}

pub(crate) fn pointer() -> Scalar<JsonPointer> {
    Scalar::from_text(
        "a JSON pointer: empty, or beginning with `/`; `~0` is `~`, `~1` is `/`",
        JsonPointer::parse,
    )
}

/// A list of pointers.
pub(crate) fn pointers() -> Scalar<Vec<JsonPointer>> {
    super::values::list("a list of JSON pointers such as [\"/error\"]", JsonPointer::parse)
}

/// The path to items.
pub(crate) fn items_path() -> Scalar<ItemsPath> {
    Scalar::from_text(
        "a JSON pointer (empty, or beginning with `/`; a segment `*` stands for every member), or a JSONPath \
         of names, indexes and wildcards such as \"$.data[*].record\"",
        ItemsPath::parse,
    )
}

pub(crate) fn key_fields() -> Scalar<KeyFields> {
    one_or_more(
        "a JSON pointer, `#` for the name of an item that is a member of an object, a placeholder such as `{id}` for \
         a value of the parent, or a list of them such as [\"/order\", \"/line\"]",
        KeyPart::parse,
        KeyFields,
    )
}

pub(crate) fn field_list() -> Scalar<FieldList> {
    one_or_more(
        "a JSON pointer, or a list of them such as [\"/summary\", \"/body\"]",
        JsonPointer::parse,
        FieldList,
    )
}

/// One text that `parse` accepts, or a list of at least one.
fn one_or_more<P: 'static, T: Serialize + 'static>(
    expected: &str,
    parse: fn(&str) -> Option<P>,
    build: fn(Vec<P>) -> T,
) -> Scalar<T> {
    let item = move |value: &Value| parse(value.as_str()?);
    let read = move |value: &Value| match value.as_array() {
        Some(items) if items.is_empty() => None,
        Some(items) => items.iter().map(item).collect::<Option<Vec<P>>>().map(build),
        None => Some(build(vec![item(value)?])),
    };
    Scalar::new(expected, read).with_items(move |value| item(value).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments(path: &str) -> Option<String> {
        let path = ItemsPath::parse(path)?;
        let name = |segment: &PathSegment| match segment {
            PathSegment::Name(name) => format!("<{name}>"),
            PathSegment::Wildcard => "*".to_owned(),
        };
        Some(path.segments().iter().map(name).collect())
    }

    #[test]
    fn paths_are_pointers_with_wildcards_or_simple_json_paths() {
        for (path, expected) in [
            ("", ""),
            ("/data/items", "<data><items>"),
            ("/data/*/a~1b", "<data>*<a/b>"),
            ("/", "<>"),
            ("$", ""),
            ("$[*]", "*"),
            ("$.data.items", "<data><items>"),
            ("$.data[*].record", "<data>*<record>"),
            ("$.data.*.x-y", "<data>*<x-y>"),
            ("$['a.b'][\"c\"][0][ * ]", "<a.b><c><0>*"),
            ("$['*']", "<*>"),
        ] {
            assert_eq!(segments(path).as_deref(), Some(expected), "{path}");
        }
        for path in
            ["data", "$data", "$..id", "$.a[?(@.b)]", "$.a[1:2]", "$.a[-1]", "$['a", "$.", "$.a['b'", "#"]
        {
            assert_eq!(segments(path), None, "{path}");
        }
    }
}
