//! The keys of phrases by the stems of their words, by which other forms find them.

use super::super::analysis::{SpellingKind, for_each_stem};
use super::super::query::{QueryUnit, QueryWord};
use quarry_config::Language;

/// The maximum number of keys of one phrase: some words have several stems.
const MAX_KEYS: usize = 8;
/// The maximum number of units that are also stemmed as one word.
const MAX_JOINED: usize = 3;

/// The stems of the words of a unit in a language.
pub(super) struct UnitStems {
    /// For each word its stems, or the word itself if it has none.
    words: Vec<Vec<String>>,
    /// The words written together.
    text: String,
    has_stems: bool,
}

impl UnitStems {
    /// Returns the stems of a unit; quoted words have none.
    pub(super) fn of(unit: &QueryUnit, language: Language) -> Self {
        let words = match unit {
            QueryUnit::Word(word) => vec![stems(word, language)],
            QueryUnit::Compound(words, _) => words.iter().map(|word| stems(word, language)).collect(),
            QueryUnit::Unspaced(..) | QueryUnit::Phrase(_) => vec![(vec![unit.key()], false)],
        };
        let has_stems = words.iter().any(|(_, has_stems)| *has_stems);
        Self { words: words.into_iter().map(|(stems, _)| stems).collect(), text: unit.key(), has_stems }
    }
}

/// Calls `visit` with each key of units by their stems.
///
/// The stem of all words as one is a key, too, so that words match together and apart.
pub(super) fn for_each_form_key(units: &[UnitStems], language: Language, mut visit: impl FnMut(&str)) {
    if !units.iter().any(|unit| unit.has_stems) {
        return;
    }
    let mut keys = vec![String::new()];
    for stems in units.iter().flat_map(|unit| &unit.words) {
        let longer = keys.iter().flat_map(|key| stems.iter().map(move |stem| [key.as_str(), stem].concat()));
        keys = longer.take(MAX_KEYS).collect();
    }
    keys.iter().for_each(|key| visit(key));
    let is_one_word = matches!(units, [unit] if unit.words.len() == 1);
    if !is_one_word && units.len() <= MAX_JOINED {
        let joined: String = units.iter().map(|unit| unit.text.as_str()).collect();
        for_each_stem(&joined, &joined, language, |stem| visit(&stem));
    }
}

/// Returns the stems of a word, with true, or the word itself; names with symbols have no other forms.
fn stems(word: &QueryWord, language: Language) -> (Vec<String>, bool) {
    if let Some(symbols) = word.spellings.iter().find(|spelling| spelling.kind == SpellingKind::Symbols) {
        return (vec![symbols.term.clone()], false);
    }
    let mut stems = Vec::new();
    for_each_stem(&word.text, &word.written, language, |stem| stems.push(stem));
    if stems.is_empty() { (vec![word.text.clone()], false) } else { (stems, true) }
}
