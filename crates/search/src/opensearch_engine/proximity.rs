//! The nearness of a query's words: those as near to each other as they were typed add to the score.

use serde_json::{Value, json};

use super::clauses::constant;
use super::mapping::{STEMS, WORDS};
use super::plan::{ClausePlan, ClauseUnit};
use super::vocabulary::WordNotes;
use crate::weights::is_commonplace;

/// The greatest distance of near words.
const NEAR: usize = 8;

/// A word with its position in the query.
struct Position {
    at: usize,
    text: String,
    idf: f32,
    is_commonplace: bool,
}

/// Returns clauses that add to the scores of documents with neighbours of the query near each other.
pub(super) fn proximity(plan: &ClausePlan, notes: &WordNotes<'_>) -> Vec<Value> {
    let (mut clauses, weights) = (Vec::new(), &plan.weights);
    if weights.adjacent == 0.0 {
        return clauses;
    }
    let parts = plan.included.iter().flat_map(ClauseUnit::parts);
    let words = parts.flat_map(|part| part.plan.words().iter().map(move |word| (word, part.is_informative)));
    let mut previous: Option<Position> = None;
    for (at, (word, is_informative)) in (1..).zip(words) {
        if !is_informative || word.terms.forms.is_empty() {
            continue;
        }
        let frequency = word.terms.forms.iter().map(|form| form.frequency).sum();
        let is_commonplace = is_commonplace(frequency, notes.vocabulary.documents);
        let next = Position { at, text: word.text.clone(), idf: word.terms.idf, is_commonplace };
        // Of two commonplace words, reading the positions would take too long.
        if let Some(first) = &previous
            && !(is_commonplace && first.is_commonplace)
        {
            let idf = first.idf.min(next.idf);
            let distance = next.at - first.at;
            clauses.push(constant(pair(first, &next, true, distance - 1, notes), weights.adjacent * idf));
            clauses.push(constant(pair(first, &next, false, NEAR - 1, notes), weights.near * idf));
        }
        previous = Some(next);
    }
    clauses
}

/// Returns a clause of two words with at most `gaps` words between them.
fn pair(first: &Position, second: &Position, ordered: bool, gaps: usize, notes: &WordNotes<'_>) -> Value {
    // Without languages, documents have no stems.
    let field = if notes.vocabulary.languages.is_empty() { WORDS } else { STEMS };
    let forms = |position: &Position| {
        let mut forms = notes.stems_of(&position.text, &position.text);
        forms.push(position.text.clone());
        let rules: Vec<Value> = forms.iter().map(|form| json!({ "match": { "query": form } })).collect();
        json!({ "any_of": { "intervals": rules } })
    };
    json!({ "intervals": { field: { "all_of": {
        "ordered": ordered,
        "max_gaps": gaps,
        "intervals": [forms(first), forms(second)],
    } } } })
}
