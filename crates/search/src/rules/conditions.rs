//! The rules that apply to a search, and their joint effects.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use quarry_domain::{DocumentId, SourceName, Timestamp};
use serde::{Deserialize, Serialize};

use super::super::filter::DocumentFilter;
use super::super::query::ParsedQuery;
use super::definitions::{RuleCondition, SearchRule};
use super::phrase_keys::{key_of, parsed, word_keys};

/// A rule that applied to a search.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedRule {
    /// The id of the rule.
    pub id: String,
    /// The name of the rule.
    pub name: Option<String>,
}

/// The joint effects of the rules that apply to a search.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct RuleEffects {
    /// The rules, in order of priority.
    pub(crate) applied: Vec<AppliedRule>,
    /// Documents by their position.
    pub(crate) pinned: BTreeMap<u32, RulePin>,
    pub(crate) hidden: HashSet<DocumentId>,
    pub(crate) factors: Vec<RuleFactor>,
    pub(crate) redirect: Option<String>,
}

/// A pinned document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RulePin {
    pub(crate) document: DocumentId,
    /// The index of the rule in `applied`.
    pub(crate) rule: usize,
}

/// A factor of the scores of some documents.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RuleFactor {
    pub(crate) filter: DocumentFilter,
    pub(crate) factor: f32,
    /// The index of the rule in `applied`.
    pub(crate) rule: usize,
}

/// Enabled rules, by their conditions.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    /// In order of priority, then by id.
    rules: Vec<SearchRule>,
    /// Indexes of rules by the key of the whole query.
    by_query: HashMap<String, Vec<usize>>,
    /// Indexes of rules by the key of words within the query.
    by_words: HashMap<String, Vec<usize>>,
    /// The length of the longest key of `by_words` in bytes.
    longest: usize,
    of_empty_queries: Vec<usize>,
    of_all_queries: Vec<usize>,
    /// The beginnings and ends of the rules, in order.
    boundaries: Vec<Timestamp>,
}

impl Rules {
    pub(crate) fn new(rules: &[SearchRule]) -> Self {
        let mut enabled: Vec<SearchRule> = rules.iter().filter(|rule| rule.enabled).cloned().collect();
        enabled.sort_by(|a, b| b.priority.cmp(&a.priority).then_with(|| a.id.cmp(&b.id)));
        let mut compiled = Self::default();
        for (at, rule) in enabled.iter().enumerate() {
            let RuleCondition { equals, contains, empty, .. } = &rule.condition;
            if *empty {
                compiled.of_empty_queries.push(at);
            } else if equals.is_empty() && contains.is_empty() {
                compiled.of_all_queries.push(at);
            }
            for phrase in equals {
                compiled.by_query.entry(parsed(phrase).0).or_default().push(at);
            }
            for phrase in contains {
                compiled.by_words.entry(parsed(phrase).0).or_default().push(at);
            }
        }
        compiled.longest = compiled.by_words.keys().map(String::len).max().unwrap_or(0);
        compiled.boundaries =
            enabled.iter().flat_map(|rule| [rule.valid_from, rule.valid_until]).flatten().collect();
        compiled.boundaries.sort_unstable();
        compiled.rules = enabled;
        compiled
    }

    /// Returns the number of beginnings and ends of rules up to a time: the same rules are in force between two.
    pub(crate) fn boundaries_until(&self, now: Timestamp) -> usize {
        self.boundaries.partition_point(|boundary| *boundary <= now)
    }

    /// Returns the effects on a search; `None` if no rule applies.
    pub(crate) fn effects(
        &self,
        query: &ParsedQuery,
        filter: &DocumentFilter,
        now: impl FnOnce() -> Timestamp,
    ) -> Option<RuleEffects> {
        if self.rules.is_empty() {
            return None;
        }
        let met = self.met_by(query);
        if met.is_empty() {
            return None;
        }
        let now = now();
        let rules = met.into_iter().map(|at| &self.rules[at]);
        let applying: Vec<&SearchRule> =
            rules.filter(|rule| is_valid(rule, now) && is_within(&rule.condition, filter)).collect();
        if applying.is_empty() {
            return None;
        }
        let mut effects = RuleEffects::default();
        for rule in applying {
            effects.add(rule);
        }
        Some(effects)
    }

    /// Adds the rules whose words are the first ones.
    fn meet_by_words(&self, words: &[String], met: &mut BTreeSet<usize>) {
        let mut key = String::new();
        for word in words {
            key.push_str(word);
            if key.len() > self.longest {
                return;
            }
            met.extend(self.by_words.get(&key).into_iter().flatten());
        }
    }

    /// Returns the indexes of the rules whose texts a query contains, in quotes or not.
    fn met_by(&self, query: &ParsedQuery) -> BTreeSet<usize> {
        let mut met: BTreeSet<usize> = self.of_all_queries.iter().copied().collect();
        let units = &query.included;
        if units.is_empty() && query.excluded.is_empty() {
            met.extend(&self.of_empty_queries);
        }
        if !units.is_empty() && query.excluded.is_empty() && !self.by_query.is_empty() {
            met.extend(self.by_query.get(&key_of(units)).into_iter().flatten());
        }
        if !self.by_words.is_empty() {
            let words: Vec<String> = units.iter().flat_map(word_keys).collect();
            for first in 0..words.len() {
                self.meet_by_words(&words[first..], &mut met);
            }
        }
        met
    }
}

impl RuleEffects {
    /// Adds the effects of a rule; those of rules before it have precedence.
    fn add(&mut self, rule: &SearchRule) {
        let index = self.applied.len();
        let mut pins: Vec<(u32, DocumentId)> = rule.pin.iter().map(|pin| (pin.position, pin.id())).collect();
        pins.sort_unstable();
        let mut pinned: HashSet<DocumentId> = self.pinned.values().map(|pin| pin.document).collect();
        for hidden in &rule.hide {
            if !pinned.contains(&hidden.id()) {
                self.hidden.insert(hidden.id());
            }
        }
        for (mut position, document) in pins {
            if self.hidden.contains(&document) || !pinned.insert(document) {
                continue;
            }
            while self.pinned.contains_key(&position) {
                position += 1;
            }
            self.pinned.insert(position, RulePin { document, rule: index });
        }
        self.factors.extend(rule.boost.iter().map(|of| RuleFactor {
            filter: of.filter.clone(),
            factor: of.factor,
            rule: index,
        }));
        if self.redirect.is_none() {
            self.redirect.clone_from(&rule.redirect);
        }
        self.applied.push(AppliedRule { id: rule.id.clone(), name: rule.name.clone() });
    }
}

fn is_valid(rule: &SearchRule, now: Timestamp) -> bool {
    rule.valid_from.is_none_or(|from| now >= from) && rule.valid_until.is_none_or(|until| now < until)
}

/// Returns true if a search has the filter that a condition states.
fn is_within(condition: &RuleCondition, filter: &DocumentFilter) -> bool {
    let sources: Vec<&str> = condition.source.iter().map(SourceName::as_str).collect();
    let categories: Vec<&str> = condition.category.iter().map(String::as_str).collect();
    selects_only(&sources, &filter.source) && selects_only(&categories, &filter.category)
}

fn selects_only(stated: &[&str], selected: &[String]) -> bool {
    stated.is_empty()
        || (!selected.is_empty() && selected.iter().all(|value| stated.contains(&value.as_str())))
}

#[cfg(test)]
mod tests {
    use super::super::definitions::RuleDocument;
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn rules(json: serde_json::Value) -> Rules {
        let document: RuleDocument = serde_json::from_value(serde_json::json!({ "rules": json })).unwrap();
        assert_eq!(document.problems(), []);
        Rules::new(&document.rules)
    }

    fn effects_of(rules: &Rules, query: &str, filter: &DocumentFilter) -> RuleEffects {
        let now = || at("2027-06-01T00:00:00Z");
        rules.effects(&ParsedQuery::parse(query), filter, now).unwrap_or_default()
    }

    fn applied(rules: &Rules, query: &str, filter: &DocumentFilter) -> Vec<String> {
        effects_of(rules, query, filter).applied.into_iter().map(|rule| rule.id).collect()
    }

    #[test]
    fn boundaries_separate_times_with_other_rules() {
        let rules = rules(serde_json::json!([
            {"id": "a", "validFrom": "2027-01-01T00:00:00Z", "validUntil": "2027-03-01T00:00:00Z",
             "condition": {"empty": true}, "redirect": "/"},
            {"id": "b", "validFrom": "2027-02-01T00:00:00Z", "condition": {"empty": true}, "redirect": "/"},
            {"id": "always", "condition": {"empty": true}, "redirect": "/"},
        ]));
        let passed =
            ["2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z", "2027-02-15T00:00:00Z", "2027-03-01T00:00:00Z"]
                .map(|now| rules.boundaries_until(at(now)));
        assert_eq!(passed, [0, 1, 2, 3]);
    }

    #[test]
    fn conditions_compare_words() {
        let rules = rules(serde_json::json!([
            {"id": "equals", "condition": {"equals": ["Red Shoes", "c++"]}, "redirect": "/"},
            {"id": "contains", "condition": {"contains": ["wi-fi", "red"]}, "redirect": "/"},
            {"id": "empty", "condition": {"empty": true}, "redirect": "/"},
            {"id": "off", "enabled": false, "redirect": "/"},
        ]));
        for (query, expected) in [
            ("red  SHOES", &["contains", "equals"][..]),
            ("\"red shoes\"", &["contains", "equals"]),
            ("big \"shoes red\"", &["contains"]),
            ("infra-red lamp", &["contains"]),
            ("\"the wi-fi\" here", &["contains"]),
            ("red shoes -blue", &["contains"]),
            ("réd", &["contains"]),
            ("redshoes", &["equals"]),
            ("the wifi here", &["contains"]),
            ("reddish", &[]),
            ("C++", &["equals"]),
            ("c", &[]),
            ("", &["empty"]),
            (" ?! ", &["empty"]),
            ("-red", &[]),
        ] {
            assert_eq!(applied(&rules, query, &DocumentFilter::default()), expected, "{query}");
        }
    }

    #[test]
    fn filters_and_periods_restrict_rules() {
        let rules = rules(serde_json::json!([
            {"id": "shop", "condition": {"source": ["shop", "outlet"]}, "redirect": "/"},
            {"id": "sale", "condition": {"category": ["sale"]}, "redirect": "/"},
            {"id": "later", "validFrom": "2027-06-01T00:00:01Z", "redirect": "/"},
            {"id": "over", "validUntil": "2027-06-01T00:00:00Z", "redirect": "/"},
            {"id": "now", "validFrom": "2027-06-01T00:00:00Z", "validUntil": "2027-06-01T00:00:01Z",
                "redirect": "/"},
        ]));
        let filter = |source: &[&str], category: &[&str]| DocumentFilter {
            source: source.iter().map(|&name| name.to_owned()).collect(),
            category: category.iter().map(|&name| name.to_owned()).collect(),
            ..DocumentFilter::default()
        };
        for (filter, expected) in [
            (filter(&[], &[]), &["now"][..]),
            (filter(&["shop"], &[]), &["now", "shop"]),
            (filter(&["outlet", "shop"], &["sale"]), &["now", "sale", "shop"]),
            (filter(&["shop", "blog"], &["sale", "new"]), &["now"]),
        ] {
            assert_eq!(applied(&rules, "x", &filter), expected, "{filter:?}");
        }
    }

    #[test]
    fn rules_of_higher_priority_have_precedence() {
        let pin =
            |key: &str, position: u32| serde_json::json!({"source": "s", "key": key, "position": position});
        let hide = |key: &str| serde_json::json!({"source": "s", "key": key});
        let rules = rules(serde_json::json!([
            {"id": "a", "pin": [pin("one", 1), pin("two", 3)], "hide": [hide("three")], "redirect": "/a"},
            {"id": "b", "priority": -1, "pin": [pin("four", 1), pin("three", 2), pin("one", 5)],
                "hide": [hide("two")], "redirect": "/b"},
        ]));
        let effects = effects_of(&rules, "x", &DocumentFilter::default());
        let id = |key: &str| {
            let source = SourceName::parse("s").unwrap();
            DocumentId::of(&source, &quarry_domain::DocumentKey::parse(key).unwrap())
        };
        let pinned = [(1, id("one")), (2, id("four")), (3, id("two"))];
        let found = effects.pinned.iter().map(|(position, pin)| (*position, pin.document));
        assert_eq!(found.collect::<BTreeMap<_, _>>(), BTreeMap::from(pinned));
        assert_eq!(effects.hidden, HashSet::from([id("three")]));
        assert_eq!(effects.redirect.as_deref(), Some("/a"));
    }
}
