//! The nearness of a query's words: those as near to each other as they were typed add to the score.

use serde_json::{Value, json};

use super::clauses::{any_of, constant};
use super::mapping::{STEMS, WORDS};
use super::plan::{ClausePlan, ClauseUnit};
use super::vocabulary::WordNotes;
use super::word_terms::{TermSet, WordTerms};
use crate::planner::PlannedWord;
use crate::weights::is_commonplace;

/// The greatest distance of near words.
const NEAR: usize = 8;

/// The words that an unfinished one may become.
const MAX_COMPLETIONS: usize = 50;

/// A word with its position in the query.
struct Position {
    at: usize,
    /// The forms of the word, or, if no document has one, the words that it may mean.
    forms: Vec<String>,
    /// The beginning of the words that it may become, if no document has one of its forms.
    beginning: Option<String>,
    idf: f32,
    is_commonplace: bool,
}

impl Position {
    fn of(word: &PlannedWord<WordTerms>, at: usize, notes: &WordNotes<'_>) -> Self {
        let terms = &word.terms;
        let frequency = terms.forms.iter().map(|form| form.frequency).sum();
        let is_commonplace = is_commonplace(frequency, notes.vocabulary.documents);
        let mut position = Self { at, forms: Vec::new(), beginning: None, idf: terms.idf, is_commonplace };
        if terms.forms.is_empty() {
            for group in terms.groups.iter().chain(&terms.typos) {
                match &group.terms {
                    TermSet::Terms(words) => {
                        for word in words {
                            position.forms.extend(notes.stems_of(word, word));
                            position.forms.push(word.clone());
                        }
                    }
                    TermSet::Prefix(beginning) => position.beginning = Some(beginning.clone()),
                    _ => {}
                }
            }
        } else {
            position.forms = notes.stems_of(&word.text, &word.text);
            position.forms.push(word.text.clone());
        }
        position
    }

    fn is_empty(&self) -> bool {
        self.forms.is_empty() && self.beginning.is_none()
    }
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
        if !is_informative {
            continue;
        }
        let next = Position::of(word, at, notes);
        if next.is_empty() {
            continue;
        }
        // Of two commonplace words, reading the positions would take too long.
        if let Some(first) = &previous
            && !(next.is_commonplace && first.is_commonplace)
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
    let field = if notes.vocabulary.languages.of_index().all.is_empty() { WORDS } else { STEMS };
    let forms = |position: &Position| {
        let rules: Vec<Value> =
            position.forms.iter().map(|form| json!({ "match": { "query": form } })).collect();
        json!({ "any_of": { "intervals": rules } })
    };
    let mut alternatives = Vec::new();
    if !first.forms.is_empty() && !second.forms.is_empty() {
        alternatives.push(json!({ "intervals": { field: { "all_of": {
            "ordered": ordered,
            "max_gaps": gaps,
            "intervals": [forms(first), forms(second)],
        } } } }));
    }
    if let (Some(word), Some(beginning)) = (first.forms.last(), &second.beginning) {
        alternatives.push(json!({ "match_phrase_prefix": { WORDS: {
            "query": format!("{word} {beginning}"),
            "slop": gaps,
            "max_expansions": MAX_COMPLETIONS,
        } } }));
    }
    any_of(alternatives, Vec::new())
}
