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
mod search_rules;
mod servers;
mod slices;

use chrono::{DateTime, FixedOffset, Utc};
use quarry::domain::{AuthorDraft, DocumentDraft, DocumentKey, SourceName};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, QueryResult, Statement};

use crate::support::databases::TestDatabase;

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
        attributes: "{}".to_owned(),
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

/// Connects to a database beside the store.
async fn raw(database: &TestDatabase) -> DatabaseConnection {
    Database::connect(database.url()).await.unwrap()
}

async fn rows(connection: &DatabaseConnection, sql: &str) -> Vec<QueryResult> {
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    connection.query_all_raw(statement).await.unwrap()
}

fn utc(row: &QueryResult, column: &str) -> DateTime<Utc> {
    row.try_get::<DateTime<FixedOffset>>("", column).unwrap().to_utc()
}
