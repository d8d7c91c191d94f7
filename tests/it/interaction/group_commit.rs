//! Group commit: batches, cancelled callers, a full queue, shutdown.

use std::collections::HashSet;
use std::pin::pin;
use std::sync::Arc;

use futures_util::future::{join_all, poll_immediate};
use quarry::domain::{DocumentId, Interaction};
use quarry::interaction::{Interactions, RecordError};
use quarry::store::RecordOutcome::{Recorded, Repeated, UnknownDocument};
use quarry::store::StoreError;
use sea_orm::{ConnectionTrait, Database, DbBackend};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{counted, product, sale, stored};
use crate::support::databases::{TestDatabase, on_each_database};

on_each_database!(
    callers_share_transactions,
    queued_interactions_form_the_next_batch,
    cancelled_callers_do_not_cancel_their_interaction,
    a_refused_interaction_does_not_fail_the_others,
    a_full_queue_rejects_and_records_the_rest,
    shutdown_replies_to_every_caller,
);

async fn callers_share_transactions(database: Arc<TestDatabase>) {
    const CALLERS: u128 = 400;
    let store = database.store().await;
    let document = product(&store).await;
    let (interactions, writer) = Interactions::new(store.clone());
    let stop = CancellationToken::new();
    let running = tokio::spawn(writer.run(stop.clone()));
    let calls = (0..CALLERS).map(|number| {
        let (interactions, store) = (interactions.clone(), store.clone());
        // Two of five interactions are repeated, and one has an unknown document.
        let number = number * 5 / 7;
        tokio::spawn(async move {
            let document = if number == 9 { DocumentId(Uuid::nil()) } else { document };
            let outcome = interactions.record(sale(number, document)).await.unwrap();
            // Accepted means committed, so the roll-ups must include it.
            assert!(outcome == UnknownDocument || counted(&store).await > 0);
            (number, outcome)
        })
    });
    let mut recorded = HashSet::new();
    let mut all = HashSet::new();
    for outcome in join_all(calls).await {
        let (number, outcome) = outcome.unwrap();
        assert_eq!(outcome == UnknownDocument, number == 9);
        all.insert(number);
        if outcome == Recorded {
            assert!(recorded.insert(number), "{number} was recorded twice");
        }
    }
    all.remove(&9);
    assert_eq!(recorded, all);
    let stored = stored(&database).await;
    assert_eq!(stored.keys().copied().collect::<HashSet<_>>(), all);
    assert_eq!(counted(&store).await, all.len() as i64);
    let transactions: HashSet<&Uuid> = stored.values().collect();
    assert!(transactions.len() < all.len() / 2, "{} transactions", transactions.len());
    stop.cancel();
    running.await.unwrap();
}

async fn queued_interactions_form_the_next_batch(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let document = product(&store).await;
    let (interactions, mut writer) = Interactions::new(store.clone());
    for (callers, steps) in [(1, vec![1]), (1_000, vec![1_000]), (1_001, vec![1_000, 1])] {
        let first = counted(&store).await as u128;
        let mut calls =
            pin!(join_all((0..callers).map(|number| interactions.record(sale(first + number, document)))));
        assert!(poll_immediate(&mut calls).await.is_none());
        for size in steps {
            assert_eq!(writer.step().await, size);
        }
        assert!(calls.await.into_iter().all(|outcome| outcome.unwrap() == Recorded));
    }
    let stored = stored(&database).await;
    let transactions: HashSet<&Uuid> = stored.values().collect();
    assert_eq!((stored.len(), transactions.len()), (2_002, 4));
}

async fn cancelled_callers_do_not_cancel_their_interaction(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let document = product(&store).await;
    let (interactions, mut writer) = Interactions::new(store.clone());
    let mut stays = pin!(interactions.record(sale(1, document)));
    assert!(poll_immediate(&mut stays).await.is_none());
    {
        let mut goes = pin!(interactions.record(sale(2, document)));
        assert!(poll_immediate(&mut goes).await.is_none());
    }
    let mut comes_back = pin!(interactions.record(sale(2, document)));
    assert!(poll_immediate(&mut comes_back).await.is_none());
    assert_eq!(writer.step().await, 3);
    assert_eq!(stays.await.unwrap(), Recorded);
    assert_eq!(comes_back.await.unwrap(), Repeated);
    assert_eq!(counted(&store).await, 2);
}

async fn a_refused_interaction_does_not_fail_the_others(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let document = product(&store).await;
    let connection = Database::connect(database.url()).await.unwrap();
    let refuse = match connection.get_database_backend() {
        DbBackend::Sqlite => {
            "CREATE TRIGGER refuse BEFORE INSERT ON interactions WHEN NEW.quantity = 13
             BEGIN SELECT RAISE(ABORT, 'no'); END"
        }
        _ => "ALTER TABLE interactions ADD CONSTRAINT refuse CHECK (quantity <> 13)",
    };
    connection.execute_unprepared(refuse).await.unwrap();
    connection.close().await.unwrap();
    let (interactions, mut writer) = Interactions::new(store.clone());
    let mut calls = pin!(join_all((0..30).map(|number| {
        let quantity = if number % 10 == 7 { 13 } else { 1 };
        interactions.record(Interaction { quantity, ..sale(number, document) })
    })));
    assert!(poll_immediate(&mut calls).await.is_none());
    assert_eq!(writer.step().await, 30);
    for (number, outcome) in calls.await.into_iter().enumerate() {
        match outcome {
            Ok(outcome) => assert!(outcome == Recorded && number % 10 != 7),
            Err(RecordError::Store(StoreError::Refused(_))) => assert_eq!(number % 10, 7),
            Err(error) => panic!("{number}: {error}"),
        }
    }
    assert_eq!(counted(&store).await, 27);
}

async fn a_full_queue_rejects_and_records_the_rest(database: Arc<TestDatabase>) {
    const CAPACITY: u128 = 10_000;
    let store = database.store().await;
    let document = product(&store).await;
    let (interactions, mut writer) = Interactions::new(store.clone());
    let mut calls =
        pin!(join_all((0..CAPACITY).map(|number| interactions.record(sale(number % 50, document)))));
    assert!(poll_immediate(&mut calls).await.is_none());
    assert!(matches!(interactions.record(sale(CAPACITY, document)).await, Err(RecordError::Full)));
    let mut written = 0;
    while written < CAPACITY as usize {
        written += writer.step().await;
    }
    let recorded = calls.await.into_iter().filter(|outcome| matches!(outcome, Ok(Recorded))).count();
    assert_eq!((recorded, counted(&store).await), (50, 50));
    let mut again = pin!(interactions.record(sale(CAPACITY, document)));
    assert!(poll_immediate(&mut again).await.is_none());
    writer.step().await;
    assert_eq!(again.await.unwrap(), Recorded);
}

async fn shutdown_replies_to_every_caller(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let document = product(&store).await;
    let (interactions, writer) = Interactions::new(store.clone());
    let mut calls = pin!(join_all((0..2_500).map(|number| interactions.record(sale(number, document)))));
    assert!(poll_immediate(&mut calls).await.is_none());
    let stop = CancellationToken::new();
    stop.cancel();
    writer.run(stop).await;
    assert!(calls.await.into_iter().all(|outcome| outcome.unwrap() == Recorded));
    assert_eq!(counted(&store).await, 2_500);
    assert!(matches!(interactions.record(sale(9_999, document)).await, Err(RecordError::Stopping)));

    // Dropping the writer must fail its waiting callers.
    let (interactions, writer) = Interactions::new(store);
    let mut call = pin!(interactions.record(sale(9_999, document)));
    assert!(poll_immediate(&mut call).await.is_none());
    drop(writer);
    assert!(matches!(call.await, Err(RecordError::Stopping)));
}
