//! A document as hits contain it: small, and fast to decode.

use chrono::DateTime;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use quarry_domain::{AuthorId, AuthorRef, Document, DocumentId, DocumentKey, SourceName};

/// The stored form of a document: small, and fast to decode.
#[derive(Serialize, Deserialize)]
struct StoredDocument<'a> {
    source: &'a str,
    key: &'a str,
    title: Option<&'a str>,
    text: &'a str,
    category: Option<&'a str>,
    author_key: Option<&'a str>,
    author_name: Option<&'a str>,
    author_id: Option<Uuid>,
    published_at: Option<i64>,
    attributes: &'a str,
    indexed_at: i64,
    id: Uuid,
}

pub(super) fn stored(document: &Document) -> Vec<u8> {
    let author = document.author.as_ref();
    let stored = StoredDocument {
        source: document.source.as_str(),
        key: document.key.as_str(),
        title: document.title.as_deref(),
        text: &document.text,
        category: document.category.as_deref(),
        author_key: author.map(|author| author.key.as_str()),
        author_name: author.map(|author| author.name.as_str()),
        author_id: author.map(|author| author.id.0),
        published_at: document.published_at.map(|at| at.timestamp_micros()),
        attributes: &document.attributes,
        indexed_at: document.indexed_at.timestamp_micros(),
        id: document.id.0,
    };
    let mut bytes = postcard::to_stdvec(&stored).expect("plain records serialize");
    let length = u32::try_from(bytes.len()).expect("documents have limits");
    bytes.extend(length.to_le_bytes());
    bytes
}

/// Decodes a document from the end of its entry in the document store.
///
/// `None` if it is damaged.
///
/// Decoding through tantivy's values costs more than the rest of a search.
pub(super) fn read_stored(bytes: &[u8]) -> Option<Document> {
    let (rest, length) = bytes.split_last_chunk()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let (_, bytes) = rest.split_at_checked(rest.len().checked_sub(length)?)?;
    let stored: StoredDocument<'_> = postcard::from_bytes(bytes).ok()?;
    let author = match (stored.author_id, stored.author_key, stored.author_name) {
        (Some(id), Some(key), Some(name)) => {
            Some(AuthorRef { id: AuthorId(id), key: key.to_owned(), name: name.to_owned() })
        }
        _ => None,
    };
    Some(Document {
        id: DocumentId(stored.id),
        source: SourceName::stored(stored.source.to_owned()),
        key: DocumentKey::stored(stored.key.to_owned()),
        title: stored.title.map(str::to_owned),
        text: stored.text.to_owned(),
        category: stored.category.map(str::to_owned),
        author,
        published_at: match stored.published_at {
            Some(micros) => Some(DateTime::from_timestamp_micros(micros)?),
            None => None,
        },
        attributes: stored.attributes.to_owned(),
        indexed_at: DateTime::from_timestamp_micros(stored.indexed_at)?,
    })
}
