//! The explanation of a hit's score, from the scores of the clauses of its query.

use std::collections::HashMap;
use std::convert::Infallible;

use serde_json::Value;

use super::boosts::rule_name;
use super::plan::ClausePlan;
use super::proximity::proximity;
use super::search::SearchRun;
use super::unit_clauses::quoted_words;
use super::word_terms::{ClauseField, Form, Group, TermSet, WordTerms};
use crate::analysis::{ends_in_part, is_marked, reversed_parts};
use crate::cursor::SortKey;
use crate::explainer::{MatchedTerms, RankedTerm, TermScores};
use crate::explanation::{Explanation, FactorScore, TermScore, WordScore};
use crate::field_terms::{FieldScope, TermsByField};
use crate::request::SearchSort;
use crate::tantivy_engine::fuzzy::FuzzyAutomaton;
use crate::tiers::RequiredUnits;
use crate::weights::bounded;
use quarry_config::Language;
use quarry_domain::Document;

/// The scores of the clauses of a query in one document.
struct ClauseScores<'a> {
    /// By the text of the clause.
    scores: HashMap<String, f32>,
    terms: &'a TermsByField,
    /// The number of documents of the index.
    documents: u64,
}

impl SearchRun<'_> {
    /// Explains the score of a hit of a tier.
    pub(super) fn explain(&self, at: usize, key: &SortKey, document: &Document, hit: &Value) -> Explanation {
        let terms = TermsByField::of(document, self.searcher.sources);
        let scores = ClauseScores::of(hit, &terms, self.searcher.vocabulary.documents);
        let words = scores.words(&self.plan, self.tiers[at].required, &self.typos[at]);
        let by_score = self.request.sort == SearchSort::Relevance;
        let factors = self.factors();
        let of_rules = factors.rules.iter().enumerate().filter(|(at, _)| scores.has_rule(*at));
        let of_rules = of_rules.map(|(_, of)| FactorScore {
            factor: of.factor,
            rule: self.effects.applied.get(of.rule).cloned(),
            value: None,
        });
        let of_boosts = factors.of_boosts(document, self.searcher.sources).into_iter();
        let of_boosts =
            of_boosts.map(|(value, factor)| FactorScore { factor, rule: None, value: Some(value) });
        let factors: Vec<FactorScore> = of_rules.chain(of_boosts).collect();
        let score = match by_score {
            // Without words, the factor is the score of the engine.
            true if self.plan.included.is_empty() && !factors.is_empty() => key.score - 1.0,
            true => key.score,
            false => 0.0,
        };
        Explanation {
            score,
            words,
            neighbours: if by_score { scores.sum(&proximity(&self.plan, &self.notes)) } else { 0.0 },
            whole_field: scores.sum(&self.plan.wholes),
            factor: bounded(factors.iter().map(|of| of.factor)),
            factors,
            pinned_by: None,
        }
    }
}

impl<'a> ClauseScores<'a> {
    /// Reads the scores of a hit.
    fn of(hit: &Value, terms: &'a TermsByField, documents: u64) -> Self {
        let named = hit["matched_queries"].as_object().into_iter().flatten();
        #[expect(clippy::cast_possible_truncation, reason = "scores have 32 bits")]
        let scores = named.map(|(name, score)| (name.clone(), score.as_f64().unwrap_or(0.0) as f32));
        Self { scores: scores.collect(), terms, documents }
    }

    /// Returns the scores of the words of a query.
    fn words(&self, plan: &ClausePlan, required: RequiredUnits, typos: &[bool]) -> Vec<WordScore> {
        let units = plan.included.iter().zip(typos);
        let words = units.flat_map(|(unit, &typos)| {
            let Ok(words) = self.unit(&unit.plan, required, typos);
            words
        });
        words.collect()
    }

    /// Returns true for the documents of a rule.
    fn has_rule(&self, at: usize) -> bool {
        self.scores.contains_key(&rule_name(at))
    }

    /// Returns the score of a clause; `None` if it does not match.
    fn score(&self, clause: &Value) -> Option<f32> {
        self.scores.get(&clause.to_string()).copied()
    }

    /// Returns the sum of the scores of some clauses.
    fn sum(&self, clauses: &[Value]) -> f32 {
        clauses.iter().filter_map(|clause| self.score(clause)).fold(0.0, |sum, score| sum + score)
    }

    fn form(&self, form: &Form, word: &WordTerms) -> Option<TermScore> {
        let clauses = form.scores(word, self.documents);
        clauses.iter().find_map(|clause| self.score(clause))?;
        let contains = |term: &str, _: &[Language]| Ok::<_, Infallible>(term == form.term);
        let Ok((fields, words)) = self.terms.containing(FieldScope::All, contains);
        Some(TermScore { kind: form.kind, fields, words, weight: form.factor, score: self.sum(&clauses) })
    }

    fn group(&self, group: &Group, word: &WordTerms) -> Option<TermScore> {
        let score = self.score(&group.clause(word.idf))?;
        let scope = match &group.field {
            ClauseField::All => FieldScope::All,
            ClauseField::Title => FieldScope::Title,
            ClauseField::Weighted(of) => FieldScope::Weighted(of),
        };
        let contains = |term: &str, languages: &[Language]| {
            Ok::<_, Infallible>(match &group.terms {
                TermSet::Terms(terms) => terms.iter().any(|known| known == term),
                TermSet::Prefix(prefix) => !is_marked(term) && term.starts_with(prefix.as_str()),
                TermSet::Suffix(suffix) => {
                    let mut reversed = languages.iter().flat_map(|&of| reversed_parts(term, of));
                    reversed.any(|reversed| ends_in_part(&reversed, suffix))
                }
                TermSet::Beginning(word, ..) => {
                    FuzzyAutomaton::of(word, true).is_some_and(|automaton| automaton.permits(term))
                }
                TermSet::Phrase(_) | TermSet::PhrasePrefix(_) | TermSet::PhraseOfStems(_) => false,
            })
        };
        let Ok((fields, words)) = self.terms.containing(scope, contains);
        Some(TermScore { kind: group.kind, fields, words, weight: group.factor, score })
    }
}

impl TermScores<WordTerms> for ClauseScores<'_> {
    type Error = Infallible;

    fn matched(&self, word: &WordTerms, typos: bool) -> Result<MatchedTerms, Infallible> {
        // A document scores as its best clause.
        let ranked = |term: TermScore| -> RankedTerm { (term.score, term) };
        let form = |form| self.form(form, word);
        let group = |group| self.group(group, word);
        let forms = word.forms.iter().filter_map(form).chain(word.phrases(typos).filter_map(group));
        Ok(MatchedTerms {
            forms: forms.map(ranked).collect(),
            extras: word.extras.iter().filter_map(form).chain(word.titles.iter().filter_map(group)).collect(),
            groups: word.groups(typos).filter_map(group).map(ranked).collect(),
            group_titles: word.group_titles.iter().filter_map(group).map(ranked).collect(),
        })
    }

    fn phrase(&self, words: &Vec<String>) -> Result<Option<f32>, Infallible> {
        Ok(self.score(&quoted_words(words)))
    }
}
