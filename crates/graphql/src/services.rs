use std::sync::Arc;
use std::time::Duration;

use async_graphql::Context;
use tokio::sync::Notify;

use super::error::Failure;
use quarry_domain::SourceName;
use quarry_interaction::Interactions;
use quarry_keystroke::Keystrokes;
use quarry_report::Reports;
use quarry_search::{IndexFollower, SearchEngine, Suggestions};
use quarry_store::Store;

/// Everything that resolvers reach. The schema builds without it.
#[derive(Clone)]
pub struct Services {
    /// The truth: what relations are looked up in.
    pub store: Store,
    /// What searches are answered from.
    pub search: Arc<dyn SearchEngine>,
    /// What to offer who is typing.
    pub suggestions: Suggestions,
    /// What was searched for and sold, added up.
    pub reports: Reports,
    /// Where clicks and conversions go.
    pub interactions: Interactions,
    /// Where keystrokes go.
    pub keystrokes: Keystrokes,
    /// Tells when a change can be found.
    pub index: IndexFollower,
    /// Wakes the crawler once a crawl has begun in the store.
    pub crawl_wanted: Arc<Notify>,
    /// The configured sources.
    pub sources: Arc<[SourceName]>,
    /// How long a mutation with `wait: true` waits for the index.
    pub index_patience: Duration,
}

impl Services {
    /// The services of this request.
    pub(super) fn of<'a>(ctx: &Context<'a>) -> Result<&'a Services, Failure> {
        ctx.data_opt::<Services>().ok_or_else(|| Failure::internal("the schema was built without services"))
    }
}
