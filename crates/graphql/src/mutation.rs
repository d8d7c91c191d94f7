//! Writing: one method per field of `Mutation`.

use std::collections::HashMap;

use async_graphql::parser::types::OperationType;
use async_graphql::{Context, Object};
use chrono::Utc;

use super::erasure;
use super::error::{ErrorCode, Failure};
use super::guard::RootGuard;
use super::ids::NodeId;
use super::quote::Quoted;
use super::scalars::Flag;
use super::services::Services;
use super::types::{
    Crawl, DeleteDocumentsInput, DeleteDocumentsPayload, EraseSearcherInput, EraseSearcherPayload,
    IndexDocumentsInput, IndexDocumentsPayload, LargestQuantity, LogKeystrokeInput, LogKeystrokePayload,
    LogKeystrokesPayload, RecordInteractionInput, RecordInteractionPayload, int,
};
use quarry_domain::{DocumentDraft, DocumentId, Revision, SourceName};
use quarry_keystroke::Appended;
use quarry_store::RecordOutcome;

/// The most documents of one call.
const MAX_DOCUMENTS: usize = 1_000;

/// The most keystrokes of one call.
const MAX_KEYSTROKES: usize = 100;

/// The mutation root.
pub(super) struct Mutation;

/// Writing: keystrokes, documents and crawls.
#[Object(guard = RootGuard(OperationType::Mutation))]
impl Mutation {
    /// Stores documents, or replaces those of the same source and key. If one cannot be taken, none is. Scope:
    /// ADMIN.
    async fn index_documents(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The documents.")] input: IndexDocumentsInput,
    ) -> Result<IndexDocumentsPayload, Failure> {
        check_count("input.documents", input.documents.len())?;
        let mut ids = Vec::with_capacity(input.documents.len());
        let mut drafts: Vec<DocumentDraft> = Vec::with_capacity(input.documents.len());
        let mut places: HashMap<DocumentId, usize> = HashMap::with_capacity(input.documents.len());
        for (index, document) in input.documents.into_iter().enumerate() {
            let draft = document.checked(&format!("input.documents.{index}"))?;
            let id = draft.id();
            ids.push(id);
            match places.get(&id) {
                Some(&place) => drafts[place] = draft,
                None => {
                    places.insert(id, drafts.len());
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

    /// Removes documents. Scope: ADMIN.
    async fn delete_documents(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The documents.")] input: DeleteDocumentsInput,
    ) -> Result<DeleteDocumentsPayload, Failure> {
        check_count("input.ids", input.ids.len())?;
        let mut ids = Vec::with_capacity(input.ids.len());
        for (index, id) in input.ids.iter().enumerate() {
            let Some(NodeId::Document(id)) = NodeId::parse(id) else {
                return Err(Failure::bad_input(format!("input.ids.{index}"), "is not the id of a document"));
            };
            ids.push(id);
        }
        let services = Services::of(ctx)?;
        let outcome = services.store.delete_documents(&ids).await?;
        if input.wait.0 {
            wait_for_index(services, outcome.revision, "removed").await?;
        }
        Ok(DeleteDocumentsPayload { deleted: int(outcome.deleted) })
    }

    /// Takes what a visitor's search box holds after a keystroke. Of all that is typed, only the most complete
    /// form of each search is logged: when nothing was typed for a while, or it was submitted. Returns once the
    /// keystroke is safe in the buffer. Scope: SEARCH.
    async fn log_keystroke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The keystroke.")] input: LogKeystrokeInput,
    ) -> Result<LogKeystrokePayload, Failure> {
        let keystroke = input.checked("input")?;
        let appended = Services::of(ctx)?.keystrokes.append(&[keystroke]).await?;
        if appended.contains(&Appended::Full) {
            return Err(Failure::buffer_full(0, 1));
        }
        Ok(LogKeystrokePayload { accepted: appended.contains(&Appended::Accepted) })
    }

    /// Takes up to 100 keystrokes, as `logKeystroke` does, in one step. If one cannot be taken, none is.
    /// Scope: SEARCH.
    async fn log_keystrokes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The keystrokes, at most 100, in the order in which they were typed.")] input: Vec<
            LogKeystrokeInput,
        >,
    ) -> Result<LogKeystrokesPayload, Failure> {
        if input.len() > MAX_KEYSTROKES {
            let problem = format_args!("may hold {MAX_KEYSTROKES} keystrokes, but holds {}", input.len());
            return Err(Failure::bad_input("input", problem));
        }
        let mut keystrokes = Vec::with_capacity(input.len());
        for (index, keystroke) in input.into_iter().enumerate() {
            keystrokes.push(keystroke.checked(&format!("input.{index}"))?);
        }
        let appended = Services::of(ctx)?.keystrokes.append(&keystrokes).await?;
        let accepted = appended.iter().filter(|appended| **appended == Appended::Accepted).count();
        if appended.contains(&Appended::Full) {
            return Err(Failure::buffer_full(accepted, keystrokes.len()));
        }
        Ok(LogKeystrokesPayload { accepted: int(accepted) })
    }

    /// Records a click on, or a conversion of, a document. Returns once the database has it. Scope:
    /// SEARCH.
    async fn record_interaction(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What was done.")] input: RecordInteractionInput,
    ) -> Result<RecordInteractionPayload, Failure> {
        let interaction = input.checked(Utc::now(), LargestQuantity::of(ctx))?;
        match Services::of(ctx)?.interactions.record(interaction).await? {
            RecordOutcome::Recorded | RecordOutcome::Repeated => {
                Ok(RecordInteractionPayload { accepted: true })
            }
            RecordOutcome::Erased => Ok(RecordInteractionPayload { accepted: false }),
            RecordOutcome::UnknownDocument => Err(Failure::new(
                ErrorCode::NotFound,
                "There is no such document: pass the id of one that was found.",
            )),
        }
    }

    /// Erases everything kept of a session or a user: what is buffered, what was logged, and interactions. Searches
    /// of that person that are being logged meanwhile are left out. When it returns, this server's suggestions and
    /// reports show nothing of that person any more; those of other servers follow within seconds. Scope: ADMIN.
    async fn erase_searcher(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose searches.")] input: EraseSearcherInput,
    ) -> Result<EraseSearcherPayload, Failure> {
        let searcher = input.checked()?;
        erasure::erase(Services::of(ctx)?, searcher).await
    }

    /// Starts a crawl of a configured source, or returns the one that is running. Scope: ADMIN.
    async fn start_crawl(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The source's name.")] source: String,
        #[graphql(
            default,
            desc = "Let this crawl remove what vanished upstream even where that is more than the configured share."
        )]
        allow_shrink: Flag<false>,
    ) -> Result<Crawl, Failure> {
        let services = Services::of(ctx)?;
        let source = services
            .sources
            .iter()
            .find(|configured| configured.as_str() == source)
            .ok_or_else(|| unknown_source(&source, &services.sources))?;
        let crawl = services.store.begin_crawl(source, allow_shrink.0, Utc::now()).await?;
        services.crawl_wanted.notify_one();
        Ok(Crawl(crawl))
    }
}

/// The failure for a source that is not among `known`.
pub(super) fn unknown_source(name: &str, known: &[SourceName]) -> Failure {
    let known: Vec<_> = known.iter().map(|source| Quoted(source.as_str()).to_string()).collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    Failure::new(ErrorCode::NotFound, format!("There is no source {}. There is: {known}.", Quoted(name)))
}

fn check_count(path: &str, count: usize) -> Result<(), Failure> {
    if count > MAX_DOCUMENTS {
        return Err(Failure::bad_input(
            path,
            format_args!("may hold {MAX_DOCUMENTS} entries, but holds {count}"),
        ));
    }
    Ok(())
}

async fn wait_for_index(services: &Services, revision: Revision, done: &str) -> Result<(), Failure> {
    if services.index.wait_for(revision, services.index_patience).await {
        return Ok(());
    }
    Err(Failure::new(
        ErrorCode::Timeout,
        format!("The documents are {done}, but searches do not show it yet. They will without another call."),
    ))
}
