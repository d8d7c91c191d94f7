//! Permanent erasure of a person's interactions.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use quarry::domain::{Interaction, Searcher, SessionId, UserId};
use quarry::store::RecordOutcome;

use super::super::at;
use super::{count, one_product, product, sale};
use crate::support::databases::{TestDatabase, on_each_database};

on_each_database!(
    interactions_of_a_person_are_deleted,
    interactions_before_an_erasure_are_dropped_afterwards,
    no_interaction_survives_while_servers_record,
);

fn session(id: &str) -> Option<SessionId> {
    Some(SessionId::parse(id).unwrap())
}

fn user(id: &str) -> Option<UserId> {
    Some(UserId::parse(id).unwrap())
}

fn of_session(id: &str) -> Searcher {
    Searcher::Session(SessionId::parse(id).unwrap())
}

async fn interactions_of_a_person_are_deleted(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let products: Vec<_> = (0..30).map(|n| product("shop", &n.to_string(), "Thing", None)).collect();
    store.upsert_documents(&products).await.unwrap();
    // More than one batch.
    let sales: Vec<Interaction> = (0..2_600_u128)
        .map(|n| Interaction {
            session: if n % 13 == 0 { session("other") } else { session("s") },
            user: (n % 26 == 0).then(|| UserId::parse("s").unwrap()),
            ..sale(n, products[n as usize % 30].id(), 2, n as i64 * 100)
        })
        .collect();
    store.record_interactions(&sales).await.unwrap();
    assert_eq!(store.erase_interactions(&of_session("unknown")).await.unwrap(), 0);
    assert_eq!(store.erase_interactions(&of_session("s")).await.unwrap(), 2_400);
    assert_eq!(count(&database).await, 200);
    assert_eq!(store.erase_interactions(&Searcher::User(user("s").unwrap())).await.unwrap(), 100);
    assert_eq!(store.erase_interactions(&of_session("other")).await.unwrap(), 100);
    assert_eq!(store.erase_interactions(&of_session("other")).await.unwrap(), 0);
    assert_eq!(count(&database).await, 0);
}

async fn interactions_before_an_erasure_are_dropped_afterwards(database: Arc<TestDatabase>) {
    use RecordOutcome::{Erased, Recorded, Repeated};
    let store = database.store().await;
    let document = one_product(&store).await;
    let through = at("2026-11-20T10:00:10Z");
    store.erase_searches(&of_session("gone"), through).await.unwrap();
    store.erase_searches(&Searcher::User(user("gone").unwrap()), through).await.unwrap();
    let sales = [
        Interaction { session: session("gone"), ..sale(1, document, 1, 10) },
        Interaction { session: session("gone"), ..sale(2, document, 1, 11) },
        Interaction { user: user("gone"), ..sale(3, document, 1, 0) },
        Interaction { user: user("stays"), session: session("stays"), ..sale(4, document, 1, 0) },
        sale(5, document, 1, 0),
    ];
    let outcomes = store.record_interactions(&sales).await.unwrap();
    assert_eq!(outcomes, [Erased, Recorded, Erased, Recorded, Recorded]);
    let outcomes = store.record_interactions(&sales).await.unwrap();
    assert_eq!(outcomes, [Erased, Repeated, Erased, Repeated, Repeated]);
    assert_eq!(count(&database).await, 3);
}

async fn no_interaction_survives_while_servers_record(database: Arc<TestDatabase>) {
    // Half of each call belongs to the person.
    const CALL: u128 = 20;
    const SERVERS: u128 = 4;
    let store = database.store().await;
    let document = one_product(&store).await;
    let through = at("2026-11-20T23:00:00Z");
    let is_erased = Arc::new(AtomicBool::new(false));
    let mut servers = tokio::task::JoinSet::new();
    for server in 0..SERVERS {
        let (store, is_erased) = (database.connect().await, is_erased.clone());
        servers.spawn(async move {
            let (mut calls, mut erased, mut after) = (0, 0, 0);
            // A few more calls after the erasure.
            while after < 3 {
                after += usize::from(is_erased.load(Ordering::Relaxed));
                let sales: Vec<Interaction> = (0..CALL)
                    .map(|n| (calls * SERVERS + server) * CALL + n)
                    .map(|n| Interaction {
                        session: if n % 2 == 0 { session("gone") } else { session("stays") },
                        ..sale(n, document, 1, (n % 3_600) as i64)
                    })
                    .collect();
                let outcomes = store.record_interactions(&sales).await.unwrap();
                erased += outcomes.iter().filter(|outcome| **outcome == RecordOutcome::Erased).count();
                calls += 1;
            }
            (calls, erased)
        });
    }
    while count(&database).await < 400 {
        assert!(servers.try_join_next().is_none());
    }
    store.erase_searches(&of_session("gone"), through).await.unwrap();
    let deleted = store.erase_interactions(&of_session("gone")).await.unwrap();
    is_erased.store(true, Ordering::Relaxed);
    let done = servers.join_all().await;
    let calls: u128 = done.iter().map(|(calls, _)| calls).sum();
    let dropped: usize = done.iter().map(|(_, erased)| erased).sum();
    assert!(deleted >= 200 && dropped > 0, "{deleted} {dropped}");
    let half = (calls * CALL / 2) as usize;
    assert_eq!(deleted as usize + dropped, half);
    assert_eq!(count(&database).await as usize, half);
}
