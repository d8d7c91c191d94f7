use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{SessionId, Timestamp, UserId};

/// Why a search was final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FinalReason {
    /// Nothing was typed for the window.
    Idle,
    /// Enter was pressed or a suggestion chosen.
    Submitted,
    /// Something unrelated was typed.
    Replaced,
    /// The box was emptied.
    Cleared,
    /// Another user logged in.
    UserChanged,
    /// The run was over a limit.
    Limit,
    /// The server stopped, and its buffer with it.
    Shutdown,
}

/// Identifies a logged search: derived from the claimed run that it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LoggedSearchId(pub Uuid);

/// One search of a visitor, in its most complete form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedSearch {
    /// Its id.
    pub id: LoggedSearchId,
    /// The visitor's session.
    pub session: SessionId,
    /// The visitor, where logged in.
    pub user: Option<UserId>,
    /// What was searched for: trimmed, inner white space collapsed, private numbers masked.
    pub query: String,
    /// The text was longer than what is kept.
    pub truncated: bool,
    /// How many keystrokes went into it.
    pub keystrokes: i64,
    /// How many documents it found, where known.
    pub result_count: Option<i64>,
    /// Why it was final.
    pub reason: FinalReason,
    /// When its first keystroke arrived.
    pub started_at: Timestamp,
    /// When its last keystroke arrived.
    pub last_keystroke_at: Timestamp,
    /// When it was logged.
    pub logged_at: Timestamp,
}

/// Whose searches to erase.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Searcher {
    /// Everything of a session.
    Session(SessionId),
    /// Everything of a user, in whatever session.
    User(UserId),
}
