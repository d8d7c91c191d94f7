//! Documents that clients send by name instead of by text.
//!
//! - [`Trusted`]: those of a file that the operator wrote; with `only_trusted`, no others run.
//! - [`Automatic`]: those that a client sent once, text and hash, as Apollo's automatic persisted
//!   queries do.
//!
//! A name stands for a text and nothing else: what holds for operations is checked after this.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_graphql::ServerError;

use super::request::Asked;
use crate::graphql::{Api, ErrorCode, refusal};

mod automatic;
mod hash;
mod trusted;

pub use automatic::Automatic;
use hash::Hash;
pub use trusted::{Trusted, TrustedError};

/// The documents that a server knows by name. Clones share them.
#[derive(Clone, Default)]
pub struct Documents(Arc<Known>);

#[derive(Default)]
struct Known {
    trusted: RwLock<Option<Arc<Trusted>>>,
    only_trusted: bool,
    automatic: Option<Automatic>,
    max_age: Duration,
}

/// The document that was asked for.
pub(super) struct Found {
    pub(super) text: String,
    /// The text came with this name, under which it is not kept yet.
    new: Option<Hash>,
}

impl Documents {
    /// Documents of a file, and those that clients send once; with `only_trusted` those of the file
    /// only.
    ///
    /// Clients may hold the answer to a query that they send by name with GET for `max_age`.
    pub fn new(
        trusted: Option<Trusted>,
        only_trusted: bool,
        automatic: Option<Automatic>,
        max_age: Duration,
    ) -> Self {
        let trusted = RwLock::new(trusted.map(Arc::new));
        Self(Arc::new(Known { trusted, only_trusted, automatic, max_age }))
    }

    /// The time for which clients may hold an answer; zero: not at all.
    pub(super) fn max_age(&self) -> Duration {
        self.0.max_age
    }

    /// From now on these are the trusted ones.
    pub fn replace_trusted(&self, trusted: Option<Trusted>) {
        *self.0.trusted.write().unwrap_or_else(PoisonError::into_inner) = trusted.map(Arc::new);
    }

    /// The text to run.
    pub(super) async fn find(&self, asked: Asked) -> Result<Found, ServerError> {
        let (known, trusted) = (&*self.0, self.0.trusted());
        let holds = |text: &str| trusted.as_ref().is_some_and(|trusted| trusted.holds(text));
        match asked {
            Asked::Text(text) if known.only_trusted && !holds(&text) => Err(not_trusted()),
            Asked::Text(text) => Ok(Found { text, new: None }),
            Asked::Named { name, text } => {
                if let Some(kept) = trusted.as_ref().and_then(|trusted| trusted.get(&name)) {
                    return if text.is_none_or(|text| text == kept) {
                        Ok(Found { text: kept.to_owned(), new: None })
                    } else {
                        Err(mismatch())
                    };
                }
                if known.only_trusted {
                    return Err(not_trusted());
                }
                known.find_automatic(&name, text, trusted.is_some()).await
            }
        }
    }

    /// Keeps a document that came with its name, if it is valid.
    pub(super) async fn keep(&self, name: Hash, text: &str, api: &Api) {
        if let Some(automatic) = &self.0.automatic
            && api.check(text).await.is_ok()
        {
            automatic.keep(name, text).await;
        }
    }
}

impl Found {
    /// What is to be kept of it, if anything.
    pub(super) fn into_parts(self) -> (String, Option<(Hash, String)>) {
        let new = self.new.map(|name| (name, self.text.clone()));
        (self.text, new)
    }
}

impl Known {
    fn trusted(&self) -> Option<Arc<Trusted>> {
        self.trusted.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn find_automatic(
        &self,
        name: &str,
        text: Option<String>,
        has_trusted: bool,
    ) -> Result<Found, ServerError> {
        let hash = Hash::parse(name);
        if let Some(text) = text {
            let hash = hash.filter(|hash| *hash == Hash::of(&text)).ok_or_else(mismatch)?;
            let is_new = match &self.automatic {
                Some(automatic) => !automatic.is_near(hash).await,
                None => false,
            };
            return Ok(Found { text, new: is_new.then_some(hash) });
        }
        let kept = match (&self.automatic, hash) {
            (Some(automatic), Some(hash)) => automatic.find(hash).await,
            _ => None,
        };
        match kept {
            Some(text) => Ok(Found { text, new: None }),
            // Apollo's clients know both messages; upon the first they send no more hashes.
            None if self.automatic.is_none() && !has_trusted => {
                Err(refusal(ErrorCode::PersistedQueryNotSupported, "PersistedQueryNotSupported"))
            }
            None => Err(refusal(ErrorCode::PersistedQueryNotFound, "PersistedQueryNotFound")),
        }
    }
}

fn mismatch() -> ServerError {
    refusal(ErrorCode::BadUserInput, "provided sha does not match query")
}

fn not_trusted() -> ServerError {
    refusal(
        ErrorCode::PersistedQueryOnly,
        "This server runs trusted documents only, and this is none. Add it to the file that persisted.documents \
         names, send the server SIGHUP, and send its hash as documentId.",
    )
}
