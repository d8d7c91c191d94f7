use async_graphql::{ID, OneofObject, SimpleObject};

use super::keystroke_input::invalid;
use crate::domain::{Searcher, SessionId, UserId};
use crate::graphql::error::Failure;

/// Whose searches to erase.
#[derive(Clone, Debug, OneofObject)]
pub(in crate::graphql) enum EraseSearcherInput {
    /// Everything of this session.
    SessionId(ID),
    /// Everything of this user, in whatever session.
    UserId(ID),
}

impl EraseSearcherInput {
    /// Who it is.
    pub(in crate::graphql) fn checked(&self) -> Result<Searcher, Failure> {
        match self {
            Self::SessionId(id) => SessionId::parse(id).map(Searcher::Session),
            Self::UserId(id) => UserId::parse(id).map(Searcher::User),
        }
        .map_err(|error| invalid("input", &error))
    }
}

/// What `eraseSearcher` erased.
#[derive(Clone, Debug, SimpleObject)]
pub(in crate::graphql) struct EraseSearcherPayload {
    /// Logged searches.
    pub(in crate::graphql) searches: i32,
    /// Keystrokes that were not logged yet.
    pub(in crate::graphql) buffered_keystrokes: i32,
    /// Clicks and conversions.
    pub(in crate::graphql) interactions: i32,
}
