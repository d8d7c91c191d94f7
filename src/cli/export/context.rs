//! The facts about the request of a search as JSON.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::domain::{FactKind, SearchContext};

/// The order of documents, conditions of the filter and tags, each if there are any.
pub(super) fn known_facts(context: &SearchContext) -> Map<String, Value> {
    let sort = context.of_kind(FactKind::Sort).next().map(|fact| ("sort".to_owned(), fact.value.into()));
    let named = |label: &str, kind| {
        let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for fact in context.of_kind(kind) {
            values.entry(fact.name).or_default().push(fact.value);
        }
        (!values.is_empty()).then(|| (label.to_owned(), values.into_iter().collect()))
    };
    let named = [named("filters", FactKind::Filter), named("tags", FactKind::Tag)];
    sort.into_iter().chain(named.into_iter().flatten()).collect()
}
