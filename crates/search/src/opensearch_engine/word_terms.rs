//! The terms of a word, and the clause of its documents with their scores.

use serde_json::{Value, json};

use super::clauses::{
    all_of, best_of, constant, fuzzy, none, pattern, phrase, phrase_prefix, prefix, term, terms, within,
};
use super::mapping::{BEGINNINGS, PREFIXES, STEMS, SUFFIXES, TERMS, TITLE, WORDS, beginnings_of};
use super::mistyped::MistypedWord;
use crate::analysis::compound_rest;
use crate::explanation::MatchKind;
use crate::field_weights::WeightedField;
use crate::planner::PlannedTerms;
use crate::weights::{idf, is_commonplace};

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
    /// Terms with one score for all their documents, less than that of any form.
    pub(super) groups: Vec<Group>,
    /// The same for typos, which only some tiers permit.
    pub(super) typos: Vec<Group>,
    /// Terms in titles and other fields with a weight, of which the best adds to the score of groups.
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
    pub(super) kind: MatchKind,
    pub(super) factor: f32,
    pub(super) frequency: u64,
}

/// Documents with one score.
#[derive(Clone)]
pub(super) struct Group {
    pub(super) terms: TermSet,
    pub(super) field: ClauseField,
    pub(super) kind: MatchKind,
    pub(super) factor: f32,
    /// An upper bound of the number of documents.
    pub(super) frequency: u64,
    /// The clauses of the documents to which it is restricted.
    pub(super) scope: Vec<Value>,
}

/// The terms of a group.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum TermSet {
    Terms(Vec<String>),
    /// Words that begin so.
    Prefix(String),
    /// Longer words that end so, as reversed form.
    Suffix(String),
    /// Words whose beginning is within a number of edits, of which the first letters do not change.
    Beginning(String, u8, u8),
    /// Adjacent words.
    Phrase(Vec<String>),
    /// Adjacent words, the last of which may be incomplete.
    PhrasePrefix(Vec<String>),
    /// Adjacent stems.
    PhraseOfStems(Vec<String>),
}

/// A field of documents that contains the terms of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ClauseField {
    All,
    Title,
    Weighted(WeightedField),
}

impl TermSet {
    /// Returns the clause of the documents with one of the terms.
    pub(super) fn clause(&self, field: &ClauseField) -> Value {
        let of_terms = match field {
            ClauseField::All => TERMS.to_owned(),
            ClauseField::Title => TITLE.to_owned(),
            ClauseField::Weighted(of) => of.index_name(),
        };
        match self {
            Self::Terms(found) => match found.as_slice() {
                [found] => term(&of_terms, found),
                found => terms(&of_terms, found),
            },
            Self::Prefix(of) if *field == ClauseField::All => prefix(PREFIXES, of),
            Self::Prefix(of) => prefix(&of_terms, of),
            Self::Suffix(reversed) => {
                let pattern = format!("{}({})", pattern(reversed), compound_rest(reversed));
                json!({ "regexp": { SUFFIXES: { "value": pattern, "flags": "INTERSECTION" } } })
            }
            Self::Beginning(word, edits, kept) => {
                let field = match field {
                    ClauseField::All => BEGINNINGS.to_owned(),
                    ClauseField::Title | ClauseField::Weighted(_) => beginnings_of(&of_terms),
                };
                fuzzy(&field, word, *edits, *kept)
            }
            Self::Phrase(words) => phrase(WORDS, words),
            Self::PhrasePrefix(words) => phrase_prefix(WORDS, words),
            Self::PhraseOfStems(words) => phrase(STEMS, words),
        }
    }
}

impl Group {
    /// Creates a group of terms of all fields.
    pub(super) fn new(terms: TermSet, kind: MatchKind, factor: f32, frequency: u64) -> Self {
        Self { terms, field: ClauseField::All, kind, factor, frequency, scope: Vec::new() }
    }

    /// Creates a group of terms of one field.
    pub(super) fn in_field(field: ClauseField, terms: TermSet, kind: MatchKind, factor: f32) -> Self {
        Self { field, ..Self::new(terms, kind, factor, 0) }
    }

    /// Restricts the documents to those within other clauses.
    pub(super) fn within(self, scope: &[Value]) -> Self {
        Self { scope: scope.to_vec(), ..self }
    }

    /// Returns the clause of the documents with their score.
    pub(super) fn clause(&self, idf: f32) -> Value {
        let mut clause = self.terms.clause(&self.field);
        if !self.scope.is_empty() {
            clause = within([clause].into_iter().chain(self.scope.iter().cloned()).collect());
        }
        constant(clause, idf * self.factor)
    }
}

impl PlannedTerms for WordTerms {
    type Phrase = Vec<String>;
    /// Clauses that add to scores.
    type Wholes = Vec<Value>;
    type Misspelling = MistypedWord;

    fn idf(&self) -> f32 {
        self.idf
    }

    fn set_idf(&mut self, idf: f32) {
        self.idf = idf;
    }

    fn is_empty(&self) -> bool {
        self.phrases.is_empty() && self.forms.is_empty() && self.groups.is_empty()
    }

    fn has_forms(&self) -> bool {
        !self.forms.is_empty()
    }

    fn has_phrases(&self) -> bool {
        !self.phrases.is_empty()
    }

    fn group_frequency(&self) -> u64 {
        self.groups.iter().map(|group| group.frequency).sum()
    }
}

impl WordTerms {
    /// Returns the groups and the adjacent words, with typos if they are permitted.
    pub(super) fn groups(&self, typos: bool) -> impl Iterator<Item = &Group> {
        self.groups.iter().chain(self.typos.iter().filter(move |_| typos))
    }

    pub(super) fn phrases(&self, typos: bool) -> impl Iterator<Item = &Group> {
        self.phrases.iter().chain(self.typo_phrases.iter().filter(move |_| typos))
    }

    /// Returns the clause of the word's documents.
    ///
    /// Each form outscores all groups with their titles.
    pub(super) fn clause(&self, documents: u64, typos: bool) -> Value {
        let of_group = |group: &Group| group.clause(self.idf);
        let of_form = |form: &Form| form.clause(self, documents);
        let forms: Vec<Value> =
            self.forms.iter().map(of_form).chain(self.phrases(typos).map(of_group)).collect();
        let groups: Vec<Value> = self.groups(typos).map(of_group).collect();
        let mut kinds = Vec::with_capacity(2);
        if !forms.is_empty() {
            let extras = self.extras.iter().map(of_form).chain(self.titles.iter().map(of_group));
            kinds.push(all_of(vec![best_of(forms)], extras.collect()));
        }
        if !groups.is_empty() {
            let titles: Vec<Value> = self.group_titles.iter().map(of_group).collect();
            let titles = if titles.is_empty() { titles } else { vec![best_of(titles)] };
            kinds.push(all_of(vec![best_of(groups)], titles));
        }
        if kinds.is_empty() { none() } else { best_of(kinds) }
    }
}

impl Form {
    /// Returns the clause of the documents with their scores.
    pub(super) fn clause(&self, word: &WordTerms, documents: u64) -> Value {
        all_of(self.scores(word, documents), Vec::new())
    }

    /// Returns clauses whose scores add up to that of the form.
    pub(super) fn scores(&self, word: &WordTerms, documents: u64) -> Vec<Value> {
        let weight = word.idf * self.factor;
        let matching = term(TERMS, &self.term);
        if is_commonplace(self.frequency, documents) {
            return vec![constant(matching, weight * (word.floor + 1.0))];
        }
        // The engine multiplies by the term's own idf.
        let boost = weight / idf(self.frequency, documents);
        let bm25 = json!({ "term": { TERMS: { "value": self.term, "boost": boost } } });
        vec![bm25, constant(matching, weight * word.floor)]
    }
}
