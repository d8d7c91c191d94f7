//! Closes connections of the pool that are still within a transaction.
//!
//! SQLite ends a transaction by itself if the disk is full or fails, memory runs out, a statement is
//! interrupted, or a trigger does so. The driver's ROLLBACK then fails, because there is nothing to roll back,
//! and the driver still counts a transaction: its next transaction on that connection is a savepoint, and
//! its commit returns success, but stores nothing. So a connection is tested when it is released, and again when
//! it is acquired; one that fails is closed, and the pool opens another. An in-memory database ends with
//! its connection: later calls fail without tables, which is better than to acknowledge lost writes.

use futures_util::future::BoxFuture;
use sea_orm::ConnectOptions;
use sea_orm::sqlx::pool::PoolConnectionMetadata;
use sea_orm::sqlx::{Connection, Error};

/// Tests all connections of a pool, of any database.
pub(super) fn test_connections(options: &mut ConnectOptions) {
    options
        .map_sqlx_sqlite_before_acquire(is_idle)
        .map_sqlx_sqlite_pool_opts(|pool| pool.after_release(becomes_idle))
        .map_sqlx_postgres_before_acquire(is_idle)
        .map_sqlx_postgres_pool_opts(|pool| pool.after_release(becomes_idle))
        .map_sqlx_mysql_before_acquire(is_idle)
        .map_sqlx_mysql_pool_opts(|pool| pool.after_release(becomes_idle));
}

fn is_idle<C: Connection>(
    connection: &mut C,
    _: PoolConnectionMetadata,
) -> BoxFuture<'_, Result<bool, Error>> {
    let is_idle = !connection.is_in_transaction();
    Box::pin(std::future::ready(Ok(is_idle)))
}

/// Tests after a ping, because the rollback of a dropped transaction is only queued.
fn becomes_idle<C: Connection>(
    connection: &mut C,
    _: PoolConnectionMetadata,
) -> BoxFuture<'_, Result<bool, Error>> {
    Box::pin(async move {
        if connection.is_in_transaction() {
            connection.ping().await?;
        }
        Ok(!connection.is_in_transaction())
    })
}

#[cfg(test)]
mod tests {
    use sea_orm::ConnectionTrait;
    use sea_orm::sqlx::Executor;

    use super::super::{Store, StoreError};
    use super::Connection;
    use quarry_domain::{DocumentDraft, DocumentKey, SourceName};

    fn draft(key: &str, text: String) -> DocumentDraft {
        DocumentDraft {
            source: SourceName::parse("s").unwrap(),
            key: DocumentKey::parse(key).unwrap(),
            title: None,
            text,
            category: None,
            author: None,
            published_at: None,
            attributes: "{}".to_owned(),
        }
    }

    async fn store(folder: &tempfile::TempDir) -> Store {
        let url = format!("sqlite://{}/quarry.db", folder.path().display());
        let store = Store::connect(&url, 1).await.unwrap();
        store.migrate_up(None).await.unwrap();
        store
    }

    /// Limits the size of the database in pages, on the only connection.
    async fn limit(store: &Store, pages: u32) {
        store.database.execute_unprepared(&format!("PRAGMA max_page_count = {pages}")).await.unwrap();
    }

    #[tokio::test]
    async fn a_full_database_keeps_what_it_acknowledges() {
        let folder = tempfile::tempdir().unwrap();
        let (store, other) = (store(&folder).await, store(&folder).await);
        for round in 0..3 {
            // The database cannot grow on the present connection.
            limit(&store, 1).await;
            for attempt in 0..3 {
                let large = draft("large", attempt.to_string().repeat(1 << 20));
                let full = store.upsert_documents(&[large]).await;
                assert!(matches!(full, Err(StoreError::Unavailable(_))), "{round}.{attempt}: {full:?}");
                assert!(!store.status().is_writable);
                limit(&store, 1).await;
            }
            limit(&store, u32::MAX - 1).await;
            let key = round.to_string();
            store.upsert_documents(&[draft(&key, "small".to_owned())]).await.unwrap();
            let id = draft(&key, String::new()).id();
            assert!(other.documents_by_id(&[id]).await.unwrap().contains_key(&id), "{round}");
            // A successful call does not reset the flag; a trial write does.
            assert!(!store.status().is_writable);
            store.retry_writes().await;
            assert!(store.status().is_writable);
        }
    }

    #[tokio::test]
    async fn a_connection_within_a_transaction_is_closed() {
        let folder = tempfile::tempdir().unwrap();
        let (store, other) = (store(&folder).await, store(&folder).await);
        for ended in [true, false] {
            let mut connection = store.database.get_sqlite_connection_pool().acquire().await.unwrap();
            // A lost end of a transaction leaves this state.
            std::mem::forget(connection.begin().await.unwrap());
            if ended {
                connection.execute("ROLLBACK").await.unwrap();
            }
            drop(connection);
            let draft = draft(&ended.to_string(), String::new());
            store.upsert_documents(std::slice::from_ref(&draft)).await.unwrap();
            let stored = other.documents_by_id(&[draft.id()]).await.unwrap();
            assert!(stored.contains_key(&draft.id()), "{ended}");
        }
    }
}
