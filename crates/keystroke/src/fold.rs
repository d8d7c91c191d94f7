//! Keystrokes of one search box in, searches in their most complete form out. Pure.
//!
//! A run is first cut where nothing was typed for the window, and each piece put in the order of
//! the client's sequence. Then each text is held against the longest one so far, in the form of
//! [`comparison_key`]: it goes on, goes back, corrects, or is something else.
//!
//! [`comparison_key`]: quarry_domain::comparison_key
//!
//! # Where the rules leave a choice
//!
//! What a person meant should not depend on how often their client reports.
//!
//! - **The longest counts, not what is in the box.** `Business`, back to `Bus`, on to `Bush` are two
//!   searches: `Bush` is far from `Business`. What is in the box decides when it is submitted.
//! - **A correction may be recognised late.** `Buziness`, back to `Bu`, then letter by letter to
//!   `Business`: `Bus` alone is another search, `Business` corrects the first. So a search that was
//!   left for a text with the same first letter is taken back as soon as that text has become its
//!   correction.
//! - **Changes letter by letter, in the middle or in front, are corrections one after the other**:
//!   `shoes` to `red shoes`, `red running shoes` to `red shoes`. In one jump of more than two letters
//!   they are two searches.
//! - **Deleting is not correcting.** Where letters were only taken away, from wherever, until less
//!   than half was left, and then the box was cleared or something else typed, the longest stands:
//!   `cat`, `at`, `t`, empty is `cat`.
//! - **What was submitted and is deleted letter by letter** is no search again, unless something is
//!   typed, submitted or left standing.
//! - **An input method** that writes anew what was typed by its sound corrects it: `nihao` to `你好`.
//!   It composes at most 20 letters at once and no white space: `jolly elevator` and `北京` are two. Korean syllables are compared by their letters, so that `한` is the beginning of `하나`.
//! - A keystroke that clears the box is none of the search, so it counts for nothing.
//!
//! It lacks memory: what happened before the run it does not know, so what is left in the box of a
//! search that was stored already begins a search of its own.

mod comparison;
mod pieces;
mod searches;

use std::time::Duration;

use unicode_segmentation::UnicodeSegmentation;

use self::pieces::Typed;
use self::searches::FinalSearch;
use super::buffer::DueReason;
use super::mask::mask;
use quarry_domain::{BufferedKeystroke, FinalReason, Timestamp, UserId};

/// The longest text of a search that is kept, in graphemes.
pub const MAX_QUERY_GRAPHEMES: usize = 256;

/// What the fold goes by.
#[derive(Clone, Copy, Debug)]
pub struct FoldPolicy {
    /// A pause of this length ends a search.
    pub window: Duration,
    /// Whether e-mail addresses, phone and card numbers are masked in the stored texts.
    pub mask: bool,
}

/// What a run came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folded {
    /// Its searches, in the order in which they ended.
    pub searches: Vec<FoldedSearch>,
    /// Keystrokes that were dropped because the search they belong to had ended before they came.
    pub late: u64,
}

/// One search of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoldedSearch {
    /// The visitor, if any keystroke of the search knew.
    pub user: Option<UserId>,
    /// The text: as it was typed, trimmed, inner white space collapsed, masked where asked for.
    pub query: String,
    /// The text was longer than [`MAX_QUERY_GRAPHEMES`], and is cut there.
    pub truncated: bool,
    /// How many keystrokes went into it.
    pub keystrokes: i64,
    /// The last count that came with a text like the stored one.
    pub result_count: Option<i64>,
    /// Why it ended.
    pub reason: FinalReason,
    /// When the first of its keystrokes arrived.
    pub started_at: Timestamp,
    /// When the last of its keystrokes arrived.
    pub last_keystroke_at: Timestamp,
}

/// Folds a run: the keystrokes of one session and input, in order of arrival, by the buffer's
/// clock. `ending` is why the run was due: its last search ends for that.
pub fn fold(keystrokes: &[BufferedKeystroke], policy: &FoldPolicy, ending: DueReason) -> Folded {
    let cut = pieces::cut(keystrokes, policy.window);
    let mut searches = Vec::new();
    let count = cut.pieces.len();
    for (index, piece) in cut.pieces.iter().enumerate() {
        let is_last = index + 1 == count;
        let reason = if is_last { final_reason(ending) } else { FinalReason::Idle };
        let ended = searches::searches(piece, reason);
        searches.extend(ended.iter().map(|search| folded(piece, search, policy)));
    }
    Folded { searches, late: cut.late }
}

fn final_reason(ending: DueReason) -> FinalReason {
    match ending {
        // A search that a keystroke submitted has ended by it.
        DueReason::Idle | DueReason::Submitted => FinalReason::Idle,
        DueReason::Limit => FinalReason::Limit,
        DueReason::Shutdown => FinalReason::Shutdown,
    }
}

fn folded(piece: &[Typed<'_>], search: &FinalSearch<'_>, policy: &FoldPolicy) -> FoldedSearch {
    let stored = &piece[search.stored];
    let (query, truncated) = stored_text(stored.text, policy.mask);
    let keystrokes = || search.keystrokes.iter().map(|place| &piece[*place]);
    let mut alike = keystrokes().rev().filter(|typed| typed.form.equals(&stored.form));
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

/// The text of a search as it is stored, and whether it was cut. Masked before it is cut, so that
/// the cut leaves no half of an address unmasked.
fn stored_text(text: &str, masked: bool) -> (String, bool) {
    let is_space = |char: char| char.is_whitespace() || char.is_control();
    let words: Vec<&str> = text.split(is_space).filter(|word| !word.is_empty()).collect();
    let mut text = words.join(" ");
    if masked {
        text = mask(&text).into_owned();
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
