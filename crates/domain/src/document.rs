use std::fmt;

use serde::{Deserialize, Serialize};
use sha1::{Digest, Sha1};
use uuid::Uuid;

use super::{Revision, Timestamp, check_text};

/// The namespace of the version 5 UUIDs of documents and authors.
const NAMESPACE: Uuid = Uuid::from_u128(0x6c1f_7f0e_0b3a_4a53_9c5e_5d0c_7a61_9e11);

/// The longest source name in characters, bounded by the indexes that hold it.
const SOURCE_NAME_CHARS: usize = 64;
/// The longest upstream key in characters.
const KEY_CHARS: usize = 1_024;
/// The longest category in characters, bounded by the indexes that hold it.
const CATEGORY_CHARS: usize = 255;
/// The longest title and author name in characters.
const TITLE_CHARS: usize = 4_096;
/// The longest text in bytes.
const TEXT_BYTES: usize = 1 << 20;
/// The largest `attributes` in bytes of JSON.
const ATTRIBUTES_BYTES: usize = 1 << 20;

/// An invalid field of a document, with the remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {problem}")]
pub struct InvalidDocument {
    /// The field's name in the schema.
    pub field: &'static str,
    /// The problem.
    pub problem: String,
}

impl InvalidDocument {
    fn new(field: &'static str, problem: impl Into<String>) -> Self {
        Self { field, problem: problem.into() }
    }
}

/// The name of a source: 1 to 64 characters, trimmed, without control characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SourceName(String);

impl SourceName {
    /// Validates a name.
    pub fn parse(name: &str) -> Result<Self, InvalidDocument> {
        check_label("source", name, SOURCE_NAME_CHARS)?;
        Ok(Self(name.to_owned()))
    }

    /// Wraps a name from the database, which was validated before it was stored.
    pub fn stored(name: String) -> Self {
        Self(name)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for SourceName {
    type Error = InvalidDocument;
    fn try_from(name: String) -> Result<Self, InvalidDocument> {
        Self::parse(&name)
    }
}

impl From<SourceName> for String {
    fn from(name: SourceName) -> String {
        name.0
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The upstream's own id of a record: 1 to 1,024 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DocumentKey(String);

impl DocumentKey {
    /// Validates a key.
    pub fn parse(key: &str) -> Result<Self, InvalidDocument> {
        check_label("key", key, KEY_CHARS)?;
        Ok(Self(key.to_owned()))
    }

    /// Wraps a key from the database, which was validated before it was stored.
    pub fn stored(key: String) -> Self {
        Self(key)
    }

    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for DocumentKey {
    type Error = InvalidDocument;
    fn try_from(key: String) -> Result<Self, InvalidDocument> {
        Self::parse(&key)
    }
}

impl From<DocumentKey> for String {
    fn from(key: DocumentKey) -> String {
        key.0
    }
}

impl fmt::Display for DocumentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn check_label(field: &'static str, value: &str, max_chars: usize) -> Result<(), InvalidDocument> {
    if value.is_empty() {
        return Err(InvalidDocument::new(field, "is empty: give it at least one character"));
    }
    if value.trim() != value {
        return Err(InvalidDocument::new(field, "begins or ends with white space: trim it"));
    }
    check_text(value, max_chars).map_err(|problem| InvalidDocument::new(field, problem))
}

/// The id of a document.
///
/// It is derived from source and key, so that servers and the index compute it without the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DocumentId(pub Uuid);

impl DocumentId {
    /// The id of `(source, key)`.
    pub fn of(source: &SourceName, key: &DocumentKey) -> Self {
        Self(derive_id("document", source, key.as_str()))
    }
}

/// The id of an author within a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AuthorId(pub Uuid);

impl AuthorId {
    /// The id of `(source, author key)`.
    pub fn of(source: &SourceName, key: &str) -> Self {
        Self(derive_id("author", source, key))
    }
}

fn derive_id(kind: &str, source: &SourceName, key: &str) -> Uuid {
    // Neither kinds nor source names contain NUL, so distinct triples have distinct spellings.
    derived_uuid(format!("{kind}\0{source}\0{key}").as_bytes())
}

/// Returns the UUID of version 5 of a text, as `Uuid::new_v5` does, but with the processor's instructions for SHA-1.
fn derived_uuid(text: &[u8]) -> Uuid {
    let digest = Sha1::new().chain_update(NAMESPACE).chain_update(text).finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_sha1_bytes(bytes).into_uuid()
}

/// The author of a draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorDraft {
    /// The upstream's id of the author.
    pub key: String,
    /// The display name.
    pub name: String,
}

/// A document from a crawl or a client, not yet stored.
#[derive(Clone, Debug, PartialEq)]
pub struct DocumentDraft {
    /// The source.
    pub source: SourceName,
    /// The upstream's id of the record.
    pub key: DocumentKey,
    /// The title, if the upstream has one.
    pub title: Option<String>,
    /// The searched and displayed text.
    pub text: String,
    /// The category.
    pub category: Option<String>,
    /// The author.
    pub author: Option<AuthorDraft>,
    /// The time of publication according to the upstream.
    pub published_at: Option<Timestamp>,
    /// The unmapped upstream fields: the text of a JSON object, whose numbers keep all digits.
    pub attributes: String,
}

impl DocumentDraft {
    /// The id of this document.
    pub fn id(&self) -> DocumentId {
        DocumentId::of(&self.source, &self.key)
    }

    /// Validates the limits of the fields.
    ///
    /// Replaces NUL characters, which PostgreSQL cannot store, with U+FFFD.
    pub fn checked(mut self) -> Result<Self, InvalidDocument> {
        self.text = without_nul(self.text);
        self.title = self.title.map(without_nul);
        self.category = self.category.map(without_nul).filter(|category| !category.trim().is_empty());
        self.author = self
            .author
            .map(|author| AuthorDraft { key: without_nul(author.key), name: without_nul(author.name) });
        if self.text.len() > TEXT_BYTES {
            return Err(InvalidDocument::new(
                "text",
                format!("is longer than {TEXT_BYTES} bytes: split the document"),
            ));
        }
        check_chars("title", self.title.as_deref(), TITLE_CHARS)?;
        check_chars("category", self.category.as_deref(), CATEGORY_CHARS)?;
        check_chars("authorName", self.author.as_ref().map(|author| author.name.as_str()), TITLE_CHARS)?;
        if let Some(author) = &self.author {
            check_label("authorKey", &author.key, KEY_CHARS)?;
        }
        if self.attributes.len() > ATTRIBUTES_BYTES {
            return Err(InvalidDocument::new(
                "attributes",
                format!("are larger than {ATTRIBUTES_BYTES} bytes of JSON: remove some"),
            ));
        }
        Ok(self)
    }

    /// A digest of all visible content, for change detection: 32 hexadecimal digits.
    pub fn content_hash(&self) -> String {
        // A JSON array is a canonical spelling; the version 5 UUID serves as its digest.
        let fields = (
            &self.title,
            &self.text,
            &self.category,
            self.author.as_ref().map(|author| [&author.key, &author.name]),
            self.published_at.map(|at| at.timestamp_micros()),
        );
        let mut content = serde_json::to_string(&fields).expect("texts and numbers are JSON");
        content.pop();
        content.push(',');
        content += &self.attributes;
        content.push(']');
        derived_uuid(content.as_bytes()).simple().to_string()
    }
}

fn without_nul(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

fn check_chars(field: &'static str, value: Option<&str>, max: usize) -> Result<(), InvalidDocument> {
    match value {
        Some(value) if value.chars().count() > max => {
            Err(InvalidDocument::new(field, format!("is longer than {max} characters: shorten it")))
        }
        _ => Ok(()),
    }
}

/// The author of a stored document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorRef {
    /// The author's id.
    pub id: AuthorId,
    /// The upstream's id of the author.
    pub key: String,
    /// The display name in this document.
    pub name: String,
}

/// A stored document, as in the store and in the index.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// The id, derived from source and key.
    pub id: DocumentId,
    /// The source.
    pub source: SourceName,
    /// The upstream's id of the record.
    pub key: DocumentKey,
    /// The title, if the upstream has one.
    pub title: Option<String>,
    /// The searched and displayed text.
    pub text: String,
    /// The category.
    pub category: Option<String>,
    /// The author.
    pub author: Option<AuthorRef>,
    /// The time of publication according to the upstream.
    pub published_at: Option<Timestamp>,
    /// The unmapped upstream fields, serialised: most responses never parse them.
    pub attributes: String,
    /// The time at which this version was stored.
    pub indexed_at: Timestamp,
}

impl Document {
    /// The memory that it takes, in bytes, about.
    pub fn memory_bytes(&self) -> usize {
        let texts = [
            self.source.as_str().len(),
            self.key.as_str().len(),
            self.title.as_ref().map_or(0, String::len),
            self.text.len(),
            self.category.as_ref().map_or(0, String::len),
            self.author.as_ref().map_or(0, |author| author.key.len() + author.name.len()),
            self.attributes.len(),
        ];
        size_of::<Self>() + texts.iter().sum::<usize>()
    }
}

/// A removed document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tombstone {
    /// The removed document.
    pub id: DocumentId,
}

/// A change in revision order, as indexers consume it.
#[derive(Clone, Debug, PartialEq)]
pub enum DocumentChange {
    /// The current document.
    Upserted(Revision, Box<Document>),
    /// The document was removed.
    Deleted(Revision, Tombstone),
}

impl DocumentChange {
    /// The revision of the change.
    pub fn revision(&self) -> Revision {
        match self {
            DocumentChange::Upserted(revision, _) | DocumentChange::Deleted(revision, _) => *revision,
        }
    }
}

/// An author of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// The id, derived from source and key.
    pub id: AuthorId,
    /// The source of the author's documents.
    pub source: SourceName,
    /// The upstream's id of the author.
    pub key: String,
    /// The display name.
    pub name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_hash_of_stored_documents_stays() {
        let draft = DocumentDraft {
            source: SourceName::parse("s").expect("a name"),
            key: DocumentKey::parse("1").expect("a key"),
            title: None,
            text: "a \"text\"".to_owned(),
            category: Some("c".to_owned()),
            author: Some(AuthorDraft { key: "7".to_owned(), name: "Ada".to_owned() }),
            published_at: Timestamp::from_timestamp(1_746_431_240, 0),
            attributes: r#"{"a":[1,{"b":null}],"c":1.5}"#.to_owned(),
        };
        // As releases computed it from the parsed attributes.
        let content = serde_json::json!([
            null, "a \"text\"", "c", ["7", "Ada"], 1_746_431_240_000_000_i64, {"a": [1, {"b": null}], "c": 1.5},
        ]);
        let expected = Uuid::new_v5(&NAMESPACE, content.to_string().as_bytes()).simple().to_string();
        assert_eq!(draft.content_hash(), expected);
    }
}
