//! The resolvers of `Mutation`, one method per field.

use std::collections::HashMap;

use async_graphql::parser::types::OperationType;
use async_graphql::{Context, ID, Object};
use chrono::Utc;

use super::erasure;
use super::error_bounds::Quoted;
use super::error_code::ErrorCode;
use super::failure::Failure;
use super::guard::RootGuard;
use super::ids::NodeId;
use super::request_context::UserAgent;
use super::scalars::Flag;
use super::search_rules;
use super::services::Services;
use super::types::{
    Crawl, DeleteDocumentsInput, DeleteDocumentsPayload, EraseSearcherInput, EraseSearcherPayload,
    IndexDocumentsInput, IndexDocumentsPayload, LogKeystrokeInput, LogKeystrokePayload, LogKeystrokesPayload,
    MaxQuantity, RecordInteractionInput, RecordInteractionPayload, SearchRuleInput, SearchRulesPayload,
    SourcePreview, StopWordSetInput, SynonymSetInput, int,
};
use quarry_domain::{DocumentDraft, DocumentId, Keystroke, Principal, Revision, SourceName};
use quarry_keystroke::{AppendOutcome, Sender};
use quarry_search::RuleDocument;
use quarry_store::{RecordOutcome, RuleKind};

/// The maximum number of documents of one call.
const MAX_DOCUMENTS: usize = 1_000;

/// The maximum number of keystrokes of one call.
const MAX_KEYSTROKES: usize = 100;
/// Each may take several attempts.
const MAX_PREVIEWED_PAGES: usize = 5;

/// The mutation root.
pub(super) struct Mutation;

/// The mutations: documents, keystrokes, interactions, erasures and crawls.
#[Object(guard = RootGuard(OperationType::Mutation))]
impl Mutation {
    /// Stores documents and replaces those of the same source and key. If one is invalid, none is stored. Scope: ADMIN.
    async fn index_documents(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The documents.")] input: IndexDocumentsInput,
    ) -> Result<IndexDocumentsPayload, Failure> {
        Failure::check_count("input.documents", input.documents.len(), MAX_DOCUMENTS, "documents")?;
        let mut ids = Vec::with_capacity(input.documents.len());
        let mut drafts: Vec<DocumentDraft> = Vec::with_capacity(input.documents.len());
        let mut indices: HashMap<DocumentId, usize> = HashMap::with_capacity(input.documents.len());
        for (index, document) in input.documents.into_iter().enumerate() {
            let draft = document.checked(&format!("input.documents.{index}"))?;
            let id = draft.id();
            ids.push(id);
            match indices.get(&id) {
                Some(&index) => drafts[index] = draft,
                None => {
                    indices.insert(id, drafts.len());
                    drafts.push(draft);
                }
            }
        }
        let services = Services::of(ctx)?;
        let outcome = services.store.upsert_documents(&drafts).await?;
        if input.wait.0 {
            wait_for_index(services, outcome.revision, "stored").await?;
        }
        Ok(IndexDocumentsPayload { outcome, ids })
    }

    /// Deletes documents. Scope: ADMIN.
    async fn delete_documents(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The documents.")] input: DeleteDocumentsInput,
    ) -> Result<DeleteDocumentsPayload, Failure> {
        Failure::check_count("input.ids", input.ids.len(), MAX_DOCUMENTS, "ids")?;
        let mut ids = Vec::with_capacity(input.ids.len());
        for (index, id) in input.ids.iter().enumerate() {
            let Some(NodeId::Document(id)) = NodeId::parse(id) else {
                return Err(Failure::not_a_document_id(format!("input.ids.{index}")));
            };
            ids.push(id);
        }
        let services = Services::of(ctx)?;
        let outcome = services.store.delete_documents(&ids).await?;
        if input.wait.0 {
            wait_for_index(services, outcome.revision, "deleted").await?;
        }
        Ok(DeleteDocumentsPayload { deleted: int(outcome.deleted) })
    }

    /// Buffers the content of a search box after a keystroke. Of all keystrokes of a search, only the most complete text
    /// is logged: once the user submits it, or types nothing for a while. Returns when the keystroke is durable in the
    /// buffer. Scope: SEARCH.
    async fn log_keystroke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The keystroke.")] input: LogKeystrokeInput,
    ) -> Result<LogKeystrokePayload, Failure> {
        let keystroke = input.checked("input")?;
        let accepted = buffer_keystroke(ctx, keystroke).await?;
        Ok(LogKeystrokePayload { accepted })
    }

    /// Buffers up to 100 keystrokes at once, like `logKeystroke`. If one is invalid, none is buffered. Scope: SEARCH.
    async fn log_keystrokes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The keystrokes in the order of typing: at most 100.")] input: Vec<
            LogKeystrokeInput,
        >,
    ) -> Result<LogKeystrokesPayload, Failure> {
        Failure::check_count("input", input.len(), MAX_KEYSTROKES, "keystrokes")?;
        let services = Services::of(ctx)?;
        let mut keystrokes = Vec::with_capacity(input.len());
        for (index, keystroke) in input.into_iter().enumerate() {
            keystrokes.push(keystroke.checked(&format!("input.{index}"))?);
        }
        keystrokes.retain(|keystroke| !is_excluded(ctx, services, keystroke));
        let appended = services.keystrokes.buffer.append(&keystrokes).await?;
        let accepted = appended.iter().filter(|appended| **appended == AppendOutcome::Accepted).count();
        if appended.contains(&AppendOutcome::Full) {
            return Err(Failure::buffer_full(accepted, keystrokes.len()));
        }
        Ok(LogKeystrokesPayload { accepted: int(accepted) })
    }

    /// Records a click on, or a conversion of, a document. Returns when the database has stored it. Scope: SEARCH.
    async fn record_interaction(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The interaction.")] input: RecordInteractionInput,
    ) -> Result<RecordInteractionPayload, Failure> {
        let interaction = input.checked(Utc::now(), MaxQuantity::of(ctx))?;
        match Services::of(ctx)?.interactions.record(interaction).await? {
            RecordOutcome::Recorded | RecordOutcome::Repeated => {
                Ok(RecordInteractionPayload { accepted: true })
            }
            RecordOutcome::Erased => Ok(RecordInteractionPayload { accepted: false }),
            RecordOutcome::UnknownDocument => Err(Failure::new(
                ErrorCode::NotFound,
                "The document does not exist. Pass the id of an existing document.",
            )),
        }
    }

    /// Erases all data of a session or a user: buffered keystrokes, logged searches and interactions, including searches
    /// that are being logged at the same time. When it returns, the suggestions and reports of this server contain none
    /// of the data; those of other servers follow within seconds. Scope: ADMIN.
    async fn erase_searcher(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The session or the user.")] input: EraseSearcherInput,
        #[graphql(
            default,
            desc = "Erase the anonymous data of the user's sessions, too, such as searches before the login."
        )]
        including_sessions: Flag<true>,
    ) -> Result<EraseSearcherPayload, Failure> {
        let searcher = input.checked()?;
        erasure::erase(Services::of(ctx)?, searcher, including_sessions.0).await
    }

    /// Stores up to 100 sets of synonyms and replaces those of the same id; later searches apply them, those on other
    /// servers within a second. If one is invalid, none is stored. Scope: ADMIN.
    async fn put_synonyms(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The sets: at most 5,000 in all.")] synonyms: Vec<SynonymSetInput>,
    ) -> Result<SearchRulesPayload, Failure> {
        let synonyms = search_rules::parsed("synonyms", synonyms, SynonymSetInput::parsed)?;
        search_rules::put(Services::of(ctx)?, RuleDocument { synonyms, ..RuleDocument::default() }).await
    }

    /// Stores up to 100 sets of stop words, like `putSynonyms`. Scope: ADMIN.
    async fn put_stop_words(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The sets: at most 200 in all.")] stop_words: Vec<StopWordSetInput>,
    ) -> Result<SearchRulesPayload, Failure> {
        let stop_words = search_rules::parsed("stopWords", stop_words, StopWordSetInput::parsed)?;
        search_rules::put(Services::of(ctx)?, RuleDocument { stop_words, ..RuleDocument::default() }).await
    }

    /// Stores up to 100 rules, like `putSynonyms`. Scope: ADMIN.
    async fn put_rules(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The rules: at most 1,000 in all.")] rules: Vec<SearchRuleInput>,
    ) -> Result<SearchRulesPayload, Failure> {
        let services = Services::of(ctx)?;
        let attributes = services.search.attributes();
        let rules = search_rules::parsed("rules", rules, |rule: SearchRuleInput, path| {
            rule.parsed(path, &attributes)
        })?;
        search_rules::put(services, RuleDocument { rules, ..RuleDocument::default() }).await
    }

    /// Deletes sets of synonyms; unknown ids are ignored. Scope: ADMIN.
    async fn delete_synonyms(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The ids of the sets: at most 100.")] ids: Vec<ID>,
    ) -> Result<SearchRulesPayload, Failure> {
        search_rules::delete(Services::of(ctx)?, RuleKind::Synonyms, ids).await
    }

    /// Deletes sets of stop words; unknown ids are ignored. Scope: ADMIN.
    async fn delete_stop_words(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The ids of the sets: at most 100.")] ids: Vec<ID>,
    ) -> Result<SearchRulesPayload, Failure> {
        search_rules::delete(Services::of(ctx)?, RuleKind::StopWords, ids).await
    }

    /// Deletes rules; unknown ids are ignored. Scope: ADMIN.
    async fn delete_rules(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The ids of the rules: at most 100.")] ids: Vec<ID>,
    ) -> Result<SearchRulesPayload, Failure> {
        search_rules::delete(Services::of(ctx)?, RuleKind::Rule, ids).await
    }

    /// Starts a crawl of a configured source, or returns the running one. Scope: ADMIN.
    async fn start_crawl(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The name of the source.")] source: String,
        #[graphql(
            default,
            desc = "Let this crawl delete documents that the upstream no longer has, even beyond the configured share."
        )]
        allow_shrink: Flag<false>,
    ) -> Result<Crawl, Failure> {
        let services = Services::of(ctx)?;
        let source = crawled_source(services, &source).await?;
        Ok(Crawl(services.crawls.begin(&source, allow_shrink.0, Utc::now()).await?))
    }

    /// Requests the first pages of a configured source, and returns what they contain and what is wrong with its
    /// settings. Stores nothing. Scope: ADMIN.
    async fn preview_source(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The name of the source.")] source: String,
        #[graphql(desc = "The number of pages: 2 by default, at most 5.")] pages: Option<i32>,
    ) -> Result<SourcePreview, Failure> {
        let services = Services::of(ctx)?;
        let source = crawled_source(services, &source).await?;
        let pages = pages.unwrap_or(2);
        let count = usize::try_from(pages).ok().filter(|count| (1..=MAX_PREVIEWED_PAGES).contains(count));
        let count = count.ok_or_else(|| {
            let problem = format!("must be from 1 to {MAX_PREVIEWED_PAGES}, but is {pages}");
            Failure::bad_input("pages", problem)
        })?;
        Ok(SourcePreview(services.crawls.preview(&source, count).await?))
    }
}

/// Returns the crawled source with a name.
async fn crawled_source(services: &Services, name: &str) -> Result<SourceName, Failure> {
    let crawled = services.crawls.sources();
    if let Some(source) = crawled.iter().find(|source| source.as_str() == name) {
        return Ok(source.clone());
    }
    let is_stored = services.store.sources().await?.iter().any(|stored| stored.as_str() == name);
    Err(if is_stored { not_crawled(name) } else { unknown_source(name, "Crawled", &crawled) })
}

/// The failure for a source of clients, and for one that is no longer configured.
fn not_crawled(name: &str) -> Failure {
    let message = format!(
        "The source {} is not crawled, because the settings have no `url` for it. Send its documents by \
         `indexDocuments`, or add the `url`.",
        Quoted(name)
    );
    Failure::new(ErrorCode::NotFound, message)
}

/// The failure for a source that is not among `known`, which are all sources of a `kind`.
pub(super) fn unknown_source(name: &str, kind: &str, known: &[SourceName]) -> Failure {
    let known: Vec<_> = known.iter().map(|source| Quoted(source.as_str()).to_string()).collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    Failure::new(
        ErrorCode::NotFound,
        format!("The source {} does not exist. {kind} sources: {known}.", Quoted(name)),
    )
}

/// Returns true for a keystroke that the settings exclude.
fn is_excluded(ctx: &Context<'_>, services: &Services, keystroke: &Keystroke) -> bool {
    let key = ctx.data_opt::<Principal>().and_then(Principal::key);
    let user_agent = ctx.data_opt::<UserAgent>().map(|UserAgent(text)| &**text);
    services.keystrokes.exclusions.exclude(Sender { key, user_agent }, &keystroke.session)
}

/// Buffers a keystroke; returns true if the buffer accepted it.
pub(super) async fn buffer_keystroke(ctx: &Context<'_>, keystroke: Keystroke) -> Result<bool, Failure> {
    let services = Services::of(ctx)?;
    if is_excluded(ctx, services, &keystroke) {
        return Ok(false);
    }
    let appended = services.keystrokes.buffer.append(&[keystroke]).await?;
    if appended.contains(&AppendOutcome::Full) {
        return Err(Failure::buffer_full(0, 1));
    }
    Ok(appended.contains(&AppendOutcome::Accepted))
}

async fn wait_for_index(services: &Services, revision: Revision, done: &str) -> Result<(), Failure> {
    if services.index.wait_for(revision, services.index_timeout).await {
        return Ok(());
    }
    Err(Failure::new(
        ErrorCode::Timeout,
        format!(
            "The documents are {done}, but the index does not reflect it yet. Searches will soon; do not retry."
        ),
    ))
}
