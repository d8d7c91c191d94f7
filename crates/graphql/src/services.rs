use std::sync::Arc;
use std::time::Duration;

use async_graphql::Context;

use super::failure::Failure;
use quarry_crawl::Crawls;
use quarry_interaction::Interactions;
use quarry_keystroke::Keystrokes;
use quarry_report::Reports;
use quarry_search::{IndexFollower, RuleStore, SearchEngine, Suggestions};
use quarry_store::Store;

/// The services that resolvers call.
#[derive(Clone)]
pub struct Services {
    /// The database, from which relations are read.
    pub store: Store,
    /// The engine of searches.
    pub search: Arc<dyn SearchEngine>,
    /// The synonyms, stop words and rules.
    pub rules: RuleStore,
    /// The suggestions.
    pub suggestions: Suggestions,
    /// The reports.
    pub reports: Reports,
    /// The recorder of clicks and conversions.
    pub interactions: Interactions,
    /// The keystroke buffer.
    pub keystrokes: Keystrokes,
    /// The progress of indexing.
    pub index: IndexFollower,
    /// The crawls of the configured sources.
    pub crawls: Crawls,
    /// The timeout of a mutation with `wait: true`.
    pub index_timeout: Duration,
}

impl Services {
    /// The services of the schema.
    pub(super) fn of<'a>(ctx: &Context<'a>) -> Result<&'a Services, Failure> {
        ctx.data_opt::<Services>().ok_or_else(|| Failure::internal("the schema has no services"))
    }
}
