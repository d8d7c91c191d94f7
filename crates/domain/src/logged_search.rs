use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{FoundTier, SearchContext, SessionId, Timestamp, UserId};

/// The event that made a search final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FinalReason {
    /// The window passed without a keystroke.
    Idle,
    /// Enter was pressed or a suggestion chosen.
    Submitted,
    /// Unrelated text replaced the query.
    Replaced,
    /// The search box was cleared.
    Cleared,
    /// Another user logged in.
    UserChanged,
    /// The run exceeded a limit.
    Limit,
    /// The server stopped, and with it the buffer in its memory.
    Shutdown,
}

impl FinalReason {
    /// The name in the database and in exports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Submitted => "submitted",
            Self::Replaced => "replaced",
            Self::Cleared => "cleared",
            Self::UserChanged => "user_changed",
            Self::Limit => "limit",
            Self::Shutdown => "shutdown",
        }
    }
}

/// The id of a logged search, derived from the claimed run for idempotency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LoggedSearchId(pub Uuid);

/// A user's search in its most complete form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedSearch {
    /// The id.
    pub id: LoggedSearchId,
    /// The number of times that it was stored: above 1, this content supersedes earlier content.
    pub revision: i64,
    /// The user's session.
    pub session: SessionId,
    /// The user, if logged in.
    pub user: Option<UserId>,
    /// The query: trimmed, inner white space collapsed, private numbers masked.
    pub query: String,
    /// The query was cut to the longest stored length.
    pub truncated: bool,
    /// The number of keystrokes.
    pub keystrokes: i64,
    /// The number of documents found, if known.
    pub result_count: Option<i64>,
    /// The tiers that found them, if the server answered the search.
    #[serde(default)]
    pub tier: Option<FoundTier>,
    /// The facts about its request, masked like the query.
    #[serde(default)]
    pub context: SearchContext,
    /// The event that made it final.
    pub reason: FinalReason,
    /// The arrival of the first keystroke.
    pub started_at: Timestamp,
    /// The arrival of the last keystroke.
    pub last_keystroke_at: Timestamp,
    /// The time of logging.
    pub logged_at: Timestamp,
}

impl LoggedSearch {
    /// The tiers that found documents; `None` without results.
    pub fn tier_of_results(&self) -> Option<FoundTier> {
        self.tier.filter(|_| self.result_count != Some(0))
    }
}

/// The data subject of an erasure.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Searcher {
    /// All data of a session.
    Session(SessionId),
    /// All data of a user, in every session.
    User(UserId),
}
