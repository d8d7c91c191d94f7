//! The words of documents, as they are written.

use std::collections::HashMap;

use super::analysis::{Word, for_each_spelling, words};
use super::indexed_sources::IndexedSources;
use quarry_domain::Document;

/// The part of a long text that suggestions read, in bytes.
const READ_BYTES: usize = 8_192;

/// The documents of which the most frequent spelling counts.
pub(super) const READ_DOCUMENTS: usize = 5;
/// The lead of a spelling, in documents, that ends the count.
const CLEAR_LEAD: usize = 2;
/// The spellings of a word, with the number of their documents.
#[derive(Default)]
pub(super) struct Spellings(HashMap<String, usize>);

impl Spellings {
    pub(super) fn add(&mut self, written: String) {
        *self.0.entry(written).or_default() += 1;
    }

    /// Returns the most frequent spelling; ties go to small letters, which are the later ones.
    pub(super) fn best(&self) -> Option<&str> {
        let best = self.0.iter().max_by(|(a, a_count), (b, b_count)| a_count.cmp(b_count).then(a.cmp(b)));
        best.map(|(written, _)| written.as_str())
    }

    /// Adds the spellings of a folded word in a document, each once.
    pub(super) fn add_from(&mut self, sources: &IndexedSources, document: &Document, word: &str) {
        let mut of_document: Vec<String> = Vec::new();
        for_each_term(sources, document, |term, written| {
            if term == word {
                of_document.push(visible(written));
            }
        });
        of_document.sort_unstable();
        of_document.dedup();
        of_document.into_iter().for_each(|written| self.add(written));
    }

    /// Returns true if further documents need not be read.
    pub(super) fn is_clear(&self) -> bool {
        self.lead() >= CLEAR_LEAD
    }

    fn lead(&self) -> usize {
        let (mut best, mut second) = (0, 0);
        for &count in self.0.values() {
            if count > best {
                (best, second) = (count, best);
            } else {
                second = second.max(count);
            }
        }
        best - second
    }
}

/// Calls `visit` with each searched text of a document and its words, the most telling text first.
pub(super) fn for_each_text(
    sources: &IndexedSources,
    document: &Document,
    mut visit: impl FnMut(&str, &[Word<'_>]),
) {
    let author = document.author.as_ref().map(|author| author.name.as_str());
    let texts =
        [document.title.as_deref(), author, document.category.as_deref(), Some(document.text.as_str())];
    let attributes = sources.searched_texts(document);
    for text in texts.into_iter().flatten().chain(attributes.iter().map(|(_, text)| text.as_str())) {
        let text = &text[..text.floor_char_boundary(READ_BYTES)];
        visit(text, &words(text));
    }
}

/// Calls `visit` with each unmarked term of a document that is not a stem, and with what it stands for.
pub(super) fn for_each_term(
    sources: &IndexedSources,
    document: &Document,
    mut visit: impl FnMut(&str, &str),
) {
    for_each_text(sources, document, |text, words| {
        for word in words {
            visit(&word.text, &text[word.start..word.end]);
        }
        for_each_spelling(text, words, |spelling| {
            let last = spelling.first + spelling.words - 1;
            if !spelling.kind.is_marked()
                && let (Some(first), Some(last)) = (words.get(spelling.first), words.get(last))
            {
                visit(&spelling.term, &text[first.start..last.end]);
            }
        });
    });
}

/// Returns written text without soft hyphens and direction marks, which belong to its layout.
pub(super) fn visible(written: &str) -> String {
    let is_layout = |c: char| matches!(c, '\u{ad}' | '\u{200e}' | '\u{200f}' | '\u{2060}' | '\u{feff}');
    written.chars().filter(|&c| !is_layout(c)).collect()
}
