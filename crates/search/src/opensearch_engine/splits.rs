//! Words that are written together or apart: `icecream` and `ice cream`, `16gb` and `16 GB`.

use super::clauses::{phrase, phrase_prefix};
use super::forms::WordClauses;
use super::mapping::WORDS;
use super::stop_words::StopWordCheck;
use super::vocabulary::WordNotes;
use super::word_terms::Group;
use crate::query::QueryUnit;
use crate::splits::{divisions, may_join};
use crate::weights::SPLIT;

/// Returns the neighbours that some document writes as one word: the index of the first, and the word.
pub(super) fn joined_neighbours(
    notes: &WordNotes<'_>,
    units: &[QueryUnit],
    informative: &[bool],
    ends_in_prefix: bool,
) -> Vec<(usize, String)> {
    let mut joined = Vec::new();
    let mut at = 0;
    while at + 1 < units.len() {
        let (QueryUnit::Word(first), QueryUnit::Word(second)) = (&units[at], &units[at + 1]) else {
            at += 1;
            continue;
        };
        let is_prefix = ends_in_prefix && at + 2 == units.len();
        if may_join(first, second, [informative[at], informative[at + 1]]) {
            let word = format!("{}{}", first.text, second.text);
            if notes.has_word(&word, is_prefix) {
                joined.push((at, word));
                at += 1;
            }
        }
        at += 1;
    }
    joined
}

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
    for (first, second) in divisions(&word.text, |part| stop_words.contains(part)) {
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
