//! The factors of scores by rules and by values of documents.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::clauses::id_text;
use super::filter::filter_clause;
use super::mapping::{ID, PUBLISHED_AT, field_of};
use crate::attribute_values::AttributeValues;
use crate::indexed_sources::IndexedSources;
use crate::popularity::Popularity;
use crate::request::{BoostShape, BoostValue, ValueBoost};
use crate::rules::RuleFactor;
use crate::weights::{MAX_FACTOR, MIN_FACTOR};
use quarry_domain::{Document, InteractionKind};

/// The documents of each kind of interaction whose visitors count, those with the most: each search sends them.
const MAX_DOCUMENTS: usize = 10_000;

/// Multiplies the factors of boosts. Its text is constant, since a cluster compiles each one.
const SCRIPT: &str = "double factor = 1;
for (def boost : params.boosts) {
    double value;
    if (boost.visitors != null) {
        def visitors = boost.visitors[doc[params.id].value];
        if (visitors == null) { continue; }
        value = ((Number) visitors).doubleValue();
    } else {
        def values = doc[boost.field];
        if (values.size() == 0) { continue; }
        value = ((Number) values.get(values.size() - 1)).doubleValue();
    }
    double share = boost.half_life != null
        ? Math.pow(2, -Math.max(((Number) params.now).doubleValue() - value, 0) / ((Number) boost.half_life).doubleValue())
        : Math.max(value, 0) / (Math.max(value, 0) + ((Number) boost.saturation).doubleValue());
    factor *= 1 + ((Number) boost.weight).doubleValue() * share;
}
return factor;";

/// The numbers of visitors as searches send them.
pub(super) struct ClusterPopularity {
    popularity: Arc<Popularity>,
    clicks: Value,
    conversions: Value,
}

impl Default for ClusterPopularity {
    fn default() -> Self {
        Self::new(Arc::default())
    }
}

impl ClusterPopularity {
    pub(super) fn new(popularity: Arc<Popularity>) -> Self {
        let of = |kind| -> Value {
            let most = popularity.most_visited(kind, MAX_DOCUMENTS).into_iter();
            most.map(|(document, visitors)| (id_text(document), visitors.into()))
                .collect::<Map<_, _>>()
                .into()
        };
        let (clicks, conversions) = (of(InteractionKind::Click), of(InteractionKind::Conversion));
        Self { popularity, clicks, conversions }
    }

    fn of(&self, kind: InteractionKind) -> &Value {
        match kind {
            InteractionKind::Click => &self.clicks,
            InteractionKind::Conversion => &self.conversions,
        }
    }
}

/// The factors of the scores of a search.
pub(super) struct FactorClauses<'a> {
    pub(super) rules: &'a [RuleFactor],
    pub(super) boosts: &'a [ValueBoost],
    pub(super) popularity: &'a ClusterPopularity,
    /// The time of the search in microseconds since 1970.
    pub(super) now: i64,
}

impl FactorClauses<'_> {
    /// Multiplies the scores of a clause by the factors; without scores, the factors are the scores.
    pub(super) fn apply(&self, query: Value, scores: bool) -> Value {
        if self.rules.is_empty() && self.boosts.is_empty() {
            return query;
        }
        let rules = self.rules.iter().enumerate();
        let rules = rules.map(|(at, of)| json!({ "filter": named(of, at), "weight": of.factor }));
        let functions: Vec<Value> = rules.chain(self.script()).collect();
        let factored = json!({ "function_score": {
            "query": query.clone(),
            "functions": functions,
            "score_mode": "multiply",
            "boost_mode": if scores { "multiply" } else { "replace" },
            "max_boost": MAX_FACTOR,
        } });
        let least: f32 = self.rules.iter().map(|of| of.factor.min(1.0)).product();
        if least >= MIN_FACTOR {
            return factored;
        }
        // The engine has no lower bound of factors: a document scores the more of both.
        let bound = if scores {
            json!({ "bool": { "must": [query], "boost": MIN_FACTOR } })
        } else {
            json!({ "constant_score": { "filter": query, "boost": MIN_FACTOR } })
        };
        json!({ "dis_max": { "queries": [factored, bound] } })
    }

    fn script(&self) -> Option<Value> {
        if self.boosts.is_empty() {
            return None;
        }
        let boost = |boost: &ValueBoost| {
            let mut of = match &boost.value {
                BoostValue::Attribute(name) => json!({ "field": field_of(name) }),
                BoostValue::PublishedAt => json!({ "field": PUBLISHED_AT }),
                BoostValue::Interactions(kind) => json!({ "visitors": self.popularity.of(*kind) }),
            };
            match boost.shape {
                BoostShape::Saturation(half) => of["saturation"] = half.into(),
                BoostShape::HalfLife(micros) => of["half_life"] = micros.into(),
            }
            of["weight"] = boost.weight.into();
            of
        };
        let boosts: Vec<Value> = self.boosts.iter().map(boost).collect();
        let params = json!({ "boosts": boosts, "now": self.now, "id": ID });
        Some(json!({ "script_score": {
            "script": { "lang": "painless", "source": SCRIPT, "params": params },
        } }))
    }

    /// Returns each boost with its factor for a document, as the script computes it.
    pub(super) fn of_boosts(&self, document: &Document, sources: &IndexedSources) -> Vec<(BoostValue, f32)> {
        let values = sources.values_of(document);
        let value = |of: &BoostValue| match of {
            BoostValue::PublishedAt => document.published_at.map(|at| at.timestamp_micros() as f64),
            BoostValue::Interactions(kind) => {
                self.popularity.popularity.visitors(*kind, document.id.0.as_u128())
            }
            BoostValue::Attribute(name) => {
                let found = values.iter().filter(|(of, _)| of == name).filter_map(|(_, of)| largest(of));
                found.max_by(f64::total_cmp)
            }
        };
        let factor = |boost: &ValueBoost| (boost.value.clone(), boost.factor(value(&boost.value), self.now));
        self.boosts.iter().map(factor).collect()
    }
}

/// Returns the name of the clause of a rule's documents.
pub(super) fn rule_name(at: usize) -> String {
    format!("rule-{at}")
}

fn named(of: &RuleFactor, at: usize) -> Value {
    json!({ "bool": { "filter": [filter_clause(&of.filter)], "_name": rule_name(at) } })
}

fn largest(values: &AttributeValues) -> Option<f64> {
    match values {
        AttributeValues::Numbers(numbers) => numbers.iter().copied().max_by(f64::total_cmp),
        AttributeValues::Dates(dates) => dates.iter().max().map(|date| date.timestamp_micros() as f64),
        AttributeValues::Labels(_) | AttributeValues::Points(_) => None,
    }
}
