//! The fields of the index, and the conversion of documents from and to them.

use chrono::DateTime;
use serde::{Deserialize, Serialize};
use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, OwnedValue, STORED, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::tokenizer::{PreTokenizedString, Token};
use uuid::Uuid;

use super::super::analysis::{for_each_word, marked_name, marked_stem};
use quarry_config::Language;
use quarry_domain::{AuthorId, AuthorRef, Document, DocumentId, DocumentKey, SourceName};

/// The version of the fields and their content; an index of another version is rebuilt.
pub(super) const SCHEMA_VERSION: u32 = 1;

/// Prefixes of up to this length have posting lists, since their ranges are large.
pub(super) const SHORT_PREFIX_CHARS: usize = 2;

/// The fields of the index.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields {
    /// The 16 bytes of the id, to find a document to replace or delete.
    pub(super) id: Field,
    /// The halves of the id, to break ties.
    pub(super) id_high: Field,
    pub(super) id_low: Field,
    /// Words of all text fields, each followed by its marked stem or name.
    pub(super) words: Field,
    /// Words of the title, which score more.
    pub(super) title: Field,
    /// The first one and two characters of each word.
    pub(super) prefixes: Field,
    pub(super) source: Field,
    pub(super) category: Field,
    pub(super) author_key: Field,
    /// Microseconds since 1970.
    pub(super) published_at: Field,
    /// The document as hits contain it.
    pub(super) document: Field,
}

pub(super) const ID_HIGH: &str = "id_high";
pub(super) const ID_LOW: &str = "id_low";
pub(super) const PUBLISHED_AT: &str = "published_at";

/// The names of the tokenizers of words and of prefixes in the schema.
///
/// The engine indexes tokens; only other readers of the index use the names.
pub(super) const TOKENIZERS: [&str; 2] = ["words", "prefixes"];

pub(super) fn schema() -> (Schema, Fields) {
    let [words, prefixes] = TOKENIZERS;
    let mut builder = Schema::builder();
    let text = |tokenizer: &str, option: IndexRecordOption, fieldnorms: bool| {
        TextOptions::default().set_indexing_options(
            TextFieldIndexing::default()
                .set_tokenizer(tokenizer)
                .set_index_option(option)
                .set_fieldnorms(fieldnorms),
        )
    };
    let label = || text("raw", IndexRecordOption::Basic, false).set_fast("raw");
    let fields = Fields {
        id: builder.add_bytes_field("id", INDEXED),
        id_high: builder.add_u64_field(ID_HIGH, FAST),
        id_low: builder.add_u64_field(ID_LOW, FAST),
        words: builder.add_text_field("words", text(words, IndexRecordOption::WithFreqsAndPositions, true)),
        title: builder.add_text_field("title", text(words, IndexRecordOption::Basic, false)),
        prefixes: builder.add_text_field("prefixes", text(prefixes, IndexRecordOption::Basic, false)),
        source: builder.add_text_field("source", label()),
        category: builder.add_text_field("category", label()),
        author_key: builder.add_text_field("author_key", label()),
        published_at: builder.add_i64_field(PUBLISHED_AT, FAST),
        document: builder.add_bytes_field("document", STORED),
    };
    (builder.build(), fields)
}

/// A document to index.
///
/// `TantivyDocument` encodes every value as bytes, and tokens as JSON, only to decode them at once.
#[derive(Clone, Debug)]
pub(super) struct IndexedDocument(Vec<(Field, OwnedValue)>);

impl IndexedDocument {
    fn add(&mut self, field: Field, value: OwnedValue) {
        self.0.push((field, value));
    }
}

impl tantivy::Document for IndexedDocument {
    type Value<'a> = &'a OwnedValue;
    type FieldsValuesIter<'a> = Box<dyn Iterator<Item = (Field, &'a OwnedValue)> + 'a>;

    fn iter_fields_and_values(&self) -> Self::FieldsValuesIter<'_> {
        Box::new(self.0.iter().map(|(field, value)| (*field, value)))
    }
}

/// Converts a document to the fields of the index.
pub(super) fn indexed(fields: &Fields, document: &Document, language: Language) -> IndexedDocument {
    let mut indexed = IndexedDocument(Vec::with_capacity(12));
    indexed.add(fields.id, OwnedValue::Bytes(document.id.0.as_bytes().to_vec()));
    let (high, low) = document.id.0.as_u64_pair();
    indexed.add(fields.id_high, OwnedValue::U64(high));
    indexed.add(fields.id_low, OwnedValue::U64(low));
    indexed.add(fields.source, OwnedValue::Str(document.source.as_str().to_owned()));
    let mut prefixes = Vec::new();
    let stem = |word: &str| marked_stem(word, language);
    let mut add_words = |text: &str, mark: &dyn Fn(&str) -> String, indexed: &mut IndexedDocument| {
        indexed.add(fields.words, OwnedValue::PreTokStr(tokens(text, mark, &mut prefixes)));
    };
    if let Some(title) = &document.title {
        add_words(title, &stem, &mut indexed);
        indexed.add(fields.title, OwnedValue::PreTokStr(plain_tokens(title)));
    }
    add_words(&document.text, &stem, &mut indexed);
    if let Some(author) = &document.author {
        add_words(&author.name, &marked_name, &mut indexed);
        indexed.add(fields.author_key, OwnedValue::Str(author.key.clone()));
    }
    if let Some(category) = &document.category {
        add_words(category, &stem, &mut indexed);
        indexed.add(fields.category, OwnedValue::Str(category.clone()));
    }
    prefixes.sort_unstable();
    prefixes.dedup();
    indexed.add(fields.prefixes, OwnedValue::PreTokStr(prefix_tokens(prefixes)));
    if let Some(published_at) = document.published_at {
        indexed.add(fields.published_at, OwnedValue::I64(published_at.timestamp_micros()));
    }
    indexed.add(fields.document, OwnedValue::Bytes(stored(document)));
    indexed
}

fn tokens(text: &str, mark: &dyn Fn(&str) -> String, prefixes: &mut Vec<String>) -> PreTokenizedString {
    let mut tokens = Vec::with_capacity(text.len() / 3);
    let mut position = 0;
    for_each_word(text, |word| {
        add_prefixes(&word.text, prefixes);
        // The marked form has the position of its word.
        tokens.push(token(mark(&word.text), position));
        tokens.push(token(word.text.into_owned(), position));
        position += 1;
    });
    PreTokenizedString { text: String::new(), tokens }
}

fn plain_tokens(text: &str) -> PreTokenizedString {
    let mut tokens = Vec::new();
    for_each_word(text, |word| tokens.push(token(word.text.into_owned(), tokens.len())));
    PreTokenizedString { text: String::new(), tokens }
}

fn token(text: String, position: usize) -> Token {
    Token { offset_from: 0, offset_to: 0, position, text, position_length: 1 }
}

fn add_prefixes(word: &str, prefixes: &mut Vec<String>) {
    let mut ends = word.char_indices().map(|(at, c)| at + c.len_utf8());
    for _ in 0..SHORT_PREFIX_CHARS {
        let Some(end) = ends.next() else { return };
        prefixes.push(word[..end].to_owned());
    }
}

fn prefix_tokens(prefixes: Vec<String>) -> PreTokenizedString {
    let tokens = prefixes.into_iter().map(|prefix| token(prefix, 0)).collect();
    PreTokenizedString { text: String::new(), tokens }
}

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

fn stored(document: &Document) -> Vec<u8> {
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
