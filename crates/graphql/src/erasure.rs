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
pub(super) async fn erase(
    services: &Services,
    searcher: Searcher,
    with_sessions: bool,
) -> Result<EraseSearcherPayload, Failure> {
    let services = services.clone();
    let erasure = tokio::spawn(async move { erase_everywhere(&services, &searcher, with_sessions).await });
    erasure.await.map_err(|_| Failure::internal("an erasure panicked"))?
}

async fn erase_everywhere(
    services: &Services,
    searcher: &Searcher,
    with_sessions: bool,
) -> Result<EraseSearcherPayload, Failure> {
    let mut erased = Erased::default();
    let erasure = erase_data(services, searcher, with_sessions, &mut erased).await;
    // Even after a failure: suggestions and reports must not contain the data that was erased before it.
    services.suggestions.forget(Utc::now()).await;
    let cleared = services.reports.clear().await;
    erasure?;
    cleared.map_err(Failure::reports_not_cleared)?;
    Ok(EraseSearcherPayload {
        searches: int(erased.searches),
        buffered_keystrokes: int(erased.keystrokes),
        interactions: int(erased.interactions),
    })
}

/// The numbers of erased records.
#[derive(Default)]
struct Erased {
    searches: u64,
    keystrokes: u64,
    interactions: u64,
}

impl Erased {
    async fn erase(&mut self, services: &Services, searcher: &Searcher) -> Result<(), Failure> {
        // The buffer first: the store rejects searches that were claimed before the time that it returns.
        let buffered = services.keystrokes.buffer.erase(searcher).await?;
        self.keystrokes += buffered.keystrokes;
        self.searches += services.store.erase_searches(searcher, buffered.at).await?;
        self.interactions += services.store.erase_interactions(searcher).await?;
        Ok(())
    }
}

async fn erase_data(
    services: &Services,
    searcher: &Searcher,
    with_sessions: bool,
    erased: &mut Erased,
) -> Result<(), Failure> {
    if let (Searcher::User(user), true) = (searcher, with_sessions) {
        // Before the rows that name the sessions: a retry finds those that remain.
        for (session, is_of_one_user) in services.store.sessions_of(user).await? {
            if is_of_one_user {
                erased.erase(services, &Searcher::Session(session)).await?;
            } else {
                erased.searches += services.store.erase_anonymous_searches(&session).await?;
                erased.interactions += services.store.erase_anonymous_interactions(&session).await?;
            }
        }
    }
    erased.erase(services, searcher).await?;
    services.keystrokes.buffer.scrub().await;
    Ok(services.store.scrub().await?)
}
