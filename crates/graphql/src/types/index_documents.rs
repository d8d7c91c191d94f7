use async_graphql::{Context, InputObject, Object};

use super::{Document, DocumentInput, int};
use crate::failure::Failure;
use crate::list::List;
use crate::scalars::Flag;
use crate::services::Services;
use quarry_domain::DocumentId;
use quarry_store::UpsertOutcome;

/// The documents to store and index.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct IndexDocumentsInput {
    /// The documents: at most 1,000. Of several with the same source and key, the last one is stored.
    pub(crate) documents: Vec<DocumentInput>,
    /// Wait until searches find the documents. If false, they find them a moment later.
    #[graphql(default)]
    pub(crate) wait: Flag<true>,
}

/// The GraphQL type of the result of `indexDocuments`.
pub(crate) struct IndexDocumentsPayload {
    pub(crate) outcome: UpsertOutcome,
    pub(crate) ids: Vec<DocumentId>,
}

/// The result of `indexDocuments`.
#[Object]
impl IndexDocumentsPayload {
    /// The number of new documents.
    async fn inserted(&self) -> i32 {
        int(self.outcome.inserted)
    }

    /// The number of documents with changed content.
    async fn updated(&self) -> i32 {
        int(self.outcome.updated)
    }

    /// The number of documents already stored with the same content.
    async fn unchanged(&self) -> i32 {
        int(self.outcome.unchanged)
    }

    /// The stored documents, in the order of the input.
    async fn documents(&self, ctx: &Context<'_>) -> Result<List<Vec<Document>>, Failure> {
        // Not through a loader, which may have read the documents before they were written.
        let found = Services::of(ctx)?.store.documents_by_id(&self.ids).await?;
        Ok(self.ids.iter().filter_map(|id| found.get(id).cloned()).map(Document::from).collect())
    }
}
