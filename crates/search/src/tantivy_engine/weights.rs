//! The weights of matches.
//!
//! For a query of one word, an exact match outscores any other form, a form outscores a prefix, and a prefix
//! outscores a typo: BM25 multiplies the factor of a form by 1 to 3.2, and titles add less than the distance
//! to the next better kind of match.

/// The factor of an exact match.
pub(super) const EXACT: f32 = 1.0;
/// The factor of a word in its own accents.
pub(super) const ACCENTED: f32 = 1.2;
/// The factor of a word with its symbols, such as `c++`.
pub(super) const WITH_SYMBOLS: f32 = 2.0;
/// The factor of a completion of the last word.
pub(super) const PREFIX: f32 = 0.15;
/// The factor of a part of a compound.
pub(super) const COMPOUND: f32 = 0.12;
/// The factor of a word that is written as two.
pub(super) const SPLIT: f32 = 0.2;
/// The factors of words with one edit, with two, and with another first letter.
pub(super) const ONE_EDIT: f32 = 0.2;
pub(super) const TWO_EDITS: f32 = 0.12;
pub(super) const FIRST_LETTER: f32 = 0.06;
/// The factor of completions of a word with typos.
pub(super) const FUZZY_PREFIX: f32 = 0.05;

/// Adds to an exact match in the title.
pub(super) const EXACT_IN_TITLE: f32 = 1.0;
/// Adds to other forms in the title, as a factor of their own factor.
pub(super) const STEM_IN_TITLE: f32 = 0.75;
/// Adds to completions and typos in the title.
pub(super) const GROUP_IN_TITLE: f32 = 0.04;
/// Adds, per word of the query, to a document whose title or text is the query.
pub(super) const WHOLE_FIELD: f32 = 4.0;
/// The same if the last word is incomplete.
pub(super) const WHOLE_PREFIX: f32 = 0.04;

/// The factor of a stem in a query of this number of informative words.
///
/// One word looks for itself; many words describe a topic, in whatever forms.
pub(super) fn stem(words: usize) -> f32 {
    match words {
        0 | 1 => 0.25,
        2 => 0.5,
        3 => 0.7,
        _ => 0.85,
    }
}

/// The factor of words that carry no information in a query with others that do.
pub(super) const UNINFORMATIVE: f32 = 0.1;

/// Adds to words as near to each other as in the query, as a factor of the lesser of their weights.
pub(super) const PROXIMITY: f32 = 0.8;
