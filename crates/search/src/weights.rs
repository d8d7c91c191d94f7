//! The weights of matches.
//!
//! A word scores `idf × (stem × (floor + BM25) + exact × (floor + BM25))`: for all its forms, and for the
//! typed one. For a query of one word, an exact match outscores any other form, since BM25 is at most 2.2;
//! for any query, the least form outscores a synonym, which outscores a completion, which outscores a typo. With more words, forms count
//! nearly as much as typed words: such queries describe a topic. Weights of fields multiply what a match in one
//! adds, and keep the order of these kinds.

/// Adds to an exact match: a word in its own accents.
pub(super) const ACCENTED: f32 = 0.2;
/// Adds to an exact match: a word with its symbols, such as `c++`.
pub(super) const WITH_SYMBOLS: f32 = 1.0;
/// The letters of a name without these symbols, as a factor.
const LETTERS: f32 = 0.3;
/// A quoted phrase, as a factor of its BM25: as much as its words side by side.
pub(super) const PHRASE: f32 = 2.0;
/// A word that is written as two, or a part of a word without spaces.
pub(super) const SPLIT: f32 = 0.3;
/// A synonym: less than the least form of a typed word.
pub(super) const SYNONYM: f32 = 0.15;
/// A completion of the last word.
pub(super) const PREFIX: f32 = 0.05;
/// A part of a compound.
pub(super) const COMPOUND: f32 = 0.05;
/// Words with one edit, with two, and with another first letter.
pub(super) const ONE_EDIT: f32 = 0.05;
pub(super) const TWO_EDITS: f32 = 0.035;
pub(super) const FIRST_LETTER: f32 = 0.02;
/// Completions of words with typos, as a factor of the typo's weight.
pub(super) const FUZZY_PREFIX: f32 = 0.4;
/// Adds to completions and typos in the title.
pub(super) const GROUP_IN_TITLE: f32 = 0.015;
/// Adds to a document whose title or text is the query, and if the last word is incomplete.
pub(super) const WHOLE_FIELD: f32 = 4.0;
pub(super) const WHOLE_PREFIX: f32 = 0.015;

/// The most that BM25 of a term with an idf of 1 is: `k1 + 1`.
pub(super) const MAX_BM25: f32 = 2.2;

/// The factor of words without a topic in a query with others: just enough to break ties.
pub(super) const UNINFORMATIVE: f32 = 0.02;

/// The bounds of the product of all factors of a document.
pub(super) const MIN_FACTOR: f32 = 0.1;
pub(super) const MAX_FACTOR: f32 = 10.0;

/// Returns the product of factors within its bounds.
pub(super) fn bounded(factors: impl Iterator<Item = f32>) -> f32 {
    factors.product::<f32>().clamp(MIN_FACTOR, MAX_FACTOR)
}

/// The weights that depend on the number of informative words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weights {
    /// All forms of a word, and its typed form.
    pub(super) stem: f32,
    pub(super) exact: f32,
    /// The score of a match beside BM25, as in BM25+.
    pub(super) floor: f32,
    /// Adds to the typed form, and to any form, in the title.
    pub(super) exact_in_title: f32,
    pub(super) stem_in_title: f32,
    /// Adds to neighbours of the query as near to each other as typed, and within a few words.
    pub(super) adjacent: f32,
    pub(super) near: f32,
}

impl Weights {
    /// Returns the weights of a query with this number of informative words.
    pub(super) fn of(words: usize) -> Self {
        if words < 2 {
            return Self {
                stem: 0.25,
                exact: 0.75,
                floor: 1.0,
                exact_in_title: 1.0,
                stem_in_title: 0.18,
                adjacent: 0.0,
                near: 0.0,
            };
        }
        // Few words name a thing, for which their order is a part of the name.
        let (adjacent, near) = match words {
            2 => (1.5, 0.3),
            3 => (1.0, 0.3),
            4 => (0.6, 0.2),
            _ => (0.3, 0.2),
        };
        Self { stem: 0.7, exact: 0.3, floor: 0.25, exact_in_title: 0.25, stem_in_title: 0.25, adjacent, near }
    }

    /// Returns the weights of letters without the symbols that distinguish a name.
    pub(super) fn of_letters(self) -> Self {
        Self {
            stem: self.stem * LETTERS,
            exact: self.exact * LETTERS,
            exact_in_title: self.exact_in_title * LETTERS,
            stem_in_title: self.stem_in_title * LETTERS,
            ..self
        }
    }
}

/// A language of one in this number of documents is a main language.
pub(super) const MAIN_LANGUAGE: u64 = 5;
/// Documents of one in this number are frequent.
pub(super) const FREQUENT: u32 = 64;
/// Frequent terms in at least this number of documents are commonplace.
const COMMONPLACE_DOCUMENTS: u64 = 20_000;

/// Returns true if a term is so frequent that all its matches score the same.
///
/// Its frequency within a document means little, and scoring each match would take milliseconds.
pub(super) fn is_commonplace(frequency: u64, documents: u64) -> bool {
    frequency >= COMMONPLACE_DOCUMENTS && frequency >= documents / u64::from(FREQUENT)
}

/// Returns the inverse document frequency of BM25: more than 0, and more for rarer words.
pub(super) fn idf(document_frequency: u64, documents: u64) -> f32 {
    let frequency = document_frequency as f32;
    // Frequencies include deleted documents until their segment is merged.
    let documents = documents.max(document_frequency) as f32;
    (1.0 + (documents - frequency + 0.5) / (frequency + 0.5)).ln()
}
