//! Words without a topic: those of the main languages' lists, as operators changed them.

use super::super::analysis::is_stop_word;
use super::super::filter::DocumentFilter;
use super::super::rules::Rulebook;
use super::snapshot::IndexSnapshot;

/// The stop words of searches with a filter.
#[derive(Clone, Copy)]
pub(super) struct StopWords<'a> {
    pub(super) snapshot: &'a IndexSnapshot,
    pub(super) rulebook: &'a Rulebook,
    pub(super) filter: &'a DocumentFilter,
}

impl StopWords<'_> {
    /// Returns true for a folded stop word.
    pub(super) fn contains(self, word: &str) -> bool {
        let languages = &self.snapshot.main_languages;
        let custom = &self.rulebook.stop_words;
        custom.is_stop_word(word, languages, self.filter, |language| is_stop_word(word, language))
    }
}
