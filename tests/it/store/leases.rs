//! Leases: one holder at a time, by the clock of the database.

use std::sync::Arc;
use std::time::Duration;

use quarry::store::{Lease, StoreError};
use uuid::Uuid;

use crate::support::databases::{TestDatabase, on_each_database};

on_each_database!(
    one_of_many_acquirers_gets_it,
    held_renewed_and_released,
    an_expired_lease_passes_on,
    a_dead_holder_is_replaced
);

const LONG: Duration = Duration::from_secs(600);
/// A lease that expires immediately.
const EXPIRED: Duration = Duration::ZERO;

async fn one_of_many_acquirers_gets_it(database: Arc<TestDatabase>) {
    database.store().await.close().await.unwrap();
    for round in 0..3 {
        let name = format!("crawl.{round}");
        let acquirers: Vec<_> = (0..8)
            .map(|_| {
                let (database, name) = (database.clone(), name.clone());
                tokio::spawn(async move {
                    let store = database.connect().await;
                    store.acquire_lease(&name, Uuid::new_v4(), LONG).await.unwrap()
                })
            })
            .collect();
        let mut holders = Vec::new();
        for acquirer in acquirers {
            holders.extend(acquirer.await.unwrap().map(|lease| lease.holder));
        }
        assert_eq!(holders.len(), 1, "{holders:?}");
        let store = database.connect().await;
        assert_eq!(store.lease_holder(&name).await.unwrap(), Some(holders[0]));
    }
}

async fn held_renewed_and_released(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let (one, other) = (Uuid::new_v4(), Uuid::new_v4());
    assert_eq!(store.lease_holder("a").await.unwrap(), None);
    let lease = store.acquire_lease("a", one, LONG).await.unwrap().unwrap();
    assert_eq!(lease, Lease { name: "a".to_owned(), holder: one });
    assert_eq!(store.acquire_lease("a", other, LONG).await.unwrap(), None);
    // The holder can acquire it again, and names are independent.
    assert_eq!(store.acquire_lease("a", one, LONG).await.unwrap(), Some(lease.clone()));
    assert!(store.acquire_lease("A", other, LONG).await.unwrap().is_some());
    store.renew_lease(&lease, LONG).await.unwrap();

    let foreign = Lease { name: "a".to_owned(), holder: other };
    assert!(
        matches!(store.renew_lease(&foreign, LONG).await, Err(StoreError::LeaseLost(name)) if name == "a")
    );
    store.release_lease(&foreign).await.unwrap();
    assert_eq!(store.lease_holder("a").await.unwrap(), Some(one));
    store.release_lease(&lease).await.unwrap();
    assert_eq!(store.lease_holder("a").await.unwrap(), None);
    assert!(matches!(store.renew_lease(&lease, LONG).await, Err(StoreError::LeaseLost(_))));
    assert_eq!(store.acquire_lease("a", other, LONG).await.unwrap(), Some(foreign));
}

async fn an_expired_lease_passes_on(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let (one, other) = (Uuid::new_v4(), Uuid::new_v4());
    let lease = store.acquire_lease("a", one, EXPIRED).await.unwrap().unwrap();
    assert_eq!(store.lease_holder("a").await.unwrap(), None);
    // No other process took it, so it can be renewed.
    store.renew_lease(&lease, LONG).await.unwrap();
    assert_eq!(store.lease_holder("a").await.unwrap(), Some(one));
    store.renew_lease(&lease, EXPIRED).await.unwrap();
    assert!(store.acquire_lease("a", other, LONG).await.unwrap().is_some());
    assert!(matches!(store.renew_lease(&lease, LONG).await, Err(StoreError::LeaseLost(_))));
    assert_eq!(store.acquire_lease("a", one, LONG).await.unwrap(), None);
}

async fn a_dead_holder_is_replaced(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let (dead, heir, other) = (Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4());
    let lost = store.acquire_lease("a", dead, LONG).await.unwrap().unwrap();
    assert_eq!(store.take_over_lease("a", other, heir, LONG).await.unwrap(), None);
    assert!(store.take_over_lease("a", dead, heir, LONG).await.unwrap().is_some());
    assert_eq!(store.lease_holder("a").await.unwrap(), Some(heir));
    assert_eq!(store.take_over_lease("a", dead, other, LONG).await.unwrap(), None);
    assert!(matches!(store.renew_lease(&lost, LONG).await, Err(StoreError::LeaseLost(_))));
}
