use async_graphql::{ID, OneofObject, SimpleObject};

use super::keystroke_input::invalid;
use crate::error::Failure;
use quarry_domain::{Searcher, SessionId, UserId};

/// Whose searches to erase.
#[derive(Clone, Debug, OneofObject)]
pub(crate) enum EraseSearcherInput {
    /// Everything of this session.
    SessionId(ID),
    /// Everything of this user, in whatever session.
    UserId(ID),
}

impl EraseSearcherInput {
    /// Who it is.
    pub(crate) fn checked(&self) -> Result<Searcher, Failure> {
        match self {
            Self::SessionId(id) => SessionId::parse(id).map(Searcher::Session),
            Self::UserId(id) => UserId::parse(id).map(Searcher::User),
        }
        .map_err(|error| invalid("input", &error))
    }
}

/// What `eraseSearcher` erased.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct EraseSearcherPayload {
    /// Logged searches.
    pub(crate) searches: i32,
    /// Keystrokes that were not logged yet.
    pub(crate) buffered_keystrokes: i32,
    /// Clicks and conversions.
    pub(crate) interactions: i32,
}
