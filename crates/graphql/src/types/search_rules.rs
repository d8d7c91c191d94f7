use async_graphql::{Context, ID, Object, SimpleObject};

use super::{SearchRule, StopWordSet, SynonymSet, int};
use crate::failure::Failure;
use crate::list::List;
use crate::pagination::page_size;
use quarry_search::RuleDocument;
use quarry_store::RuleCounts;

/// The GraphQL type of all synonyms, stop words and rules.
pub(crate) struct SearchRules(pub(crate) RuleDocument);

/// All synonyms, stop words and rules, each by id.
#[Object]
impl SearchRules {
    /// The synonyms.
    async fn synonyms(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Returns the first n sets: 10 by default, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Returns the sets after this id.")] after: Option<ID>,
    ) -> Result<List<Vec<SynonymSet>>, Failure> {
        let page = page(ctx, &self.0.synonyms, |set| &set.id, first, after)?;
        Ok(page.iter().cloned().map(SynonymSet).collect())
    }

    /// The stop words.
    async fn stop_words(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Returns the first n sets: 10 by default, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Returns the sets after this id.")] after: Option<ID>,
    ) -> Result<List<Vec<StopWordSet>>, Failure> {
        let page = page(ctx, &self.0.stop_words, |set| &set.id, first, after)?;
        Ok(page.iter().cloned().map(StopWordSet).collect())
    }

    /// The rules.
    async fn rules(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Returns the first n rules: 10 by default, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Returns the rules after this id.")] after: Option<ID>,
    ) -> Result<List<Vec<SearchRule>>, Failure> {
        let page = page(ctx, &self.0.rules, |rule| &rule.id, first, after)?;
        Ok(page.iter().cloned().map(SearchRule).collect())
    }
}

/// Returns a page of entries, which are sorted by id.
fn page<'e, T>(
    ctx: &Context<'_>,
    entries: &'e [T],
    id: fn(&T) -> &String,
    first: Option<i32>,
    after: Option<ID>,
) -> Result<&'e [T], Failure> {
    let size = page_size(ctx, first)?;
    let start = after.map_or(0, |after| entries.partition_point(|entry| *id(entry) <= *after));
    let rest = &entries[start..];
    Ok(&rest[..size.min(rest.len())])
}

/// The numbers of synonyms, stop words or rules that a mutation changed.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct SearchRulesPayload {
    /// The number of new entries.
    inserted: i32,
    /// The number of entries with another content.
    updated: i32,
    /// The number of entries that were stored with the same content.
    unchanged: i32,
    /// The number of deleted entries.
    deleted: i32,
}

impl From<RuleCounts> for SearchRulesPayload {
    fn from(counts: RuleCounts) -> Self {
        Self {
            inserted: int(counts.inserted),
            updated: int(counts.updated),
            unchanged: int(counts.unchanged),
            deleted: int(counts.deleted),
        }
    }
}
