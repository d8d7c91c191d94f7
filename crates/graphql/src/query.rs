//! The resolvers of `Query`, one method per field.

use std::collections::BTreeSet;

use async_graphql::parser::types::OperationType;
use async_graphql::{Context, ID, MergedObject, Object};

use super::cached_searches::CachedSearches;
use super::failure::Failure;
use super::guard::{self, RootGuard};
use super::ids::NodeId;
use super::list::List;
use super::loaders::Loaders;
use super::mutation::buffer_keystroke;
use super::node::load_node;
use super::pagination::{PageArguments, PageSelection, page_offset, page_size, page_size_within};
use super::response_budget::ResponseBudget;
use super::scalars::{Flag, OrDefault};
use super::services::Services;
use super::types::{
    Access, Document, DocumentFilter, Highlight, LoggingHealth, MatchPolicy, MergedSearch, MergedSearchInput,
    Node, Reports, SearchBoost, SearchConnection, SearchLogConnection, SearchLogFilter, SearchOrder,
    SearchRules, SearchSort, Source, Suggestion, TrackInput, checked_distinct, context_of, selected_facets,
};
use super::warnings::Warnings;
use quarry_domain::{DocumentId, DocumentKey, FoundCount, FoundTier, Keystroke, Scope, SourceName};
use quarry_search::{MAX_SUGGESTIONS, SearchError, SearchRequest, WeightedSearch, search_merged};

/// The maximum number of ids of one `nodes`.
const MAX_NODES: usize = 100;
/// The maximum number of searches of one `mergedSearch`.
const MAX_MERGED_SEARCHES: usize = 10;
/// The number of suggestions by default.
const DEFAULT_SUGGESTIONS: usize = 8;
/// The maximum length of a search cursor, in bytes: no engine returns longer ones.
const MAX_CURSOR_BYTES: usize = 4_096;

/// The queries: searches, documents, reports, sources and their crawls.
#[derive(Default, MergedObject)]
#[graphql(name = "Query")]
pub(super) struct PublicQuery(Query);

/// The fields of the query root.
#[derive(Default)]
pub(super) struct Query;

// The root has another type than its fields, since that of a subgraph has more of them.
#[Object(name = "QueryFields", guard = RootGuard(OperationType::Query))]
impl Query {
    /// The key of the caller and its scopes. Scope: SEARCH, REPORTS or ADMIN.
    async fn access(&self, ctx: &Context<'_>) -> Result<Access, Failure> {
        guard::caller_of(ctx).cloned().map(Access)
    }

    /// Fetches an object by its id; null if it does not exist. Scope: SEARCH for documents and authors, REPORTS for
    /// logged searches, ADMIN for crawls.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the object, as another field returned it.")] id: ID,
    ) -> Option<Result<Node, Failure>> {
        match NodeId::parse(&id) {
            Some(id) => load_node(ctx, id).await.transpose(),
            None => Some(Err(Failure::not_an_id("id"))),
        }
    }

    /// Fetches objects by their ids, in the order of the ids: null for an object that does not exist, and null with an
    /// error for one that fails. Scope: SEARCH for documents and authors, REPORTS for logged searches, ADMIN for
    /// crawls.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The ids of the objects: at most 100.")] ids: Vec<ID>,
    ) -> Result<List<Vec<Option<Result<Node, Failure>>>>, Failure> {
        Failure::check_count("ids", ids.len(), MAX_NODES, "ids")?;
        let nodes = ids.iter().enumerate().map(|(index, id)| async move {
            match NodeId::parse(id) {
                Some(id) => load_node(ctx, id).await.transpose(),
                None => Some(Err(Failure::not_an_id(format!("ids.{index}")))),
            }
        });
        Ok(List(futures_util::future::join_all(nodes).await))
    }

    /// Searches the title, text, author name and category of documents, and ranks the results.
    ///
    /// A query consists of words, "phrases" and -exclusions. No input is a syntax error. Scope: SEARCH.
    #[expect(clippy::too_many_arguments, reason = "the arguments are the contract's")]
    async fn search(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "The query. An empty one matches every document; of a long one, the most informative 32 words of \
                    the first 4,096 characters are used."
        )]
        query: String,
        #[graphql(
            desc = "Returns the first n documents: 10 by default, at most 100; 0 returns counts only."
        )]
        first: Option<i32>,
        #[graphql(desc = "Returns the documents after this cursor; all other arguments must be unchanged.")]
        after: Option<String>,
        #[graphql(
            desc = "Returns the page with this number, from 1 on, in place of `after`: up to the first 10,000 \
                    documents. Documents that change in between may appear on two pages or on none."
        )]
        page: Option<i32>,
        #[graphql(desc = "The conditions that documents must meet.")] filter: Option<DocumentFilter>,
        #[graphql(default, desc = "The order of the documents.")] sort: OrDefault<SearchSort>,
        #[graphql(
            desc = "Orders the documents by declared attributes: at most 8. `sort` orders documents with equal values. \
                    Documents that match more strictly come first, as in `SearchEdge.tier`."
        )]
        order_by: Option<Vec<SearchOrder>>,
        #[graphql(
            desc = "Raises the scores of documents by their values, with `sort: RELEVANCE` and without `orderBy`: at \
                    most 8 boosts."
        )]
        boost: Option<Vec<SearchBoost>>,
        #[graphql(
            desc = "Returns the best document of each value of this field only: a declared attribute, `source`, \
                    `category` or `authorKey`. `totalCount` counts the values, and each document without one; facets \
                    count all documents."
        )]
        distinct: Option<String>,
        #[graphql(default, name = "match", desc = "The number of words that must match.")]
        match_policy: OrDefault<MatchPolicy>,
        #[graphql(
            default,
            desc = "Match the last word as a prefix, too, unless a space follows it: for search as you type."
        )]
        prefix: Flag<true>,
        #[graphql(
            default,
            desc = "If few documents contain all words, match words within one edit (from 4 letters) or two (from 8), \
                    too; never those with digits."
        )]
        typo_tolerance: Flag<true>,
        #[graphql(
            desc = "Log the query and its number of results as a keystroke, like `logKeystroke`. Requests with `after` \
                    are part of the same search and log nothing. If logging fails, the search succeeds and \
                    `extensions.warnings` contains a warning."
        )]
        track: Option<TrackInput>,
        #[graphql(
            default,
            desc = "Explain the scores in `SearchEdge.explanation`, at the cost of further reads per document. It \
                    requires the scope ADMIN."
        )]
        explain: Flag<false>,
    ) -> Result<SearchConnection, Failure> {
        if explain.0 {
            guard::require(ctx, "The argument explain", Scope::Admin)?;
        }
        let mut track = track.map(|track| track.checked(&query)).transpose()?;
        let first = page_size(ctx, first)?;
        let offset = page_offset(page, first, after.is_some())?;
        let is_first_page = after.is_none() && offset == 0;
        if let Some(keystroke) = track.as_mut().filter(|_| is_first_page) {
            keystroke.context = context_of(filter.as_ref(), sort.0, &keystroke.context);
        }
        if after.as_ref().is_some_and(|after| after.len() > MAX_CURSOR_BYTES) {
            return Err(SearchError::InvalidCursor.into());
        }
        let services = Services::of(ctx)?;
        let attributes = services.search.attributes();
        let selected = ctx.look_ahead();
        let highlights = selected.field("edges").field("highlights");
        let request = SearchRequest {
            query,
            filter: filter.unwrap_or_default().checked(&attributes)?,
            order_by: SearchOrder::checked(order_by, &attributes)?,
            boosts: SearchBoost::checked(boost, &attributes)?,
            distinct: checked_distinct(distinct, &attributes)?,
            sort: sort.0.into(),
            match_policy: match_policy.0.into(),
            prefix: prefix.0,
            typo_tolerance: typo_tolerance.0,
            relaxes: true,
            first,
            offset,
            highlights: highlights.exists(),
            highlight_lengths: Highlight::lengths(&highlights.selection_fields()),
            corrections: selected.field("interpretation").field("corrections").exists(),
            explain: explain.0 && selected.field("edges").field("explanation").exists(),
            facets: selected_facets(ctx, &selected, &attributes)?,
            after,
            read_bytes: ResponseBudget::of(ctx).map_or(usize::MAX, ResponseBudget::readable),
        };
        let answer = match services.search.search(&request).await {
            Err(SearchError::TooLarge) => return Err(ResponseBudget::too_large(ctx)),
            answer => answer?,
        };
        CachedSearches::record(ctx, answer.cache);
        if let Some(budget) = ResponseBudget::of(ctx) {
            budget.add_read(answer.read_bytes)?;
        }
        let session = track.as_ref().map(|keystroke| keystroke.session.clone());
        if let Some(keystroke) = track.filter(|_| is_first_page) {
            let tier = Some(FoundTier { last: answer.tier, relaxed: answer.relaxed });
            let count = i64::try_from(answer.total).unwrap_or(i64::MAX);
            let found = FoundCount { count, tier }.packed();
            let keystroke = Keystroke { result_count: Some(found), ..keystroke };
            if let Err(failure) = buffer_keystroke(ctx, keystroke).await {
                Warnings::add(ctx, "The search was answered, but not logged.", failure);
            }
        }
        Ok(SearchConnection::new(answer, request, session, services.keystrokes.mask.clone()))
    }

    /// Searches several times, and merges the best 100 documents of each search into one list: other queries or filters,
    /// as for several kinds of documents or several wordings.
    ///
    /// The score of a document in a search is the share of that search's best score, times its weight; those of a document
    /// that several searches find are added. Nothing is logged. Scope: SEARCH.
    async fn merged_search(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The searches: at most 10.")] searches: Vec<MergedSearchInput>,
        #[graphql(desc = "Returns the first n documents: 10 by default, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Returns the page with this number, from 1 on.")] page: Option<i32>,
    ) -> Result<MergedSearch, Failure> {
        Failure::check_count("searches", searches.len(), MAX_MERGED_SEARCHES, "searches")?;
        let first = page_size(ctx, first)?;
        let offset = page_offset(page, first, false)?;
        let services = Services::of(ctx)?;
        let attributes = services.search.attributes();
        let selected = ctx.look_ahead();
        let highlights = selected.field("hits").field("highlights");
        let lengths = Highlight::lengths(&highlights.selection_fields());
        let corrections = selected.field("searches").field("interpretation").field("corrections").exists();
        let readable = ResponseBudget::of(ctx).map_or(usize::MAX, ResponseBudget::readable);
        let read_bytes = readable / searches.len().max(1);
        let mut weighted = Vec::with_capacity(searches.len());
        for (at, search) in searches.into_iter().enumerate() {
            let checked =
                search.checked(&attributes).map_err(|failure| failure.below(&format!("searches.{at}")))?;
            let request = SearchRequest {
                highlights: highlights.exists(),
                highlight_lengths: lengths.clone(),
                corrections,
                read_bytes,
                ..checked.request
            };
            weighted.push(WeightedSearch { request, ..checked });
        }
        let queries = weighted.iter().map(|search| search.request.query.clone()).collect();
        let answer = match search_merged(&*services.search, weighted).await {
            Err(SearchError::TooLarge) => return Err(ResponseBudget::too_large(ctx)),
            answer => answer?,
        };
        for answer in &answer.answers {
            CachedSearches::record(ctx, answer.cache);
        }
        if let Some(budget) = ResponseBudget::of(ctx) {
            budget.add_read(answer.answers.iter().map(|answer| answer.read_bytes).sum())?;
        }
        Ok(MergedSearch::new(answer, queries, services.keystrokes.mask.as_ref(), offset, first))
    }

    /// Completes a text being typed: with logged searches, most frequent first, then with words of the index.
    ///
    /// Suggests only searches that enough sessions made and that find documents within the filter now. Words are
    /// spelled as documents write them. After a space, the words that follow in documents are suggested. If few
    /// documents contain the typed words, similar ones are suggested, too. No input is a syntax error. Scope: SEARCH.
    async fn suggest(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The text typed so far. If empty, the most frequent searches are suggested.")]
        prefix: String,
        #[graphql(desc = "Returns the first n suggestions: 8 by default, at most 20.")] first: Option<i32>,
        #[graphql(desc = "The conditions that documents must meet, as in the search.")] filter: Option<
            DocumentFilter,
        >,
    ) -> Result<List<Vec<Suggestion>>, Failure> {
        let size = page_size_within(ctx, first, DEFAULT_SUGGESTIONS, MAX_SUGGESTIONS)?;
        let services = Services::of(ctx)?;
        let filter = filter.unwrap_or_default().checked(&services.search.attributes())?;
        let suggestions = services.suggestions.suggest(&prefix, size, &filter).await?;
        Ok(suggestions.into_iter().map(Suggestion::from).collect())
    }

    /// The document with this id in the upstream of a source; null if it does not exist. Scope: SEARCH.
    async fn document(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The name of the source.")] source: String,
        #[graphql(desc = "The id of the document in the upstream.")] key: String,
    ) -> Option<Result<Document, Failure>> {
        // No document has an invalid source or key.
        let source = SourceName::parse(&source).ok()?;
        let key = DocumentKey::parse(&key).ok()?;
        Loaders::load(ctx, DocumentId::of(&source, &key))
            .await
            .transpose()
            .map(|found| found.map(Document::from))
    }

    /// Logged searches, newest first by their last keystroke. Scope: REPORTS.
    async fn search_log(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The conditions that searches must meet.")] filter: Option<SearchLogFilter>,
        #[graphql(desc = "Returns the first n items: 10 by default, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Returns the items after this cursor; the filter must be unchanged.")] after: Option<
            String,
        >,
        #[graphql(desc = "Returns the last n items, in place of `first`: at most 100.")] last: Option<i32>,
        #[graphql(desc = "Returns the items before this cursor; with `last`, the page before it.")]
        before: Option<String>,
    ) -> Result<SearchLogConnection, Failure> {
        let mask = Services::of(ctx)?.keystrokes.mask.as_ref();
        let filter = filter.unwrap_or_default().checked(mask)?;
        let arguments = PageArguments { first, after, last, before };
        let selection = PageSelection::of(ctx, arguments)?;
        let found = Services::of(ctx)?.store.search_log(&filter, selection.slice()).await?;
        Ok(SearchLogConnection::new(filter, selection.cut(found)))
    }

    /// The synonyms, stop words and rules of searches. Scope: ADMIN.
    async fn search_rules(&self, ctx: &Context<'_>) -> Result<SearchRules, Failure> {
        Ok(SearchRules(Services::of(ctx)?.rules.document().await?))
    }

    /// Reports on logged searches and interactions. Scope: REPORTS.
    async fn reports(&self) -> Reports {
        Reports
    }

    /// The state of search logging. Scope: REPORTS.
    async fn logging_health(&self, ctx: &Context<'_>) -> Result<LoggingHealth, Failure> {
        Ok(Services::of(ctx)?.keystrokes.health().await?.into())
    }

    /// All sources that are configured or have documents, by name. Scope: SEARCH or ADMIN.
    async fn sources(&self, ctx: &Context<'_>) -> Result<List<Vec<Source>>, Failure> {
        let services = Services::of(ctx)?;
        let mut names: BTreeSet<SourceName> = services.store.sources().await?.into_iter().collect();
        names.extend(services.crawls.sources());
        Ok(names.into_iter().map(Source).collect())
    }
}
