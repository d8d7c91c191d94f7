use async_graphql::{ID, OneofObject, SimpleObject};

use super::keystroke_input::invalid;
use crate::failure::Failure;
use quarry_domain::{Searcher, SessionId, UserId};

/// The session or the user whose data to erase.
#[derive(Clone, Debug, OneofObject)]
pub(crate) enum EraseSearcherInput {
    /// Erase the data of this session.
    SessionId(ID),
    /// Erase the data of this user in all sessions.
    UserId(ID),
}

impl EraseSearcherInput {
    /// Validates the id.
    pub(crate) fn checked(&self) -> Result<Searcher, Failure> {
        match self {
            Self::SessionId(id) => SessionId::parse(id).map(Searcher::Session),
            Self::UserId(id) => UserId::parse(id).map(Searcher::User),
        }
        .map_err(|error| invalid("input", &error))
    }
}

/// The result of `eraseSearcher`.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct EraseSearcherPayload {
    /// The number of erased searches.
    pub(crate) searches: i32,
    /// The number of erased keystrokes that were not logged yet.
    pub(crate) buffered_keystrokes: i32,
    /// The number of erased clicks and conversions.
    pub(crate) interactions: i32,
}
