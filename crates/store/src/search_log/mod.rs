//! The log of searches: one row for each search, and what reports add up of them.
//!
//! - `intake`: rows in, each id once, whoever brings it and how often.
//! - `reading`: pages, counts and rows by id, each filter by an index of its own.
//! - `popular`: what many people searched for.
//! - `rollups`: searches of each query by the hour, and of all by the quarter of an hour.
//! - `days`: searches of each query by the day, made of those by the hour in the background.
//! - `sketch`, `sketching`: distinct sessions of hours and days that are over, more or less.
//! - `reports`: what is read of these.
//! - `erasure`: what is kept of a person goes, and does not come back by a flush under way.
//! - `removal`: rows out, from the roll-ups too.
//! - `retention`: what is too old goes, and not all at once.
//!
//! At every commit, the roll-ups by query are the exact sums of the rows, and so are those of all
//! searches but for what got too old, which they go on to count: they hold no text. Hours are UTC's
//! and go by the last keystroke. A report of any period adds up whole hours and counts the rows at
//! its two ends.
//!
//! Distinct sessions do not add up, so they are counted in the rows, which a query's index has in
//! order of time; where that are many, sketches estimate them.
//!
//! Deliberately not here: what a search is, and what its spellings are compared by. The caller
//! says.

use quarry_domain::{FinalReason, LoggedSearch, LoggedSearchId, SessionId, UserId};

use super::entity::search_logs::Model;
use super::failure::Failure;

pub use self::popular::{ErasureMark, PopularSearch, SearchLogMark};
pub use self::retention::{RetentionHold, RetentionOutcome, RetentionTerms};

mod days;
pub(super) mod erasure;
mod intake;
mod popular;
mod reading;
mod removal;
mod reports;
mod retention;
mod rollups;
mod sketch;
mod sketching;

/// What is kept of the text that searches are compared by, in characters: longer ones cannot be
/// indexed everywhere. Searches that are the same up to here count as one query.
const QUERY_KEY_CHARS: usize = 256;

/// The text that searches are compared by, as it is stored.
fn stored_key(query_key: &str) -> String {
    without_nul(&query_key.chars().take(QUERY_KEY_CHARS).collect::<String>())
}

/// PostgreSQL cannot keep a NUL; a search with one must not hold up those that come with it.
fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

fn logged(row: Model) -> Result<LoggedSearch, Failure> {
    let session = SessionId::parse(&row.session_id).map_err(|_| Failure::unreadable("session id"))?;
    let user = row.user_id.as_deref().map(UserId::parse).transpose();
    Ok(LoggedSearch {
        id: LoggedSearchId(row.id),
        session,
        user: user.map_err(|_| Failure::unreadable("user id"))?,
        query: row.query,
        truncated: row.truncated,
        keystrokes: row.keystrokes,
        result_count: row.result_count,
        reason: reason(&row.reason).ok_or_else(|| Failure::unreadable("final reason"))?,
        started_at: row.started_at.to_utc(),
        last_keystroke_at: row.last_keystroke_at.to_utc(),
        logged_at: row.logged_at.to_utc(),
    })
}

/// The name by which a reason is stored.
fn reason_name(reason: FinalReason) -> &'static str {
    match reason {
        FinalReason::Idle => "idle",
        FinalReason::Submitted => "submitted",
        FinalReason::Replaced => "replaced",
        FinalReason::Cleared => "cleared",
        FinalReason::UserChanged => "user_changed",
        FinalReason::Limit => "limit",
        FinalReason::Shutdown => "shutdown",
    }
}

fn reason(name: &str) -> Option<FinalReason> {
    Some(match name {
        "idle" => FinalReason::Idle,
        "submitted" => FinalReason::Submitted,
        "replaced" => FinalReason::Replaced,
        "cleared" => FinalReason::Cleared,
        "user_changed" => FinalReason::UserChanged,
        "limit" => FinalReason::Limit,
        "shutdown" => FinalReason::Shutdown,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_cut_between_characters_and_hold_no_nul() {
        assert_eq!(stored_key("a\0b"), "a\u{fffd}b");
        assert_eq!(stored_key(&"🦀".repeat(300)), "🦀".repeat(QUERY_KEY_CHARS));
    }
}
