//! Interactions and what is added up of them.

mod categories;
mod clicks;
mod erasure;
mod intake;
mod plans;

use std::collections::BTreeMap;

use chrono::{DateTime, DurationRound, FixedOffset, TimeDelta, Utc};
use quarry::domain::{
    DocumentDraft, DocumentId, DocumentKey, Interaction, InteractionId, InteractionKind, Period,
};
use quarry::store::Store;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, QueryResult, Statement};
use uuid::Uuid;

use super::{at, draft, source};
use crate::support::databases::TestDatabase;

/// What was done with a document, by kind, day and document: how often, and the quantity.
type Days = BTreeMap<(String, DateTime<Utc>, Uuid), (i64, i64)>;

fn product(of: &str, key: &str, title: &str, category: Option<&str>) -> DocumentDraft {
    DocumentDraft {
        source: source(of),
        key: DocumentKey::parse(key).unwrap(),
        title: Some(title.to_owned()),
        category: category.map(str::to_owned),
        ..draft(key, title)
    }
}

/// A conversion by nobody in particular, so many seconds after ten o'clock.
fn sale(number: u128, document: DocumentId, quantity: i64, second: i64) -> Interaction {
    Interaction {
        id: InteractionId(Uuid::from_u128(number)),
        kind: InteractionKind::Conversion,
        document,
        quantity,
        session: None,
        user: None,
        search: None,
        occurred_at: at("2026-11-20T10:00:00Z") + TimeDelta::seconds(second),
    }
}

/// Everything that these tests record, but for what is said to be at another time.
fn always() -> Period {
    Period { from: at("1990-01-01T00:00:00Z"), before: None }
}

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

/// The roll-ups are what the rows come to.
async fn assert_added_up(database: &TestDatabase) {
    let connection = raw(database).await;
    let place = |row: &QueryResult, day: DateTime<Utc>| {
        (row.try_get("", "kind").unwrap(), day, row.try_get("", "document_id").unwrap())
    };
    let mut expected = Days::new();
    for row in rows(&connection, "SELECT * FROM interactions").await {
        let day = utc(&row, "occurred_at").duration_trunc(TimeDelta::days(1)).unwrap();
        let sums = expected.entry(place(&row, day)).or_default();
        sums.0 += 1;
        sums.1 += row.try_get::<i64>("", "quantity").unwrap();
    }
    let kept: Days = rows(&connection, "SELECT * FROM interaction_days")
        .await
        .iter()
        .map(|row| {
            let sums = (row.try_get("", "interactions").unwrap(), row.try_get("", "quantity").unwrap());
            (place(row, utc(row, "day")), sums)
        })
        .collect();
    connection.close().await.unwrap();
    assert_eq!(kept, expected);
}

async fn count(database: &TestDatabase) -> i64 {
    let connection = raw(database).await;
    let count =
        rows(&connection, "SELECT COUNT(*) AS n FROM interactions").await[0].try_get("", "n").unwrap();
    connection.close().await.unwrap();
    count
}

/// A document to do something with.
async fn one_product(store: &Store) -> DocumentId {
    let product = product("shop", "1", "Mouse", Some("electronics"));
    store.upsert_documents(std::slice::from_ref(&product)).await.unwrap();
    product.id()
}
