//! The fold: from the keystrokes of one input to its searches in their most complete form. Pure.
//!
//! A run is split at pauses of the window, and each piece is sorted by the client's sequence. Each text is then
//! compared with the longest one so far, by [`comparison_key`]: it extends, shortens or corrects that text, or
//! is unrelated. Between pieces, and between runs, the last search is remembered ([`RememberedSearch`]): later text
//! may continue it.
//!
//! [`comparison_key`]: quarry_domain::comparison_key
//!
//! # Rules
//!
//! The result should not depend on the frequency of the client's reports, nor on pauses while typing.
//!
//! - **The longest text counts, not the last.** `Business`, back to `Bus`, on to `Bush` are two searches:
//!   `Bush` is far from `Business`. A submission counts as it is. A single last letter that was removed and
//!   not replaced was a slip.
//! - **A correction may be recognised late.** `Buziness`, back to `Bu`, then letter by letter to `Business`:
//!   `Bus` alone is another search, `Business` corrects the first. So a search that was replaced by a text with
//!   the same first letter is reopened once that text has become its correction; one that was cleared, once it
//!   was typed again.
//! - **Letter-by-letter changes in the middle or in front are successive corrections**: `shoes` to `red shoes`,
//!   `red running shoes` to `red shoes`. A change of more than two letters at once makes two searches.
//! - **A deletion is neither a correction nor a search.** If letters were only deleted, at any position, until
//!   less than half was left, and the box was then cleared or other text typed, the longest text stands: `cat`,
//!   `at`, `t`, empty is `cat`. All letters but the first that disappear at once were typed over.
//! - **Words that were read and replaced are two searches.** After a pause of 2 s, `hotels in rome` and `hotels in oslo` are
//!   both logged, and so is another number; a typo in a long word, or more words, supersede the row: see `words`.
//! - **One or two letters that are erased at once are no search**, unless they are words of their script.
//! - **A stored search is continued** by text that extends, shortens or corrects it, within the continue window
//!   of its last keystroke. Its row is superseded. A submission stands: other text is another search.
//! - **The same text is the same search**: paging, sorting and coming back change nothing. Its number of results
//!   is the first one of exactly its text.
//! - **An input method** that converts what it composes corrects it: see `conversion`. Korean syllables are
//!   compared by their letters, so that `한` is a prefix of `하나`. A recogniser of speech rewrites words that
//!   sound alike (`dictation`); completions that are tried in turn are one search.
//! - A keystroke that clears the box belongs to no search and is not counted.

mod comparison;
mod composing;
mod conversion;
mod dictation;
mod edits;
mod fingerprints;
mod hangul;
mod memory;
mod normalized_keystroke;
mod pending;
mod pieces;
mod reading;
mod searches;
mod words;

use std::time::Duration;

use unicode_segmentation::UnicodeSegmentation;

use self::memory::Folding;
use super::buffer::DueReason;
use super::mask::Mask;
use super::remembered::{FoldedSearch, RememberedSearch, SearchTrace};
use quarry_domain::{BufferedKeystroke, FinalReason};

/// The maximum length of a stored text, in graphemes.
pub const MAX_QUERY_GRAPHEMES: usize = 256;

/// The parameters of the fold.
#[derive(Clone, Debug)]
pub struct FoldPolicy {
    /// The pause that ends a search.
    pub window: Duration,
    /// The time after its last keystroke in which later text continues a search; zero: never.
    pub continue_window: Duration,
    /// Masks personal data and secrets in stored texts.
    pub mask: Option<Mask>,
}

/// The result of folding a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoldOutcome {
    /// The new content of the remembered search, if it changed.
    pub continued: Option<FoldedSearch>,
    /// The other searches, in the order of their ends.
    pub searches: Vec<FoldedSearch>,
    /// The trace of the last search, which is the remembered one if there is no other. `None` without any.
    pub trace: Option<SearchTrace>,
    /// Dropped keystrokes, which arrived after the end of their search.
    pub late: u64,
}

/// Folds a run: the keystrokes of one session and input, in order of arrival by the buffer's clock.
///
/// `remembered` is the last stored search of the input. The reason why the run was due ends its last search.
pub fn fold(
    keystrokes: &[BufferedKeystroke],
    remembered: Option<&RememberedSearch>,
    policy: &FoldPolicy,
    due: DueReason,
) -> FoldOutcome {
    let split = pieces::split(keystrokes, policy.window);
    let mut folding = Folding::new(policy, remembered);
    let count = split.pieces.len();
    for (index, piece) in split.pieces.into_iter().enumerate() {
        let is_last = index + 1 == count;
        folding.take(piece, if is_last { final_reason(due) } else { FinalReason::Idle });
    }
    folding.outcome(split.late)
}

fn final_reason(due: DueReason) -> FinalReason {
    match due {
        // A submitted search has ended by its submission.
        DueReason::Idle | DueReason::Submitted => FinalReason::Idle,
        DueReason::Limit => FinalReason::Limit,
        DueReason::Shutdown => FinalReason::Shutdown,
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
mod composed;
#[cfg(test)]
mod contexts;
#[cfg(test)]
mod continuing;
#[cfg(test)]
mod correcting;
#[cfg(test)]
mod erasing;
#[cfg(test)]
mod fragments;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod replacing;
#[cfg(test)]
mod tests;
