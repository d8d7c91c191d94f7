use async_graphql::{ID, InputObject, SimpleObject};

use crate::scalars::Flag;

/// The documents to delete.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct DeleteDocumentsInput {
    /// The ids of the documents: at most 1,000. Ids without a document are ignored.
    pub(crate) ids: Vec<ID>,
    /// Wait until searches no longer find the documents.
    #[graphql(default)]
    pub(crate) wait: Flag<true>,
}

/// The result of `deleteDocuments`.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct DeleteDocumentsPayload {
    /// The number of deleted documents.
    pub(crate) deleted: i32,
}
