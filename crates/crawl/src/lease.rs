//! The lease of a crawl, held by one process of a fleet, and its heartbeat.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use quarry_domain::SourceName;
use quarry_store::{Lease, Store, StoreError};

/// The lifetime of a lease without renewal.
const TTL: Duration = Duration::from_secs(10);
/// The interval of renewals: two may fail before the lease expires.
const RENEWAL_INTERVAL: Duration = Duration::from_secs(3);
/// The pause after a renewal without the database.
const RENEWAL_RETRY_DELAY: Duration = Duration::from_secs(1);
/// The timeout of a release: an unreleased lease expires.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(2);

/// Returns true if a holder ran on this machine and is dead.
pub type KnownDead = Arc<dyn Fn(Uuid) -> bool + Send + Sync>;

/// The lease on the crawl of a source.
pub(super) struct CrawlLease {
    store: Store,
    lease: Lease,
    known_dead: Option<KnownDead>,
    is_held: watch::Sender<bool>,
}

impl CrawlLease {
    pub(super) fn new(
        store: Store,
        source: &SourceName,
        holder: Uuid,
        known_dead: Option<KnownDead>,
    ) -> Self {
        let lease = Lease { name: lease_name(source), holder };
        Self { store, lease, known_dead, is_held: watch::Sender::new(false) }
    }

    /// Returns the lease for write calls, held or not: the store checks it.
    pub(super) fn get(&self) -> &Lease {
        &self.lease
    }

    /// Acquires or renews the lease. Returns false while another process holds it.
    pub(super) async fn acquire(&self) -> Result<bool, StoreError> {
        let Lease { name, holder } = &self.lease;
        let mut lease = self.store.acquire_lease(name, *holder, TTL).await?;
        if lease.is_none()
            && let Some(other) = self.store.lease_holder(name).await?
            && self.known_dead.as_ref().is_some_and(|is_dead| is_dead(other))
        {
            lease = self.store.take_over_lease(name, other, *holder, TTL).await?;
        }
        self.is_held.send_replace(lease.is_some());
        Ok(lease.is_some())
    }

    /// Returns the holder of the lease.
    pub(super) async fn holder(&self) -> Result<Option<Uuid>, StoreError> {
        self.store.lease_holder(&self.lease.name).await
    }

    /// Stops renewals.
    pub(super) fn forget(&self) {
        self.is_held.send_replace(false);
    }

    /// Releases the lease if it is held.
    pub(super) async fn release(&self) {
        if self.is_held.send_replace(false)
            && let Ok(Err(error)) = timeout(RELEASE_TIMEOUT, self.store.release_lease(&self.lease)).await
        {
            tracing::debug!(lease.name = %self.lease.name, %error, "cannot release the lease: it expires by itself");
        }
    }

    /// Renews the lease while it is held. Completes when the lease is lost.
    pub(super) fn heartbeat(&self) -> impl Future<Output = ()> + use<> {
        let (store, lease) = (self.store.clone(), self.lease.clone());
        let mut is_held = self.is_held.subscribe();
        async move {
            loop {
                if is_held.wait_for(|held| *held).await.is_err() {
                    std::future::pending::<()>().await;
                }
                sleep(RENEWAL_INTERVAL).await;
                while *is_held.borrow() {
                    match store.renew_lease(&lease, TTL).await {
                        Ok(()) => break,
                        // It was released during the renewal, not lost.
                        Err(StoreError::LeaseLost(_)) if !*is_held.borrow() => break,
                        Err(StoreError::LeaseLost(_)) => return,
                        Err(error) => {
                            tracing::warn!(lease.name = %lease.name, %error, "cannot renew the lease");
                            sleep(RENEWAL_RETRY_DELAY).await;
                        }
                    }
                }
            }
        }
    }
}

/// Returns the name of the lease of a source.
fn lease_name(source: &SourceName) -> String {
    format!("crawl:{source}")
}
