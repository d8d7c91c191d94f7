//! Keystrokes and searches for tests.

use uuid::Uuid;

use crate::{FoldedSearch, RememberedSearch, SearchTrace};
use quarry_domain::{FinalReason, InputId, Keystroke, LoggedSearchId, SearchContext, SessionId, Timestamp};

/// Creates a keystroke of an anonymous user in the default input.
pub(crate) fn stroke(session: &str, text: &str) -> Keystroke {
    Keystroke {
        session: SessionId::parse(session).unwrap(),
        user: None,
        input: InputId::default(),
        text: text.to_owned(),
        sequence: None,
        submitted: false,
        result_count: None,
        composing: false,
        context: SearchContext::default(),
    }
}

/// A stored search with this text.
pub(crate) fn remembered(query: &str) -> RememberedSearch {
    let at = Timestamp::UNIX_EPOCH;
    let search = FoldedSearch {
        user: None,
        query: query.to_owned(),
        truncated: false,
        keystrokes: 1,
        result_count: None,
        context: SearchContext::default(),
        reason: FinalReason::Idle,
        started_at: at,
        last_keystroke_at: at,
    };
    let (id, trace) = (LoggedSearchId(Uuid::nil()), SearchTrace::default());
    RememberedSearch { id, revision: 1, search, trace }
}
