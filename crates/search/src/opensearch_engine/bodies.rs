//! The requests of the hits and of the counts of a search.

use serde_json::{Value, json};

use super::boosts::FactorClauses;
use super::clauses::{all, any_of, ids, name_clauses, object};
use super::filter::filter_clause;
use super::mapping::{DOCUMENT, ID};
use super::proximity::proximity;
use super::search::SearchRun;
use super::sorting::sort;
use crate::filter::DocumentFilter;
use crate::request::SearchSort;
use crate::tiers::RequiredUnits;

impl SearchRun<'_> {
    /// Returns the body of a request without hits over all tiers up to a depth.
    pub(super) fn counting_body(&self, depth: u8, filter: &DocumentFilter) -> Value {
        let used = (0..self.tiers.len()).filter(|at| self.tiers[*at].rank <= depth);
        let mut alternatives: Vec<Value> = used.map(|at| self.tier_clause(at)).collect();
        if alternatives.is_empty() {
            alternatives.push(all());
        }
        let mut filters = vec![filter_clause(filter), json!({ "exists": { "field": ID } })];
        let matching = json!({ "bool": {
            "filter": [any_of(alternatives, Vec::new())],
            "must_not": self.excluded(),
        } });
        if self.pinned.is_empty() {
            filters.push(matching);
        } else {
            let pinned = ids(self.pinned.iter().map(|pin| pin.document.id.0.as_u128()));
            filters.push(any_of(vec![matching, pinned], Vec::new()));
        }
        json!({ "size": 0, "query": { "bool": { "filter": filters } } })
    }

    fn tier_clause(&self, at: usize) -> Value {
        let none = vec![false; self.plan.included.len()];
        let documents = self.searcher.vocabulary.documents;
        self.plan.clause(documents, self.tiers[at].required, self.typos.get(at).unwrap_or(&none))
    }

    /// Returns the clauses that no match of any tier meets.
    fn excluded(&self) -> Vec<Value> {
        let documents = self.searcher.vocabulary.documents;
        let excluded =
            self.plan.excluded.iter().map(|unit| unit.clause(documents, RequiredUnits::All, false));
        let mut excluded: Vec<Value> = excluded.collect();
        let pinned = self.pinned.iter().map(|pin| pin.document.id.0.as_u128());
        let hidden = self.effects.hidden.iter().map(|id| id.0.as_u128());
        let documents: Vec<u128> = pinned.chain(hidden).collect();
        if !documents.is_empty() {
            excluded.push(ids(documents));
        }
        excluded
    }

    /// Returns the request of the hits of a tier that no earlier tier finds.
    pub(super) fn body(&self, at: usize, filter: &DocumentFilter) -> Value {
        let mut filters = vec![json!({ "exists": { "field": ID } })];
        if !filter.is_empty() {
            filters.push(filter_clause(filter));
        }
        let clause = self.tier_clause(at);
        let mut excluded = self.excluded();
        excluded.extend((0..at).map(|earlier| self.tier_clause(earlier)));
        let has_words = !self.plan.included.is_empty();
        let scores = self.request.sort == SearchSort::Relevance && has_words;
        let query = if scores || self.request.explain && has_words {
            let clauses = [
                ("must", vec![self.factors().apply(clause, true)].into()),
                ("should", proximity(&self.plan, &self.notes).into()),
                ("filter", filters.into()),
                ("must_not", excluded.into()),
            ];
            object([("bool", object(clauses))])
        } else {
            filters.push(clause);
            // Without words, all documents score 0, and factors alone order them.
            let clauses = [("filter", filters.into()), ("must_not", excluded.into())];
            self.factors().apply(object([("bool", object(clauses))]), false)
        };
        let mut body = object([
            ("query", query),
            ("sort", sort(self.request)),
            ("track_total_hits", true.into()),
            ("_source", vec![DOCUMENT].into()),
        ]);
        if self.request.explain {
            name_clauses(&mut body["query"]);
        }
        body
    }

    /// Returns the factors of scores, which apply to the order by relevance.
    pub(super) fn factors(&self) -> FactorClauses<'_> {
        let (rules, boosts) = (&self.effects.factors[..], &self.request.boosts[..]);
        let (rules, boosts) = if self.by_relevance { (rules, boosts) } else { (&[][..], &[][..]) };
        FactorClauses { rules, boosts, popularity: self.popularity, now: self.now }
    }
}
