//! Words that are written together or apart: `icecream` and `ice cream`, `16gb` and `16 GB`.

use super::clauses::{phrase, phrase_prefix};
use super::forms::WordClauses;
use super::mapping::WORDS;
use super::stop_words::StopWordCheck;
use super::vocabulary::WordNotes;
use super::word_terms::Group;
use crate::splits::{code_division, divisions};
use crate::weights::SPLIT;

/// Adds the word as two adjacent ones to its terms, and returns the pairs.
pub(super) fn add_splits(
    notes: &WordNotes<'_>,
    stop_words: StopWordCheck<'_>,
    word: &mut WordClauses,
    is_typo: bool,
) -> Vec<Vec<String>> {
    let mut pairs = Vec::new();
    if !word.terms.phrases.is_empty() {
        return pairs;
    }
    let mut frequency = 0;
    let divided: Vec<(&str, &str)> = match word.terms.is_empty() || is_typo {
        true => divisions(&word.text, |part| stop_words.contains(part)).collect(),
        false => code_division(&word.text).into_iter().collect(),
    };
    for (first, second) in divided {
        let first_frequency = notes.frequency(first);
        if first_frequency == 0 || !notes.has_word(second, word.is_prefix) {
            continue;
        }
        let clause = if word.is_prefix {
            phrase_prefix(WORDS, &[first, second])
        } else {
            phrase(WORDS, &[first, second])
        };
        let list = if is_typo { &mut word.terms.typo_phrases } else { &mut word.terms.phrases };
        list.push(Group::new(clause, SPLIT, 0));
        pairs.push(vec![first.to_owned(), second.to_owned()]);
        frequency = first_frequency;
    }
    if frequency > 0 && word.terms.idf == notes.idf(0) {
        word.terms.idf = notes.idf(frequency);
    }
    pairs
}
