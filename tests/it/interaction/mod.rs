//! The group commit of interactions: accepted means committed, despite cancelled callers and outages.

#![expect(clippy::unwrap_used, reason = "a test that meets an error fails")]

mod group_commit;
mod outages;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use quarry::domain::{
    DocumentDraft, DocumentId, DocumentKey, Interaction, InteractionId, InteractionKind, SourceName,
};
use quarry::store::Store;
use sea_orm::{ConnectionTrait, Database, Statement};
use uuid::Uuid;

use crate::support::databases::TestDatabase;

/// Stores a product, and returns its document id.
async fn product(store: &Store) -> DocumentId {
    let product = DocumentDraft {
        source: SourceName::parse("shop").unwrap(),
        key: DocumentKey::parse("1").unwrap(),
        title: None,
        text: "Mouse".to_owned(),
        category: Some("electronics".to_owned()),
        author: None,
        published_at: None,
        attributes: "{}".to_owned(),
    };
    store.upsert_documents(std::slice::from_ref(&product)).await.unwrap();
    product.id()
}

fn sale(number: u128, document: DocumentId) -> Interaction {
    Interaction {
        id: InteractionId(Uuid::from_u128(number)),
        kind: InteractionKind::Conversion,
        document,
        quantity: 1,
        session: None,
        user: None,
        search: None,
        position: None,
        occurred_at: DateTime::<Utc>::UNIX_EPOCH,
    }
}

/// Returns the stored interactions, each with the id of its transaction.
async fn stored(database: &TestDatabase) -> HashMap<u128, Uuid> {
    let connection = Database::connect(database.url()).await.unwrap();
    let all =
        Statement::from_string(connection.get_database_backend(), "SELECT id, call_id FROM interactions");
    let rows = connection.query_all_raw(all).await.unwrap();
    connection.close().await.unwrap();
    rows.iter()
        .map(|row| {
            let id: Uuid = row.try_get_by_index(0).unwrap();
            (id.as_u128(), row.try_get_by_index(1).unwrap())
        })
        .collect()
}

/// Returns the quantity that the roll-ups count.
async fn counted(store: &Store) -> i64 {
    let all = quarry::domain::Period { from: DateTime::<Utc>::UNIX_EPOCH, before: None };
    let totals = store.category_totals(None, InteractionKind::Conversion, all).await.unwrap();
    totals.iter().map(|total| total.quantity).sum()
}
