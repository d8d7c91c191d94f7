//! Intake of interactions: as given, each once.

use std::sync::Arc;

use chrono::TimeDelta;
use futures_util::future::join_all;
use quarry::domain::{DocumentId, Interaction, InteractionKind, QueryDigest, SearchId, SessionId, UserId};
use quarry::store::RecordOutcome;
use uuid::Uuid;

use super::super::{at, utc};
use super::{count, one_product, product, raw, rows, sale};
use crate::support::databases::{TestDatabase, on_each_database};

on_each_database!(
    interactions_are_stored_as_given,
    the_same_id_is_recorded_once,
    documents_must_be_known_but_may_be_deleted,
    quantities_do_not_overflow,
    thousands_in_one_call,
    servers_that_send_the_same_count_it_once,
);

async fn interactions_are_stored_as_given(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let document = one_product(&store).await;
    let search = SearchId::new(7, QueryDigest::of("mouse"));
    let occurred_at = at("2199-12-31T23:59:59.987654321Z");
    let full = Interaction {
        session: Some(SessionId::parse(&"🦀".repeat(128)).unwrap()),
        user: Some(UserId::parse(&"ü".repeat(128)).unwrap()),
        search: Some(search),
        occurred_at,
        ..sale(1, document, 3, 0)
    };
    let click = Interaction { kind: InteractionKind::Click, ..full.clone() };
    let click = Interaction { id: sale(2, document, 1, 0).id, ..click };
    let bare = sale(3, document, 1, -36_001);
    assert_eq!(store.record_interactions(&[]).await.unwrap(), []);
    let outcomes = store.record_interactions(&[full.clone(), click, bare.clone()]).await.unwrap();
    assert_eq!(outcomes, [RecordOutcome::Recorded; 3]);

    let connection = raw(&database).await;
    let stored = rows(&connection, "SELECT * FROM interactions ORDER BY kind, occurred_at").await;
    connection.close().await.unwrap();
    let [click, of_bare, of_full] = stored.as_slice() else { panic!("{} rows", stored.len()) };
    for row in [of_full, click] {
        assert_eq!(row.try_get::<Uuid>("", "document_id").unwrap(), document.0);
        assert_eq!(row.try_get::<i64>("", "quantity").unwrap(), 3);
        assert_eq!(row.try_get::<String>("", "session_id").unwrap(), "🦀".repeat(128));
        assert_eq!(row.try_get::<String>("", "user_id").unwrap(), "ü".repeat(128));
        assert_eq!(row.try_get::<Uuid>("", "search_id").unwrap(), search.as_uuid());
        assert_eq!(row.try_get::<i64>("", "query_digest").unwrap(), search.query().0);
        assert_eq!(utc(row, "occurred_at"), at("2199-12-31T23:59:59.987654Z"));
        assert!((chrono::Utc::now() - utc(row, "recorded_at")).num_seconds() < 60);
    }
    assert_eq!(of_full.try_get::<String>("", "kind").unwrap(), "conversion");
    assert_eq!(click.try_get::<String>("", "kind").unwrap(), "click");
    assert_eq!(of_bare.try_get::<Uuid>("", "id").unwrap(), bare.id.0);
    for column in ["session_id", "user_id"] {
        assert_eq!(of_bare.try_get::<Option<String>>("", column).unwrap(), None);
    }
    assert_eq!(of_bare.try_get::<Option<i64>>("", "query_digest").unwrap(), None);
}

async fn the_same_id_is_recorded_once(database: Arc<TestDatabase>) {
    use RecordOutcome::{Recorded, Repeated};
    let store = database.store().await;
    let document = one_product(&store).await;
    let [one, two, three] = [1, 2, 3].map(|number| sale(number, document, number as i64, 0));
    // The first of several counts.
    let again = Interaction { quantity: 70, ..one.clone() };
    let outcomes = store.record_interactions(&[two.clone(), one.clone(), again.clone()]).await.unwrap();
    assert_eq!(outcomes, [Recorded, Recorded, Repeated]);
    let outcomes = store.record_interactions(&[again, three.clone(), two.clone()]).await.unwrap();
    assert_eq!(outcomes, [Repeated, Recorded, Repeated]);
    assert_eq!(store.record_interactions(&[one, two, three]).await.unwrap(), [Repeated; 3]);
    assert_eq!(count(&database).await, 3);
}

async fn documents_must_be_known_but_may_be_deleted(database: Arc<TestDatabase>) {
    use RecordOutcome::{Recorded, UnknownDocument};
    let store = database.store().await;
    let document = one_product(&store).await;
    let unknown = DocumentId(Uuid::from_u128(1));
    let calls = [sale(1, unknown, 1, 0), sale(2, document, 1, 0), sale(1, document, 1, 0)];
    // The id of an interaction with an unknown document can be used again.
    assert_eq!(store.record_interactions(&calls).await.unwrap(), [UnknownDocument, Recorded, Recorded]);
    assert_eq!(store.record_interactions(&calls[..1]).await.unwrap(), [UnknownDocument]);
    store.delete_documents(&[document]).await.unwrap();
    assert_eq!(store.record_interactions(&[sale(3, document, 1, 0)]).await.unwrap(), [Recorded]);
    assert_eq!(count(&database).await, 3);
}

async fn quantities_do_not_overflow(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let document = one_product(&store).await;
    let sales = [sale(1, document, i64::MAX, 0), sale(2, document, i64::MAX, 0), sale(3, document, -5, 0)];
    assert_eq!(store.record_interactions(&sales).await.unwrap(), [RecordOutcome::Recorded; 3]);
    let report = store
        .category_report("electronics", None, InteractionKind::Conversion, super::always(), 10)
        .await
        .unwrap();
    assert_eq!(report.total_quantity, 2 * i64::from(u32::MAX) + 1);
}

async fn thousands_in_one_call(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let products: Vec<_> =
        (0..700).map(|n| product("shop", &n.to_string(), "Thing", Some("things"))).collect();
    store.upsert_documents(&products).await.unwrap();
    let sales: Vec<_> = (0..2_500_u128)
        .map(|n| sale(n, products[n as usize % products.len()].id(), 1 + n as i64 % 3, n as i64 * 600))
        .collect();
    assert_eq!(store.record_interactions(&sales).await.unwrap(), vec![RecordOutcome::Recorded; 2_500]);
    let outcomes = store.record_interactions(&sales[1_000..]).await.unwrap();
    assert_eq!(outcomes, vec![RecordOutcome::Repeated; 1_500]);
    assert_eq!(count(&database).await, 2_500);
}

async fn servers_that_send_the_same_count_it_once(database: Arc<TestDatabase>) {
    const ROUNDS: u128 = 8;
    let store = database.store().await;
    let products: Vec<_> = (0..5).map(|n| product("shop", &n.to_string(), "Thing", None)).collect();
    store.upsert_documents(&products).await.unwrap();
    let mut servers = Vec::new();
    for _ in 0..4 {
        servers.push(database.connect().await);
    }
    for round in 0..ROUNDS {
        // The first two send the same interactions, the others overlap; the orders differ.
        let calls =
            servers.iter().zip([(0, 1), (0, 7), (30, 11), (50, 13)]).map(|(server, (first, step))| {
                let sales: Vec<Interaction> = (0..60)
                    .map(|n| (n * step) % 60 + first)
                    .map(|n| {
                        let sale = sale(round * 1_000 + n, products[n as usize % 5].id(), 2, 0);
                        let occurred_at = sale.occurred_at + TimeDelta::hours(n as i64);
                        Interaction { occurred_at, ..sale }
                    })
                    .collect();
                async move { server.record_interactions(&sales).await.unwrap() }
            });
        let outcomes: Vec<RecordOutcome> = join_all(calls).await.concat();
        let recorded = outcomes.iter().filter(|outcome| **outcome == RecordOutcome::Recorded).count();
        let repeated = outcomes.iter().filter(|outcome| **outcome == RecordOutcome::Repeated).count();
        assert_eq!((recorded, repeated), (110, 4 * 60 - 110));
    }
    assert_eq!(count(&database).await, 110 * ROUNDS as i64);
}
