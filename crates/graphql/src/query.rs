//! Reading: one method per field of `Query`.

use std::collections::BTreeSet;

use async_graphql::parser::types::OperationType;
use async_graphql::{Context, ID, Object};

use super::error::Failure;
use super::guard::{self, RootGuard};
use super::ids::NodeId;
use super::list::List;
use super::loaders::Loaders;
use super::pagination::{PageArguments, PageRequest, SearchLogCursor, page_size, page_size_within};
use super::response_budget::ResponseBudget;
use super::scalars::{Flag, OrDefault};
use super::services::Services;
use super::track;
use super::types::{
    Author, Crawl, Document, DocumentFilter, LoggingHealth, MatchPolicy, Node, Reports, Search,
    SearchConnection, SearchLogConnection, SearchLogFilter, SearchSort, Source, Suggestion, TrackInput,
};
use quarry_domain::{DocumentId, DocumentKey, Keystroke, Scope, SourceName};
use quarry_search::{MAX_SUGGESTIONS, SearchError, SearchRequest};

/// The longest query text, in characters.
const MAX_QUERY_CHARS: usize = 1_024;
/// The most words of a query text.
const MAX_QUERY_WORDS: usize = 32;
/// The most ids of one `nodes`.
const MAX_NODES: usize = 100;
/// How many texts are suggested where nobody says.
const DEFAULT_SUGGESTIONS: usize = 8;
/// The longest search cursor, in bytes: more cannot come from an engine.
const MAX_CURSOR_BYTES: usize = 4_096;

/// The query root.
pub(super) struct Query;

/// Reading: searches, documents, and how sources and their crawls stand.
#[Object(guard = RootGuard(OperationType::Query))]
impl Query {
    /// Fetches an object by its id; null if it is not there. Scope: SEARCH for documents and authors, REPORTS for
    /// logged searches, ADMIN for crawls.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The object's id, as some other field gave it.")] id: ID,
    ) -> Option<Result<Node, Failure>> {
        match NodeId::parse(&id) {
            Some(id) => load_node(ctx, id).await.transpose(),
            None => Some(Err(not_an_id("id"))),
        }
    }

    /// Fetches objects by their ids, in the order of the ids; null for those that are not there, and null with an
    /// error for those that fail. Scope: SEARCH for documents and authors, REPORTS for logged searches, ADMIN for
    /// crawls.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The objects' ids, at most 100.")] ids: Vec<ID>,
    ) -> Result<List<Vec<Option<Result<Node, Failure>>>>, Failure> {
        if ids.len() > MAX_NODES {
            let problem = format_args!("may hold {MAX_NODES} ids, but holds {}", ids.len());
            return Err(Failure::bad_input("ids", problem));
        }
        let nodes = ids.iter().enumerate().map(|(index, id)| async move {
            match NodeId::parse(id) {
                Some(id) => load_node(ctx, id).await.transpose(),
                None => Some(Err(not_an_id(&format!("ids.{index}")))),
            }
        });
        Ok(List(futures_util::future::join_all(nodes).await))
    }

    /// Finds documents: ranked search over title, text, author name and category.
    ///
    /// A query is words, "phrases" and -exclusions. Nothing that a person types is an error. Scope: SEARCH.
    #[expect(clippy::too_many_arguments, reason = "the arguments are the contract's")]
    async fn search(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "What was typed: at most 1,024 characters and 32 words. Empty, it finds every document."
        )]
        query: String,
        #[graphql(desc = "How many documents to return: 10 unless given, at most 100; 0 for counts only.")]
        first: Option<i32>,
        #[graphql(desc = "Continue after this cursor; everything else must stay as it was.")] after: Option<
            String,
        >,
        #[graphql(desc = "Restrict the search.")] filter: Option<DocumentFilter>,
        #[graphql(default, desc = "How to order what is found.")] sort: OrDefault<SearchSort>,
        #[graphql(default, name = "match", desc = "How many of the words must match.")]
        match_policy: OrDefault<MatchPolicy>,
        #[graphql(
            default,
            desc = "The last word also matches as a prefix unless a space follows it: for search as you type."
        )]
        prefix: Flag<true>,
        #[graphql(
            default,
            desc = "A word that no document has stands for its neighbours: one edit away from 4 letters on, two from 8."
        )]
        typo_tolerance: Flag<true>,
        #[graphql(
            desc = "Log this text as a keystroke, as `logKeystroke` does; its number of results goes with it. Where \
                    that fails, the search does not: the answer says so in `extensions.warnings`."
        )]
        track: Option<TrackInput>,
    ) -> Result<SearchConnection, Failure> {
        check_query(&query)?;
        let track = track.map(|track| track.checked(&query)).transpose()?;
        let first = page_size(ctx, first)?;
        if after.as_ref().is_some_and(|after| after.len() > MAX_CURSOR_BYTES) {
            return Err(Failure::bad_input("after", "is not a cursor of this search: it is too long"));
        }
        let selected = ctx.look_ahead();
        let request = SearchRequest {
            query,
            filter: filter.unwrap_or_default().checked()?,
            sort: sort.0.into(),
            match_policy: match_policy.0.into(),
            prefix: prefix.0,
            typo_tolerance: typo_tolerance.0,
            relaxes: true,
            first,
            highlights: selected.field("edges").field("highlights").exists(),
            facets: selected.field("facets").exists(),
            after,
            read_bytes: ResponseBudget::of(ctx).map_or(usize::MAX, ResponseBudget::readable),
        };
        let services = Services::of(ctx)?;
        let answer = match services.search.search(&request).await {
            Err(SearchError::TooLarge) => return Err(ResponseBudget::refusal(ctx)),
            answer => answer?,
        };
        ResponseBudget::read(ctx, answer.read_bytes)?;
        if let Some(keystroke) = track {
            let keystroke = Keystroke { result_count: i64::try_from(answer.total).ok(), ..keystroke };
            track::log(ctx, &services.keystrokes, keystroke).await;
        }
        Ok(SearchConnection::new(answer, request))
    }

    /// Texts that begin with what was typed: what others searched for, most searched first, then words of the index.
    ///
    /// Only what enough visitors have searched for is suggested, and only what finds documents now. Nothing that a
    /// person types is an error. Scope: SEARCH.
    async fn suggest(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What was typed so far. Empty, it gives what is searched for most.")] prefix: String,
        #[graphql(desc = "How many texts: 8 unless given, at most 20.")] first: Option<i32>,
    ) -> Result<List<Vec<Suggestion>>, Failure> {
        let size = page_size_within(ctx, first, DEFAULT_SUGGESTIONS, MAX_SUGGESTIONS)?;
        let suggestions = Services::of(ctx)?.suggestions.suggest(&prefix, size).await?;
        Ok(suggestions.into_iter().map(Suggestion::from).collect())
    }

    /// The document of a source with the upstream's own id; null if it is not there. Scope: SEARCH.
    async fn document(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The source's name.")] source: String,
        #[graphql(desc = "The upstream's own id of the record.")] key: String,
    ) -> Option<Result<Document, Failure>> {
        // A name or a key that cannot be stored names nothing that is.
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
        #[graphql(desc = "Which searches: all of them unless given.")] filter: Option<SearchLogFilter>,
        #[graphql(desc = "How many to return: 10 unless given, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Continue after this cursor; the filter must stay as it was.")] after: Option<
            String,
        >,
        #[graphql(desc = "Return this many from the end, instead of `first`: at most 100.")] last: Option<
            i32,
        >,
        #[graphql(desc = "Return what comes before this cursor; with `last`, the page before it.")]
        before: Option<String>,
    ) -> Result<SearchLogConnection, Failure> {
        let filter = filter.unwrap_or_default().checked()?;
        let arguments = PageArguments { first, after, last, before };
        let request = PageRequest::of(ctx, arguments, |cursor| {
            SearchLogCursor::parse(cursor).map(SearchLogCursor::position)
        })?;
        let found = Services::of(ctx)?.store.search_log(&filter, request.slice()).await?;
        Ok(SearchLogConnection::new(filter, request.cut(found)))
    }

    /// What the log of searches and the interactions come to. Scope: REPORTS.
    async fn reports(&self) -> Reports {
        Reports
    }

    /// What the logging of searches holds and has done. Scope: REPORTS.
    async fn logging_health(&self, ctx: &Context<'_>) -> Result<LoggingHealth, Failure> {
        Ok(Services::of(ctx)?.keystrokes.health().await?.into())
    }

    /// Every source that is configured or has documents, by name. Scope: SEARCH or ADMIN.
    async fn sources(&self, ctx: &Context<'_>) -> Result<List<Vec<Source>>, Failure> {
        let services = Services::of(ctx)?;
        let mut names: BTreeSet<SourceName> = services.store.sources().await?.into_iter().collect();
        names.extend(services.sources.iter().cloned());
        Ok(names.into_iter().map(Source).collect())
    }
}

async fn load_node(ctx: &Context<'_>, id: NodeId) -> Result<Option<Node>, Failure> {
    let (what, scope) = match id {
        NodeId::Document(_) => ("A document", Scope::Search),
        NodeId::Author(_) => ("An author", Scope::Search),
        NodeId::Crawl(_) => ("A crawl", Scope::Admin),
        NodeId::Search(_) => ("A logged search", Scope::Reports),
    };
    guard::require(ctx, what, scope)?;
    Ok(match id {
        NodeId::Document(id) => Loaders::load(ctx, id).await?.map(Document::from).map(Node::from),
        NodeId::Author(id) => Loaders::load(ctx, id).await?.map(Author).map(Node::from),
        NodeId::Crawl(id) => Loaders::load(ctx, id).await?.map(Crawl).map(Node::from),
        NodeId::Search(id) => Loaders::load(ctx, id).await?.map(Search).map(Node::from),
    })
}

fn not_an_id(path: &str) -> Failure {
    Failure::bad_input(path, "is not an id of this server: pass an id back as it was given")
}

fn check_query(query: &str) -> Result<(), Failure> {
    // A text has at least as many bytes as characters, so most need no counting.
    if query.len() > MAX_QUERY_CHARS {
        let chars = query.chars().count();
        if chars > MAX_QUERY_CHARS {
            let problem = format_args!("may be {MAX_QUERY_CHARS} characters long, but is {chars}");
            return Err(Failure::bad_input("query", problem));
        }
    }
    let words = query.split_whitespace().count();
    if words > MAX_QUERY_WORDS {
        let problem = format_args!("may hold {MAX_QUERY_WORDS} words, but holds {words}");
        return Err(Failure::bad_input("query", problem));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_measured_in_characters_and_words() {
        for fine in [String::new(), "ü".repeat(1_024), "a ".repeat(32), " ".repeat(1_024)] {
            assert!(check_query(&fine).is_ok());
        }
        let refusal = |query: String| check_query(&query).unwrap_err().to_string();
        assert_eq!(refusal("ü".repeat(1_025)), "query may be 1024 characters long, but is 1025");
        assert_eq!(refusal("a ".repeat(33)), "query may hold 32 words, but holds 33");
    }
}
