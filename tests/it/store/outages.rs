//! Outages of a database: calls fail quickly as unavailable, and succeed after recovery.

use std::sync::Arc;
use std::time::Duration;

use quarry::domain::Revision;
use quarry::store::{Store, StoreError};
use tokio::time::timeout;
use url::Url;

use super::{draft, source};
use crate::support::databases::{TestDatabase, on_each_database, run};
use crate::support::tcp_proxy::TcpProxy;
use crate::support::wait::ends;

on_each_database!(a_dropped_call_runs_to_its_end);

#[tokio::test]
async fn postgres_outages() {
    run(TestDatabase::postgres().await, fails_and_recovers).await;
}

#[tokio::test]
async fn mysql_outages() {
    run(TestDatabase::mysql().await, fails_and_recovers).await;
}

async fn fails_and_recovers(database: Arc<TestDatabase>) {
    database.store().await.close().await.unwrap();
    let mut proxy = TcpProxy::to(database.url()).await;
    let store = Store::connect(proxy.url(), 2).await.unwrap();
    store.upsert_documents(&[draft("1", "before")]).await.unwrap();

    proxy.disconnect();
    // Each call returns during the outage.
    assert_unavailable(ends("a ping", store.ping()).await);
    assert_unavailable(ends("a read", store.documents_by_id(&[draft("1", "").id()])).await);
    assert_unavailable(ends("a write", store.upsert_documents(&[draft("1", "during")])).await);
    assert_unavailable(ends("a connection", Store::connect(proxy.url(), 2)).await);

    proxy.reconnect().await;
    // Each broken connection fails at most one call.
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

/// A login that the server rejects is an outage, which ends when it is permitted.
async fn assert_lockout_is_an_outage(database: &TestDatabase, url: &str, locks: &[&str], unlocks: &[&str]) {
    let store = Store::connect(url, 2).await.unwrap();
    store.ping().await.unwrap();
    for lock in locks {
        database.administer(lock).await;
    }
    // The open connection breaks, and no other is made.
    for _ in 0..3 {
        assert_unavailable(store.ping().await);
    }
    assert!(!store.status().is_up);
    let Err(StoreError::Unavailable(why)) = Store::connect(url, 1).await else { panic!("it lets in") };
    assert!(why.contains("code") && !why.contains("withheld"), "it says why: {why}");
    for unlock in unlocks {
        database.administer(unlock).await;
    }
    store.ping().await.unwrap();
    assert!(store.status().is_up);
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_postgres_that_rejects_logins_is_unavailable() {
    run(TestDatabase::postgres().await, |database| async move {
        let mut url = Url::parse(database.url()).unwrap();
        let name = url.path().trim_start_matches('/').to_owned();
        let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
        let lock = format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false");
        let unlock = format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true");
        assert_lockout_is_an_outage(&database, database.url(), &[&lock, &end], &[&unlock]).await;

        let role = format!("{name}_role");
        database.administer(&format!("CREATE ROLE {role} LOGIN")).await;
        url.set_username(&role).unwrap();
        let (lock, unlock) = (format!("ALTER ROLE {role} NOLOGIN"), format!("ALTER ROLE {role} LOGIN"));
        assert_lockout_is_an_outage(&database, url.as_str(), &[&lock, &end], &[&unlock]).await;
        database.administer(&format!("DROP ROLE {role}")).await;
    })
    .await;
}

#[tokio::test]
async fn a_mysql_that_rejects_logins_is_unavailable() {
    run(TestDatabase::mysql().await, |database| async move {
        let mut url = Url::parse(database.url()).unwrap();
        let name = url.path().to_owned();
        // The limit of user names is lower than that of databases.
        let user = format!("q{}", &name[name.len() - 24..]);
        database.administer(&format!("CREATE USER '{user}'@'%' IDENTIFIED BY 'right'")).await;
        url.set_username(&user).unwrap();
        url.set_password(Some("right")).unwrap();
        // No access to this database …
        assert_unavailable(Store::connect(url.as_str(), 1).await);
        // … but to this one, as for all users.
        url.set_path("information_schema");
        let lock = format!("ALTER USER '{user}'@'%' IDENTIFIED BY 'another'");
        let unlock = format!("ALTER USER '{user}'@'%' IDENTIFIED BY 'right'");
        let end = format!("KILL USER '{user}'@'%'");
        assert_lockout_is_an_outage(&database, url.as_str(), &[&lock, &end], &[&unlock]).await;
        database.administer(&format!("DROP USER '{user}'@'%'")).await;
    })
    .await;
}

#[tokio::test]
async fn urls_that_cannot_work_are_refused_without_repeating_them() {
    for url in ["", "quarry.db", "oracle://user:secret@host/db", "postgres://user:secret@host:port/db"] {
        let Err(StoreError::Refused(text)) = Store::connect(url, 1).await else { panic!("{url:?} works") };
        assert!(!text.contains("secret"), "{text}");
    }
    // A folder that cannot be created, because a file has its name.
    let url = concat!("sqlite://", env!("CARGO_MANIFEST_DIR"), "/Cargo.toml/quarry.db");
    assert_unavailable(Store::connect(url, 1).await);
}

#[tokio::test]
async fn a_database_in_memory() {
    let store = Store::connect("sqlite::memory:", 8).await.unwrap();
    store.migrate_up(None).await.unwrap();
    store.upsert_documents(&[draft("1", "one")]).await.unwrap();
    let other = Store::connect("sqlite::memory:", 8).await.unwrap();
    assert!(matches!(other.sources().await, Err(StoreError::Refused(_))));
    assert_eq!(store.sources().await.unwrap(), [source("messages")]);
}

async fn a_dropped_call_runs_to_its_end(database: Arc<TestDatabase>) {
    const CALLS: usize = 40;
    let store = database.store().await;
    let mut given_up = 0;
    for call in 0..CALLS {
        let drafts = [draft(&format!("{call}.a"), "a"), draft(&format!("{call}.b"), "b")];
        // Dropped at later and later points, as by a client that disconnects.
        match timeout(Duration::from_micros(200 * call as u64), store.upsert_documents(&drafts)).await {
            Ok(outcome) => assert_eq!(outcome.unwrap().inserted, 2),
            Err(_) => given_up += 1,
        }
        // The same for a read.
        let _ = timeout(Duration::from_micros(100 * call as u64), store.sources()).await;
    }
    assert!(given_up > 0);
    // All calls ended, without a lost connection or an open transaction.
    let all = async {
        loop {
            let changes = store.changes_after(Revision::ZERO, 1_000).await.unwrap();
            let revisions: Vec<i64> = changes.iter().map(|change| change.revision().value()).collect();
            assert_eq!(revisions, (1..=changes.len() as i64).collect::<Vec<_>>());
            if changes.len() == 2 * CALLS {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    ends("every change", all).await;
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
