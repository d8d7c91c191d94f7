use async_graphql::ServerError;
use serde::Deserialize;
use serde_json::Number;

use super::PersistedQueries;
use super::hash::Hash;
use crate::http::http_error::{HttpError, OperationRejection};

/// The reference of an operation to its document: its text, its id, or both.
#[derive(Default)]
pub(in crate::http) struct DocumentRef {
    pub(in crate::http) text: Option<String>,
    pub(in crate::http) id: Option<String>,
    pub(in crate::http) persisted: Option<PersistedQueryExtension>,
}

/// The extension `persistedQuery`, with which Apollo's clients send the id.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(in crate::http) struct PersistedQueryExtension {
    version: Number,
    #[serde(rename = "sha256Hash")]
    hash: String,
}

/// The text of a document, found by its reference.
pub(in crate::http) struct ResolvedDocument {
    pub(super) text: String,
    /// The hash that the text came with and under which it is not saved yet.
    pub(super) unsaved: Option<Hash>,
}

impl DocumentRef {
    /// Returns true for an id without its text.
    pub(in crate::http) fn is_id_only(&self) -> bool {
        self.text.is_none() && (self.persisted.is_some() || self.id.is_some())
    }

    /// Finds the document to run.
    pub(in crate::http) async fn resolve(
        self,
        queries: &PersistedQueries,
    ) -> Result<ResolvedDocument, OperationRejection> {
        let text = self.text.filter(|text| !text.trim().is_empty());
        if self.persisted.as_ref().is_some_and(|persisted| persisted.version.as_u64() != Some(1)) {
            return Err(HttpError::bad_request("Unsupported persisted query version: send version 1.").into());
        }
        let id = self.id.filter(|id| !id.is_empty()).or(self.persisted.map(|persisted| persisted.hash));
        let found: Result<ResolvedDocument, ServerError> = match (id, text) {
            (Some(id), text) => queries.find(&id, text).await,
            (None, Some(text)) => queries.admit(text),
            (None, None) => {
                return Err(HttpError::bad_request(
                    "The request has no query: send a GraphQL document in \"query\", or its id in \"documentId\".",
                )
                .into());
            }
        };
        found.map_err(|error| OperationRejection::Operation(vec![error]))
    }
}

impl ResolvedDocument {
    pub(super) fn known(text: String) -> Self {
        Self { text, unsaved: None }
    }

    /// The text to run, and its hash with a copy if it is to be saved.
    pub(in crate::http) fn into_parts(self) -> (String, Option<(Hash, String)>) {
        let unsaved = self.unsaved.map(|hash| (hash, self.text.clone()));
        (self.text, unsaved)
    }
}
