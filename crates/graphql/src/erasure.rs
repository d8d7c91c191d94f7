//! Erasing a person, wherever something is kept of them.
//!
//! Once begun it runs to its end, even if whoever asked for it hangs up: what is gone from the
//! store must not go on showing in suggestions and reports.

use chrono::Utc;

use super::error::Failure;
use super::services::Services;
use super::types::{EraseSearcherPayload, int};
use quarry_domain::Searcher;

/// Erases a person; called again after a failure, it goes on.
pub(super) async fn erase(services: &Services, searcher: Searcher) -> Result<EraseSearcherPayload, Failure> {
    let services = services.clone();
    let running = tokio::spawn(async move { erase_everywhere(&services, &searcher).await });
    running.await.map_err(|_| Failure::internal("an erasure panicked"))?
}

async fn erase_everywhere(services: &Services, searcher: &Searcher) -> Result<EraseSearcherPayload, Failure> {
    // The buffer first: what is claimed by then is kept out of the log by the time it says.
    let buffered = services.keystrokes.erase(searcher).await?;
    let stored = async {
        let searches = services.store.erase_searches(searcher, buffered.at).await?;
        let interactions = services.store.erase_interactions(searcher).await?;
        Ok::<_, Failure>((searches, interactions))
    };
    let stored = stored.await;
    // Where that failed half-way, too: what is gone must not show.
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
