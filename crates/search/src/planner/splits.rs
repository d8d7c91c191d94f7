//! Words that are written together or apart: `icecream` and `ice cream`, `16gb` and `16 GB`.

use super::lookup::{PhraseRole, TermLookup};
use super::stop_words::StopWords;
use super::units::{PlannedTerms, PlannedWord};
use crate::explanation::MatchKind;
use crate::splits::{code_division, divisions};
use crate::weights::SPLIT;

/// Adds the word as two adjacent ones to its terms, and returns the pairs.
///
/// With `is_typo`, only tiers with typos permit them. Without, a word that documents contain is divided only if it
/// is a code.
pub(super) fn add_splits<L: TermLookup>(
    lookup: &L,
    stop_words: StopWords<'_>,
    word: &mut PlannedWord<L::Terms>,
    is_typo: bool,
) -> Result<Vec<Vec<String>>, L::Error> {
    let mut pairs = Vec::new();
    if word.terms.has_phrases() {
        return Ok(pairs);
    }
    let mut frequency = 0;
    let divided: Vec<(&str, &str)> = match word.terms.is_empty() || is_typo {
        true => divisions(&word.text, |part| stop_words.contains(part)).collect(),
        false => code_division(&word.text).into_iter().collect(),
    };
    for (first, second) in divided {
        let first_frequency = lookup.least_frequency(&[first])?;
        if first_frequency == 0 || !lookup.has_word(second, word.is_prefix)? {
            continue;
        }
        let is_prefix = word.is_prefix;
        let role = PhraseRole {
            kind: MatchKind::Split,
            factor: SPLIT,
            is_typo,
            is_prefix,
            are_stems: false,
            scope: None,
        };
        lookup.add_phrase(&mut word.terms, &[first, second], role)?;
        pairs.push(vec![first.to_owned(), second.to_owned()]);
        frequency = first_frequency;
    }
    if frequency > 0 && word.terms.idf() == lookup.idf(0) {
        word.terms.set_idf(lookup.idf(frequency));
    }
    Ok(pairs)
}
