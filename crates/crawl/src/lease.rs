//! The lease that lets one process of a fleet crawl a source, and its heartbeat.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use quarry_domain::SourceName;
use quarry_store::{Lease, Store, StoreError};

/// How long a lease outlives a process that died.
const TTL: Duration = Duration::from_secs(10);
/// How often a living process renews it: two renewals may fail before it lapses.
const RENEWAL: Duration = Duration::from_secs(3);
/// How soon a renewal that found no database is tried again.
const RENEWAL_RETRY: Duration = Duration::from_secs(1);
/// How long giving a lease back may take; it lapses by itself anyway.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(2);

/// Tells whether a holder is known to be dead, because it ran on this machine.
pub type KnownDead = Arc<dyn Fn(Uuid) -> bool + Send + Sync>;

/// The lease on one source's crawl.
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

    /// The lease as writing calls name it, held or not: the store checks.
    pub(super) fn get(&self) -> &Lease {
        &self.lease
    }

    /// Takes the lease, or renews it. False while another process holds it.
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

    /// Who holds the lease.
    pub(super) async fn holder(&self) -> Result<Option<Uuid>, StoreError> {
        self.store.lease_holder(&self.lease.name).await
    }

    /// Stops renewing.
    pub(super) fn forget(&self) {
        self.is_held.send_replace(false);
    }

    /// Gives the lease back, if it is held.
    pub(super) async fn release(&self) {
        if self.is_held.send_replace(false)
            && let Ok(Err(error)) = timeout(RELEASE_TIMEOUT, self.store.release_lease(&self.lease)).await
        {
            tracing::debug!(lease.name = %self.lease.name, %error, "lease not released: it will lapse");
        }
    }

    /// Renews the lease while it is held; ends when it was lost.
    pub(super) fn heartbeat(&self) -> impl Future<Output = ()> + use<> {
        let (store, lease) = (self.store.clone(), self.lease.clone());
        let mut is_held = self.is_held.subscribe();
        async move {
            loop {
                if is_held.wait_for(|held| *held).await.is_err() {
                    std::future::pending::<()>().await;
                }
                sleep(RENEWAL).await;
                while *is_held.borrow() {
                    match store.renew_lease(&lease, TTL).await {
                        Ok(()) => break,
                        // Given back while the renewal was on its way: nothing was lost.
                        Err(StoreError::LeaseLost(_)) if !*is_held.borrow() => break,
                        Err(StoreError::LeaseLost(_)) => return,
                        Err(error) => {
                            tracing::warn!(lease.name = %lease.name, %error, "lease not renewed");
                            sleep(RENEWAL_RETRY).await;
                        }
                    }
                }
            }
        }
    }
}

/// The name under which the crawl of a source is leased.
pub(super) fn lease_name(source: &SourceName) -> String {
    format!("crawl:{source}")
}
