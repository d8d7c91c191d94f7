//! The words of hits that stand for mistyped ones.

use super::analysis::for_each_word;
use super::engine::Correction;
use quarry_domain::Document;

/// Corrections of an answer.
const MAX_CORRECTIONS: usize = 20;

/// A typed word with the words that it may mean.
pub(crate) trait MeantWords {
    /// Returns the typed word, folded.
    fn typed(&self) -> &str;
    /// Returns true if a word of a document may be meant.
    fn may_mean(&self, word: &str) -> bool;
}

/// Adds the words of a document that stand for typed ones, in its spelling.
pub(crate) fn add_corrections<M: MeantWords>(
    document: &Document,
    misspellings: &[M],
    corrections: &mut Vec<Correction>,
) {
    let author = document.author.as_ref().map(|author| author.name.as_str());
    let texts =
        [document.title.as_deref(), Some(document.text.as_str()), author, document.category.as_deref()];
    let mut is_typed = vec![false; misspellings.len()];
    let mut meant: Vec<Option<String>> = vec![None; misspellings.len()];
    for text in texts.into_iter().flatten() {
        for_each_word(text, |word| {
            for (at, misspelling) in misspellings.iter().enumerate() {
                is_typed[at] |= word.text == misspelling.typed();
                if meant[at].is_none() && misspelling.may_mean(&word.text) {
                    meant[at] = Some(text[word.start..word.end].to_owned());
                }
            }
        });
    }
    for ((misspelling, meant), is_typed) in misspellings.iter().zip(meant).zip(is_typed) {
        let Some(meant) = meant.filter(|_| !is_typed) else { continue };
        let correction = Correction { typed: misspelling.typed().to_owned(), meant };
        if corrections.len() < MAX_CORRECTIONS && !corrections.contains(&correction) {
            corrections.push(correction);
        }
    }
}
