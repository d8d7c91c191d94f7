//! Erasure of a session or a user from buffer, store, suggestions and reports.
//!
//! An erasure completes even if its client disconnects: data erased from the store must not remain in suggestions and
//! reports.

use chrono::Utc;

use super::failure::Failure;
use super::services::Services;
use super::types::{EraseSearcherPayload, int};
use quarry_domain::Searcher;

/// Erases a session or a user. A retry after a failure erases the rest.
pub(super) async fn erase(services: &Services, searcher: Searcher) -> Result<EraseSearcherPayload, Failure> {
    let services = services.clone();
    let erasure = tokio::spawn(async move { erase_everywhere(&services, &searcher).await });
    erasure.await.map_err(|_| Failure::internal("an erasure panicked"))?
}

async fn erase_everywhere(services: &Services, searcher: &Searcher) -> Result<EraseSearcherPayload, Failure> {
    // The buffer first: the store rejects searches that were claimed before the time that it returns.
    let buffered = services.keystrokes.buffer.erase(searcher).await?;
    let stored = async {
        let searches = services.store.erase_searches(searcher, buffered.at).await?;
        let interactions = services.store.erase_interactions(searcher).await?;
        Ok::<_, Failure>((searches, interactions))
    };
    let stored = stored.await;
    // Even after a failure: suggestions and reports must not contain the data that was erased before it.
    services.suggestions.forget(Utc::now()).await;
    let cleared = services.reports.clear().await;
    let (searches, interactions) = stored?;
    cleared.map_err(Failure::reports_not_cleared)?;
    Ok(EraseSearcherPayload {
        searches: int(searches),
        buffered_keystrokes: int(buffered.keystrokes),
        interactions: int(interactions),
    })
}
