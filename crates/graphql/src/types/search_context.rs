//! The facts about the request of a search: as input, as a filter, and as output.

use async_graphql::{EnumType, InputObject, InputType, SimpleObject, Value};

use super::{DocumentFilter, SearchSort};
use crate::failure::Failure;
use quarry_domain::{FactKind, SearchContext, SearchFact};
use quarry_keystroke::Mask;

/// The most facts of one kind in a filter.
const MAX_FACTS: usize = 20;
/// The name of the condition that restricts a search to sources.
const SOURCE: &str = "source";

/// A name and a value.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct NamedValueInput {
    /// The name.
    name: String,
    /// The value.
    value: String,
}

/// A name and its value.
#[derive(Clone, Debug, PartialEq, Eq, SimpleObject)]
pub(crate) struct NamedValue {
    /// The name.
    name: String,
    /// The value.
    value: String,
}

/// A filter of logged searches by the facts about their requests: all given conditions must hold.
///
/// Searches that were logged without `search(track:)` have tags only.
#[derive(Clone, Debug, Default, InputObject)]
pub(crate) struct SearchContextFilter {
    /// The filter of the search restricted it to this source, among others perhaps.
    source: Option<String>,
    /// The requested order of the documents.
    sort: Option<SearchSort>,
    /// The filter of the search had all of these conditions: at most 20, named as in `Search.filters`.
    filters: Option<Vec<NamedValueInput>>,
    /// The search has all of these tags: at most 20.
    tags: Option<Vec<NamedValueInput>>,
}

impl SearchContextFilter {
    /// Validates the filter; values are masked like those that are stored.
    pub(crate) fn checked(self, path: &str, mask: Option<&Mask>) -> Result<Vec<SearchFact>, Failure> {
        let filters = self.filters.unwrap_or_default();
        Failure::check_count(&format!("{path}.filters"), filters.len(), MAX_FACTS, "conditions")?;
        let mut facts = checked_tags(path, self.tags, MAX_FACTS)?;
        facts.extend(self.source.map(|source| SearchFact::filter(SOURCE, &source)));
        facts.extend(filters.into_iter().map(|of| SearchFact::filter(&of.name, &of.value)));
        let masked = |value: &str| mask.map_or_else(|| value.into(), |mask| mask.apply(value)).into_owned();
        let mut facts: Vec<SearchFact> = facts.into_iter().map(|fact| fact.map_value(masked)).collect();
        facts.extend(self.sort.map(sorted));
        Ok(facts)
    }
}

/// Validates tags; errors begin with `path`.
pub(super) fn checked_tags(
    path: &str,
    tags: Option<Vec<NamedValueInput>>,
    max: usize,
) -> Result<Vec<SearchFact>, Failure> {
    let Some(tags) = tags else { return Ok(Vec::new()) };
    let path = format!("{path}.tags");
    Failure::check_count(&path, tags.len(), max, "tags")?;
    let tag = |(index, tag): (usize, &NamedValueInput)| {
        SearchFact::tag(&tag.name, &tag.value)
            .map_err(|error| Failure::bad_input(format!("{path}.{index}.{}", error.field), error.problem))
    };
    tags.iter().enumerate().map(tag).collect()
}

/// The facts about a search request with these tags.
pub(crate) fn context_of(
    filter: Option<&DocumentFilter>,
    sort: SearchSort,
    tags: &SearchContext,
) -> SearchContext {
    let mut facts = vec![sorted(sort)];
    if let Some(filter) = filter {
        add_conditions("", &filter.to_value(), &mut facts);
    }
    SearchContext::of(facts.into_iter().chain(tags.facts()))
}

fn sorted(sort: SearchSort) -> SearchFact {
    match sort.to_value() {
        Value::Enum(name) => SearchFact::sort(&name.to_ascii_lowercase()),
        other => SearchFact::sort(&other.to_string()),
    }
}

/// Adds one condition for each value of an input, named by the path of its field.
///
/// Any condition of the filter is thus stored, also one that the filter gets in future.
fn add_conditions(path: &str, value: &Value, facts: &mut Vec<SearchFact>) {
    match value {
        Value::Null | Value::Binary(_) => {}
        Value::Object(fields) => {
            // A condition of an attribute is named by it: `attributes.price.gte`.
            let attribute = match fields.get("name") {
                Some(Value::String(name)) if path.ends_with("attributes") => Some(format!("{path}.{name}")),
                _ => None,
            };
            let path = attribute.as_deref().unwrap_or(path);
            for (name, value) in fields.iter().filter(|(name, _)| attribute.is_none() || *name != "name") {
                let path = if path.is_empty() { name.to_string() } else { format!("{path}.{name}") };
                add_conditions(&path, value, facts);
            }
        }
        Value::List(values) => values.iter().for_each(|value| add_conditions(path, value, facts)),
        Value::String(text) => facts.push(SearchFact::filter(path, text)),
        Value::Enum(_) | Value::Number(_) | Value::Boolean(_) => {
            facts.push(SearchFact::filter(path, &value.to_string()));
        }
    }
}

/// The requested order of the documents, if known.
pub(super) fn sort_of(context: &SearchContext) -> Option<SearchSort> {
    let name = context.of_kind(FactKind::Sort).next()?.value;
    let items = SearchSort::items().iter();
    items.filter(|item| item.name.eq_ignore_ascii_case(&name)).map(|item| item.value).next()
}

/// The facts of a kind.
pub(super) fn named_values(context: &SearchContext, kind: FactKind) -> Vec<NamedValue> {
    context.of_kind(kind).map(|SearchFact { name, value, .. }| NamedValue { name, value }).collect()
}

/// The sources to which the filter restricted the search.
pub(super) fn sources_of(context: &SearchContext) -> Vec<String> {
    let of_source = context.of_kind(FactKind::Filter).filter(|fact| fact.name == SOURCE);
    of_source.map(|fact| fact.value).collect()
}
