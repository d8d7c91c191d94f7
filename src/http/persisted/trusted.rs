use std::collections::{HashMap, HashSet};

use super::hash::PREFIX;
use crate::graphql::Api;

/// The documents of a file as the client preset of GraphQL Code Generator writes it: a JSON object of
/// documents by their hashes. Which hash it is does not matter here.
#[derive(Debug)]
pub struct Trusted {
    by_name: HashMap<String, String>,
    texts: HashSet<String>,
}

/// Why a file of trusted documents cannot be used. Entries are called by their names, not by their texts.
#[derive(Debug, thiserror::Error)]
pub enum TrustedError {
    /// It is no such file.
    #[error("it must be a JSON object of documents by their hashes: {0}")]
    Malformed(String),
    /// A document does not fit the schema, or is over a limit.
    #[error("the document \"{name}\" cannot be run: {reason}")]
    Invalid {
        /// The name of the entry.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Trusted {
    /// Reads a file and checks each document against the schema and the limits.
    pub async fn read(json: &[u8], api: &Api) -> Result<Self, TrustedError> {
        let by_name: HashMap<String, String> =
            serde_json::from_slice(json).map_err(|error| TrustedError::Malformed(error.to_string()))?;
        let mut names: Vec<_> = by_name.keys().collect();
        names.sort();
        for name in names {
            if let Err(errors) = api.check(&by_name[name]).await {
                let reasons: Vec<_> = errors.iter().map(|error| error.message.as_str()).collect();
                return Err(TrustedError::Invalid { name: name.clone(), reason: reasons.join("; ") });
            }
        }
        let texts = by_name.values().cloned().collect();
        let bare = |name: String| name.strip_prefix(PREFIX).map(str::to_owned).unwrap_or(name);
        Ok(Self { by_name: by_name.into_iter().map(|(name, text)| (bare(name), text)).collect(), texts })
    }

    /// How many documents there are.
    pub fn count(&self) -> usize {
        self.by_name.len()
    }

    /// The document of a name, with or without its prefix.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.by_name.get(name.strip_prefix(PREFIX).unwrap_or(name)).map(String::as_str)
    }

    /// Whether a text is one of the documents, to the letter.
    pub(super) fn holds(&self, text: &str) -> bool {
        self.texts.contains(text)
    }
}
