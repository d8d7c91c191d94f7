//! Interactions and their reports.

mod attribution;
mod categories;
mod clicks;
mod erasure;
mod intake;
mod plans;
mod visitors;

use chrono::TimeDelta;
use quarry::domain::{
    DocumentDraft, DocumentId, DocumentKey, Interaction, InteractionId, InteractionKind, Period,
};
use quarry::store::Store;
use uuid::Uuid;

use super::{at, draft, raw, rows, source};
use crate::support::databases::TestDatabase;

fn product(of: &str, key: &str, title: &str, category: Option<&str>) -> DocumentDraft {
    DocumentDraft {
        source: source(of),
        key: DocumentKey::parse(key).unwrap(),
        title: Some(title.to_owned()),
        category: category.map(str::to_owned),
        ..draft(key, title)
    }
}

/// An anonymous conversion, some seconds after ten o'clock.
pub(super) fn sale(number: u128, document: DocumentId, quantity: i64, second: i64) -> Interaction {
    Interaction {
        id: InteractionId(Uuid::from_u128(number)),
        kind: InteractionKind::Conversion,
        document,
        quantity,
        session: None,
        user: None,
        search: None,
        position: None,
        occurred_at: at("2026-11-20T10:00:00Z") + TimeDelta::seconds(second),
    }
}

/// A period with all interactions of these tests.
pub(super) fn always() -> Period {
    Period { from: at("1990-01-01T00:00:00Z"), before: None }
}

async fn count(database: &TestDatabase) -> i64 {
    let connection = raw(database).await;
    let count =
        rows(&connection, "SELECT COUNT(*) AS n FROM interactions").await[0].try_get("", "n").unwrap();
    connection.close().await.unwrap();
    count
}

/// Stores a document for interactions.
pub(super) async fn one_product(store: &Store) -> DocumentId {
    let product = product("shop", "1", "Mouse", Some("electronics"));
    store.upsert_documents(std::slice::from_ref(&product)).await.unwrap();
    product.id()
}
