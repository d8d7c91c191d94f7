//! The keys of runs of words, by which phrases are found in a query.

use super::super::query::{ParsedQuery, QueryUnit};

/// Returns the words of a phrase with their key.
///
/// White space within words does not matter, as in searches.
pub(super) fn parsed(phrase: &str) -> (String, Vec<QueryUnit>) {
    let units = ParsedQuery::parse(phrase).included;
    (key_of(&units), units)
}

/// Returns the key of all words.
pub(super) fn key_of(units: &[QueryUnit]) -> String {
    units.iter().map(QueryUnit::key).collect()
}

/// Returns the keys of a unit's words, which together are that of the unit.
pub(super) fn word_keys(unit: &QueryUnit) -> Vec<String> {
    let words: Vec<String> = match unit {
        QueryUnit::Compound(words, _) => words.iter().map(|word| word.text.clone()).collect(),
        QueryUnit::Phrase(words) => words.clone(),
        QueryUnit::Word(_) | QueryUnit::Unspaced(..) => Vec::new(),
    };
    let key = unit.key();
    if words.concat() == key { words } else { vec![key] }
}

/// Calls `visit` with the number of units and the key of each run from a unit on, the shortest first.
///
/// Runs end before words in quotes, and before keys of more than `longest` bytes.
pub(super) fn for_each_run(
    units: &[QueryUnit],
    first: usize,
    longest: usize,
    mut visit: impl FnMut(usize, &str),
) {
    let mut key = String::new();
    for (at, unit) in units[first..].iter().enumerate() {
        if matches!(unit, QueryUnit::Phrase(_)) {
            return;
        }
        key.push_str(&unit.key());
        if key.len() > longest {
            return;
        }
        visit(at + 1, &key);
    }
}
