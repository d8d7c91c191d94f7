//! The fold: from the keystrokes of one input to its searches in their most complete form. Pure.
//!
//! A run is split at pauses of the window, and each piece is sorted by the client's sequence. Each text is then
//! compared with the longest one so far, by [`comparison_key`]: it extends, shortens or corrects that text, or
//! is unrelated.
//!
//! [`comparison_key`]: quarry_domain::comparison_key
//!
//! # Rules
//!
//! The result should not depend on the frequency of the client's reports.
//!
//! - **The longest text counts, not the last.** `Business`, back to `Bus`, on to `Bush` are two searches:
//!   `Bush` is far from `Business`. A submission counts as it is.
//! - **A correction may be recognised late.** `Buziness`, back to `Bu`, then letter by letter to `Business`:
//!   `Bus` alone is another search, `Business` corrects the first. So a search that was replaced by a text with
//!   the same first letter is reopened once that text has become its correction.
//! - **Letter-by-letter changes in the middle or in front are successive corrections**: `shoes` to `red shoes`,
//!   `red running shoes` to `red shoes`. A change of more than two letters at once makes two searches.
//! - **A deletion is no correction.** If letters were only deleted, at any position, until less than half was
//!   left, and the box was then cleared or other text typed, the longest text stands: `cat`, `at`, `t`, empty is
//!   `cat`.
//! - **A submission that is deleted letter by letter** is no new search, unless text is typed, submitted or left
//!   in the box.
//! - **An input method** that converts phonetic input corrects it: `nihao` to `你好`. It composes at most 20
//!   letters at once and no white space: `jolly elevator` and `北京` are two searches. Korean syllables are
//!   compared by their letters, so that `한` is a prefix of `하나`.
//! - A keystroke that clears the box belongs to no search and is not counted.
//!
//! The fold has no memory of earlier runs: the rest of a stored search in the box begins a search of its own.

mod comparison;
mod pieces;
mod searches;

use std::time::Duration;

use unicode_segmentation::UnicodeSegmentation;

use self::pieces::NormalizedKeystroke;
use self::searches::FinalSearch;
use super::buffer::DueReason;
use super::mask::Mask;
use quarry_domain::{BufferedKeystroke, FinalReason, Timestamp, UserId};

/// The maximum length of a stored text, in graphemes.
pub const MAX_QUERY_GRAPHEMES: usize = 256;

/// The parameters of the fold.
#[derive(Clone, Debug)]
pub struct FoldPolicy {
    /// The pause that ends a search.
    pub window: Duration,
    /// Masks personal data and secrets in stored texts.
    pub mask: Option<Mask>,
}

/// The result of folding a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoldOutcome {
    /// Its searches, in the order of their ends.
    pub searches: Vec<FoldedSearch>,
    /// Dropped keystrokes, which arrived after the end of their search.
    pub late: u64,
}

/// One search of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoldedSearch {
    /// The user, if any keystroke of the search names one.
    pub user: Option<UserId>,
    /// The typed text: trimmed, with collapsed white space, masked if the policy requires it.
    pub query: String,
    /// The text exceeded [`MAX_QUERY_GRAPHEMES`], and was truncated.
    pub truncated: bool,
    /// The number of its keystrokes.
    pub keystrokes: i64,
    /// The last result count of a text equal to the stored one.
    pub result_count: Option<i64>,
    /// The reason of its end.
    pub reason: FinalReason,
    /// The arrival of its first keystroke.
    pub started_at: Timestamp,
    /// The arrival of its last keystroke.
    pub last_keystroke_at: Timestamp,
}

/// Folds a run: the keystrokes of one session and input, in order of arrival by the buffer's clock.
///
/// The reason why the run was due ends its last search.
pub fn fold(keystrokes: &[BufferedKeystroke], policy: &FoldPolicy, due: DueReason) -> FoldOutcome {
    let split = pieces::split(keystrokes, policy.window);
    let mut searches = Vec::new();
    let count = split.pieces.len();
    for (index, piece) in split.pieces.iter().enumerate() {
        let is_last = index + 1 == count;
        let reason = if is_last { final_reason(due) } else { FinalReason::Idle };
        let ended = searches::searches(piece, reason);
        searches.extend(ended.iter().map(|search| folded(piece, search, policy)));
    }
    FoldOutcome { searches, late: split.late }
}

fn final_reason(due: DueReason) -> FinalReason {
    match due {
        // A submitted search has ended by its submission.
        DueReason::Idle | DueReason::Submitted => FinalReason::Idle,
        DueReason::Limit => FinalReason::Limit,
        DueReason::Shutdown => FinalReason::Shutdown,
    }
}

fn folded(piece: &[NormalizedKeystroke<'_>], search: &FinalSearch<'_>, policy: &FoldPolicy) -> FoldedSearch {
    let stored = &piece[search.stored];
    let (query, truncated) = stored_text(stored.text, policy.mask.as_ref());
    let keystrokes = || search.keystrokes.iter().map(|index| &piece[*index]);
    let mut alike = keystrokes().rev().filter(|typed| typed.normalized.equals(&stored.normalized));
    FoldedSearch {
        user: search.user.cloned(),
        query,
        truncated,
        keystrokes: i64::try_from(search.keystrokes.len()).unwrap_or(i64::MAX),
        result_count: alike.find_map(|typed| typed.result_count),
        reason: search.reason,
        started_at: keystrokes().map(|typed| typed.at).min().unwrap_or(stored.at),
        last_keystroke_at: keystrokes().map(|typed| typed.at).max().unwrap_or(stored.at),
    }
}

/// The stored text of a search, and true if it was truncated.
///
/// Masking precedes truncation, which could otherwise leave half of an address unmasked.
fn stored_text(text: &str, mask: Option<&Mask>) -> (String, bool) {
    let is_space = |char: char| char.is_whitespace() || char.is_control();
    let words: Vec<&str> = text.split(is_space).filter(|word| !word.is_empty()).collect();
    let mut text = words.join(" ");
    if let Some(mask) = mask {
        text = mask.apply(&text).into_owned();
    }
    let Some((cut, _)) = text.grapheme_indices(true).nth(MAX_QUERY_GRAPHEMES) else {
        return (text, false);
    };
    text.truncate(text[..cut].trim_end().len());
    (text, true)
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
