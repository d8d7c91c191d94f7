//! A typed word that documents may spell otherwise.

use crate::analysis::for_each_word;
use crate::corrections::MeantWords;
use crate::highlight::Highlighter;
use crate::tantivy_engine::fuzzy::FuzzyAutomaton;
use quarry_domain::Document;

/// A typed word with the rules of its typos.
pub(super) struct MistypedWord {
    pub(super) typed: String,
    pub(super) automaton: FuzzyAutomaton,
}

impl MeantWords for MistypedWord {
    fn typed(&self) -> &str {
        &self.typed
    }

    fn may_mean(&self, word: &str) -> bool {
        word != self.typed && self.automaton.permits(word)
    }
}

impl MistypedWord {
    /// Adds the words of a document that may be meant to those to mark.
    pub(super) fn mark(&self, document: &Document, highlighter: &mut Highlighter) {
        let author = document.author.as_ref().map(|author| author.name.as_str());
        let texts =
            [document.title.as_deref(), Some(document.text.as_str()), author, document.category.as_deref()];
        for text in texts.into_iter().flatten() {
            for_each_word(text, |word| {
                if self.may_mean(&word.text) {
                    highlighter.words.insert(word.text.to_string());
                }
            });
        }
    }
}
