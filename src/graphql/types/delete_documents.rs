use async_graphql::{ID, InputObject, SimpleObject};

use crate::graphql::scalars::Flag;

/// Documents to remove.
#[derive(Clone, Debug, InputObject)]
pub(in crate::graphql) struct DeleteDocumentsInput {
    /// Their ids, at most 1,000. Ids of documents that are not there are passed over.
    pub(in crate::graphql) ids: Vec<ID>,
    /// Return only when searches no longer find the documents.
    #[graphql(default)]
    pub(in crate::graphql) wait: Flag<true>,
}

/// What `deleteDocuments` did.
#[derive(Clone, Debug, SimpleObject)]
pub(in crate::graphql) struct DeleteDocumentsPayload {
    /// Documents that were there and are gone.
    pub(in crate::graphql) deleted: i32,
}
