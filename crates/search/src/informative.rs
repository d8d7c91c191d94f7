//! The units of a query that carry information, and the most informative ones of a long query.

use std::borrow::Cow;

use super::query::{QueryUnit, QueryWord};

/// The maximum number of words of a query that are looked up.
const MAX_WORDS: usize = 32;

/// Returns for each unit whether it carries information.
pub(crate) fn informative(units: &[QueryUnit], is_stop_word: impl Fn(&str) -> bool) -> Vec<bool> {
    let informative = units.iter().map(|unit| match unit {
        QueryUnit::Word(word) => !is_stop_word(&word.text),
        QueryUnit::Compound(words, _) => words.iter().any(|word| is_informative_part(word, &is_stop_word)),
        QueryUnit::Unspaced(..) | QueryUnit::Phrase(_) => true,
    });
    informative.collect()
}

/// Returns false for a part such as the letter of a contraction: what's, don't.
pub(crate) fn is_informative_part(part: &QueryWord, is_stop_word: impl Fn(&str) -> bool) -> bool {
    part.text.chars().count() > 1 && !is_stop_word(&part.text)
}

/// Keeps the most informative units of a long query, in their order; returns true if others are left out.
///
/// `frequency` counts the documents with the rarest of some words.
pub(crate) fn most_informative<'q, E>(
    units: &'q [QueryUnit],
    is_stop_word: impl Fn(&str) -> bool,
    frequency: impl Fn(&[&str]) -> Result<u64, E>,
    idf: impl Fn(u64) -> f32,
) -> Result<(Cow<'q, [QueryUnit]>, bool), E> {
    if units.len() <= MAX_WORDS {
        return Ok((Cow::Borrowed(units), false));
    }
    let mut ranked: Vec<(f32, usize)> = Vec::with_capacity(units.len());
    let informative = informative(units, is_stop_word);
    for (at, unit) in units.iter().enumerate() {
        let frequency = frequency(&unit.texts())?;
        // Words of no document tell nothing about those of the index.
        let idf = if frequency == 0 || !informative[at] { 0.0 } else { idf(frequency) };
        ranked.push((idf, at));
    }
    ranked.sort_by(|(a, a_at), (b, b_at)| b.total_cmp(a).then(a_at.cmp(b_at)));
    let mut kept: Vec<usize> = ranked.into_iter().take(MAX_WORDS).map(|(_, at)| at).collect();
    kept.sort_unstable();
    Ok((kept.into_iter().map(|at| units[at].clone()).collect(), true))
}
