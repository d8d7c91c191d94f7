//! Documents and engines of the search tests.

use std::path::Path;

use chrono::DateTime;
use quarry::domain::{
    AuthorId, AuthorRef, Document, DocumentChange, DocumentDraft, DocumentId, DocumentKey, Revision,
    SourceName, Tombstone,
};
use quarry::search::tantivy_engine::{TantivyEngine, TantivyOptions};
use quarry::search::{Batch, MatchTier, SearchEngine, SearchRequest};
use serde_json::Value;
use uuid::Uuid;

use crate::support::messages::field;

/// The id of the store in all batches.
pub(crate) const STORE: Uuid = Uuid::from_u128(7);

pub(crate) fn options(folder: &Path) -> TantivyOptions {
    TantivyOptions {
        folder: folder.to_owned(),
        languages: Default::default(),
        attributes: std::sync::Arc::default(),
        weights: Default::default(),
        sufficient_hits: 5,
        concurrency: 4,
        memory_bytes: 30 << 20,
        threads: 1,
    }
}

pub(crate) fn open(folder: &Path) -> TantivyEngine {
    TantivyEngine::open(options(folder)).unwrap()
}

pub(crate) fn document(key: &str, text: &str) -> Document {
    let source = SourceName::parse("test").unwrap();
    let key = DocumentKey::parse(key).unwrap();
    Document {
        id: DocumentId::of(&source, &key),
        source,
        key,
        title: None,
        text: text.to_owned(),
        category: None,
        author: None,
        published_at: None,
        attributes: "{}".to_owned(),
        indexed_at: DateTime::UNIX_EPOCH,
    }
}

/// Returns a text to store.
pub(crate) fn draft(source: &str, key: &str, text: &str) -> DocumentDraft {
    DocumentDraft {
        source: SourceName::parse(source).unwrap(),
        key: DocumentKey::parse(key).unwrap(),
        title: None,
        text: text.to_owned(),
        category: None,
        author: None,
        published_at: None,
        attributes: "{}".to_owned(),
    }
}

pub(crate) fn with_author(mut document: Document, key: &str, name: &str) -> Document {
    document.author = Some(AuthorRef {
        id: AuthorId::of(&document.source, key),
        key: key.to_owned(),
        name: name.to_owned(),
    });
    document
}

pub(crate) fn published(mut document: Document, second: i64) -> Document {
    document.published_at = DateTime::from_timestamp(second, 0);
    document
}

/// Converts messages as a crawl does.
pub(crate) fn documents(messages: &[Value]) -> Vec<Document> {
    messages
        .iter()
        .map(|message| {
            let field = |name: &str| field(message, name);
            let mut document =
                with_author(document(field("id"), field("message")), field("user_id"), field("user_name"));
            document.published_at = Some(DateTime::parse_from_rfc3339(field("timestamp")).unwrap().to_utc());
            document
        })
        .collect()
}

pub(crate) fn batch(first_revision: i64, changes: Vec<Change>) -> Batch {
    let mut revision = first_revision;
    let changes: Vec<DocumentChange> = changes
        .into_iter()
        .map(|change| {
            let at = Revision::new(revision);
            revision += 1;
            match change {
                Change::Put(document) => DocumentChange::Upserted(at, document),
                Change::Remove(key) => DocumentChange::Deleted(at, Tombstone { id: document(key, "").id }),
            }
        })
        .collect();
    Batch { store: STORE, through: Revision::new(revision - 1), changes, caught_up: true }
}

/// Returns the change that stores a document.
pub(crate) fn put(document: Document) -> Change {
    Change::Put(Box::new(document))
}

pub(crate) enum Change {
    Put(Box<Document>),
    Remove(&'static str),
}

/// Adds documents to an empty engine.
pub(crate) async fn fill(engine: &dyn SearchEngine, documents: Vec<Document>) {
    engine.apply(batch(1, documents.into_iter().map(put).collect())).await.unwrap();
}

/// Adds documents to an empty engine, in one commit for each chunk.
pub(crate) async fn fill_in_chunks(engine: &dyn SearchEngine, documents: Vec<Document>, length: usize) {
    let mut first = 1;
    for chunk in documents.chunks(length) {
        engine.apply(batch(first, chunk.iter().cloned().map(put).collect())).await.unwrap();
        first += i64::try_from(chunk.len()).unwrap();
    }
}

/// Returns the keys of the hits, in order.
pub(crate) async fn keys(engine: &dyn SearchEngine, request: &SearchRequest) -> Vec<String> {
    let answer = engine.search(request).await.unwrap();
    answer.hits.iter().map(|hit| hit.document.key.as_str().to_owned()).collect()
}

pub(crate) async fn keys_of(engine: &dyn SearchEngine, query: &str) -> Vec<String> {
    keys(engine, &SearchRequest::new(query, 100)).await
}

/// Returns the keys of the hits that contain all words as typed.
pub(crate) async fn keys_with_all(engine: &dyn SearchEngine, query: &str) -> Vec<String> {
    let answer = engine.search(&SearchRequest::new(query, 100)).await.unwrap();
    let hits = answer.hits.iter().filter(|hit| hit.tier == MatchTier::AllWords);
    hits.map(|hit| hit.document.key.as_str().to_owned()).collect()
}

pub(crate) async fn total(engine: &dyn SearchEngine, query: &str) -> u64 {
    engine.search(&SearchRequest::new(query, 1)).await.unwrap().total
}
