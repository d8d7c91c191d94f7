use std::sync::OnceLock;

use async_graphql::ID;

use quarry_domain::{QueryDigest, SearchId, SessionId, Timestamp, query_key};
use quarry_keystroke::Mask;

/// The id of a search response, which is computed if it is selected.
pub(crate) struct ResponseId {
    query: String,
    /// The session of a tracked search.
    session: Option<SessionId>,
    at: Timestamp,
    mask: Option<Mask>,
    id: OnceLock<SearchId>,
}

impl ResponseId {
    /// Creates the id of a response that is sent now.
    pub(super) fn new(query: String, session: Option<SessionId>, mask: Option<Mask>) -> Self {
        Self { query, session, at: chrono::Utc::now(), mask, id: OnceLock::new() }
    }

    pub(super) fn get(&self) -> ID {
        ID(self.id.get_or_init(|| self.compute()).to_string())
    }

    /// The digest is that of the logged text, so that clicks on masked queries count.
    fn compute(&self) -> SearchId {
        let query = match &self.mask {
            Some(mask) => query_key(&mask.apply(&self.query)),
            None => query_key(&self.query),
        };
        SearchId::of_response(self.session.as_ref(), self.at, rand::random(), QueryDigest::of(&query))
    }
}
