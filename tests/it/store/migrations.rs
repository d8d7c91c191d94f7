//! Migrations go up, down and up again, and two servers may start at once.

use std::sync::Arc;

use quarry::domain::Revision;
use quarry::store::StoreError;

use super::draft;
use crate::support::databases::{TestDatabase, on_each_database};

on_each_database!(
    up_down_and_up_again,
    one_by_one,
    two_servers_migrate_at_once,
    without_tables_a_call_is_refused
);

async fn up_down_and_up_again(database: Arc<TestDatabase>) {
    let store = database.connect().await;
    let all = store.migration_status().await.unwrap();
    assert!(all.len() >= 3 && all.iter().all(|migration| !migration.applied), "{all:?}");

    assert_eq!(store.migrate_up(None).await.unwrap(), all.len());
    assert_eq!(store.migrate_up(None).await.unwrap(), 0);
    assert!(store.migration_status().await.unwrap().iter().all(|migration| migration.applied));
    let id = store.store_id().await.unwrap();
    assert_eq!(store.store_id().await.unwrap(), id);
    store.upsert_documents(&[draft("1", "one")]).await.unwrap();

    assert_eq!(store.migrate_down(100).await.unwrap(), all.len());
    assert!(store.migration_status().await.unwrap().iter().all(|migration| !migration.applied));
    assert!(matches!(store.latest_revision().await, Err(StoreError::Refused(_))));

    assert_eq!(store.migrate_up(None).await.unwrap(), all.len());
    // An index that followed the old documents must not take the new ones for their successors.
    assert_ne!(store.store_id().await.unwrap(), id);
    assert_eq!(store.latest_revision().await.unwrap(), Revision::ZERO);
    assert_eq!(store.upsert_documents(&[draft("1", "one")]).await.unwrap().inserted, 1);
}

async fn one_by_one(database: Arc<TestDatabase>) {
    let store = database.connect().await;
    let all = store.migration_status().await.unwrap().len();
    for done in 1..=all {
        assert_eq!(store.migrate_up(Some(1)).await.unwrap(), 1);
        let status = store.migration_status().await.unwrap();
        assert_eq!(status.iter().filter(|migration| migration.applied).count(), done);
        assert!(status.iter().take(done).all(|migration| migration.applied), "{status:?}");
    }
    for _ in 0..all {
        assert_eq!(store.migrate_down(1).await.unwrap(), 1);
    }
    assert_eq!(store.migrate_down(1).await.unwrap(), 0);
}

async fn two_servers_migrate_at_once(database: Arc<TestDatabase>) {
    let servers = (0..4).map(|_| {
        let database = database.clone();
        tokio::spawn(async move {
            let store = database.connect().await;
            (store.migrate_up(None).await.unwrap(), store.store_id().await.unwrap())
        })
    });
    let mut applied = 0;
    let mut ids = Vec::new();
    for server in servers.collect::<Vec<_>>() {
        let (count, id) = server.await.unwrap();
        applied += count;
        ids.push(id);
    }
    let store = database.connect().await;
    assert_eq!(applied, store.migration_status().await.unwrap().len());
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

async fn without_tables_a_call_is_refused(database: Arc<TestDatabase>) {
    let store = database.connect().await;
    store.ping().await.unwrap();
    let Err(StoreError::Refused(text)) = store.upsert_documents(&[draft("1", "one")]).await else {
        panic!("refused, since there are no tables")
    };
    // The message helps whoever forgot to migrate.
    assert!(text.contains("counters"), "{text}");
}
