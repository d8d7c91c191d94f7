use async_graphql::{ID, InputObject, SimpleObject};

use crate::scalars::Flag;

/// Documents to remove.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct DeleteDocumentsInput {
    /// Their ids, at most 1,000. Ids of documents that are not there are passed over.
    pub(crate) ids: Vec<ID>,
    /// Return only when searches no longer find the documents.
    #[graphql(default)]
    pub(crate) wait: Flag<true>,
}

/// What `deleteDocuments` did.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct DeleteDocumentsPayload {
    /// Documents that were there and are gone.
    pub(crate) deleted: i32,
}
