use std::collections::{HashMap, HashSet};

use super::hash::PREFIX;
use crate::graphql::Api;

/// The documents of a file as the client preset of GraphQL Code Generator writes it.
///
/// The file is a JSON object of documents by their hashes; any hash function will do.
#[derive(Debug)]
pub struct TrustedDocuments {
    by_id: HashMap<String, String>,
    texts: HashSet<String>,
}

/// An unusable file of trusted documents. Names entries by their ids, not by their texts.
#[derive(Debug, thiserror::Error)]
pub enum TrustedDocumentsError {
    /// The file has another format.
    #[error("it must be a JSON object of documents by their hashes: {0}")]
    Malformed(String),
    /// A document does not fit the schema, or exceeds a limit.
    #[error("the document \"{id}\" cannot be run: {reason}")]
    Invalid {
        /// The id of the entry.
        id: String,
        /// The errors of its validation.
        reason: String,
    },
}

impl TrustedDocuments {
    /// Reads a file and checks each document against the schema and the limits.
    pub async fn read(json: &[u8], api: &Api) -> Result<Self, TrustedDocumentsError> {
        let by_id: HashMap<String, String> = serde_json::from_slice(json)
            .map_err(|error| TrustedDocumentsError::Malformed(error.to_string()))?;
        let mut ids: Vec<_> = by_id.keys().collect();
        ids.sort();
        for id in ids {
            if let Err(errors) = api.check(&by_id[id]).await {
                let reasons: Vec<_> = errors.iter().map(|error| error.message.as_str()).collect();
                return Err(TrustedDocumentsError::Invalid { id: id.clone(), reason: reasons.join("; ") });
            }
        }
        let texts = by_id.values().cloned().collect();
        let without_prefix = |id: String| id.strip_prefix(PREFIX).map(str::to_owned).unwrap_or(id);
        Ok(Self { by_id: by_id.into_iter().map(|(id, text)| (without_prefix(id), text)).collect(), texts })
    }

    /// The number of documents.
    pub fn count(&self) -> usize {
        self.by_id.len()
    }

    /// The document of an id, with or without its prefix.
    pub(super) fn get(&self, id: &str) -> Option<&str> {
        self.by_id.get(id.strip_prefix(PREFIX).unwrap_or(id)).map(String::as_str)
    }

    /// Returns true if a text equals one of the documents.
    pub(super) fn contains_text(&self, text: &str) -> bool {
        self.texts.contains(text)
    }
}
