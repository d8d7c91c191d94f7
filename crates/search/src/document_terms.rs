//! The terms of a document: words, spellings, stems, names and prefixes.

use super::analysis::{
    MIN_PART_CHARS, SpellingKind, Word, distinguished, for_each_spelling, for_each_stem, marked_name,
    marked_stem, reversed_parts, words,
};
use quarry_config::Language;

/// Prefixes of up to this length have posting lists, since their ranges are large.
pub(super) const SHORT_PREFIX_CHARS: usize = 2;
/// The maximum number of words of a text that is one term, too.
const MAX_WHOLE_WORDS: usize = 8;
/// Separates the folded words of a value that is suggested from its spelling, in one term.
pub(super) const VALUE_SEPARATOR: char = '\u{0}';
/// The longest value that is suggested, in characters.
const MAX_VALUE_CHARS: usize = 100;
/// Shorter words are no compounds: each part has three letters.
const MIN_COMPOUND_CHARS: usize = 2 * MIN_PART_CHARS;

/// The terms of one document.
pub(super) struct DocumentTerms<'l> {
    languages: &'l [Language],
    /// True until a text has been added.
    is_empty: bool,
    /// The short prefixes of the texts so far.
    pub(super) prefixes: Vec<String>,
    /// The reversed forms of long words.
    pub(super) suffixes: Vec<String>,
}

/// A term of a text.
#[derive(Clone)]
pub(super) struct PositionedTerm {
    pub(super) text: String,
    /// The index of its word.
    pub(super) position: usize,
}

/// The terms of one text.
pub(super) struct TextTerms {
    /// In order of position.
    pub(super) tokens: Vec<PositionedTerm>,
    /// The words as one term; `None` if there are many or none.
    pub(super) whole: Option<String>,
}

impl<'l> DocumentTerms<'l> {
    pub(super) fn new(languages: &'l [Language]) -> Self {
        Self { languages, is_empty: true, prefixes: Vec::new(), suffixes: Vec::new() }
    }

    /// Analyzes a text.
    pub(super) fn add_text(&mut self, text: &str) -> TextTerms {
        let languages = self.languages;
        let mut suffixes = std::mem::take(&mut self.suffixes);
        let terms = self.add(text, |word, written, visit| {
            for &language in languages {
                for_each_stem(word, written, language, &mut *visit);
                if word.len() >= MIN_COMPOUND_CHARS && word.chars().count() >= MIN_COMPOUND_CHARS {
                    suffixes.extend(reversed_parts(word, language));
                }
            }
        });
        self.suffixes = suffixes;
        terms
    }

    /// Analyzes a name, whose words have no other forms.
    pub(super) fn add_name(&mut self, name: &str) -> TextTerms {
        self.add(name, |word, _, visit| visit(marked_name(word)))
    }

    fn add(&mut self, text: &str, mut forms: impl FnMut(&str, &str, &mut dyn FnMut(String))) -> TextTerms {
        let words = words(text);
        let mut tokens = Vec::with_capacity(2 * words.len() + 1);
        let prefixes = &mut self.prefixes;
        prefixes.reserve(2 * words.len());
        if std::mem::take(&mut self.is_empty) {
            // Counts the documents of each language.
            tokens.extend(self.languages.iter().map(|&language| term(marked_stem("", language), 0)));
        }
        let mut is_sorted = true;
        let mut distinct: Vec<(usize, String)> = Vec::new();
        for_each_spelling(text, &words, |spelling| {
            if spelling.kind == SpellingKind::Symbols
                && spelling.words == 1
                && let Some(word) = distinguished(&spelling.term)
            {
                distinct.push((spelling.first, word.to_owned()));
            }
            if !spelling.kind.is_marked() {
                forms(&spelling.term, &spelling.term, &mut |form| tokens.push(term(form, spelling.first)));
                add_prefixes(&spelling.term, prefixes);
            }
            tokens.push(term(spelling.term, spelling.first));
            is_sorted = false;
        });
        let whole = whole(&words, &distinct);
        for (position, word) in words.into_iter().enumerate() {
            let text_of = word.term();
            add_prefixes(&text_of, prefixes);
            let written = &text[word.start..word.end];
            forms(&word.text, written, &mut |form| tokens.push(term(form, position)));
            tokens.push(term(text_of.into_owned(), position));
        }
        if !is_sorted {
            // The positions of one term must not decrease.
            tokens.sort_by_key(|token| token.position);
        }
        TextTerms { tokens, whole }
    }
}

/// Returns the words as one term, some with the symbols that distinguish them.
fn whole(words: &[Word<'_>], distinct: &[(usize, String)]) -> Option<String> {
    if words.is_empty() || words.len() > MAX_WHOLE_WORDS {
        return None;
    }
    let terms = words.iter().enumerate().map(|(at, word)| {
        let distinct = distinct.iter().find(|(first, _)| *first == at);
        distinct.map_or_else(|| word.term(), |(_, word)| word.into())
    });
    Some(terms.collect::<Vec<_>>().join(" "))
}

fn add_prefixes(word: &str, prefixes: &mut Vec<String>) {
    let mut ends = word.char_indices().map(|(at, c)| at + c.len_utf8());
    for _ in 0..SHORT_PREFIX_CHARS {
        let Some(end) = ends.next() else { return };
        prefixes.push(word[..end].to_owned());
    }
}

/// Returns the term of a value that is suggested; `None` for one without words, or for a long text.
pub(super) fn suggested_term(value: &str) -> Option<String> {
    let folded = folded_words(value);
    let is_suggested = !folded.is_empty() && value.chars().count() <= MAX_VALUE_CHARS;
    (is_suggested && !value.contains(VALUE_SEPARATOR)).then(|| format!("{folded}{VALUE_SEPARATOR}{value}"))
}

/// Returns the folded words of a text, joined by blanks.
pub(super) fn folded_words(text: &str) -> String {
    words(text).into_iter().map(|word| word.text.into_owned()).collect::<Vec<_>>().join(" ")
}

fn term(text: String, position: usize) -> PositionedTerm {
    PositionedTerm { text, position }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(terms: &TextTerms, position: usize) -> Vec<&str> {
        let tokens = terms.tokens.iter().filter(|token| token.position == position);
        let mut texts: Vec<&str> = tokens.map(|token| token.text.as_str()).collect();
        texts.sort_unstable();
        texts
    }

    #[test]
    fn each_position_has_the_terms_of_its_word() {
        let mut document = DocumentTerms::new(&[Language::English]);
        let terms = document.add_text("Running: Wi-Fi 24/7");
        assert_eq!(at(&terms, 0), ["\u{1}H", "\u{1}Hrun", "running"]);
        assert_eq!(at(&terms, 1), ["\u{1}Hwi", "\u{1}Hwifi", "wi", "wifi"]);
        assert_eq!(at(&terms, 3), ["24"]);
        assert!(terms.tokens.is_sorted_by_key(|token| token.position));
        assert_eq!(terms.whole.as_deref(), Some("running wi fi 24 7"));
        assert_eq!(document.add_text("Effective #C#").whole.as_deref(), Some("effective c#"));
        let name = document.add_name("O'Hara");
        assert_eq!(at(&name, 0), ["\u{2}o", "\u{2}ohara", "o", "ohara"]);
        assert!(document.prefixes.contains(&"oh".to_owned()) && document.suffixes.is_empty());
    }

    #[test]
    fn long_words_of_compounding_languages_have_suffixes() {
        let mut document = DocumentTerms::new(&[Language::German, Language::English]);
        let terms = document.add_text("Rote Fußballtrikots eins zwei drei vier fünf sechs sieben");
        assert_eq!(document.suffixes, ["Mstokirtllabssuf", "Mtokirtllabssuf", "Mnebeis", "Mbeis"]);
        assert_eq!(terms.whole, None);
    }

    #[test]
    fn suggested_terms_fold_values_and_keep_their_spelling() {
        assert_eq!(suggested_term("Müller & Söhne").as_deref(), Some("muller sohne\u{0}Müller & Söhne"));
        assert_eq!(suggested_term("!?"), None);
        assert_eq!(suggested_term(&"long ".repeat(30)), None);
    }
}
