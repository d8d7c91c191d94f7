//! Words without a topic: those of the main languages' lists, as operators changed them.

use crate::analysis::is_stop_word;
use crate::filter::DocumentFilter;
use crate::rules::Rulebook;
use quarry_config::Language;

/// The stop words of searches with a filter.
#[derive(Clone, Copy)]
pub(crate) struct StopWords<'a> {
    pub(crate) main_languages: &'a [Language],
    pub(crate) rulebook: &'a Rulebook,
    pub(crate) filter: &'a DocumentFilter,
}

impl StopWords<'_> {
    /// Returns true for a folded stop word.
    pub(crate) fn contains(self, word: &str) -> bool {
        let is_built_in = |language| is_stop_word(word, language);
        self.rulebook.stop_words.is_stop_word(word, self.main_languages, self.filter, is_built_in)
    }
}
