//! A database that goes away: calls fail soon, say so, and work again when it is back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use quarry::domain::Revision;
use quarry::store::{Store, StoreError};
use tokio::time::timeout;

use super::{draft, source};
use crate::support::databases::{TestDatabase, on_each_database, run};
use crate::support::line::Line;

on_each_database!(a_call_that_is_given_up_still_ends_well);

/// Longer than any call may take without a database; what it bounds takes seconds.
const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn postgres_may_go_away() {
    run(TestDatabase::postgres().await, goes_away_and_comes_back).await;
}

#[tokio::test]
async fn mysql_may_go_away() {
    run(TestDatabase::mysql().await, goes_away_and_comes_back).await;
}

async fn goes_away_and_comes_back(database: Arc<TestDatabase>) {
    database.store().await.close().await.unwrap();
    let mut line = Line::to(database.url()).await;
    let store = Store::connect(line.url(), 2).await.unwrap();
    store.upsert_documents(&[draft("1", "before")]).await.unwrap();

    line.cut();
    let began = Instant::now();
    assert_unavailable(store.ping().await);
    assert_unavailable(store.documents_by_id(&[draft("1", "").id()]).await);
    assert_unavailable(store.upsert_documents(&[draft("1", "during")]).await);
    assert_unavailable(Store::connect(line.url(), 2).await);
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());

    line.mend().await;
    // Connections that broke are found out at their next use, at most once each.
    let mut outcome = store.upsert_documents(&[draft("1", "after")]).await;
    for _ in 0..2 {
        if outcome.is_err() {
            outcome = store.upsert_documents(&[draft("1", "after")]).await;
        }
    }
    assert_eq!(outcome.unwrap().updated, 1);
    let document = store.documents_by_id(&[draft("1", "").id()]).await.unwrap();
    assert_eq!(document[&draft("1", "").id()].text, "after");
}

#[tokio::test]
async fn urls_that_cannot_work_are_refused_without_repeating_them() {
    for url in ["", "quarry.db", "oracle://user:secret@host/db", "postgres://user:secret@host:port/db"] {
        let Err(StoreError::Refused(text)) = Store::connect(url, 1).await else { panic!("{url:?} works") };
        assert!(!text.contains("secret"), "{text}");
    }
    // A folder that cannot be made, since a file is in its place.
    let url = concat!("sqlite://", env!("CARGO_MANIFEST_DIR"), "/Cargo.toml/quarry.db");
    assert_unavailable(Store::connect(url, 1).await);
}

#[tokio::test]
async fn a_database_may_live_in_memory() {
    let store = Store::connect("sqlite::memory:", 8).await.unwrap();
    store.migrate_up(None).await.unwrap();
    store.upsert_documents(&[draft("1", "one")]).await.unwrap();
    let other = Store::connect("sqlite::memory:", 8).await.unwrap();
    assert!(matches!(other.sources().await, Err(StoreError::Refused(_))));
    assert_eq!(store.sources().await.unwrap(), [source("messages")]);
}

async fn a_call_that_is_given_up_still_ends_well(database: Arc<TestDatabase>) {
    const CALLS: usize = 40;
    let store = database.store().await;
    let mut given_up = 0;
    for call in 0..CALLS {
        let drafts = [draft(&format!("{call}.a"), "a"), draft(&format!("{call}.b"), "b")];
        // Given up at ever later points, as by a client that hangs up.
        match timeout(Duration::from_micros(200 * call as u64), store.upsert_documents(&drafts)).await {
            Ok(outcome) => assert_eq!(outcome.unwrap().inserted, 2),
            Err(_) => given_up += 1,
        }
        // So may be a call that only reads.
        let _ = timeout(Duration::from_micros(100 * call as u64), store.sources()).await;
    }
    assert!(given_up > 0);
    // All were seen through, no connection was lost, and no transaction was left open.
    let began = Instant::now();
    loop {
        let changes = store.changes_after(Revision::ZERO, 1_000).await.unwrap();
        let revisions: Vec<i64> = changes.iter().map(|change| change.revision().value()).collect();
        assert_eq!(revisions, (1..=changes.len() as i64).collect::<Vec<_>>());
        if changes.len() == 2 * CALLS {
            break;
        }
        assert!(began.elapsed() < SOON, "{} of {}", changes.len(), 2 * CALLS);
        tokio::task::yield_now().await;
    }
    assert_eq!(store.upsert_documents(&[draft("last", "")]).await.unwrap().inserted, 1);
}

#[track_caller]
fn assert_unavailable<T>(outcome: Result<T, StoreError>) {
    match outcome {
        Err(StoreError::Unavailable(_)) => {}
        Err(error) => panic!("unavailable was expected, not: {error}"),
        Ok(_) => panic!("it works"),
    }
}
