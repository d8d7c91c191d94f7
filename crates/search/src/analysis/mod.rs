//! Text analysis: divides documents and queries into the same terms.
//!
//! | File | Holds |
//! |---|---|
//! | `words`, `sizes` | base words: one position each; in scripts without spaces, one per character; numbers of sizes |
//! | `fold`, `characters`, `han`, `indic`, `east_asian` | the folded form of a word; classes and variants of characters |
//! | `spellings`, `joined`, `spaced`, `measures`, `phones`, `symbols`, `segmenter` | further terms for one or several adjacent words |
//! | `stems`, `irregular`, `singulars`, `korean`, `stop_words` | forms of words and stop words, by language |
//! | `compounds` | the last parts of words in languages that write compounds together |
//! | `detection` | the languages of a document |
//! | `marks` | marks of terms that no typed word contains |

mod characters;
mod compounds;
mod detection;
mod east_asian;
mod fold;
mod han;
mod indic;
mod irregular;
mod joined;
mod korean;
mod marks;
mod measures;
mod phones;
mod segmenter;
mod singulars;
mod sizes;
mod spaced;
mod spellings;
mod stems;
mod stop_words;
mod symbols;
mod words;

pub(crate) use self::characters::{is_apostrophe, is_hangul, is_unspaced};
pub(crate) use self::compounds::{MIN_PART_CHARS, compound_rest, ends_in_part, reversed_parts};
pub(crate) use self::detection::languages_of;
pub(crate) use self::east_asian::is_kana;
pub(crate) use self::fold::{accented, fold};
pub(crate) use self::indic::with_final_anusvara;
pub(crate) use self::joined::is_gershayim;
pub(crate) use self::marks::{is_marked, marked_beginning, marked_name, unmarked};
pub(crate) use self::phones::phones;
pub(crate) use self::segmenter::for_each_segment;
pub(crate) use self::sizes::is_within_size;
pub(crate) use self::spellings::{Spelling, SpellingKind, for_each_spelling, spelled_out};
pub(crate) use self::stems::{for_each_stem, marked_stem};
pub(crate) use self::stop_words::is_stop_word;
pub(crate) use self::symbols::{distinguished, with_symbols, without_symbols};
pub(crate) use self::words::{Word, decimals, for_each_word, without_point, words};

/// The version of the analysis; an index of another version is rebuilt.
pub(crate) const ANALYSIS_VERSION: u32 = 10;
