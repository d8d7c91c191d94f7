//! Words that are written together or apart: `icecream` and `ice cream`, `16gb` and `16 GB`.

use super::super::explanation::MatchKind;
use super::super::splits::{code_division, divisions};
use super::phrases::{phrase_prefix_weight, phrase_weight};
use super::schema::Fields;
use super::snapshot::IndexSnapshot;
use super::stop_words::StopWords;
use super::weights::SPLIT;
use super::word::{PhraseForm, PlannedWord};

/// Adds the word as two adjacent ones to its terms, and returns the pairs.
///
/// With `is_typo`, only tiers with typos permit them. Without, a word that documents contain is divided only if it
/// is a code.
pub(super) fn add_splits(
    snapshot: &IndexSnapshot,
    fields: &Fields,
    stop_words: StopWords<'_>,
    word: &mut PlannedWord,
    is_typo: bool,
) -> tantivy::Result<Vec<Vec<String>>> {
    let mut pairs = Vec::new();
    if !word.terms.phrases.is_empty() {
        return Ok(pairs);
    }
    let mut frequency = 0;
    let divided: Vec<(&str, &str)> = match word.terms.is_empty() || is_typo {
        true => divisions(&word.text, |part| stop_words.contains(part)).collect(),
        false => code_division(&word.text).into_iter().collect(),
    };
    for (first, second) in divided {
        let first_frequency = snapshot.frequency(first)?;
        if first_frequency == 0 || !snapshot.has_word(second, word.is_prefix)? {
            continue;
        }
        let weight = if word.is_prefix {
            phrase_prefix_weight(snapshot, fields, &[first, second])?
        } else {
            phrase_weight(snapshot, fields, &[first.to_owned(), second.to_owned()])?
        };
        word.terms.phrases.push(PhraseForm {
            weight,
            factor: SPLIT,
            kind: MatchKind::Split,
            is_typo,
            within: None,
        });
        pairs.push(vec![first.to_owned(), second.to_owned()]);
        frequency = first_frequency;
    }
    if frequency > 0 && word.terms.idf == snapshot.idf(0) {
        word.terms.idf = snapshot.idf(frequency);
    }
    Ok(pairs)
}
