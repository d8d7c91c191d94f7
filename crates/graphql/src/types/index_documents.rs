use async_graphql::{Context, InputObject, Object};

use super::{Document, DocumentInput, int};
use crate::error::Failure;
use crate::list::List;
use crate::scalars::Flag;
use crate::services::Services;
use quarry_domain::DocumentId;
use quarry_store::UpsertOutcome;

/// Documents to store and index.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct IndexDocumentsInput {
    /// The documents, at most 1,000. Of two with the same source and key the last one counts.
    pub(crate) documents: Vec<DocumentInput>,
    /// Return only when searches find the documents. Without it they are found a moment later.
    #[graphql(default)]
    pub(crate) wait: Flag<true>,
}

/// What `indexDocuments` did, as GraphQL shows it.
pub(crate) struct IndexDocumentsPayload {
    pub(crate) outcome: UpsertOutcome,
    pub(crate) ids: Vec<DocumentId>,
}

/// What `indexDocuments` did.
#[Object]
impl IndexDocumentsPayload {
    /// Documents that were new.
    async fn inserted(&self) -> i32 {
        int(self.outcome.inserted)
    }

    /// Documents whose content changed.
    async fn updated(&self) -> i32 {
        int(self.outcome.updated)
    }

    /// Documents that were already stored as they are.
    async fn unchanged(&self) -> i32 {
        int(self.outcome.unchanged)
    }

    /// The documents as they are stored now, in the order of the input.
    async fn documents(&self, ctx: &Context<'_>) -> Result<List<Vec<Document>>, Failure> {
        // Not through a loader: what was just written is read back fresh.
        let found = Services::of(ctx)?.store.documents_by_id(&self.ids).await?;
        Ok(self.ids.iter().filter_map(|id| found.get(id).cloned()).map(Document::from).collect())
    }
}
