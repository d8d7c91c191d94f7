//! Words that are written together or apart: `icecream` and `ice cream`, `16gb` and `16 GB`.

use super::lookup::{PhraseRole, TermLookup};
use super::stop_words::StopWords;
use super::units::{PlannedTerms, PlannedWord};
use crate::splits::{code_division, divides_code, divisions, divisions_of_known};

/// Adds the word as two adjacent ones to its terms, or as three if no two of them are known, and returns them.
///
/// With `is_typo`, only tiers with typos permit them. Without, a word that documents contain is divided into longer
/// words only, which are complete.
pub(super) fn add_splits<L: TermLookup>(
    lookup: &L,
    stop_words: StopWords<'_>,
    word: &mut PlannedWord<L::Terms>,
    is_typo: bool,
) -> Result<Vec<Vec<String>>, L::Error> {
    let mut divided_words = Vec::new();
    if word.terms.has_phrases() {
        return Ok(divided_words);
    }
    let mut frequency = 0;
    let is_known = !word.terms.is_empty() && !is_typo;
    let may_be_incomplete = word.is_prefix;
    // Of a word that documents contain, only the parts of a code may be incomplete.
    let is_prefix = |before: &str, last: &str| {
        may_be_incomplete && (!is_known || last.chars().next().is_some_and(|c| divides_code(before, c)))
    };
    let is_stop_word = |part: &str| stop_words.contains(part);
    let divided: Vec<(&str, &str)> = match is_known {
        false => divisions(&word.text, is_stop_word).collect(),
        true if word.terms.has_forms() => divisions_of_known(&word.text, &is_stop_word).collect(),
        // The beginning of a word, which is looked up at each letter.
        true => code_division(&word.text).into_iter().collect(),
    };
    let mut found: Vec<(Vec<&str>, u64)> = Vec::new();
    for &(first, second) in &divided {
        let frequency = lookup.least_frequency(&[first])?;
        if frequency > 0 && lookup.has_word(second, is_prefix(first, second))? {
            found.push((vec![first, second], frequency));
        }
    }
    if found.is_empty() && word.terms.is_empty() {
        for (first, rest) in divided {
            if lookup.least_frequency(&[first])? == 0 {
                continue;
            }
            for (second, third) in divisions(rest, is_stop_word) {
                let frequency = lookup.least_frequency(&[first, second])?;
                if frequency > 0 && lookup.has_word(third, is_prefix(second, third))? {
                    found.push((vec![first, second, third], frequency));
                }
            }
        }
    }
    for (parts, of_parts) in found {
        let is_prefix = matches!(parts[..], [.., before, last] if is_prefix(before, last));
        lookup.add_phrase(&mut word.terms, &parts, PhraseRole::split(is_typo, is_prefix))?;
        divided_words.push(parts.into_iter().map(str::to_owned).collect());
        frequency = of_parts;
    }
    if frequency > 0 && word.terms.idf() == lookup.idf(0) {
        word.terms.set_idf(lookup.idf(frequency));
    }
    Ok(divided_words)
}
