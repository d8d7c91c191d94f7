//! The terms of a word, and the clause of its documents with their scores.

use serde_json::{Value, json};

use super::clauses::{all_of, best_of, constant, none, term, within};
use super::mapping::TERMS;
use crate::weights::{MAX_BM25, idf, is_commonplace};

/// The terms of a word, as the embedded engine weighs them.
#[derive(Clone, Default)]
pub(super) struct WordTerms {
    /// The inverse document frequency, by which all scores are multiplied.
    pub(super) idf: f32,
    /// The score of a match of a form beside BM25.
    pub(super) floor: f32,
    /// Terms of which each document of the word has one, unless it has one of a group only.
    pub(super) forms: Vec<Form>,
    /// Terms that add to the scores of documents with a form.
    pub(super) extras: Vec<Form>,
    pub(super) titles: Vec<Group>,
    /// Clauses with one score for all their documents.
    pub(super) groups: Vec<Group>,
    /// The same for typos, which only some tiers permit.
    pub(super) typos: Vec<Group>,
    pub(super) group_titles: Vec<Group>,
    /// The word as adjacent words.
    pub(super) phrases: Vec<Group>,
    /// The same for typos.
    pub(super) typo_phrases: Vec<Group>,
}

/// A term that stands for a word.
#[derive(Clone)]
pub(super) struct Form {
    pub(super) term: String,
    pub(super) factor: f32,
    pub(super) frequency: u64,
}

/// Documents with one score.
#[derive(Clone)]
pub(super) struct Group {
    pub(super) clause: Value,
    pub(super) factor: f32,
    pub(super) frequency: u64,
}

impl Group {
    pub(super) fn new(clause: Value, factor: f32, frequency: u64) -> Self {
        Self { clause, factor, frequency }
    }

    /// Restricts the documents to those within other clauses.
    pub(super) fn within(mut self, scope: &[Value]) -> Self {
        if !scope.is_empty() {
            let clauses = std::iter::once(self.clause).chain(scope.iter().cloned());
            self.clause = within(clauses.collect());
        }
        self
    }
}

impl WordTerms {
    pub(super) fn empty(floor: f32) -> Self {
        Self { floor, ..Self::default() }
    }

    /// Returns true if the index contains none of the terms.
    pub(super) fn is_empty(&self) -> bool {
        self.phrases.is_empty() && self.forms.is_empty() && self.groups.is_empty()
    }

    /// Returns the clause of the word's documents.
    pub(super) fn clause(&self, documents: u64, typos: bool) -> Value {
        let score = |group: &Group| constant(group.clause.clone(), self.idf * group.factor);
        let mut alternatives: Vec<Value> = self.forms.iter().map(|form| self.form(form, documents)).collect();
        alternatives.extend(self.phrases.iter().chain(&self.groups).map(score));
        if typos {
            alternatives.extend(self.typo_phrases.iter().chain(&self.typos).map(score));
        }
        if alternatives.is_empty() {
            return none();
        }
        let mut others: Vec<Value> = self.extras.iter().map(|form| self.form(form, documents)).collect();
        others.extend(self.titles.iter().chain(&self.group_titles).map(score));
        all_of(vec![best_of(alternatives)], others)
    }

    fn form(&self, form: &Form, documents: u64) -> Value {
        let weight = self.idf * form.factor;
        let matching = term(TERMS, &form.term);
        if is_commonplace(form.frequency, documents) {
            return constant(matching, weight * (self.floor + 1.0));
        }
        // The engine multiplies by the term's own idf.
        let boost = weight * MAX_BM25 / idf(form.frequency, documents);
        let bm25 = json!({ "term": { TERMS: { "value": form.term, "boost": boost } } });
        all_of(vec![bm25, constant(matching, weight * self.floor)], Vec::new())
    }
}
