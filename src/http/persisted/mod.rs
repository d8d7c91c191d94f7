//! Documents that clients send by id instead of by text.
//!
//! - [`TrustedDocuments`]: those of the operator's file; with `only_trusted`, no others run.
//! - [`ApqCache`]: those that a client sent once with their hash, as Apollo's automatic persisted queries
//!   define it.
//!
//! An id stands for a text and nothing else: all checks of operations come after it is resolved.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_graphql::ServerError;

use crate::graphql::{Api, ErrorCode, request_error};

mod apq_cache;
mod document_ref;
mod hash;
mod trusted;

pub use apq_cache::ApqCache;
use document_ref::ResolvedDocument;
pub(super) use document_ref::{DocumentRef, PersistedQueryExtension};
use hash::Hash;
pub use trusted::{TrustedDocuments, TrustedDocumentsError};

/// The documents that clients may send by id. Clones share them.
#[derive(Clone, Default)]
pub struct PersistedQueries(Arc<KnownDocuments>);

#[derive(Default)]
struct KnownDocuments {
    trusted: RwLock<Option<Arc<TrustedDocuments>>>,
    only_trusted: bool,
    automatic: Option<ApqCache>,
    max_age: Duration,
}

impl PersistedQueries {
    /// Combines trusted documents and automatic ones; `only_trusted` excludes the latter.
    ///
    /// Clients may cache the answer to a GET query that they send by id for `max_age`.
    pub fn new(
        trusted: Option<TrustedDocuments>,
        only_trusted: bool,
        automatic: Option<ApqCache>,
        max_age: Duration,
    ) -> Self {
        let trusted = RwLock::new(trusted.map(Arc::new));
        Self(Arc::new(KnownDocuments { trusted, only_trusted, automatic, max_age }))
    }

    /// The time for which clients may cache an answer; zero disables caching.
    pub(super) fn max_age(&self) -> Duration {
        self.0.max_age
    }

    /// Replaces the trusted documents.
    pub fn replace_trusted(&self, trusted: Option<TrustedDocuments>) {
        *self.0.trusted.write().unwrap_or_else(PoisonError::into_inner) = trusted.map(Arc::new);
    }

    /// Accepts a text that came without an id.
    fn admit(&self, text: String) -> Result<ResolvedDocument, ServerError> {
        let is_trusted = |text: &str| self.trusted().is_some_and(|trusted| trusted.contains_text(text));
        if self.0.only_trusted && !is_trusted(&text) {
            return Err(not_trusted());
        }
        Ok(ResolvedDocument::known(text))
    }

    /// Finds the document of an id, which may have come with its text.
    async fn find(&self, id: &str, text: Option<String>) -> Result<ResolvedDocument, ServerError> {
        let trusted = self.trusted();
        if let Some(known) = trusted.as_ref().and_then(|trusted| trusted.get(id)) {
            let matches = text.is_none_or(|text| text == known);
            return if matches { Ok(ResolvedDocument::known(known.to_owned())) } else { Err(mismatch()) };
        }
        if self.0.only_trusted {
            return Err(not_trusted());
        }
        let (hash, automatic) = (Hash::parse(id), self.0.automatic.as_ref());
        if let Some(text) = text {
            let hash = hash.filter(|hash| *hash == Hash::of(&text)).ok_or_else(mismatch)?;
            let is_unsaved = match automatic {
                Some(automatic) => !automatic.contains_locally(hash).await,
                None => false,
            };
            return Ok(ResolvedDocument { text, unsaved: is_unsaved.then_some(hash) });
        }
        let known = match (automatic, hash) {
            (Some(automatic), Some(hash)) => automatic.get(hash).await,
            _ => None,
        };
        known.map(ResolvedDocument::known).ok_or_else(|| {
            // Apollo's clients know both messages; after the first they send no more hashes.
            if automatic.is_none() && trusted.is_none() {
                request_error(ErrorCode::PersistedQueryNotSupported, "PersistedQueryNotSupported")
            } else {
                request_error(ErrorCode::PersistedQueryNotFound, "PersistedQueryNotFound")
            }
        })
    }

    /// Saves a valid document under its hash.
    pub(super) async fn save(&self, hash: Hash, text: &str, api: &Api) {
        if let Some(automatic) = &self.0.automatic
            && api.check(text).await.is_ok()
        {
            automatic.put(hash, text).await;
        }
    }

    fn trusted(&self) -> Option<Arc<TrustedDocuments>> {
        self.0.trusted.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn mismatch() -> ServerError {
    request_error(ErrorCode::BadUserInput, "provided sha does not match query")
}

fn not_trusted() -> ServerError {
    request_error(
        ErrorCode::PersistedQueryOnly,
        "This server runs trusted documents only, and this one is not trusted. Add it to the file that \
         persisted.documents names, send the server SIGHUP, and send its hash as documentId.",
    )
}
