//! The log of searches: one row each, and roll-ups for reports.
//!
//! - `intake`: idempotent inserts.
//! - `superseding`: rows that later typing supersedes.
//! - `facts`: conditions on the facts about the requests of searches.
//! - `reading`: pages, counts and rows by id, with an index for each filter.
//! - `popular`: popular searches, for completions.
//! - `rollups`: counts of each query by hour, and of all searches by quarter of an hour.
//! - `days`: counts of each query by day, computed from hours in the background.
//! - `sketch`, `sketching`: sketches of distinct sessions for completed hours and days.
//! - `reports`: top searches, searches without results, and volume.
//! - `erasure`: the permanent deletion of a person's searches.
//! - `removal`: the deletion of rows together with their counts.
//! - `retention`: the deletion of old searches, within a daily budget.
//!
//! At every commit, the roll-ups by query and the quarters are the exact sums of the rows. Hours are in UTC, by the
//! last keystroke. A report sums whole hours of its period and counts the rows at both ends.
//!
//! Distinct sessions are not additive, so rows are counted by an index by query and time; for many searches,
//! sketches estimate them.
//!
//! Deliberately not here: the end of a search, and the normalization of queries. Callers define both.

use chrono::TimeDelta;
use quarry_domain::{
    FinalReason, FoundTier, LoggedSearch, LoggedSearchId, MatchTier, SearchContext, SessionId, UserId,
};

use super::entity::search_logs::Model;
use super::failure::CallFailure;

pub use self::popular::{ErasureMark, PopularSearch, SearchLogMark};
pub use self::retention::{RetentionHold, RetentionOutcome, RetentionTerms};

mod days;
pub(super) mod erasure;
pub(super) mod facts;
mod intake;
mod popular;
mod reading;
mod removal;
mod reports;
mod retention;
mod rollups;
mod sketch;
mod sketching;
mod superseding;

/// The time without changes after which a completed day or hour is rolled up.
///
/// Searches reach the log some time after their last keystroke.
const QUIET: TimeDelta = TimeDelta::minutes(5);
/// The stored length of a query key in characters: some databases cannot index longer texts.
///
/// Searches with the same first characters count as one query.
const QUERY_KEY_CHARS: usize = 256;

/// The stored form of a query key.
fn stored_key(query_key: &str) -> String {
    without_nul(&query_key.chars().take(QUERY_KEY_CHARS).collect::<String>())
}

/// Replaces NUL, which PostgreSQL rejects: one search must not fail the others of a call.
fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

fn logged(row: Model) -> Result<LoggedSearch, CallFailure> {
    let session = SessionId::parse(&row.session_id).map_err(|_| CallFailure::unreadable("session id"))?;
    let user = row.user_id.as_deref().map(UserId::parse).transpose();
    Ok(LoggedSearch {
        id: LoggedSearchId(row.id),
        revision: row.revision,
        session,
        user: user.map_err(|_| CallFailure::unreadable("user id"))?,
        query: row.query,
        truncated: row.truncated,
        keystrokes: row.keystrokes,
        result_count: row.result_count,
        tier: found_tier(row.tier.as_deref(), row.relaxed),
        context: SearchContext::stored(row.context.unwrap_or_default()),
        reason: reason(&row.reason).ok_or_else(|| CallFailure::unreadable("final reason"))?,
        started_at: row.started_at.to_utc(),
        last_keystroke_at: row.last_keystroke_at.to_utc(),
        logged_at: row.logged_at.to_utc(),
    })
}

/// Reads a tier; a name of a later version is unknown.
fn found_tier(name: Option<&str>, relaxed: Option<bool>) -> Option<FoundTier> {
    let tiers = [MatchTier::AllWords, MatchTier::Typos, MatchTier::AnyWord];
    let last = tiers.into_iter().find(|tier| Some(tier.name()) == name)?;
    Some(FoundTier { last, relaxed: relaxed.unwrap_or_default() })
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
