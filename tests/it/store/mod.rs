//! The store: one suite, run on SQLite, PostgreSQL and MariaDB alike.

#![expect(clippy::unwrap_used, reason = "a test that meets an error fails")]

mod changes;
mod crawls;
mod documents;
mod ended_transactions;
mod interactions;
mod leases;
mod migrations;
mod outages;
mod plans;
mod search_logs;
mod slices;

use chrono::{DateTime, Utc};
use quarry::domain::{AuthorDraft, DocumentDraft, DocumentKey, SourceName};

/// The name of a source.
fn source(name: &str) -> SourceName {
    SourceName::parse(name).expect("a source name")
}

/// A document of the source `messages`.
fn draft(key: &str, text: &str) -> DocumentDraft {
    DocumentDraft {
        source: source("messages"),
        key: DocumentKey::parse(key).expect("a key"),
        title: None,
        text: text.to_owned(),
        category: None,
        author: None,
        published_at: None,
        attributes: serde_json::Map::new(),
    }
}

/// A point in time.
fn at(rfc3339: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(rfc3339).expect("a point in time").to_utc()
}

/// An author of a draft.
fn by(key: &str, name: &str) -> Option<AuthorDraft> {
    Some(AuthorDraft { key: key.to_owned(), name: name.to_owned() })
}
