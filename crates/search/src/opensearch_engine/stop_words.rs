//! Words without a topic: those of the main languages' lists, as operators changed them.

use super::vocabulary::WordNotes;
use crate::analysis::is_stop_word;
use crate::filter::DocumentFilter;
use crate::rules::Rulebook;

/// The stop words of searches with a filter.
#[derive(Clone, Copy)]
pub(super) struct StopWordCheck<'a> {
    pub(super) notes: &'a WordNotes<'a>,
    pub(super) rulebook: &'a Rulebook,
    pub(super) filter: &'a DocumentFilter,
}

impl StopWordCheck<'_> {
    /// Returns true for a folded stop word.
    pub(super) fn contains(self, word: &str) -> bool {
        let languages = &self.notes.vocabulary.main_languages;
        let is_built_in = |language| is_stop_word(word, language);
        self.rulebook.stop_words.is_stop_word(word, languages, self.filter, is_built_in)
    }
}
