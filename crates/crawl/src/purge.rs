//! The removal of a source: its documents, and its running crawl.

use chrono::Utc;
use quarry_domain::{CrawlState, SourceName};
use quarry_store::{Store, StoreError};

use super::crawler::CrawlOptions;
use super::cursor::failure;
use super::lease::CrawlLease;

/// The documents of one transaction: other writers wait for it.
const BATCH: u64 = 1_000;

/// A purge that did not complete; it can be repeated.
#[derive(Debug, thiserror::Error)]
pub enum PurgeError {
    /// Another process crawls the source.
    #[error(
        "another process crawls {0}: remove it from the settings of every server first (SIGHUP reloads them)"
    )]
    Held(SourceName),
    /// The data folder is not usable.
    #[error("{0}")]
    Unregistered(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Removes all documents of a source in batches, and returns their number.
///
/// Each leaves a tombstone, so that the indexes of all servers follow. The lease keeps crawls away; a running one
/// ends. `progress` receives the number of removed documents.
pub async fn purge(
    store: &Store,
    source: &SourceName,
    options: CrawlOptions,
    mut progress: impl FnMut(u64) + Send,
) -> Result<u64, PurgeError> {
    let lease = CrawlLease::new(store.clone(), source, options.holder, options.known_dead);
    if !lease.acquire().await? {
        return Err(PurgeError::Held(source.clone()));
    }
    let purged = purge_leased(store, source, &lease, &mut progress).await;
    lease.release().await;
    purged
}

async fn purge_leased(
    store: &Store,
    source: &SourceName,
    lease: &CrawlLease,
    progress: &mut (impl FnMut(u64) + Send),
) -> Result<u64, PurgeError> {
    let last = store.last_crawls(std::slice::from_ref(source)).await?.remove(source);
    if let Some(crawl) = last.filter(|crawl| crawl.state == CrawlState::Running) {
        let end = failure("the source was purged before the crawl had ended".to_owned());
        store.finish_crawl(lease.get(), crawl.id, end, Utc::now()).await?;
    }
    let mut removed = 0;
    loop {
        // The lease is shorter than a long purge.
        if !lease.acquire().await? {
            return Err(PurgeError::Held(source.clone()));
        }
        let batch = store.purge_documents(source, BATCH).await?.deleted as u64;
        removed += batch;
        progress(removed);
        if batch < BATCH {
            return Ok(removed);
        }
    }
}
